"""Libraries that a wheel should leave to the machine that it is installed on, and that maturin bundles unasked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xprov.project.checks.crates import place_of, taken_crates, vendors
from xprov.project.crates import recipes_by_crate
from xprov.project.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xprov.project.facts import Facts, Project

# With these maturin copies nothing into the wheel (maturin 1.16, `--auditwheel`).
_WITHOUT_BUNDLING = frozenset({"skip", "check", "warn"})


def check_bundling(facts: Facts) -> Iterator[Finding]:
    """Yield a finding for each library whose recipe says that no wheel should carry it."""
    if _bundles_nothing(facts.project):
        return
    served = recipes_by_crate(facts.recipes)
    for name, features in taken_crates(facts, build_scripts=False).items():
        bundle = served[name].bundle if name in served else None
        if bundle is None or bundle.allowed or vendors(facts, name, features):
            continue
        yield Finding(
            id="unwanted-library",
            severity=Severity.RISK,
            place=place_of(facts, name),
            seen=f"{name} ({served[name].library}). {bundle.reason}",
            fix=bundle.instead or "leave it to the machine that runs the wheel",
        )


def _bundles_nothing(project: Project) -> bool:
    """Return whether pyproject.toml says so, or every command that builds wheels does."""
    if project.maturin("auditwheel") in _WITHOUT_BUNDLING or project.maturin("skip-auditwheel") is True:
        return True
    commands = tuple(project.own_commands("build", "publish"))
    return bool(commands) and all(
        command.has("skip-auditwheel") or command.value("auditwheel") in _WITHOUT_BUNDLING for command in commands
    )
