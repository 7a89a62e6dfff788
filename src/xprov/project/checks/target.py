"""What a build for a target needs besides libraries and a linker: Rust's own library, a Python, a tag that is true."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xprov.errors import UsageError
from xprov.glibc import format_tag, format_version, parse_version
from xprov.project.command import UNKNOWN
from xprov.project.finding import Finding, Place, Severity
from xprov.project.layout import MATURIN
from xprov.project.selection import FRONT_ENDS, commanded_builds, plain_build
from xprov.project.stable_abi import interpreter_tag
from xprov.records import dataclass
from xprov.target import Libc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xprov.glibc import Version
    from xprov.project.command import Command
    from xprov.project.facts import Facts
    from xprov.project.features import Selection


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tag:
    """A glibc version that is promised; `is_sure` is whether it is promised for the target, and not for another.

    What a job sets up, its compiler too, is not what is on this machine.
    """

    version: Version
    place: Place
    is_sure: bool
    is_job: bool = False


# Runners of CI services are of these machines: a job may build for them on their own kind.
_RUNNERS = frozenset({"amd64", "arm64", "i386"})
_NAMED_PYTHON = ("PYO3_CROSS_LIB_DIR", "PYO3_CONFIG_FILE", "PYO3_CROSS_PYTHON_VERSION")


def check_target(facts: Facts) -> Iterator[Finding]:
    """Yield what is missing for a cross build, and tags that cannot be true."""
    if facts.is_cross:
        yield from _std(facts)
        yield from _interpreter(facts)
    if facts.target.libc is Libc.GLIBC:
        yield from _tags(facts)


def _std(facts: Facts) -> Iterator[Finding]:
    if facts.machine.has_std is False:
        yield Finding(
            id="rust-std-missing",
            severity=Severity.BREAKS,
            seen=f"rustc has no standard library for {facts.target.rust}",
            fix=f"`rustup target add {facts.target.rust}`",
        )


def _interpreter(facts: Facts) -> Iterator[Finding]:
    if any(facts.environ.get(name) for name in _NAMED_PYTHON):
        return
    builds = [(build, build.command) for build in commanded_builds(facts) if build.command]
    told = ((build, command) for build, command in builds if command.verb not in FRONT_ENDS)
    commands = [(build, command) for build, command in told if is_for(facts, command)]
    for build, command in commands:
        named = any(command.has(option) for option in ("interpreter", "find-interpreter", "f"))
        if not named and _needs_python(facts, build.selection):
            native = command.is_job and facts.target.debian in _RUNNERS
            sure = command.value("target") is not None and build.is_told and not native
            yield Finding(
                id="interpreter-unknown",
                severity=Severity.BREAKS if sure else Severity.RISK,
                place=Place(file=command.file, line=command.line),
                seen=f"this command {'builds' if sure else 'may build'} for {facts.target.rust} without `-i`, and pyo3"
                " without `abi3-py3X`",
                fix="add `-i python3.12` (each that you want), or `--find-interpreter`; or pyo3's `abi3-py39`",
            )
    if not commands and _needs_python(facts, plain_build(facts).selection):
        yield Finding(
            id="interpreter-unknown",
            severity=Severity.NOTE,
            seen="pyo3 is built without `abi3-py3X`: a cross build must say for which Python",
            fix="`maturin build -i python3.12` (each that you want), or `--find-interpreter`; or pyo3's `abi3-py39`",
        )


def is_for(facts: Facts, command: Command) -> bool:
    """Return whether a command builds for the target, or may: `--target ${{ matrix.target }}` is for any."""
    targets = command.values("target")
    # maturin-action takes a short name for musl's then.
    if (command.value("compatibility") or "").startswith("musllinux") and facts.target.libc is not Libc.MUSL:
        return False
    return bool(targets) and (UNKNOWN in targets[-1] or targets[-1].lower() in facts.target.names)


def _needs_python(facts: Facts, selection: Selection) -> bool:
    """Return whether maturin has to be told the Python."""
    return interpreter_tag(facts.project.graph, selection) is None


def _tags(facts: Facts) -> Iterator[Finding]:
    """Yield tags below what the libraries or the compiler need, and, where none is asked for, what comes out."""
    floor, toolchain = _floors(facts)
    asked = tuple(_asked(facts))
    for tag in asked:
        if floor is not None and floor > tag.version:
            yield _libraries_too_new(facts, tag, floor)
        elif toolchain is not None and toolchain > tag.version and not tag.is_job:
            yield _compiler_too_new(facts, tag, toolchain)
    if not asked and floor is not None and toolchain is not None and floor > toolchain:
        yield Finding(
            id="glibc-does-not-fit",
            severity=Severity.RISK,
            seen=f"the libraries set up for {facts.target.name} need glibc {format_version(floor)}, its compiler builds"
            f" against {format_version(toolchain)}: the wheel is {format_tag(floor)}, whatever was compiled",
            fix=f"`xprov setup {facts.target.name} LIBRARY --glibc {format_version(toolchain)}`",
        )


def _floors(facts: Facts) -> tuple[Version | None, Version | None]:
    toolchain = facts.machine.toolchain
    zig = any(command.has("zig") for command in facts.project.own_commands("build"))
    return (
        facts.provision.wheel_floor if facts.provision else None,
        toolchain.glibc if toolchain and facts.is_cross and not zig else None,
    )


def _libraries_too_new(facts: Facts, tag: _Tag, floor: Version) -> Finding:
    asked, name = format_tag(tag.version), facts.target.name
    return Finding(
        id="glibc-does-not-fit",
        severity=Severity.BREAKS if tag.is_sure else Severity.RISK,
        place=tag.place,
        seen=f"{asked} is asked for, and for {name} the libraries set up for it need glibc {format_version(floor)}",
        fix=f"`xprov setup {name} LIBRARY --manylinux {asked.removeprefix('manylinux_')}`",
    )


def _compiler_too_new(facts: Facts, tag: _Tag, glibc: Version) -> Finding:
    asked, name = format_tag(tag.version), facts.target.name
    return Finding(
        id="glibc-does-not-fit",
        severity=Severity.RISK,
        place=tag.place,
        seen=f"{asked} is asked for, and for {name} its compiler builds against glibc {format_version(glibc)}",
        fix=f"a toolchain as old as {asked}, as the images of manylinux-cross have, or `--zig`; or raise the tag",
    )


def _asked(facts: Facts) -> Iterator[_Tag]:
    """Yield each glibc version that the project promises for the target, and where."""
    pyproject = facts.project.layout.pyproject
    for key in ("compatibility", "manylinux"):
        word = facts.project.maturin(key)
        if pyproject and isinstance(word, str) and (version := _version(word)):
            place = Place(file=pyproject.path, line=pyproject.line(*MATURIN, key))
            yield _Tag(version=version, place=place, is_sure=True)
    for command in facts.project.own_commands("build", "publish"):
        word = command.value("compatibility")
        if word and (not command.has("target") or is_for(facts, command)) and (version := _version(word)):
            place = Place(file=command.file, line=command.line)
            named = command.value("target") is not None
            here = not (facts.is_cross or command.has("target") or command.is_open)
            sure = (named or here) and not command.is_job
            yield _Tag(version=version, place=place, is_sure=sure, is_job=command.is_job)


def _version(word: str) -> Version | None:
    try:
        return parse_version(word)
    except UsageError:
        return None
