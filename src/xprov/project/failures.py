"""The table of failures: `failures.toml`, which says what stands in it."""

from __future__ import annotations

from enum import Enum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from xprov.project.finding import Severity
from xprov.records import dataclass
from xprov.toml import read_toml

if TYPE_CHECKING:
    from xprov.toml import Table


class When(str, Enum):
    """What of a variable makes a failure: see `failures.toml`."""

    MASKING = "masking"
    FILLED = "filled"
    ZERO = "zero"
    ALONE = "alone"
    FOLDER_MISSING = "folder-missing"
    PROGRAM_MISSING = "program-missing"
    ZIG = "zig"


@dataclass(frozen=True, kw_only=True, slots=True)
class Variables:
    """The variables that make a failure, unless one of `unless` is set; `crates` are those that obey them, if not all.

    Names are templates of `{triple}` and `{TRIPLE}`, those of `unless` of `{variable}` too.
    """

    names: tuple[str, ...]
    when: When
    cross: bool
    unless: tuple[str, ...]
    crates: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """One row of the table; `log` and `signs` are regular expressions."""

    id: str
    title: str
    severity: Severity
    why: str
    fix: str
    log: tuple[str, ...]
    signs: tuple[str, ...]
    environment: Variables | None


@cache
def failures() -> dict[str, Failure]:
    """Return the table, by id, in its order."""
    table = read_toml(Path(__file__).with_name("failures.toml"))
    return {id_: _failure(id_, table.table(id_)) for id_ in table.keys()}  # noqa: SIM118 - a Table, not a dict


def _failure(id_: str, table: Table) -> Failure:
    has_environment = "environment" in table.keys()  # noqa: SIM118 - a Table, not a dict
    failure = Failure(
        id=id_,
        title=table.text("title"),
        severity=table.choice("severity", Severity),
        why=table.text("why"),
        fix=table.text("fix"),
        log=table.optional_texts("log"),
        signs=table.optional_texts("signs"),
        environment=_variables(table.table("environment")) if has_environment else None,
    )
    table.end()
    return failure


def _variables(table: Table) -> Variables:
    variables = Variables(
        names=table.texts("variables"),
        when=table.choice("when", When),
        cross=table.optional_flag("cross"),
        unless=table.optional_texts("unless"),
        crates=table.optional_texts("crates"),
    )
    table.end()
    return variables
