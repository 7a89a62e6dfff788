"""Read a lock file, strictly: people edit it, merge it, and commit what a merge left of it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote

from xprov.archive.locations import parts_of
from xprov.archive.resolution import ResolvedPackage
from xprov.errors import UsageError
from xprov.glibc import parse_version
from xprov.lockfile.model import DATE, FORM, VIEWS, Lock, LockedTarget
from xprov.suite_choice import find_named_suite
from xprov.target import find_target
from xprov.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from xprov.archive.suites import Suite
    from xprov.target import Target
    from xprov.toml import Table

_Value = TypeVar("_Value")

# Debian Policy 5.6.1 and 5.6.12.
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_PACKAGE_VERSION = re.compile(r"[0-9A-Za-z.+:~-]+")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def read_lock(file: Path) -> Lock:
    """Return what `file` says.

    Raises `UsageError` that names file and key when it is not there, damaged, or written by a newer xprov.
    """
    if not file.is_file():
        raise UsageError(
            f"there is no `{file}`", hint="`xprov lock TARGET -- LIBRARY...` makes it, or `--lock-file` names another"
        )
    table = read_toml(file)
    if (form := table.number("version")) != FORM:
        hint = "update xprov, or remove the file and lock again"
        table.refuse("version", f"is {form}, and this xprov reads {FORM}", hint=hint)
    targets = table.optional_table("target")
    table.end()
    found = [_target(name, targets) for name in targets.keys()]  # noqa: SIM118 - a Table is no dict
    return Lock(targets={locked.target.name: locked for locked in found})


def known_lock(file: Path) -> Lock:
    """Return what `file` says, which is nothing when it is not there yet; raises the same."""
    return read_lock(file) if file.is_file() else Lock(targets={})


def _target(name: str, targets: Table) -> LockedTarget:
    target = _parsed(targets, name, name, find_target)
    if target.name != name:
        targets.refuse(name, f"is another word for `{target.name}`: locks use that one")
    table = targets.table(name)
    suite = _parsed(table, "suite", table.text("suite"), find_named_suite)
    view, glibc = table.text("view"), table.optional_text("glibc")
    if view not in VIEWS:
        table.refuse("view", f"cannot be `{view}`", hint="it can be `libs` or `full`")
    released = _released(table.table("released"), suite)
    locked = LockedTarget(
        target=target,
        libraries=table.texts("libraries"),
        suite=suite,
        glibc=None if glibc is None else _parsed(table, "glibc", glibc, parse_version),
        view=VIEWS[view],
        asked=table.texts("asked"),
        released=released,
        packages=tuple(_package(package, target, released) for package in table.tables("package")),
    )
    table.end()
    _check_names(locked, table)
    return locked


def _check_names(locked: LockedTarget, table: Table) -> None:
    names = [package.name for package in locked.packages]
    for name in names:
        if names.count(name) > 1:
            table.refuse("package", f"has `{name}` twice")
    for name in locked.asked:
        if name not in names:
            table.refuse("asked", f"names `{name}`, which is not among the packages")


def _released(table: Table, suite: Suite) -> dict[str, str]:
    known = [part.name for part in parts_of(suite)]
    released = {}
    for part in table.keys():  # noqa: SIM118 - a Table is no dict
        date = table.text(part)
        if part not in known:
            table.refuse(part, f"is no part of {suite.name}")
        if not _is_date(date):
            table.refuse(part, f"cannot be `{date}`", hint="it is written like 2026-09-12T07:55:41Z")
        released[part] = date
    return released


def _is_date(text: str) -> bool:
    """Return whether `text` has the form of DATE. `strptime` would do, and takes a hundred times as long to import."""
    try:
        return datetime.fromisoformat(text.removesuffix("Z")).strftime(DATE) == text
    except ValueError:
        return False


def _package(table: Table, target: Target, released: Mapping[str, str]) -> ResolvedPackage:
    package = ResolvedPackage(
        name=_matching(table, "name", _PACKAGE),
        architecture=table.text("architecture"),
        version=_matching(table, "version", _PACKAGE_VERSION),
        sha256=_matching(table, "sha256", _SHA256),
        size=table.number("size"),
        path=table.text("path"),
        part=table.text("part"),
        bases=(),
    )
    table.end()
    if package.architecture not in (target.debian, "all"):
        table.refuse("architecture", f"cannot be `{package.architecture}` for {target.name}")
    if package.part not in released:
        table.refuse("part", f"is `{package.part}`, of which `released` has no date")
    if package.size < 1:
        table.refuse("size", f"cannot be {package.size}")
    if not _is_below(package.path):
        table.refuse("path", f"cannot be `{package.path}`: it has to lead to a file below the archive")
    return package


def _matching(table: Table, key: str, form: re.Pattern[str]) -> str:
    text = table.text(key)
    if not form.fullmatch(text):
        table.refuse(key, f"cannot be `{text}`")
    return text


def _is_below(path: str) -> bool:
    """Return whether `path` is relative and leads nowhere else, as part of an address too."""
    return path.isprintable() and not set("?#\\") & set(path) and not {"", ".", ".."} & set(unquote(path).split("/"))


def _parsed(table: Table, key: str, text: str, parse: Callable[[str], _Value]) -> _Value:
    """Return what `parse` makes of the `text` at `key`; what it does not understand is a mistake of the file's."""
    try:
        return parse(text)
    except UsageError as error:
        table.refuse(key, f"is not right: {error.message}", hint=error.hint)
