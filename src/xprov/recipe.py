"""A recipe: the facts about one library, from the TOML file that is named after it.

`recipes/README.md` says what each key means, for those who write one.
"""

import re
import string
from enum import Enum
from pathlib import Path
from typing import Any

from xprov.archive.suites import Suite, find_suite, suites
from xprov.errors import UnsatisfiableError, UsageError
from xprov.glibc import Version, read_version
from xprov.records import dataclass
from xprov.toml import Table, read_toml

_LIBRARY = re.compile(r"[a-z0-9][a-z0-9+.-]*")


class Finds(str, Enum):
    """How a crate's build script finds the library."""

    PKG_CONFIG = "pkg-config"
    LINK = "link"
    """It only says `-lNAME`: the linker must know the folder."""
    ENVIRONMENT = "environment"
    """By variables of its own."""
    PROGRAM = "program"
    """It runs a program of the library, such as `pg_config`."""
    DLOPEN = "dlopen"
    """Not at all: the library is loaded at run time."""


class Action(str, Enum):
    """What is done to a variable that a crate obeys."""

    SET = "set"
    SET_IF_UNSET = "set-if-unset"
    DROP_UNLESS = "drop-unless"
    """It is taken away, unless the folder that it names holds `needs`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Crate:
    """A crate that the library serves; `links` is that key of its Cargo.toml."""

    name: str
    links: str | None
    finds: Finds


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """What proves that the library is there.

    `header` is what one writes after `#include` with the modules' flags, `symbol` is exported by one of the libraries
    of `link`, which are what one writes after `-l`.
    """

    header: str
    symbol: str
    link: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Trap:
    """Something that goes wrong although all is there: what happens, why, and how to get round it."""

    what: str
    reason: str
    suggestion: str | None
    source: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Bundle:
    """Whether a wheel may carry the library; where it may not, the reason and what to do `instead`."""

    allowed: bool
    reason: str
    instead: str | None
    source: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class EnvironmentFact:
    """A variable that a crate obeys, with what has to be done to it for a cross build.

    `value` is there for `set` and `set-if-unset`, `needs`, a path relative to the folder that the variable names, for
    `drop-unless`. `variable` and `value` are templates: see `variable_for` and `value_for`.
    """

    variable: str
    action: Action
    value: str | None
    needs: str | None
    reason: str

    def variable_for(self, rust: str) -> str:
        """Return the variable's name for a Rust triple; `{TRIPLE}` and `{triple}` stand for it, with underscores."""
        triple = rust.replace("-", "_")
        return self.variable.format(TRIPLE=triple.upper(), triple=triple)

    def value_for(self, view: Path) -> str | None:
        """Return the value to set when the libraries are in `view` (`{view}`), or None where none is set."""
        return None if self.value is None else self.value.format(view=view)


@dataclass(frozen=True, kw_only=True, slots=True)
class SuitePackages:
    """Packages that differ in one suite (`debian:trixie`), or from it on (`debian:trixie+`)."""

    distribution: str
    codename: str
    onwards: bool
    packages: tuple[str, ...]

    @property
    def suite(self) -> str:
        """The key that stands in the file."""
        return f"{self.distribution}:{self.codename}{'+' if self.onwards else ''}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Packages:
    """The packages that hold a library's headers, `.pc` files and links, by distribution and suite."""

    debian: tuple[str, ...]
    ubuntu: tuple[str, ...]
    suites: tuple[SuitePackages, ...]

    def everywhere(self) -> tuple[str, ...]:
        """Return every package that is named, each once."""
        differing = (package for suite in self.suites for package in suite.packages)
        return tuple(dict.fromkeys([*self.debian, *self.ubuntu, *differing]))


@dataclass(frozen=True, kw_only=True, slots=True)
class FloorHint:
    """The glibc that the library and all that it needs asked for in `suite` (`debian:trixie`), when it was measured.

    A hint: the suite may have changed since.
    """

    suite: str
    architecture: str
    version: Version


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """The facts about one library. `modules` are pkg-config's names for it, `file` is where they stand.

    `bundle` is None where nothing speaks for or against carrying it in a wheel.
    """

    library: str
    summary: str
    modules: tuple[str, ...]
    packages: Packages
    crates: tuple[Crate, ...]
    check: Check
    traps: tuple[Trap, ...]
    bundle: Bundle | None
    environment: tuple[EnvironmentFact, ...]
    floors: tuple[FloorHint, ...]
    file: Path

    def floor_hint(self, suite: Suite | str, architecture: str) -> Version | None:
        """Return the floor that was measured in `suite` (or its name, `debian:trixie`), or None where none was."""
        wanted = (suite if isinstance(suite, str) else suite.name, architecture)
        return next((hint.version for hint in self.floors if (hint.suite, hint.architecture) == wanted), None)

    def packages_for(self, distribution: str, codename: str) -> tuple[str, ...]:
        """Return the packages to install in a suite, such as `debian` and `bookworm`.

        The suite's own entry comes first, then that of the latest suite "on" which it holds, then the
        distribution's. Raises `UnsatisfiableError` when the suite has none, or the distribution is not known.
        """
        if distribution not in ("debian", "ubuntu"):
            raise UnsatisfiableError(
                f"the recipe `{self.library}` names no packages of `{distribution}`",
                hint="it knows those of debian and ubuntu",
            )
        packages = self._of_suite(distribution, codename)
        if not packages:
            raise UnsatisfiableError(f"{distribution} {codename} has no package for `{self.library}`")
        return packages

    def _of_suite(self, distribution: str, codename: str) -> tuple[str, ...]:
        own = [entry for entry in self.packages.suites if entry.distribution == distribution]
        for entry in own:
            if entry.codename == codename and not entry.onwards:
                return entry.packages
        wanted = _age(distribution, codename)
        holding = [entry for entry in own if entry.onwards and _age(distribution, entry.codename) <= wanted]
        if holding:
            return max(holding, key=lambda entry: _age(distribution, entry.codename)).packages
        return self.packages.ubuntu if distribution == "ubuntu" else self.packages.debian


