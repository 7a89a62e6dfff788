"""Commands with two lists of words, of which `--` begins the second."""

from typing import Any

import typer
from typer.core import TyperCommand

_SEPARATOR = "--"
_WORDS = "xprov.behind"


def command_with(pieces: str) -> type[TyperCommand]:
    """Return the class of a command that takes words behind `--`; `pieces` is how its usage line shows them."""

    class Command(TyperCommand):
        """The contexts are `Any`: they are click's up to typer 0.25 and typer's own since."""

        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401
            """Keep the words behind `--` apart, which the parser would put to the others."""
            at = args.index(_SEPARATOR) if _SEPARATOR in args else len(args)
            ctx.meta[_WORDS] = tuple(args[at + 1 :])
            return super().parse_args(ctx, args[:at])

        def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ANN401
            """Return the words of the usage line."""
            return [*super().collect_usage_pieces(ctx), pieces]

    return Command


def words_behind(ctx: typer.Context) -> tuple[str, ...]:
    """Return the words behind `--`."""
    words: tuple[str, ...] = ctx.meta[_WORDS]
    return words
