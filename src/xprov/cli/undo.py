"""`xprov undo`: put the machine's apt back as it was."""

import os
from typing import Annotated, Optional

import typer

from xprov.apt.apply import STATE_FOLDER
from xprov.apt.restore import Restored, restore, set_up_targets
from xprov.apt.state import read_state
from xprov.cli.context import get_output
from xprov.cli.parameters import complete_target, examples
from xprov.errors import UsageError, XprovError
from xprov.output import Output, count
from xprov.store import open_store
from xprov.target import find_target

OneTarget = Annotated[
    Optional[str],  # noqa: UP045 - typer reads it at run time, on Python 3.10 too
    typer.Argument(
        metavar="[TARGET]", help="The target to undo; every one when left out.", autocompletion=complete_target
    ),
]
PackagesToo = Annotated[bool, typer.Option("--packages", help="Remove the packages too that xprov installed for it.")]
Force = Annotated[
    bool, typer.Option("--force", help="Put a file back although somebody else changed it since; their change is lost.")
]


def register(app: typer.Typer) -> None:
    """Make `app` the command."""
    epilog = examples(
        "xprov undo                     put apt's sources back for every target",
        "xprov undo armhf --packages    remove what was installed for it as well",
    )
    app.command(epilog=epilog)(undo)


def undo(
    ctx: typer.Context,
    target: OneTarget = None,
    packages: PackagesToo = False,  # noqa: FBT002 - typer's way to write a flag
    force: Force = False,  # noqa: FBT002
) -> None:
    """Put apt's sources back as they were, and take the architecture away if nothing of it is left."""
    output = get_output(ctx)
    state = read_state(STATE_FOLDER)
    there = set_up_targets(state)
    wanted = there if target is None else (find_target(target).debian,)
    if target is not None and wanted[0] not in there:
        raise UsageError(f"xprov changed nothing of apt for {wanted[0]}", hint=_known(target, there))
    if not there:
        output.say("There is nothing to undo")
        return
    if os.geteuid() != 0:
        raise XprovError("only root can put apt's sources back", hint="run it with sudo")
    for architecture in wanted:
        purge = state.packages.get(architecture, ()) if packages else ()
        _tell(architecture, restore(architecture, purge=purge, force=force), output)


def _known(target: str, there: tuple[str, ...]) -> str:
    """Return what there is instead: a sysroot is a folder, other targets may be in apt's sources."""
    store = open_store(os.environ)
    if find_target(target) in store.provisioned():
        return f"all that there is of it is the folder `{store.folder(find_target(target))}`, which can be removed"
    return f"there is something to undo for {', '.join(there)}" if there else "there is nothing to undo"


def _tell(architecture: str, restored: Restored, output: Output) -> None:
    for path in restored.files:
        output.say(f"{path} is what it was")
    for path in restored.gone:
        output.say(f"{path} is gone")
    if restored.architecture_removed:
        output.say(f"dpkg no longer takes packages of {architecture}")
    elif restored.still_installed:
        left = count(len(restored.still_installed), "package")
        output.say(
            f"dpkg keeps the architecture {architecture}, of which {left} stay"
            f" (`xprov undo {architecture} --packages` removes those that xprov installed)"
        )
