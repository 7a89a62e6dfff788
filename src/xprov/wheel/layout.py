"""What the specification of wheels asks of a wheel: `.dist-info`, METADATA, WHEEL, RECORD. Pure.

Source: the binary distribution format (PEP 427 and its successor on packaging.python.org).
"""

from __future__ import annotations

import csv
import io
import posixpath
import re
from email.parser import HeaderParser
from typing import TYPE_CHECKING

from xprov.output import count
from xprov.wheel.finding import make_finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from email.message import Message

    from xprov.wheel.contents import Contents, Member
    from xprov.wheel.finding import Finding
    from xprov.wheel.names import WheelName

_DIST_INFO = ".dist-info"
# What RECORD cannot list: itself, and signatures that are made of it.
_UNLISTED = ("RECORD", "RECORD.jws", "RECORD.p7s")
_SHA256 = "sha256="


def dist_info(contents: Contents, name: WheelName) -> tuple[str | None, Finding | None]:
    """Return the folder `.dist-info` of the wheel, or None, and what is wrong with it, if anything is."""
    folders = sorted({member.name.split("/")[0] for member in contents.members if f"{_DIST_INFO}/" in member.name})
    found = [folder for folder in folders if folder.endswith(_DIST_INFO)]
    if len(found) != 1:
        seen = ", ".join(found) or "none"
        return None, make_finding("dist-info", f"it should have one folder `.dist-info`, and has {seen}")
    distribution, _, version = found[0].removesuffix(_DIST_INFO).rpartition("-")
    if (_canonical(distribution), _version(version)) != (name.distribution, name.version):
        what = f"it is called `{found[0]}`, and the wheel is {name.distribution} {name.version}"
        return found[0], make_finding("dist-info", what, member=found[0])
    return found[0], None


def check_metadata(texts: Mapping[str, bytes], folder: str, name: WheelName) -> Iterator[Finding]:
    """Yield a finding for METADATA that is missing or of something else than the name of the wheel."""
    path = f"{folder}/METADATA"
    if path not in texts:
        yield make_finding("metadata", "there is no METADATA", member=path)
        return
    metadata = headers(texts[path])
    said = (_canonical(str(metadata.get("Name", ""))), _version(str(metadata.get("Version", ""))))
    if said != (name.distribution, name.version):
        what = f"it is of {' '.join(said).strip() or 'nothing'}, and the wheel is {name.distribution} {name.version}"
        yield make_finding("metadata", what, member=path)


def check_wheel_file(
    texts: Mapping[str, bytes], folder: str, name: WheelName, *, has_modules: bool
) -> Iterator[Finding]:
    """Yield a finding for a WHEEL file that is missing, of a newer format, or says other tags than the name."""
    path = f"{folder}/WHEEL"
    if path not in texts:
        yield make_finding("metadata", "there is no WHEEL", member=path)
        return
    wheel = headers(texts[path])
    if not re.fullmatch(r"1\.\d+", str(wheel.get("Wheel-Version", "")).strip()):
        yield make_finding("metadata", f"it is of format `{wheel.get('Wheel-Version', '')}`, not 1.0", member=path)
    if has_modules and str(wheel.get("Root-Is-Purelib", "")).strip().lower() == "true":
        yield make_finding("elf-in-pure", "Root-Is-Purelib is true, and there are extension modules", member=path)
    said = {tag for line in wheel.get_all("Tag", []) for tag in _expanded(str(line))}
    named = {f"{tag.interpreter}-{tag.abi}-{tag.platform}" for tag in name.tags}
    if said != named:
        differing = ", ".join(sorted(said ^ named))
        yield make_finding("other-tags", f"it and the name of the wheel differ in {differing}", member=path)


