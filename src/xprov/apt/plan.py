"""Plan the sources for a foreign architecture: which files change, who serves what, what is to be said. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from xprov.apt.candidates import bare, is_side_suite
from xprov.apt.changes import FileChange
from xprov.apt.choice import Choice, choose, notes_on
from xprov.apt.decide import SourcesRequest, find_wanted
from xprov.apt.entry import Entry, SourcesFile, Style
from xprov.apt.foreign import Source, carried_options, foreign_lines, foreign_stanzas, style_of
from xprov.apt.questions import Answers, Desk, Question
from xprov.apt.sources import PARTS_FOLDER, parse, restrict
from xprov.errors import NetworkError, UnsatisfiableError, XprovError
from xprov.net import shown
from xprov.records import dataclass

_OWN_PREFIX = "xprov-"


@dataclass(frozen=True, kw_only=True, slots=True)
class Unserved:
    """A suite that cannot be gone without, and that nobody who answered has for the target.

    `asked` are the places that were asked, `silent` the reasons of those that did not answer.
    """

    suite: str
    asked: tuple[str, ...]
    silent: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class SourcesPlan:
    """What becomes of apt's sources for `target`.

    `foreign` is what xprov adds for it, `moved` what it adds for the native architecture because the user's own
    host does not have it any more, `beside` the native and foreign indices of the same archives that the user's
    own entries read. `relies_on` are all files that must stay as planned, changed now or before. `unserved` must be
    empty for the plan to be of use: `check` says so.
    """

    target: str
    native: str
    changes: tuple[FileChange, ...]
    relies_on: tuple[Path, ...]
    foreign: tuple[Source, ...]
    moved: tuple[Source, ...]
    beside: tuple[Source, ...]
    notes: tuple[str, ...]
    unserved: tuple[Unserved, ...]

    def check(self) -> None:
        """Raise `NetworkError` or `UnsatisfiableError` when there is a suite that the target cannot go without."""
        for unserved in self.unserved:
            raise _failure(unserved, self.target)


def open_questions(files: Sequence[SourcesFile], request: SourcesRequest, answers: Answers) -> tuple[Question, ...]:
    """Return what must be asked, given the answers so far, before the sources can be planned; () when nothing is left.

    Raises `UsageError` that names file and line where apt could not read one of `files`.
    """
    desk = Desk(answers)
    _decided(_entries(files), request, desk)
    return desk.open


def plan_sources(files: Sequence[SourcesFile], request: SourcesRequest, answers: Answers) -> SourcesPlan:
    """Return the plan for `request`, given what `read_sources` found and the `answers` that `open_questions` asks for.

    Raises `UsageError` that names file and line where apt could not read one of `files`, `ValueError` when answers
    are missing.
    """
    desk = Desk(answers)
    entries = _entries(files)
    choices = _decided(entries, request, desk)
    if desk.open:
        raise ValueError(f"nobody asked {desk.open}")
    foreign = _each_once((source for choice in choices for source in choice.foreign(request.target)), entries)
    moved = _each_once((source for choice in choices for source in choice.moved_native(request.native)), entries)
    moved = tuple(source for source in moved if not any(_reads(entry, source, request) for entry in entries))
    return SourcesPlan(
        target=request.target,
        native=request.native,
        changes=tuple(_changes(files, request, foreign, moved)),
        relies_on=tuple(_relied_on(files, request, foreign, moved)),
        foreign=foreign,
        moved=moved,
        beside=tuple(dict.fromkeys(source for choice in choices for source in choice.beside(request))),
        notes=notes_on(choices, request),
        unserved=tuple(_unserved(choices)),
    )


def needed_files(plan: SourcesPlan) -> dict[str, bytes]:
    """Return sources with no more than an install for the target needs: names of files, and their content.

    That is what xprov added, and the native side of the same archives, so that both are read at one time. Written
    to a folder, they are for `apt-get update` to read alone (`-o Dir::Etc::SourceList=/dev/null -o
    Dir::Etc::SourceParts=FOLDER -o APT::Get::List-Cleanup=0`); what it downloads has the names under which the whole
    of the sources finds it.
    """
    every = (*plan.moved, *plan.beside, *plan.foreign)
    return _files("xprov-needed", every, plan.native, f"What an install for {plan.target} needs.")


def is_own(path: Path) -> bool:
    """Return whether a file of sources is one that xprov wrote."""
    return path.name.startswith(_OWN_PREFIX)


def _decided(entries: Sequence[Entry], request: SourcesRequest, desk: Desk) -> tuple[Choice, ...]:
    """Return a choice for everything wanted; where the desk has open questions they are not all of them yet."""
    found = (choose(wanted, entries, request, desk) for wanted in find_wanted(entries, request))
    return tuple(choice for choice in found if choice is not None)


def _entries(files: Sequence[SourcesFile]) -> tuple[Entry, ...]:
    return tuple(entry for file in files if not is_own(file.path) for entry in parse(file))


def _each_once(sources: Iterable[Source], entries: Sequence[Entry]) -> tuple[Source, ...]:
    return tuple(dict.fromkeys(_aligned(source, entries) for source in sources))


def _aligned(source: Source, entries: Sequence[Entry]) -> Source:
    """Return `source` with the options of the user's entry for the same place and suite, where there is one.

    apt reads nothing at all when two entries of one place and suite differ in whom they trust.
    """
    entry = next((entry for entry in entries if entry.enabled and _is_at(entry, source)), None)
    if entry is None:
        return source
    options = carried_options(entry.options, home=True, old=False)
    return replace(source, style=style_of(entry.style, options), options=options)


def _reads(entry: Entry, source: Source, request: SourcesRequest) -> bool:
    names_it = source.component in entry.components and source.architecture in entry.served(request.own)
    return entry.is_binary and names_it and _is_at(entry, source)


def _is_at(entry: Entry, source: Source) -> bool:
    return source.suite in entry.suites and source.uri in map(bare, entry.uris)


def _changes(
    files: Sequence[SourcesFile], request: SourcesRequest, foreign: Sequence[Source], moved: Sequence[Source]
) -> Iterator[FileChange]:
    for file in files:
        after = file.content if is_own(file.path) else restrict(file, request.own)
        if after != file.content:
            yield FileChange(path=file.path, before=file.content, after=after)
    before = {file.path: file.content for file in files}
    for path, content in _own_files(request, foreign, moved).items():
        if before.get(path) != content:
            yield FileChange(path=path, before=before.get(path), after=content)


def _relied_on(
    files: Sequence[SourcesFile], request: SourcesRequest, foreign: Sequence[Source], moved: Sequence[Source]
) -> Iterator[Path]:
    yield from (file.path for file in files if not is_own(file.path))
    yield from (path for path, content in _own_files(request, foreign, moved).items() if content is not None)


def _own_files(request: SourcesRequest, foreign: Sequence[Source], moved: Sequence[Source]) -> dict[Path, bytes | None]:
    """Return what each file that may be xprov's own is to hold; None for no file."""
    folder = request.root / PARTS_FOLDER
    found: dict[Path, bytes | None] = {}
    for architecture, sources in ((request.native, moved), (request.target, foreign)):
        stem = f"{_OWN_PREFIX}{architecture}"
        header = f"Written by xprov for {architecture}; `xprov undo` takes it away."
        found |= {folder / f"{stem}{style.value}": None for style in Style}
        found |= {folder / name: text for name, text in _files(stem, sources, request.native, header).items()}
    return found