def _age(distribution: str, codename: str) -> int:
    """Return the place of a suite in the order of its distribution's. One that is not known counts as the newest."""
    order = [suite.codename for suite in suites() if suite.distribution == distribution]
    return order.index(codename) if codename in order else len(order)


def read_recipe(file: Path) -> Recipe:
    """Return the recipe in `file`.

    Raises `UsageError` that names the file and the key that is not right.
    """
    table = read_toml(file)
    recipe = Recipe(
        library=_library(table),
        summary=table.text("summary"),
        modules=table.optional_texts("modules"),
        packages=_packages(table.table("packages")),
        crates=tuple(_crate(crate) for crate in table.tables("crates")),
        check=_check(table.table("check")),
        traps=tuple(_trap(trap) for trap in table.tables("traps")),
        bundle=_bundle(table),
        environment=tuple(_fact(fact) for fact in table.tables("environment")),
        floors=_floors(table.optional_table("floors")),
        file=file,
    )
    table.end()
    return recipe


def _library(table: Table) -> str:
    library = table.text("library")
    if library != table.file.stem:
        table.refuse("library", f"is `{library}`, but the file is `{table.file.name}`", hint="the two must be the same")
    if not _LIBRARY.fullmatch(library):
        table.refuse("library", f"cannot be `{library}`", hint="use small letters, digits, `+`, `.` and `-`")
    return library


def _packages(table: Table) -> Packages:
    debian = table.texts("debian")
    packages = Packages(
        debian=debian,
        ubuntu=table.optional_texts("ubuntu") or debian,
        suites=_suites(table.optional_table("suite")),
    )
    table.end()
    return packages


def _suites(table: Table) -> tuple[SuitePackages, ...]:
    return tuple(_suite(table, key) for key in table.keys())  # noqa: SIM118 - a Table, not a dict


def _suite(table: Table, key: str) -> SuitePackages:
    distribution, _, release = key.partition(":")
    codename = release.removesuffix("+")
    if find_suite(distribution, codename) is None:
        table.refuse(
            key,
            "is not a suite that is known",
            hint="write it like `debian:trixie`, or `debian:trixie+` for all from there on",
        )
    return SuitePackages(
        distribution=distribution, codename=codename, onwards=release.endswith("+"), packages=table.texts(key)
    )


def _floors(table: Table) -> tuple[FloorHint, ...]:
    return tuple(hint for key in table.keys() for hint in _floors_in(table, key))  # noqa: SIM118 - a Table, not a dict


def _floors_in(table: Table, key: str) -> tuple[FloorHint, ...]:
    suite = find_suite(*key.split(":", 1)) if ":" in key else None
    if suite is None or suite.name != key:
        table.refuse(key, "is not a suite that is known", hint="write it like `debian:trixie`")
    measured = table.table(key)
    return tuple(_floor(measured, suite, architecture) for architecture in measured.keys())  # noqa: SIM118 - a Table


def _floor(table: Table, suite: Suite, architecture: str) -> FloorHint:
    if architecture not in suite.architectures:
        known = ", ".join(f"`{name}`" for name in suite.architectures)
        table.refuse(architecture, f"is not an architecture of {suite.name}", hint=f"it has {known}")
    text = table.text(architecture)
    try:
        return FloorHint(suite=suite.name, architecture=architecture, version=read_version(text))
    except UsageError as error:
        table.refuse(architecture, f"cannot be `{text}`: it is no glibc version", hint=error.hint)


def _crate(table: Table) -> Crate:
    crate = Crate(name=table.text("name"), links=table.optional_text("links"), finds=table.choice("finds", Finds))
    table.end()
    return crate


def _check(table: Table) -> Check:
    check = Check(header=table.text("header"), symbol=table.text("symbol"), link=table.texts("link"))
    if not check.link:
        table.refuse("link", "is empty")
    table.end()
    return check


def _trap(table: Table) -> Trap:
    trap = Trap(
        what=table.text("what"),
        reason=table.text("reason"),
        suggestion=table.optional_text("suggestion"),
        source=table.optional_text("source"),
    )
    table.end()
    return trap


def _bundle(table: Table) -> Bundle | None:
    if "bundle" not in table.keys():  # noqa: SIM118 - a Table, not a dict
        return None
    facts = table.table("bundle")
    bundle = Bundle(
        allowed=facts.flag("allowed"),
        reason=facts.text("reason"),
        instead=facts.optional_text("instead"),
        source=facts.optional_text("source"),
    )
    facts.end()
    return bundle


def _fact(table: Table) -> EnvironmentFact:
    action = table.choice("action", Action)
    drops = action is Action.DROP_UNLESS
    fact = EnvironmentFact(
        variable=_template(table, "variable", {"TRIPLE", "triple"}),
        action=action,
        value=None if drops else _template(table, "value", {"view"}),
        needs=table.text("needs") if drops else None,
        reason=table.text("reason"),
    )
    table.end()
    return fact


def _template(table: Table, key: str, known: set[str]) -> str:
    text = table.text(key)
    try:
        fields: set[Any] = {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}
    except ValueError as error:
        table.refuse(key, f"is not a template: {error}")
    for field in fields - known:
        names = ", ".join(f"`{{{name}}}`" for name in sorted(known))
        table.refuse(key, f"has a `{{{field}}}` that means nothing here", hint=f"it may have {names}")
    return text
