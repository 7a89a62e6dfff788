"""Carry a plan for apt's sources out, and take it back: each time wholly, whenever it is interrupted."""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from xprov.apt.changes import FileChange
from xprov.apt.plan import SourcesPlan
from xprov.apt.replace import Replacement, read_owner, replace_all, sweep
from xprov.apt.state import (
    SavedFile,
    State,
    digest,
    drop_unneeded,
    load_original,
    locked,
    read_state,
    save_original,
    write_state,
)
from xprov.errors import XprovError
from xprov.records import dataclass

STATE_FOLDER = Path("/var/lib/xprov/apt")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Step:
    """A change, and where its bytes really are."""

    change: FileChange
    place: Path


def apply(plan: SourcesPlan, folder: Path = STATE_FOLDER) -> None:
    """Make apt's sources what `plan` says; a second time changes nothing. What they held is kept in `folder`.

    Raises `XprovError`, with everything as it was, when a file is not what it was when the plan was made, or cannot
    be written.
    """
    with locked(folder):
        state = read_state(folder)
        sweep(Path(saved.place) for saved in state.files)
        steps = _steps(plan.changes)
        noted = _noted(state, steps, plan)
        _save(folder, steps, state, noted)
        _make_folders(steps)
        replace_all([Replacement(path=step.place, content=step.change.after) for step in steps])


def undo(folder: Path = STATE_FOLDER, *, target: str | None = None, force: bool = False) -> tuple[Path, ...]:
    """Put apt's sources back to what they held before `target` (None: every target), and return the files put back.

    What another target needs stays. Raises `XprovError`, with everything as it is, when somebody changed a file
    since; `force` puts it back all the same.
    """
    if not folder.is_dir():
        return ()
    with locked(folder):
        state = read_state(folder)
        sweep(Path(saved.place) for saved in state.files)
        left = tuple(_without(saved, target) for saved in state.files)
        finished = [saved for saved in left if not saved.targets]
        if not force:
            _refuse_changed(finished)
        stale = [saved for saved in finished if digest(_content(Path(saved.place))) != saved.before]
        _put_back(folder, stale)
        _remove_folders(finished)
        after = replace(state, files=tuple(saved for saved in left if saved.targets))
        write_state(folder, after)
        drop_unneeded(folder, after)
        return tuple(Path(saved.path) for saved in stale)


def _steps(changes: Sequence[FileChange]) -> tuple[_Step, ...]:
    """Return the changes that are still to be made. Raises `XprovError` when a file holds something else by now."""
    steps: dict[Path, _Step] = {}
    for change in changes:
        place = change.path.resolve()
        current = _content(place)
        if current not in (change.before, change.after):
            raise XprovError(
                f"`{change.path}` was changed while xprov was at work: nothing was done to it",
                hint="run xprov again when whoever changes it has finished",
            )
        if current != change.after:
            # Two names of one file are one change.
            steps[place] = _Step(change=change, place=place)
    return tuple(steps.values())


def _noted(state: State, steps: Sequence[_Step], plan: SourcesPlan) -> State:
    """Return the state with what is about to be done."""
    files = {saved.path: saved for saved in state.files}
    for step in steps:
        name = str(step.change.path)
        files[name] = _saved(step) if name not in files else _saved_again(files[name], step)
    for path in plan.relies_on:
        if saved := files.get(str(path)):
            files[saved.path] = replace(saved, targets=tuple(dict.fromkeys((*saved.targets, plan.target))))
    return replace(state, files=tuple(files.values()))


def _saved(step: _Step) -> SavedFile:
    exists = step.change.before is not None
    return SavedFile(
        path=str(step.change.path),
        place=str(step.place),
        before=digest(step.change.before),
        after=(digest(step.change.after),),
        targets=(),
        owner=read_owner(step.place) if exists else None,
        folder_made=not step.place.parent.exists(),
    )


def _saved_again(saved: SavedFile, step: _Step) -> SavedFile:
    """Return `saved` with what is written now; the first original stays, whoever changed the file in between."""
    strange = digest(step.change.before) not in saved.known and saved.before is not None
    after = tuple(dict.fromkeys((*saved.after, digest(step.change.after))))
    return replace(saved, after=after, edited=saved.edited or strange)


def _save(folder: Path, steps: Sequence[_Step], state: State, noted: State) -> None:
    try:
        for step in steps:
            if step.change.before is not None and state.find(step.change.path) is None:
                save_original(folder, step.change.before)
    except OSError as error:
        raise XprovError(
            f"`{error.filename or folder}` cannot be written: {error.strerror}",
            hint="nothing was changed; free some of the disk, and run xprov again",
        ) from error
    if noted != state:
        write_state(folder, noted)


def _make_folders(steps: Sequence[_Step]) -> None:
    try:
        for step in steps:
            step.place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise XprovError(
            f"`{error.filename}` cannot be made: {error.strerror}", hint="nothing was changed; xprov must be root"
        ) from error


def _without(saved: SavedFile, target: str | None) -> SavedFile:
    targets = () if target is None else tuple(name for name in saved.targets if name != target)
    return replace(saved, targets=targets)


def _refuse_changed(finished: Sequence[SavedFile]) -> None:
    changed = [
        saved
        for saved in finished
        if (current := digest(_content(Path(saved.place)))) != saved.before
        and (saved.edited or current not in saved.known)
    ]
    if changed:
        names = ", ".join(f"`{saved.path}`" for saved in changed)
        raise XprovError(
            f"{names} {'was' if len(changed) == 1 else 'were'} changed by somebody else since xprov wrote it",
            hint="take the architectures out by hand, or lose the other changes and put it back with `--force`",
        )


def _put_back(folder: Path, stale: Sequence[SavedFile]) -> None:
    replacements = [
        Replacement(path=Path(saved.place), content=load_original(folder, saved), owner=saved.owner) for saved in stale
    ]
    if replacements:
        replace_all(replacements)


def _remove_folders(finished: Sequence[SavedFile]) -> None:
    for saved in finished:
        if saved.folder_made:
            # Somebody may have put something else in there.
            with contextlib.suppress(OSError):
                Path(saved.place).parent.rmdir()


def _content(place: Path) -> bytes | None:
    try:
        return place.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise XprovError(f"`{place}` cannot be read: {error.strerror}", hint="xprov must be root") from error
