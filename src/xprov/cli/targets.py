"""`xprov targets`: the table of targets."""

from typing import Any

import typer

from xprov.cli.context import get_output
from xprov.cli.parameters import Json, examples
from xprov.target import TARGETS, Target


def register(app: typer.Typer) -> None:
    """Make `app` the command."""
    app.command(epilog=examples("xprov targets", "xprov targets --json | jq -r '.targets[].rust'"))(targets)


def targets(ctx: typer.Context, json: Json = False) -> None:  # noqa: FBT002 - typer's way to write a flag
    """List the targets, with every name by which each may be asked for."""
    output = get_output(ctx)
    if json:
        output.json({"version": 1, "targets": [_described(target) for target in TARGETS]})
        return
    output.table(("TARGET", "ALSO KNOWN AS"), [(target.name, _others(target)) for target in TARGETS])


def _others(target: Target) -> str:
    return ", ".join(name for name in target.names if name != target.name)


def _described(target: Target) -> dict[str, Any]:
    return {
        "name": target.name,
        "debian": target.debian,
        "triplet": target.triplet,
        "rust": list(target.rust_triples),
        "prefixes": list(target.prefixes),
        "platform": target.platform,
        "oci": target.oci,
        "qemu": target.qemu,
        "bits": target.elf.bits,
        "byte_order": target.elf.order.value,
        "machine": target.elf.machine,
        "loader": target.loader,
        "libc": target.libc.value,
        "names": list(target.names),
    }
