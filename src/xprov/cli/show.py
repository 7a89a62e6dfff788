"""`xprov show`: one recipe, laid out to be read."""

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

import typer

from xprov.cli.context import get_catalog, get_output
from xprov.cli.parameters import Json, Library, examples
from xprov.output import Output, layout
from xprov.recipe import Action, Bundle, Crate, EnvironmentFact, Finds, Packages, Recipe, Trap

# Prose that is wider than this is hard to read, also where nothing limits it.
_WIDEST = 100


def register(app: typer.Typer) -> None:
    """Make `app` the command."""
    app.command(epilog=examples("xprov show alsa", "xprov show openssl --json"))(show)


def show(ctx: typer.Context, library: Library, json: Json = False) -> None:  # noqa: FBT002 - typer's way to write a flag
    """Show all that is known about a library."""
    output = get_output(ctx)
    recipe = get_catalog(ctx).recipe(library)
    if json:
        output.json({"version": 1, "library": _described(recipe)})
    else:
        output.data("\n".join(_lines(recipe, output)))


def _lines(recipe: Recipe, output: Output) -> Iterator[str]:
    width = min(output.width or _WIDEST, _WIDEST)
    yield from _filled(f"{recipe.library}: {recipe.summary}", width)
    sections = {
        "Needs": _table(_needs(recipe)),
        "Packages": _table(_packages(recipe.packages)),
        "Crates": _table(_crate(crate) for crate in recipe.crates),
        "In a wheel": list(_bundle(recipe.bundle, width)) if recipe.bundle else [],
        "Environment": [line for fact in recipe.environment for line in _fact(fact, width)],
        "Known traps": [line for trap in recipe.traps for line in _trap(trap, width)],
    }
    for title, lines in sections.items():
        if lines:
            yield from ("", output.heading(title), *lines)
    yield from ("", f"This stands in {recipe.file}")


def _needs(recipe: Recipe) -> Iterator[tuple[str, str]]:
    yield "pkg-config", ", ".join(recipe.modules) or "no module: crates link it by name"
    yield "header", recipe.check.header
    yield "symbol", recipe.check.symbol
    yield "linker", " ".join(f"-l{name}" for name in recipe.check.link)


def _packages(packages: Packages) -> Iterator[tuple[str, str]]:
    if packages.ubuntu == packages.debian:
        yield "debian, ubuntu", ", ".join(packages.debian)
    else:
        yield "debian", ", ".join(packages.debian)
        yield "ubuntu", ", ".join(packages.ubuntu)
    for entry in packages.suites:
        where = f"{entry.distribution}:{entry.codename}" + (" and later" if entry.onwards else "")
        yield where, ", ".join(entry.packages) or "none"


def _crate(crate: Crate) -> tuple[str, str]:
    how = {
        Finds.PKG_CONFIG: "asks pkg-config",
        Finds.LINK: "links it by name",
        Finds.ENVIRONMENT: "reads variables of its own",
        Finds.PROGRAM: "runs a program of the library",
        Finds.DLOPEN: "loads it at run time",
    }[crate.finds]
    return crate.name, f'{how} (links = "{crate.links}")' if crate.links else how


def _fact(fact: EnvironmentFact, width: int) -> Iterator[str]:
    what = {
        Action.SET: f"is set to {fact.value}",
        Action.SET_IF_UNSET: f"is set to {fact.value}, unless it is set",
        Action.DROP_UNLESS: f"is taken away, unless the folder it names has {fact.needs}",
    }[fact.action]
    yield from _filled(f"{fact.variable} {what}", width, "  ", "    ")
    yield from _filled(f"why: {fact.reason}", width, "    ", "         ")


def _bundle(bundle: Bundle, width: int) -> Iterator[str]:
    yield "  it may be bundled" if bundle.allowed else "  it should not be bundled"
    yield from _parts({"why": bundle.reason, "do": bundle.instead, "see": bundle.source}, width)


def _trap(trap: Trap, width: int) -> Iterator[str]:
    yield from _filled(trap.what, width, "  * ", "    ")
    yield from _parts({"why": trap.reason, "do": trap.suggestion, "see": trap.source}, width)


def _parts(parts: dict[str, str | None], width: int) -> Iterator[str]:
    for label, text in parts.items():
        if text is not None:
            yield from _filled(f"{label}: {text}", width, "    ", "         ")


def _table(rows: Iterable[tuple[str, str]]) -> list[str]:
    found = list(rows)
    return [f"  {line}" for line in layout(found, None)] if found else []


def _filled(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


def _described(recipe: Recipe) -> dict[str, Any]:
    return {
        "name": recipe.library,
        "summary": recipe.summary,
        "modules": list(recipe.modules),
        "packages": {
            "debian": list(recipe.packages.debian),
            "ubuntu": list(recipe.packages.ubuntu),
            "suite": {entry.suite: list(entry.packages) for entry in recipe.packages.suites},
        },
        "crates": [{"name": crate.name, "links": crate.links, "finds": crate.finds.value} for crate in recipe.crates],
        "check": {
            "header": recipe.check.header,
            "symbol": recipe.check.symbol,
            "link": list(recipe.check.link),
        },
        "bundle": asdict(recipe.bundle) if recipe.bundle else None,
        "environment": [
            {
                "variable": fact.variable,
                "action": fact.action.value,
                "value": fact.value,
                "needs": fact.needs,
                "reason": fact.reason,
            }
            for fact in recipe.environment
        ],
        "traps": [
            {"what": trap.what, "reason": trap.reason, "suggestion": trap.suggestion, "source": trap.source}
            for trap in recipe.traps
        ],
        "file": str(recipe.file),
    }
