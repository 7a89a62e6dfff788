"""`xprov cache`: what was fetched and unpacked, and freeing it."""

import os
import re
from datetime import datetime, timedelta, timezone
from typing import Annotated, Any

import typer

from xprov.cache import Cache, open_cache
from xprov.cache.usage import CacheSize, Pruned, measure, prune
from xprov.cli.context import get_output
from xprov.cli.parameters import Json, examples
from xprov.errors import UsageError
from xprov.output import Output

OlderThan = Annotated[
    str,
    typer.Option(
        "--older-than",
        metavar="AGE",
        help="Free what was not used for so long: `12h`, `30d`, `4w`. `0` frees everything.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be freed.")]

_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_THOUSAND = 1000


def register(app: typer.Typer) -> None:
    """Make `app` the command and the one below it."""
    app.callback(
        invoke_without_command=True,
        epilog=examples(
            "xprov cache                           show where it is and what it holds",
            "xprov cache prune                     free what was not used for 30 days",
            "xprov cache prune --older-than 0      free everything",
            "xprov cache --json | jq .bytes",
        ),
    )(show)
    epilog = examples("xprov cache prune --older-than 12h --dry-run", "xprov cache prune --older-than 4w")
    app.command("prune", epilog=epilog)(free)


def show(ctx: typer.Context, json: Json = False) -> None:  # noqa: FBT002 - typer's way to write a flag
    """Show what xprov has fetched and unpacked, or free some of it."""
    if ctx.invoked_subcommand is not None:
        return
    output, size = get_output(ctx), measure(open_cache(os.environ))
    if json:
        output.json(_described(size))
        return
    rows = [
        (kind.folder.name, str(kind.entries), readable(kind.bytes), _day(kind.oldest), str(kind.folder))
        for kind in size.kinds
    ]
    total = ("all", str(size.entries), readable(size.bytes), "", str(size.path))
    output.table(("KIND", "ENTRIES", "SIZE", "OLDEST USE", "FOLDER"), [*rows, total])


def free(
    ctx: typer.Context,
    older_than: OlderThan = "30d",
    dry_run: DryRun = False,  # noqa: FBT002 - typer's way to write a flag
    json: Json = False,  # noqa: FBT002
) -> None:
    """Free what was not used for a while. Views keep their files; what is missed later is fetched again."""
    age = parse_age(older_than)
    output, cache = get_output(ctx), open_cache(os.environ)
    now = datetime.now(timezone.utc)
    pruned = prune(
        cache,
        age,
        now,
        dry_run=dry_run,
        on_wait=lambda: output.say(f"Waiting for another xprov that uses `{cache.path}`"),
    )
    if pruned.refused:
        refused = f"{_entries(len(pruned.refused))} of another user"
        output.warning(f"{refused} had to stay, the first is `{pruned.refused[0]}`")
    # Typed before the word `prune`, it is the upper command's.
    if json or (ctx.parent is not None and ctx.parent.params.get("json")):
        output.json(_freed(cache, pruned, dry_run=dry_run))
        return
    _tell(cache, pruned, output, dry_run=dry_run)


def parse_age(text: str) -> timedelta:
    """Return the age that `text` says; raises `UsageError` when it says none."""
    if re.fullmatch("0+[hdw]?", text):
        return timedelta()
    match = re.fullmatch("([0-9]{1,6})([hdw])", text)
    if match is None:
        raise UsageError(
            f"`{text}` is no age", hint="write a number of hours, days or weeks: `12h`, `30d`, `4w`, or `0`"
        )
    return int(match[1]) * _UNITS[match[2]]


def readable(size: int) -> str:
    """Return a number of bytes as people read it: `12.3 MB`."""
    number, units = float(size), iter(("kB", "MB", "GB"))
    unit = "B"
    while round(number, 1) >= _THOUSAND and (larger := next(units, None)):
        number, unit = number / _THOUSAND, larger
    return f"{size} B" if unit == "B" else f"{number:.1f} {unit}"


def _tell(cache: Cache, pruned: Pruned, output: Output, *, dry_run: bool) -> None:
    done = "Would free" if dry_run else "Freed"
    output.say(f"{done} {readable(pruned.bytes)} of `{cache.path}`: {_entries(pruned.entries)}")
    for kind in pruned.kinds:
        output.detail(f"  {kind.folder.name}: {readable(kind.bytes)}, {_entries(kind.entries)}")


def _entries(number: int) -> str:
    return "1 entry" if number == 1 else f"{number} entries"


def _day(moment: datetime | None) -> str:
    return "-" if moment is None else moment.astimezone().date().isoformat()


def _described(size: CacheSize) -> dict[str, Any]:
    kinds = [
        {
            "name": kind.folder.name,
            "entries": kind.entries,
            "bytes": kind.bytes,
            "oldest_use": None if kind.oldest is None else kind.oldest.isoformat(),
            "path": str(kind.folder),
        }
        for kind in size.kinds
    ]
    return {"version": 1, "path": str(size.path), "entries": size.entries, "bytes": size.bytes, "kinds": kinds}


def _freed(cache: Cache, pruned: Pruned, *, dry_run: bool) -> dict[str, Any]:
    kinds = [{"name": kind.folder.name, "entries": kind.entries, "bytes": kind.bytes} for kind in pruned.kinds]
    return {
        "version": 1,
        "path": str(cache.path),
        "dry_run": dry_run,
        "entries": pruned.entries,
        "bytes": pruned.bytes,
        "kinds": kinds,
        "refused": [str(path) for path in pruned.refused],
    }