def _files(stem: str, sources: Sequence[Source], native: str, header: str) -> dict[str, bytes]:
    writers = {Style.STANZA: foreign_stanzas, Style.ONE_LINE: foreign_lines}
    return {
        f"{stem}{style.value}": write(chosen, native=native, header=header)
        for style, write in writers.items()
        if (chosen := [source for source in sources if source.style is style])
    }


def _unserved(choices: Sequence[Choice]) -> Iterator[Unserved]:
    """Yield each base suite of a distribution that nobody serves; where there is no distribution, what there is."""
    served = {choice.target.wanted.suite for choice in choices if choice.is_served}
    bases = [c for c in choices if c.target.archive is not None and not is_side_suite(c.target.wanted.suite)]
    if not served and not bases:
        yield _unserved_suite(choices)
    for suite in dict.fromkeys(choice.target.wanted.suite for choice in bases):
        if suite not in served:
            yield _unserved_suite([choice for choice in bases if choice.target.wanted.suite == suite])


def _unserved_suite(choices: Sequence[Choice]) -> Unserved:
    return Unserved(
        suite=choices[0].target.wanted.suite if choices else "",
        asked=tuple(dict.fromkeys(uri for choice in choices for uri in choice.target.asked)),
        silent=tuple(dict.fromkeys(silent.reason for choice in choices for silent in choice.target.silent)),
    )


def _failure(unserved: Unserved, target: str) -> XprovError:
    if not unserved.suite:
        return UnsatisfiableError(
            "apt has no source of packages that is switched on",
            hint="add the distribution's archive to /etc/apt/sources.list, or use `--method sysroot`",
        )
    asked = ", ".join(shown(uri) for uri in unserved.asked)
    if unserved.silent:
        # One that did not answer may well have it.
        return NetworkError(
            f"no host that answered has {target} of `{unserved.suite}`: {'; '.join(unserved.silent)}",
            hint=f"asked: {asked}; see whether `apt-get update` reaches them, or name a mirror with `--mirror`",
        )
    return UnsatisfiableError(
        f"no host has {target} of `{unserved.suite}`",
        hint=f"asked: {asked}; name one that has it with `--mirror`, or use `--method sysroot`",
    )
