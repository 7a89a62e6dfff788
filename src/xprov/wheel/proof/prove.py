"""Prove wheels: find the Python for each, and let it import them."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xprov import process
from xprov.archive.suites import suites
from xprov.cache import staged
from xprov.errors import NetworkError, UnsatisfiableError, VerificationError, XprovError
from xprov.glibc import format_version
from xprov.records import dataclass
from xprov.wheel.layout import required_there
from xprov.wheel.names import Family
from xprov.wheel.proof.emulator import find_emulator
from xprov.wheel.proof.model import Outcome, Proof
from xprov.wheel.proof.pythons import accepts, suite_pythons, why_none
from xprov.wheel.proof.results import findings_of, imported, loaded
from xprov.wheel.proof.root import build_root, fetch_root, root_packages
from xprov.wheel.proof.runs import Job, own_command, run_job, suite_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Self

    from xprov.recipe import Recipe
    from xprov.suite_archives import Archives
    from xprov.target import Target
    from xprov.wheel.examine import Examined
    from xprov.wheel.finding import Finding
    from xprov.wheel.names import Platform, WheelName
    from xprov.wheel.proof.pythons import Release, SuitePython
    from xprov.wheel.proof.results import Run

# What is wrong with a wheel that is not unpacked.
_NOT_UNPACKED = {"damaged", "too-large", "unsafe-name", "bad-name"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What the user wants proven: modules to import (none: what the wheel has), code, within `timeout` seconds.

    `others` are wheels that are unpacked beside it, what it requires.
    """

    imports: tuple[str, ...] = ()
    code: str | None = None
    others: tuple[Path, ...] = ()
    timeout: float = 120.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Python:
    """A Python that is there: the command that starts it, what it is called, its version."""

    command: list[str]
    described: str
    release: Release


