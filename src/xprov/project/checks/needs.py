"""What crates need besides their library: the rows of `crates.toml`, and what to type about them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from xprov.environment.model import View
from xprov.project.checks.crates import is_sourced, place_of, provisioned, taken_crates, vendors
from xprov.project.crates import crate_table, recipes_by_crate
from xprov.project.finding import Finding, Severity
from xprov.project.package import Kind
from xprov.toolchain import cargo_variable, is_linker_wrapper, underscored

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xprov.project.crates import CrateNeeds
    from xprov.project.facts import Facts

_ADD = re.compile(r"\{add:([^}]+)\}")


def check_needs(facts: Facts) -> Iterator[Finding]:
    """Yield, for a cross build, what single crates need, and the programs of this machine that they would believe."""
    if not facts.is_cross:
        return
    for name, features in taken_crates(facts, build_scripts=True).items():
        known = crate_table().get(name)
        if known is not None and known.needs is not None and not _is_met(facts, known, features):
            yield from _programs(facts, known) if known.programs else _needs(facts, known, features)


def _needs(facts: Facts, known: CrateNeeds, features: frozenset[str] | None) -> Iterator[Finding]:
    yield Finding(
        id="crate-needs",
        # Where features are not known, one of them may be the answer.
        severity=Severity.RISK if features is None and known.severity is Severity.BREAKS else known.severity,
        place=place_of(facts, known.name),
        seen=f"{known.name}: {_filled(facts, known, known.needs)}",
        fix=_filled(facts, known, known.fix),
    )


def _programs(facts: Facts, known: CrateNeeds) -> Iterator[Finding]:
    for program in known.programs:
        if program in facts.machine.programs:
            yield Finding(
                id="host-program",
                severity=Severity.RISK,
                place=place_of(facts, known.name),
                seen=f"{known.name}: `{facts.machine.programs[program]}` is in reach: {known.needs}",
                fix=_filled(facts, known, known.fix),
            )


def _is_met(facts: Facts, known: CrateNeeds, features: frozenset[str] | None) -> bool:
    """Return whether there is no need, by what is known of the crate's features."""
    if known.when and features is not None and not features.intersection(known.when):
        return True
    return any(all(_holds(facts, known, word, features) for word in words) for words in known.unless)


def _holds(facts: Facts, known: CrateNeeds, word: str, features: frozenset[str] | None) -> bool:
    """Return whether one word of `unless` is true: see `crates.toml`."""
    match word:
        case "{own}":
            return vendors(facts, known.name, features)
        case "{found}":
            return _is_found(facts, known.name)
        case "{linker}":
            return is_linker_wrapper(facts.environ.get(cargo_variable(facts.target.rust, "LINKER"), ""))
        case "{libs}":
            return facts.view is View.LIBS
        case _:
            return word in (features or ()) or _is_there(facts, known, word)


def _is_there(facts: Facts, known: CrateNeeds, word: str) -> bool:
    """Return whether there is what a word of `unless` names: a library, a table for cargo or a variable."""
    if word.startswith("-l"):
        return word.removeprefix("-l") in facts.machine.libraries
    if word.startswith("["):
        table = ("target", facts.target.rust, word.strip("[]"))
        return any(config.at(*table) is not None for config in facts.project.configs)
    return bool(facts.environ.get(_filled(facts, known, word)))


def _is_found(facts: Facts, crate: str) -> bool:
    """Return whether pkg-config finds the crate's library: it is set up, and the environment names pkg-config."""
    recipe = recipes_by_crate(facts.recipes).get(crate)
    return recipe is not None and recipe.library in provisioned(facts) and is_sourced(facts)


def _filled(facts: Facts, known: CrateNeeds, template: str | None) -> str:
    """Return a template of `crates.toml` with the names of the target, and with lines for cargo."""
    target, compiler = facts.target, facts.machine.toolchain
    root = compiler.sysroot if compiler else None
    words = {
        "target": target.name,
        "rust": target.rust,
        "triple": underscored(target.rust),
        "TRIPLE": underscored(target.rust).upper(),
        "cc": compiler.cc if compiler else f"{target.triplet}-gcc",
        "libraries": facts.libraries,
        "emulator": f"qemu-{target.qemu};-L;{root or f'/usr/{target.triplet}'}",
    }
    text = _ADD.sub(lambda found: _adding(facts, known.name, found[1]), template or "")
    for name, value in words.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text


def _adding(facts: Facts, crate: str, feature: str) -> str:
    """Return the line that turns a crate's feature on; one that only others depend on must stay the version it is."""
    direct = any(
        dependency.key == crate and dependency.kind is Kind.NORMAL and dependency.platform is None
        for dependency in facts.project.own.dependencies
    )
    lock = facts.project.lock
    locked = lock.find(crate) if lock and not direct else None
    version = f"@{locked.version.partition('+')[0]}" if locked else ""
    return f"cargo add {crate}{version} --features {feature}"
