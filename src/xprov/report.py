"""Plans and provisions in words and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xprov.glibc import format_version, lowest_tag
from xprov.output import count
from xprov.target import Libc

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from xprov.apt.changes import FileChange
    from xprov.archive.resolution import Resolution
    from xprov.plan import Plan
    from xprov.provision import Provision
    from xprov.target import Target
    from xprov.toolchain import Toolchain

JSON_VERSION = 1

_MEGABYTE = 1_000_000


def plan_as_text(plan: Plan, variables: Mapping[str, str | None]) -> str:
    """Return the whole plan as a person reads it: what, why, the files with their diff, packages, variables."""
    sections = [
        _aligned(_facts(plan)),
        *(change.diff().rstrip("\n") for change in plan.changes),
        _titled(_fetched(plan.resolution), _packages(plan.resolution)) if plan.resolution else "",
        _titled("variables", _assignments(plan.target, variables)),
    ]
    return "\n\n".join(section for section in sections if section)


def plan_as_json(plan: Plan, variables: Mapping[str, str | None]) -> dict[str, Any]:
    """Return the whole plan as JSON; a variable that is null is taken away."""
    return {
        "version": JSON_VERSION,
        "target": plan.target.name,
        "rust": plan.target.rust,
        "method": plan.method.value,
        "reason": plan.route.reason,
        "suite": plan.suite,
        "libraries": list(plan.libraries),
        "packages": list(plan.packages),
        "architecture": plan.architecture,
        "view": plan.environment.view.value,
        "glibc": format_version(plan.wanted.version) if plan.wanted.version else None,
        "resolution": plan.resolution.as_json() if plan.resolution else None,
        "toolchain": _toolchain_as_json(plan.toolchain),
        "files": [_change_as_json(change) for change in plan.changes],
        "notes": list(plan.sources.notes) if plan.sources else [],
        "warnings": [*plan.warnings, *plan.forecasts],
        "obstacles": [{"message": error.message, "hint": error.hint} for error in plan.obstacles],
        "variables": dict(variables),
    }


def summary(provision: Provision) -> str:
    """Return what the libraries together mean for a wheel."""
    if provision.target.libc is Libc.MUSL:
        return "a wheel that carries all of this is a musllinux one, for this machine's musl or a newer one"
    floor = provision.wheel_floor
    if floor is None:
        return "a wheel need carry none of this: every system has it"
    tag = lowest_tag(floor, provision.target)
    return f"a wheel that carries all of this needs glibc {format_version(floor)}: {tag}, or newer"


def _facts(plan: Plan) -> list[tuple[str, str]]:
    facts = [
        ("target", f"{plan.target.name} ({plan.target.rust})"),
        ("method", f"{plan.method.value} ({plan.route.reason})"),
        ("suite", plan.suite),
        ("toolchain", "zig" if plan.environment.zig else _toolchain_as_text(plan.toolchain)),
        ("glibc", _wanted_as_text(plan)),
        ("view", ", ".join(view.value for view in plan.views)),
        ("libraries", " ".join(plan.libraries)),
        ("packages", " ".join(plan.packages)),
    ]
    if plan.architecture:
        facts.append(("dpkg", f"--add-architecture {plan.architecture}"))
    return facts


def _wanted_as_text(plan: Plan) -> str:
    wanted = plan.wanted
    return f"{format_version(wanted.version)} ({wanted.said_by})" if wanted.version else "not known"


def _fetched(resolution: Resolution) -> str:
    return f"fetched ({count(len(resolution.packages), 'package')}, {size_as_text(resolution.size)})"


def _packages(resolution: Resolution) -> Iterator[str]:
    named = [(package.described, package.version, package.part, package.size) for package in resolution.packages]
    width, version_width = max(len(row[0]) for row in named), max(len(row[1]) for row in named)
    for name, version, part, size in sorted(named):
        yield f"{name:<{width}}  {version:<{version_width}}  {part}, {size_as_text(size)}"


def size_as_text(size: int) -> str:
    """Return a number of bytes as people read it, as apt does: `1,234 kB`, `12.3 MB`."""
    if size < _MEGABYTE:
        return f"{size / 1000:,.0f} kB"
    return f"{size / _MEGABYTE:,.1f} MB"


def _aligned(facts: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"{name:<11}{value}" for name, value in facts)


def _titled(title: str, lines: Iterable[str]) -> str:
    listed = [f"  {line}" for line in lines]
    return "\n".join((title, *listed)) if listed else ""


def _assignments(target: Target, variables: Mapping[str, str | None]) -> Iterator[str]:
    """Yield a line a variable; what only repeats for another Rust triple of the same target is one line."""
    also = tuple(triple.replace("-", "_") for triple in target.rust_also)
    for name, value in variables.items():
        if not any(triple.lower() in name.lower() for triple in also):
            yield _assignment(name, value)
    if also:
        yield f"and the same for {' and '.join(target.rust_also)}"


def _assignment(name: str, value: str | None) -> str:
    return f"{name} is taken away" if value is None else f"{name}={value}"


def _toolchain_as_text(toolchain: Toolchain | None) -> str:
    if toolchain is None:
        return "none found"
    glibc = f", glibc {format_version(toolchain.glibc)}" if toolchain.glibc else ""
    return f"{toolchain.cc}{glibc} (found by {toolchain.found_by})"


def _toolchain_as_json(toolchain: Toolchain | None) -> dict[str, Any] | None:
    if toolchain is None:
        return None
    return {
        "cc": str(toolchain.cc),
        "machine": toolchain.machine,
        "sysroot": None if toolchain.sysroot is None else str(toolchain.sysroot),
        "glibc": None if toolchain.glibc is None else format_version(toolchain.glibc),
        "found_by": toolchain.found_by,
    }


def _change_as_json(change: FileChange) -> dict[str, Any]:
    return {"path": str(change.path), "exists": change.before is not None, "diff": change.diff()}
