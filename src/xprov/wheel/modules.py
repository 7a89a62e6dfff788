"""Whether Python finds the extension modules: the ending of each against the tags. Pure.

Source: `importlib.machinery.EXTENSION_SUFFIXES`, which on Linux is the interpreter's own ending
(`.cpython-311-x86_64-linux-gnu.so`), `.abi3.so` and `.so`; PEP 3149, PEP 384.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from xprov.target import TARGETS
from xprov.wheel.finding import make_finding
from xprov.wheel.names import Family
from xprov.wheel.paths import installed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xprov.wheel.bundle import Bundle
    from xprov.wheel.contents import Contents
    from xprov.wheel.finding import Finding
    from xprov.wheel.names import Platform, WheelName

_OWN = re.compile(r"[^.]+\.cpython-(?P<version>\d+[a-z]*)-(?P<triplet>[\w-]+)\.so")
_STABLE = re.compile(r"[^.]+\.abi3\.so")
_STRAYS = frozenset({"benchmarks", "docs", "examples", "scripts", "test", "testing", "tests"})
_NO_STABLE = re.compile(r"cp31[34]t")


def check_suffixes(bundle: Bundle, name: WheelName) -> Iterator[Finding]:
    """Yield a finding for each module with no ending that a Python of the wheel's tags looks for.

    One that is there for several Pythons is found by each of them.
    """
    reasons: dict[str, list[tuple[str, str | None]]] = {}
    for member in bundle.elves:
        folder, file = posixpath.split(member.name)
        reasons.setdefault(posixpath.join(folder, file.split(".")[0]), []).append((member.name, _reason(file, name)))
    for found in reasons.values():
        if all(reason for _file, reason in found):
            for file, reason in found:
                yield make_finding("wrong-suffix", f"the ending is {reason}", member=file)


def check_presence(bundle: Bundle, name: WheelName) -> Iterator[Finding]:
    """Yield a finding when a wheel for some machine has nothing that is made for one."""
    if not bundle.elves and any(platform.machine for platform in name.promises):
        yield make_finding("no-elf", "there is no ELF file in it")


def top_modules(contents: Contents) -> tuple[str, ...]:
    """Return the names that are imported from the wheel: modules and packages at its top that are identifiers.

    Tests and examples that were packed at the top are not what the wheel is for, unless there is nothing else.
    """
    found: dict[str, None] = {}
    for member in contents.members:
        top, _, rest = installed(member.name).partition("/")
        if rest:
            name = top if rest.endswith((".py", ".so")) else ""
        else:
            name = top.split(".")[0] if top.endswith((".py", ".so")) else ""
        if name.isidentifier():
            found[name] = None
    return tuple(name for name in found if name not in _STRAYS) or tuple(found)


def extension_modules(bundle: Bundle, name: WheelName) -> tuple[str, ...]:
    """Return the dotted name of each extension module that a Python of the tags finds."""
    found = []
    for member in bundle.elves:
        folder, file = posixpath.split(installed(member.name))
        stem = file.split(".")[0]
        parts = [*folder.split("/"), stem] if folder else [stem]
        if stem in member.modules and _reason(file, name) is None and all(part.isidentifier() for part in parts):
            found.append(".".join(parts))
    return tuple(sorted(set(found)))


def _reason(file: str, name: WheelName) -> str | None:
    """Return why no Python of the tags finds `file`, in words that follow "the ending is"; None where one may."""
    if match := _OWN.fullmatch(file):
        return _wrong(match["version"], match["triplet"], name)
    if _STABLE.fullmatch(file) and not _loads_stable(name):
        return "that of the stable ABI, which free-threaded Python before 3.15 does not have"
    return None


def _wrong(version: str, triplet: str, name: WheelName) -> str | None:
    tags = ", ".join(sorted({f"{tag.interpreter}-{tag.abi}" for tag in name.tags}))
    # Without an ABI in the tag a wheel may carry a module for each Python.
    if version not in _versions(name) and all(tag.abi != "none" for tag in name.tags):
        return f"that of CPython {_dotted(version)}, and the tag is {tags}"
    known = [triplets for platform in name.promises if (triplets := _triplets(platform))]
    if known and not any(triplet in triplets for triplets in known):
        platforms = ", ".join(platform.tag for platform in name.promises)
        return f"that of {triplet}, and the tag is {platforms}"
    return None


def _versions(name: WheelName) -> frozenset[str]:
    """Return the versions of CPython, as endings have them, that the tags name with an ABI of their own."""
    found = (tag.abi.removeprefix("cp") for tag in name.tags if re.fullmatch(r"cp\d+[a-z]*", tag.abi))
    return frozenset(found)


def _triplets(platform: Platform) -> frozenset[str]:
    """Return what CPython calls the machine (PLATFORM_TRIPLET); Alpine's before 3.9 said `gnu` for musl too."""
    target = platform.target
    if target is None:
        return frozenset()
    if platform.family is Family.MUSLLINUX:
        return frozenset(twin.triplet for twin in TARGETS if twin.platform == target.platform)
    return frozenset({target.triplet})


def _loads_stable(name: WheelName) -> bool:
    return any(not _NO_STABLE.fullmatch(tag.abi) for tag in name.tags)


def _dotted(version: str) -> str:
    return f"{version[0]}.{version[1:]}"
