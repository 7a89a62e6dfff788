"""What a report means, in words. Pure: text out, nothing is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xprov.check.model import Linked
from xprov.glibc import floor_warning, format_version, lowest_tag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xprov.check.model import LibraryCheck, Report
    from xprov.glibc import Version
    from xprov.target import Target


def describe(check: LibraryCheck, target: Target) -> str:
    """Return one line about `check`: `alsa 1.2.8: glibc 2.34 (libasound.so.2.0.0: GLIBC_2.34), manylinux_2_34, linked`.

    With problems, one line for each after it.
    """
    parts = []
    if (floor := check.floor) is not None:
        parts.append(f"glibc {format_version(floor.version)} ({floor.why})")
    if (wheel_floor := check.wheel_needs.floor) is not None:
        parts.append(lowest_tag(wheel_floor.version, target))
    parts.append({Linked.YES: "linked", Linked.NO: "cannot be linked"}.get(check.link.linked, check.link.why))
    lines = [f"{check.label}: {', '.join(parts)}", *(f"  {problem}" for problem in check.problems)]
    return "\n".join(lines)


def floor_warnings(report: Report, toolchain: Version | None, target: Target) -> tuple[str, ...]:
    """Return what is to be said about the glibc that bundled libraries need.

    That is a newer one than `toolchain` links against (None: compare with nothing), its insides, or something that
    xprov does not know.
    """
    return tuple(text for check in report.checks for text in _floor_warnings(check, toolchain, target))


def _floor_warnings(check: LibraryCheck, toolchain: Version | None, target: Target) -> list[str]:
    texts = []
    floor = check.wheel_needs.floor
    if floor is not None and toolchain is not None:
        texts.append(floor_warning(check.label, floor, toolchain, target))
    texts += [
        f"{check.label}: {path.name} uses glibc's insides (GLIBC_PRIVATE): it runs with the glibc that it was built "
        "with and no other, no manylinux tag is true for it"
        for path in check.wheel_needs.private
    ]
    texts += [
        f"{check.label}: {path.name} needs {name} of glibc, which xprov does not know: "
        "the floor may be higher than it says"
        for path, name in check.wheel_needs.unknown
    ]
    return [text for text in texts if text is not None]


def time64_warning(checks: Sequence[LibraryCheck], target: Target, suite: str | None = None) -> str | None:
    """Return what is wrong when libraries for a 32-bit `target` have a 64-bit time_t, or None when none has.

    `suite` names where they come from (`debian:trixie`), if that is known. Source: rust-lang/libc, whose `time_t` is
    32 bits wide on 32-bit glibc targets unless it is built for 64.
    """
    users = [check for check in checks if check.time64]
    if target.elf.bits != 32 or not users:  # noqa: PLR2004 - a 32-bit machine
        return None
    names = ", ".join(f"{check.library} ({check.time64[0].name})" for check in users)
    whose = f"{suite}'s {target.name} libraries" if suite else f"these {target.name} libraries"
    return (
        f"{whose} have a 64-bit time_t: {names}. Rust's libc crate has 32-bit there: a struct with a time in it "
        "(timespec, timeval, stat) that goes to or from the library is misread. Take an older suite, whose libraries "
        "have 32-bit, or keep such structs out of the bindings"
    )
