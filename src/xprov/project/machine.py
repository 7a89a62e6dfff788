"""What there is on this machine for a build of the target."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from xprov import process
from xprov.errors import ToolMissingError
from xprov.project.checks.environment import variables_of
from xprov.project.crates import crate_table
from xprov.project.facts import Machine
from xprov.project.failures import When, failures
from xprov.project.openssl import lacks_openssl
from xprov.toolchain import find_toolchain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from xprov.target import Target
    from xprov.toolchain import Toolchain

_X86 = {"EM_386", "EM_X86_64"}


def inspect_machine(target: Target, environ: Mapping[str, str], *, linkers: Iterable[str], host: Target) -> Machine:
    """Return what there is; the target's compiler and Rust's library are looked for in cross builds alone.

    `linkers` are those that cargo's configuration names for the target, `host` is this machine.
    """
    is_cross = target != host
    toolchain = find_toolchain(target, environ) if is_cross else None
    programs = {program for crate in crate_table().values() for program in crate.programs}
    return Machine(
        programs={name: found for name in sorted(programs) if (found := process.find(name))},
        libraries=frozenset(_own_libraries()) if is_cross else frozenset(),
        missing=frozenset(_missing(target, environ)),
        absent_linkers=frozenset(name for name in linkers if process.find(name) is None),
        toolchain=toolchain,
        links_by_cc=_links_by_cc(target, host, toolchain),
        has_std=_has_std(target.rust) if is_cross else None,
    )


def _own_libraries() -> Iterator[str]:
    """Yield the libraries of the table of crates that this machine's C compiler, by which rustc links, finds."""
    words = {word for crate in crate_table().values() for words in crate.unless for word in words}
    for name in sorted(word.removeprefix("-l") for word in words if word.startswith("-l")):
        with contextlib.suppress(ToolMissingError):
            # It prints the name alone of a file that it does not find.
            done = process.run(["cc", f"-print-file-name=lib{name}.so"], check=False)
            if "/" in done.stdout:
                yield name


def _missing(target: Target, environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the variables of the table that name a program or folder which is not there. Empty ones name none."""
    for failure in failures().values():
        variables = failure.environment
        for name in variables_of(variables, target.rust) if variables else ():
            value = environ.get(name)
            if variables is None or not value or not value.strip():
                continue
            if variables.when is When.PROGRAM_MISSING and _is_no_program(value):
                yield name
            if variables.when is When.FOLDER_MISSING and lacks_openssl(Path(value), environ, target.rust):
                yield name


def _is_no_program(value: str) -> bool:
    # A compiler may stand there with what it is always given.
    return process.find(value) is None and process.find(value.split(maxsplit=1)[0]) is None


def _links_by_cc(target: Target, host: Target, toolchain: Toolchain | None) -> bool:
    """Return whether `cc` links for the target: rustc has it do so for all machines of a family (`-m32`)."""
    machine = target.elf.machine
    if machine == host.elf.machine or {machine, host.elf.machine} == _X86:
        return True
    cc = process.find("cc")
    return cc is not None and toolchain is not None and cc.resolve() == toolchain.cc.resolve()


def _has_std(triple: str) -> bool | None:
    """Return whether rustc has its library for the target, None where there is no rustc to ask."""
    try:
        # A folder that pins a toolchain which is not there would have rustup install it.
        done = process.run(
            ["rustc", "--print", "target-libdir", "--target", triple],
            environment={"RUSTUP_AUTO_INSTALL": "0"},
            check=False,
        )
    except ToolMissingError:
        return None
    return any(Path(done.stdout.strip()).glob("libstd-*")) if done.ok else None
