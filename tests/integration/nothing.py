"""A library that no repository has."""

NOTHING = """
mkdir -p /tmp/own && cat > /tmp/own/nothing.toml <<'END'
library = "nothing"
summary = "What nobody has"
modules = ["nothing-1.0"]
packages.debian = ["libnothing-dev"]
[check]
header = "nothing.h"
symbol = "nothing"
link = ["nothing"]
END
"""
"""Has its recipe written, in a shell that goes on with `xprov --recipes /tmp/own`."""
