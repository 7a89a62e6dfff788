"""`xprov list`: the libraries."""

import typer

from xprov.cli.context import get_catalog, get_output
from xprov.cli.parameters import Json, examples


def register(app: typer.Typer) -> None:
    """Make `app` the command."""
    app.command(
        epilog=examples("xprov list", "xprov list --recipes ./recipes", "xprov list --json | jq -r '.libraries[].name'")
    )(list_libraries)


def list_libraries(ctx: typer.Context, json: Json = False) -> None:  # noqa: FBT002 - typer's way to write a flag
    """List the libraries that xprov has a recipe for."""
    output = get_output(ctx)
    recipes = get_catalog(ctx).recipes()
    if json:
        libraries = [
            {"name": recipe.library, "summary": recipe.summary, "modules": list(recipe.modules)} for recipe in recipes
        ]
        output.json({"version": 1, "libraries": libraries})
        return
    rows = [(recipe.library, ", ".join(recipe.modules) or "-", recipe.summary) for recipe in recipes]
    output.table(("LIBRARY", "PKG-CONFIG", "SUMMARY"), rows)