class Prover:
    """Proves wheels one after the other. Roots are made in the cache, and go away when the block ends."""

    def __init__(self, archives: Archives, host: Target, recipes: Sequence[Recipe], wanted: Wanted) -> None:
        self._archives, self._host, self._recipes, self._wanted = archives, host, recipes, wanted
        self._stack = ExitStack()
        self._roots: dict[tuple[str, str, tuple[str, ...]], Path | None] = {}
        self._told: set[str] = set()
        self._silent: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    def prove(self, examined: Examined) -> Proof:
        """Return what came of importing the wheel; why it was not run, where it was not."""
        name = examined.name
        unread = next((finding.id for finding in examined.errors if finding.id in _NOT_UNPACKED), None)
        if name is None or unread:
            return Proof(outcome=Outcome.NOT_RUN, reason=f"it is not unpacked ({unread or 'no name'})")
        platform = name.promises[0]
        try:
            python = self._python(examined, name, platform)
            return self._run(python, examined)
        except XprovError as error:
            return Proof(outcome=Outcome.NOT_RUN, reason=error.message)

    def _python(self, examined: Examined, name: WheelName, platform: Platform) -> _Python:
        """Return the Python that is to prove the wheel. Raises `UnsatisfiableError` when there is none."""
        pythons = suite_pythons(name, platform, examined.requires_python, suites())
        with self._archives.output.step(f"Finding a Python for {examined.path.name}") as progress:
            for number, python in enumerate(pythons):
                progress(python.described)
                if there := self._suite_python(python, platform, examined):
                    self._tell_passed_over(pythons[:number], there)
                    return there
        own = _own_python(name, platform, examined.requires_python)
        if own is None:
            raise UnsatisfiableError(why_none(name, platform, examined.requires_python, pythons))
        self._tell_passed_over(pythons, own)
        return own

    def _tell_passed_over(self, pythons: Sequence[SuitePython], taken: _Python) -> None:
        """Say once which suites cannot be had, that satisfy the tag more closely."""
        names = [python.suite.name for python in pythons if python.suite.name not in self._told]
        self._told.update(names)
        if names:
            self._archives.output.say(
                f"Going on with {taken.described}: {', '.join(names)} cannot be had (`-v` tells why)"
            )

    def _suite_python(self, python: SuitePython, platform: Platform, examined: Examined) -> _Python | None:
        """Return the Python of a suite, None where that cannot be had. Raises `ToolMissingError` without a QEMU."""
        target = platform.target
        assert target is not None  # noqa: S101 - no suite is for a machine without one
        root = self._root(python, target, root_packages(python, examined.system, self._recipes))
        if root is None:
            return None
        emulator = find_emulator(target, self._host, self._archives)
        under = f" under {emulator.name.removesuffix('-static')}" if emulator else ""
        return _Python(
            command=suite_command(root, target, python.release, emulator),
            described=f"{python.described}{under}",
            release=python.release,
        )

    def _root(self, python: SuitePython, target: Target, packages: tuple[str, ...]) -> Path | None:
        key = (python.suite.name, target.name, packages)
        if python.suite.eol and python.suite.distribution in self._silent:
            return None
        if key not in self._roots:
            try:
                self._roots[key] = self._made_root(python, target, packages)
            except (NetworkError, UnsatisfiableError, VerificationError) as error:
                self._archives.output.detail(f"{python.described} cannot be had: {error.message}")
                self._roots[key] = None
                if python.suite.eol and isinstance(error, NetworkError):
                    # All old releases are on one host: who is not let through to it waits for it once.
                    self._silent.add(python.suite.distribution)
        return self._roots[key]

    def _made_root(self, python: SuitePython, target: Target, packages: tuple[str, ...]) -> Path:
        trees = fetch_root(python.suite, target, packages, self._archives)
        # In the cache, so that files are links and no copies.
        root = self._stack.enter_context(staged(self._archives.cache.trees)) / "root"
        build_root(trees, root)
        return root

    def _run(self, python: _Python, examined: Examined) -> Proof:
        wanted = self._wanted
        top = wanted.imports or examined.top
        extensions = () if wanted.imports else tuple(name for name in examined.extensions if name not in top)
        job = Job(
            wheels=(examined.path, *wanted.others),
            top=top,
            extensions=extensions,
            code=wanted.code,
            timeout=wanted.timeout,
        )
        with self._archives.output.step(f"Importing {examined.path.name} by {python.described}"):
            run, results = run_job(python.command, job)
        requires = required_there(examined.requires, python.release)
        found = tuple(findings_of(results, run, examined.top, requires, counted=bool(wanted.imports)))
        return _proof(python, run, results, found)


def _proof(python: _Python, run: Run, results: list[dict[str, Any]], found: tuple[Finding, ...]) -> Proof:
    ids = {finding.id for finding in found}
    outcome = Outcome.PASSED
    if ids & {"import-fails", "run-fails"}:
        outcome = Outcome.FAILED
    elif "needs-other" in ids:
        outcome = Outcome.PARTLY
    return Proof(
        outcome=outcome,
        by=python.described,
        imported=imported(results),
        loaded=loaded(results),
        output=run.output,
        seconds=run.seconds,
        findings=found,
    )


def _own_python(name: WheelName, platform: Platform, requires_python: str) -> _Python | None:
    """Return a Python of this machine that pip would install the wheel for, None where there is none."""
    for release, program in _own_pythons():
        fits = platform.family is Family.ANY or _is_own(platform)
        if fits and accepts(release, name, platform, requires_python):
            described = f"this machine's Python {format_version(release)}"
            return _Python(command=own_command(program), described=described, release=release)
    return None


def _own_pythons() -> list[tuple[Release, Path]]:
    """Return the Pythons here, by version: the one that runs, and those in PATH."""
    own: Release = sys.version_info[:2]
    found = {own: Path(sys.executable)}
    for minor in range(6, 20):
        if program := process.find(f"python3.{minor}"):
            found.setdefault((3, minor), program)
    return list(found.items())


def _is_own(platform: Platform) -> bool:
    """Return whether pip on this machine takes wheels of `platform`."""
    from packaging.tags import platform_tags  # noqa: PLC0415 - slow to import

    return platform.tag in set(platform_tags())
