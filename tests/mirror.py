"""The archive that this machine's own apt is configured with, read at run time: tests use no other."""

import functools
import subprocess


@functools.cache
def machine_mirror() -> str | None:
    """Return the base address of the Debian archive in this machine's apt sources, or None without one."""
    form = "$(SITE) $(ORIGIN) $(LABEL) $(REPO_URI)"
    done = subprocess.run(
        ["apt-get", "indextargets", "--format", form, "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=False,
    )
    for line in done.stdout.splitlines():
        _site, origin, label, uri = line.split(" ", 3)
        if (origin, label) == ("Debian", "Debian"):
            return uri.rstrip("/")
    return None
