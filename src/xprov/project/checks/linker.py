"""The linker of a cross build: whether it is there, and whether Rust is told of it.

Where no linker is named rustc links by plain `cc`, whatever else is installed; maturin names none but zig (maturin
1.16, `src/compile.rs`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xprov.project.checks.crates import waits_for_setup
from xprov.project.finding import Finding, Place, Severity
from xprov.toolchain import cargo_variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xprov.project.facts import Facts
    from xprov.project.tomlfile import TomlFile
    from xprov.toolchain import Toolchain

_FLAGS = ("RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS")


def check_linker(facts: Facts) -> Iterator[Finding]:
    """Yield, for a cross build, a linker that is named and not there, is not there, or is not named."""
    if not facts.is_cross:
        return
    triple = facts.target.rust
    configured = [config for config in facts.project.configs if config.at("target", triple, "linker")]
    if configured and facts.machine.absent_linkers:
        yield _absent(facts, configured[0])
    zig = any(command.has("zig") for command in facts.project.own_commands("build"))
    if zig or configured or _is_named(facts):
        return
    if facts.machine.toolchain is None:
        yield _not_there(facts)
    elif not facts.machine.links_by_cc and not waits_for_setup(facts):
        yield _not_named(facts, facts.machine.toolchain)


def _is_named(facts: Facts) -> bool:
    """Return whether a variable, a table for several targets, a flag of rustc's or the project's commands name one."""
    variable = cargo_variable(facts.target.rust, "LINKER")
    if facts.environ.get(variable) or variable in facts.project.variables or any(facts.target_settings("linker")):
        return True
    names = (*_FLAGS, cargo_variable(facts.target.rust, "RUSTFLAGS"))
    flags = (facts.environ.get(name) for name in names)
    general = (config.at("build", "rustflags") for config in facts.project.configs)
    return any("linker=" in str(text) for text in (*flags, *general, *facts.target_settings("rustflags")))


def _absent(facts: Facts, config: TomlFile) -> Finding:
    debian = facts.target.triplet
    return Finding(
        id="linker-missing",
        severity=Severity.BREAKS,
        place=Place(file=config.path, line=config.line("target", facts.target.rust, "linker")),
        seen=f"`{min(facts.machine.absent_linkers)}` is named, and is not there",
        fix=f"install it, or name another (Debian: `gcc-{debian}` has `{debian}-gcc`)",
    )


def _not_there(facts: Facts) -> Finding:
    debian = facts.target.triplet
    return Finding(
        id="linker-missing",
        severity=Severity.BREAKS,
        seen=f"no compiler for {facts.target.rust}: none is named, and there is no `{debian}-gcc` in PATH",
        fix=f"install it (Debian: `gcc-{debian}`), or build with `--zig` after `xprov setup {facts.target.name}"
        " LIBRARY --toolchain zig`",
    )


def _not_named(facts: Facts, toolchain: Toolchain) -> Finding:
    triple = facts.target.rust
    cc = toolchain.cc.name if toolchain.found_by == "PATH" else str(toolchain.cc)
    by_hand = f'`export {cargo_variable(triple, "LINKER")}={cc}`, or `linker = "{cc}"` below `[target.{triple}]` in'
    # What needs arguments to be the target's compiler is no linker that could be named.
    wrapped = f"`xprov setup {facts.target.name} LIBRARY` and `source` the file that it names: it makes a linker of it"
    return Finding(
        id="linker-missing",
        severity=Severity.BREAKS,
        seen=f"`{toolchain.cc}` is there, and nothing names it as the linker: Rust links by this machine's `cc`",
        fix=wrapped if toolchain.arguments else f"{by_hand} .cargo/config.toml",
    )
