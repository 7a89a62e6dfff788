"""Put the machine's apt and dpkg back to what they were before xprov set a target up."""

from collections.abc import Collection
from pathlib import Path

from xprov.apt.apply import STATE_FOLDER, undo
from xprov.apt.dpkg import read_installed
from xprov.apt.state import State, forget_architecture, read_state
from xprov.process import run
from xprov.records import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Restored:
    """What was put back: the files of apt, whether dpkg forgot the architecture, and which packages still need it.

    `gone` are files that xprov had made.
    """

    files: tuple[Path, ...]
    gone: tuple[Path, ...]
    architecture_removed: bool
    still_installed: tuple[str, ...]


def set_up_targets(state: State) -> tuple[str, ...]:
    """Return the Debian architectures that `state` holds something of."""
    named = [target for saved in state.files for target in saved.targets]
    return tuple(dict.fromkeys([*named, *state.architectures, *state.packages]))


def restore(
    architecture: str, *, purge: Collection[str] = (), force: bool = False, folder: Path = STATE_FOLDER
) -> Restored:
    """Put apt's sources back, byte for byte, and take `architecture` from dpkg if xprov added it and nothing has it.

    The packages of `purge` (`name:arch`) are removed first; what something else needs stays. Raises `XprovError` when
    somebody changed a file since, unless `force`.
    """
    state = read_state(folder)
    files = undo(folder, target=architecture, force=force)
    _purge(purge, architecture)
    left = tuple(
        package.name for package in read_installed(Path("/"), architecture) if package.architecture == architecture
    )
    removed = architecture in state.architectures and not left
    if removed:
        run(("dpkg", "--remove-architecture", architecture))
    if not left:
        forget_architecture(folder, architecture)
    gone = tuple(path for path in files if not path.exists())
    files = tuple(path for path in files if path not in gone)
    return Restored(files=files, gone=gone, architecture_removed=removed, still_installed=left)


def _purge(names: Collection[str], architecture: str) -> None:
    """Purge packages, given as `name:arch`; dpkg keeps those that others depend on, and that is no failure here."""
    foreign = [name for name in names if name.endswith(f":{architecture}")]
    others = [name.removesuffix(":all") for name in names if name not in foreign]
    if foreign:
        # libgcc-s1 is marked as protected, whatever its architecture; this machine runs with its own.
        done = run(("dpkg", "--force-remove-protected", "--purge", *foreign), check=False)
        if "unknown force" in done.stderr:
            run(("dpkg", "--purge", *foreign), check=False)
    if others:
        run(("dpkg", "--purge", *others), check=False)
