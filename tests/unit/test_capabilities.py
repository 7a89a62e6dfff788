"""What is installed, by what it provides and requires."""

import pytest

from xprov.capabilities import Installed, closure, missing
from xprov.errors import UnsatisfiableError


def _package(name: str, requires: str = "", provides: str = "") -> Installed:
    return Installed(
        name=name,
        architecture="x86_64",
        version="1-1",
        requires=tuple(requires.split()),
        provides=(name, *provides.split()),
    )


PACKAGES = (
    _package("alsa-lib", "libc.so.6 rtld", "libasound.so.2"),
    _package("alsa-lib-devel", "alsa-lib libasound.so.2 /usr/bin/pkg-config", "pkgconfig(alsa)"),
    _package("glibc", "bash", "libc.so.6 rtld"),
    _package("bash", "glibc"),
    _package("zlib", "libc.so.6"),
)


def test_a_closure_has_what_provides_it_and_all_that_needs() -> None:
    assert [package.name for package in closure(PACKAGES, ["pkgconfig(alsa)"])] == [
        "alsa-lib",
        "alsa-lib-devel",
        "bash",
        "glibc",
    ]


def test_where_it_stops_all_that_lies_behind_is_left_out() -> None:
    found = closure(PACKAGES, ["pkgconfig(alsa)"], stop=lambda name: name == "glibc")

    assert [package.name for package in found] == ["alsa-lib", "alsa-lib-devel"]


def test_what_nobody_provides_is_missing_and_no_closure_begins_with_it() -> None:
    assert missing(PACKAGES, ["pkgconfig(alsa)", "pkgconfig(x)"]) == ("pkgconfig(x)",)
    with pytest.raises(UnsatisfiableError, match=r"pkgconfig\(x\)"):
        closure(PACKAGES, ["pkgconfig(x)"])