def check_record(contents: Contents, folder: str) -> Iterator[Finding]:
    """Yield a finding for each file that RECORD does not list, lists wrongly, or lists and is not there."""
    path = f"{folder}/RECORD"
    if path not in contents.texts:
        yield make_finding("record-missing", "there is no RECORD", member=path)
        return
    try:
        rows = _rows(contents.texts[path])
    except (ValueError, csv.Error) as error:
        yield make_finding("record-mismatch", f"it cannot be read: {error}", member=path)
        return
    members = {member.name: member for member in contents.members}
    for name in sorted(members.keys() - rows.keys() - {f"{folder}/{file}" for file in _UNLISTED}):
        yield make_finding("record-unlisted", "RECORD does not list it", member=name)
    for name in sorted(rows.keys() - members.keys()):
        yield make_finding("record-absent", "RECORD lists it, and it is not there", member=name)
    for name in sorted(rows.keys() & members.keys() - {path}):
        if problem := _difference(members[name], *rows[name]):
            yield make_finding("record-mismatch", problem, member=name)


def headers(text: bytes) -> Message:
    """Return the fields at the beginning of METADATA or WHEEL."""
    return HeaderParser().parsestr(text.decode("utf-8", "replace"))


def requirements(texts: Mapping[str, bytes], folder: str) -> tuple[str, ...]:
    """Return what the wheel requires whatever is asked of it (`Requires-Dist` without an extra), as it stands there."""
    found = headers(texts.get(f"{folder}/METADATA", b"")).get_all("Requires-Dist", [])
    return tuple(str(line) for line in found if not re.search(r"\bextra\s*==", str(line)))


def required_python(texts: Mapping[str, bytes], folder: str) -> str:
    """Return which Pythons the wheel is for (`Requires-Python`), as it stands there; empty where it says nothing."""
    return str(headers(texts.get(f"{folder}/METADATA", b"")).get("Requires-Python", "")).strip()


def required_there(requires: Iterable[str], release: tuple[int, int]) -> tuple[str, ...]:
    """Return the names of the distributions that CPython `release` on Linux has to have; those not understood count."""
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - slow to import

    version = ".".join(map(str, release))
    there = {
        "python_version": version,
        "python_full_version": f"{version}.99",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "extra": "",
    }
    found = []
    for line in requires:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            found.append(line)
            continue
        if requirement.marker is None or requirement.marker.evaluate(there):
            found.append(requirement.name)
    return tuple(dict.fromkeys(found))


def _rows(text: bytes) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for row in csv.reader(io.StringIO(text.decode("utf-8"), newline="")):
        if not row:
            continue
        if len(row) != 3:  # noqa: PLR2004 - path, hash, size
            raise ValueError(f"a line has {count(len(row), 'column')}, not 3: {','.join(row)[:80]}")
        found[posixpath.normpath(row[0])] = (row[1], row[2])
    return found


def _difference(member: Member, digest: str, size: str) -> str | None:
    if not digest:
        return "RECORD has no hash of it"
    if digest.startswith(_SHA256):
        if member.digest is not None and digest.removeprefix(_SHA256).rstrip("=") != member.digest:
            return "it has another SHA-256 than RECORD says"
    elif digest.startswith(("md5=", "sha1=")):
        return "RECORD has a hash of it that is not safe: it must be SHA-256 or better"
    if size and size != str(member.size):
        return f"it has {member.size} bytes, and RECORD says {size}"
    return None


def _expanded(tag: str) -> list[str]:
    parts = tag.strip().split("-")
    if len(parts) != 3:  # noqa: PLR2004 - interpreter, ABI, platform
        return [tag.strip()]
    return [
        f"{python}-{abi}-{host}" for python in _each(parts[0]) for abi in _each(parts[1]) for host in _each(parts[2])
    ]


def _each(compressed: str) -> list[str]:
    return compressed.split(".")


def _canonical(name: str) -> str:
    from packaging.utils import canonicalize_name  # noqa: PLC0415 - slow to import

    return str(canonicalize_name(name))


def _version(text: str) -> str:
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - slow to import

    try:
        return str(Version(text.replace("_", "-")))
    except InvalidVersion:
        return text
