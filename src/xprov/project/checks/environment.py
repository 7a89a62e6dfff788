"""Variables that break builds, by the table of failures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xprov.project.checks.crates import taken_crates, vendors
from xprov.project.checks.target import is_for
from xprov.project.command import UNKNOWN
from xprov.project.failures import Failure, Variables, When, failures
from xprov.project.finding import Finding, Place, Severity
from xprov.toolchain import cargo_variable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from xprov.project.command import Command
    from xprov.project.facts import Facts

_VERBS = ("build", "develop", "publish", "front-end", "pip")
_FOR_TARGET = ("PKG_CONFIG_{triple}", "TARGET_PKG_CONFIG", "PKG_CONFIG_SYSROOT_DIR_{triple}")


def check_environment(facts: Facts) -> Iterator[Finding]:
    """Yield a finding for each variable of this shell, and of a job that builds, that is as the table says."""
    for failure in failures().values():
        variables = failure.environment
        if variables is None or (variables.cross and not facts.is_cross) or not _has_crate(facts, variables):
            continue
        yield from _of_shell(facts, failure, variables)
        for command in facts.project.own_commands(*_VERBS):
            if is_for(facts, command) or not (variables.cross or command.has("target")):
                yield from _of_command(facts, failure, variables, command)


def variables_of(variables: Variables, triple: str) -> tuple[str, ...]:
    """Return the names of the variables for a Rust triple."""
    return tuple(_filled(name, triple) for name in variables.names)


def _of_shell(facts: Facts, failure: Failure, variables: Variables) -> Iterator[Finding]:
    zig = any(command.has("zig") for command in facts.project.own_commands("build"))
    for name in variables_of(variables, facts.target.rust):
        if _holds(facts, facts.environ, name, variables, zig=zig):
            seen = f"{name}={facts.environ[name]}"
            yield Finding(id=failure.id, severity=failure.severity, seen=seen, fix=_fix(facts, failure, name))


def _of_command(facts: Facts, failure: Failure, variables: Variables, command: Command) -> Iterator[Finding]:
    """Yield what is set for a command. It is a risk at most: what else the job does is not to be seen."""
    if variables.when in {When.FOLDER_MISSING, When.PROGRAM_MISSING}:
        return
    environ = {variable.name: variable.value for variable in command.environ}
    lines = {variable.name: variable.line for variable in command.environ}
    for name in variables_of(variables, facts.target.rust):
        known = UNKNOWN not in environ.get(name, "")
        if known and _holds(facts, environ, name, variables, zig=command.has("zig")):
            yield Finding(
                id=failure.id,
                severity=Severity.RISK if failure.severity is Severity.BREAKS else failure.severity,
                place=Place(file=command.file, line=lines[name]),
                seen=f"{name}={environ[name]}, set for the build in line {command.line}",
                fix=f"leave it out there; in a shell: {_fix(facts, failure, name)}",
            )


def _fix(facts: Facts, failure: Failure, name: str) -> str:
    return _filled(failure.fix, facts.target.rust, variable=name, target=facts.target.name)


def _has_crate(facts: Facts, variables: Variables) -> bool:
    """Return whether the build takes a crate that obeys the variables; one that compiles its own library does not."""
    if not variables.crates or facts.project.lock is None:
        return True
    taken = taken_crates(facts, build_scripts=True)
    return any(name in taken and not vendors(facts, name, taken[name]) for name in variables.crates)


def _holds(facts: Facts, environ: Mapping[str, str], name: str, variables: Variables, *, zig: bool) -> bool:
    value = environ.get(name)
    if value is None:
        return False
    unless = [_filled(other, facts.target.rust, variable=name) for other in variables.unless]
    if any(other in environ and other != name for other in unless):
        return False
    holds: bool
    match variables.when:
        case When.MASKING:
            holds = _masks(facts, environ)
        case When.FILLED:
            holds = bool(value)
        case When.ZERO:
            holds = value == "0"
        case When.ALONE:
            named = (_filled(other, facts.target.rust) for other in _FOR_TARGET)
            holds = value != "0" and not any(environ.get(other) for other in named)
        case When.FOLDER_MISSING | When.PROGRAM_MISSING:
            holds = name in facts.machine.missing
        case When.ZIG:
            holds = bool(value) and zig
    return holds


def _masks(facts: Facts, environ: Mapping[str, str]) -> bool:
    """Return whether there are flags of rustc's, in cargo's configuration, that RUSTFLAGS takes the place of."""
    names = ("CARGO_BUILD_RUSTFLAGS", cargo_variable(facts.target.rust, "RUSTFLAGS"))
    general = (config.at("build", "rustflags") for config in facts.project.configs)
    return any((*(environ.get(name) for name in names), *general, *facts.target_settings("rustflags")))


def _filled(template: str, rust: str, **words: str) -> str:
    triple = rust.replace("-", "_")
    text = template
    for name, value in {**words, "triple": triple, "TRIPLE": triple.upper()}.items():
        text = text.replace(f"{{{name}}}", value)
    return text
