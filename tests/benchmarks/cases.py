"""What is set up: libraries by their recipes, and the same as packages for those who know no recipes."""

from dataclasses import dataclass
from pathlib import Path

RECIPES = Path(__file__).with_name("recipes")


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """Some libraries and their packages; `cold_limit` and `locked_limit` are parts of the time of mmdebstrap."""

    name: str
    libraries: tuple[str, ...]
    packages: tuple[str, ...]
    cold_limit: float | None = None
    locked_limit: float | None = None
    quick: bool = True


CASES = (
    Case(
        name="alsa",
        libraries=("alsa",),
        packages=("libasound2-dev",),
        cold_limit=0.5,
        locked_limit=0.15,
    ),
    Case(
        name="four",
        libraries=("alsa", "udev", "openssl", "dbus"),
        packages=("libasound2-dev", "libudev-dev", "libssl-dev", "libdbus-1-dev"),
    ),
    Case(
        name="gtk3",
        libraries=("gtk3",),
        packages=("libgtk-3-dev",),
        cold_limit=0.35,
        quick=False,
    ),
)
