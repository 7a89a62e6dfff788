"""Variables that break builds, by the table of failures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xprov.project.checks.crates import taken_crates, vendors
from xprov.project.failures import Failure, Variables, When, failures
from xprov.project.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xprov.project.facts import Facts

_FOR_TARGET = ("PKG_CONFIG_{triple}", "TARGET_PKG_CONFIG", "PKG_CONFIG_SYSROOT_DIR_{triple}")


def check_environment(facts: Facts) -> Iterator[Finding]:
    """Yield a finding for each variable that is as the table says."""
    for failure in failures().values():
        if failure.environment is not None:
            yield from _of_failure(facts, failure, failure.environment)


def variables_of(variables: Variables, triple: str) -> tuple[str, ...]:
    """Return the names of the variables for a Rust triple."""
    return tuple(_filled(name, triple) for name in variables.names)


def _of_failure(facts: Facts, failure: Failure, variables: Variables) -> Iterator[Finding]:
    if (variables.cross and not facts.is_cross) or not _has_crate(facts, variables):
        return
    for name in variables_of(variables, facts.target.rust):
        if not _holds(facts, name, variables):
            continue
        yield Finding(
            id=failure.id,
            severity=failure.severity,
            seen=f"{name}={facts.environ[name]}",
            fix=_filled(failure.fix, facts.target.rust, variable=name, target=facts.target.name),
        )


def _has_crate(facts: Facts, variables: Variables) -> bool:
    """Return whether the build takes a crate that obeys the variables; one that compiles its own library does not."""
    if not variables.crates or facts.project.lock is None:
        return True
    taken = taken_crates(facts, build_scripts=True)
    return any(name in taken and not vendors(facts, name, taken[name]) for name in variables.crates)


def _holds(facts: Facts, name: str, variables: Variables) -> bool:
    value = facts.environ.get(name)
    if value is None:
        return False
    unless = [_filled(other, facts.target.rust, variable=name) for other in variables.unless]
    if any(other in facts.environ and other != name for other in unless):
        return False
    return _is_as_said(facts, name, value, variables.when)


def _is_as_said(facts: Facts, name: str, value: str, when: When) -> bool:
    holds: bool
    match when:
        case When.SET:
            holds = True
        case When.FILLED:
            holds = bool(value)
        case When.ZERO:
            holds = value == "0"
        case When.ALONE:
            named = (_filled(other, facts.target.rust) for other in _FOR_TARGET)
            holds = value != "0" and not any(facts.environ.get(other) for other in named)
        case When.FOLDER_MISSING | When.PROGRAM_MISSING:
            holds = name in facts.machine.missing
        case When.ZIG:
            holds = bool(value) and any(command.has("zig") for command in facts.project.own_commands("build"))
    return holds


def _filled(template: str, rust: str, **words: str) -> str:
    triple = rust.replace("-", "_")
    text = template
    for name, value in {**words, "triple": triple, "TRIPLE": triple.upper()}.items():
        text = text.replace(f"{{{name}}}", value)
    return text
