"""The lines of a before-script: they install xprov, set up what a target needs, and tell the build of it. Pure.

maturin-action pastes them into the bash script that runs maturin, in the container.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Of PyPA's images the first `python3` in PATH is too old for xprov, those of rust-cross have 3.10 and newer ones: all
# have a `python3.12` that runs. `/opt/python` holds programs of the target in the latter.
INSTALL = "$(command -v python3.12 || command -v python3) -m venv /opt/xprov"
SOURCE = 'source "$HOME/.xprov/env"'


def setup_options(recipes: Sequence[str], *, locked: bool) -> tuple[str, ...]:
    """Return what `xprov setup` is given behind the libraries, in every kind of workflow."""
    return (*(["--locked"] if locked else []), *(word for folder in recipes for word in ("--recipes", folder)))


def before_script(target: str, requirement: str, arguments: Sequence[str]) -> tuple[str, ...]:
    """Return the lines. `target` and `requirement` may be expressions of GitHub's, and are not quoted for the shell."""
    words = " ".join([target, *map(shlex.quote, arguments)])
    return (
        INSTALL,
        f'/opt/xprov/bin/pip install --quiet "{requirement}"',
        f"/opt/xprov/bin/xprov setup {words}",
        SOURCE,
    )
