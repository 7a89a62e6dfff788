"""What is chosen for each suite that the user's entries read, and what is said about it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from xprov.apt.candidates import Candidate, bare, is_side_suite
from xprov.apt.decide import Decision, SourcesRequest, Wanted, decide, find_cover
from xprov.apt.entry import Entry
from xprov.apt.foreign import Source, carried_options, dropped_trust, style_of
from xprov.apt.questions import Desk
from xprov.net import shown
from xprov.records import dataclass

_SUITES = "$(SUITES)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """What was decided about one suite in one place: for the target, and for the native side where that has moved."""

    target: Decision
    native: Decision | None
    covered: tuple[tuple[str, Entry], ...]

    @property
    def missing(self) -> tuple[str, ...]:
        covered = dict(self.covered)
        return tuple(component for component in self.target.missing if component not in covered)

    @property
    def is_served(self) -> bool:
        return len(self.missing) < len(self.target.wanted.components)

    def foreign(self, architecture: str) -> Iterator[Source]:
        covered = dict(self.covered)
        for component, candidate in self.target.served:
            if component not in covered:
                yield _source(self.target.wanted, component, candidate, architecture)

    def moved_native(self, architecture: str) -> Iterator[Source]:
        for component, candidate in self.native.served if self.native else ():
            yield _source(self.target.wanted, component, candidate, architecture)

    def beside(self, request: SourcesRequest) -> Iterator[Source]:
        wanted = self.target.wanted
        home = Candidate(uri=wanted.uri_for(request.native), home=True)
        if self.target.home and (self.is_served or self.target.archive):
            for component in wanted.components:
                yield _source(wanted, component, home, request.native)
        for component, entry in self.covered:
            for uri in entry.uris:
                place = Wanted(entry=entry, uri=bare(uri), suite=wanted.suite)
                candidate = Candidate(uri=place.uri_for(request.native), home=True)
                yield _source(place, component, candidate, request.target)


def choose(wanted: Wanted, entries: Sequence[Entry], request: SourcesRequest, desk: Desk) -> Choice | None:
    """Return the choice for `wanted`; None while the desk has open questions about it."""
    covers = ((component, find_cover(wanted, component, entries, desk, request)) for component in wanted.components)
    covered = tuple((component, entry) for component, entry in covers if entry is not None)
    left = tuple(component for component in wanted.components if component not in dict(covered))
    asked = replace(wanted, entry=replace(wanted.entry, components=left))
    target = decide(asked, request.target, desk, request)
    if target is None:
        return None
    has_moved = target.home is None and target.archive is not None
    native = decide(wanted, request.native, desk, request) if has_moved else None
    return Choice(target=replace(target, wanted=wanted), native=native, covered=covered)


def notes_on(choices: Iterable[Choice], request: SourcesRequest) -> tuple[str, ...]:
    """Return what a person should know of `choices`, suites of which the same is to be said together."""
    suites: dict[str, dict[str, None]] = {}
    for choice in choices:
        for text in (*_missing(choice, request), *_elsewhere(choice.target, request), *_moved(choice, request)):
            suites.setdefault(text, {})[choice.target.wanted.suite] = None
    return tuple(text.replace(_SUITES, ", ".join(f"`{suite}`" for suite in named)) for text, named in suites.items())


def _missing(choice: Choice, request: SourcesRequest) -> Iterator[str]:
    decision, wanted = choice.target, choice.target.wanted
    is_base = decision.archive is not None and not is_side_suite(wanted.suite)
    if not choice.missing or (is_base and not choice.is_served):
        return
    parts = f" ({' '.join(choice.missing)})" if choice.is_served else ""
    what = f"`{shown(wanted.uri)}` {_SUITES}{parts}"
    stays = f"it stays {' and '.join(request.own)} only"
    if decision.silent and len(decision.silent) >= len(decision.asked):
        yield f"{what}: nobody could be asked for {request.target}, {stays} ({decision.silent[0].reason})"
    else:
        yield f"{what} has no {request.target}: {stays}"


def _elsewhere(decision: Decision, request: SourcesRequest) -> Iterator[str]:
    wanted = decision.wanted
    for candidate in dict.fromkeys(candidate for _, candidate in decision.served):
        if candidate.home:
            continue
        here, there = shown(wanted.uri), shown(candidate.uri)
        yield f"{request.target} of {_SUITES} is read from `{there}`: `{here}` has none"
        for option in dropped_trust(wanted.entry.options):
            yield f"`{option}` of {wanted.entry.place} is not taken along to `{there}`"


def _moved(choice: Choice, request: SourcesRequest) -> Iterator[str]:
    served = choice.native.served if choice.native else ()
    for candidate in dict.fromkeys(candidate for _, candidate in served):
        here, there = shown(choice.target.wanted.uri), shown(candidate.uri)
        yield f"`{here}` does not serve {_SUITES}: {request.native} is read from `{there}` too; your entry stays"


def _source(wanted: Wanted, component: str, candidate: Candidate, architecture: str) -> Source:
    options = carried_options(wanted.entry.options, home=candidate.home, old=candidate.old)
    style = style_of(wanted.entry.style, options)
    return Source(
        uri=candidate.uri,
        suite=wanted.suite,
        component=component,
        architecture=architecture,
        style=style,
        options=options,
    )
