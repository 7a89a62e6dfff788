"""Which packages of an archive are needed for those that are wanted: apt's choice, without apt.

As apt on a machine where nothing is installed (apt-pkg/depcache.cc, `MarkInstall`): what is wanted comes first, then
the dependencies of each, in depth; a dependency that something chosen satisfies brings nothing; else its alternatives
are tried in their order, the real package before those that provide its name. Unlike apt a choice that leads to
nothing is taken back wherever it was made: a failure names the choices that it comes from, and the latest is changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field  # noqa: TID251 - it has what changes
from typing import TYPE_CHECKING

from xprov.apt.dpkg import Clause, Relation
from xprov.archive.candidate import conflict, rank, serves
from xprov.errors import UnsatisfiableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from xprov.archive.candidate import Candidate

    LookUp = Callable[[str], Sequence[Candidate]]


def resolve(
    wanted: Sequence[str], look_up: LookUp, *, stop: Callable[[str], bool] = lambda _name: False
) -> tuple[Candidate, ...]:
    """Return the packages `wanted` and all that they need, each after what it needs (but for circles).

    `look_up` gives the packages that are called by a name or provide it, one version of each. `stop` names packages
    that are left out with all that only they need.

    Raises `UnsatisfiableError` that says what needs what, down to the package that is missing or in conflict.
    """
    search = _Search(look_up, stop)
    search.run(wanted)
    return tuple(candidate for candidate in search.ordered(wanted) if not stop(candidate.name))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Task:
    """What the package `owner` needs."""

    owner: Candidate
    clause: Clause


# What is still to be done, the first before the rest. Shared between choices, so that taking one back costs nothing.
_Agenda = tuple[_Task, "_Agenda | None"]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Failure:
    """Why something cannot be had: in words, and the chosen packages without which it could."""

    chain: tuple[str, ...]
    because: frozenset[str] = frozenset()


@dataclass(kw_only=True, slots=True)
class _Choice:
    """A task that has been given one of its `options`; `rest` was to be done after it, `before` chosen before it."""

    task: _Task
    rest: _Agenda | None
    before: int
    options: list[Candidate]
    picked: str = ""
    failures: list[_Failure] = field(default_factory=list)

    def failure(self) -> _Failure:
        """Return why none of the options is left."""
        needs = f"{_described(self.task.owner)} needs {_written(self.task.clause)}"
        tails = [failure.chain for failure in self.failures] or [("no package has that name, or a fitting version",)]
        because = frozenset({self.task.owner.name}).union(*(failure.because for failure in self.failures))
        return _Failure(chain=(needs, *min(tails, key=len)), because=because)


class _Search:
    def __init__(self, look_up: LookUp, stop: Callable[[str], bool]) -> None:
        self._look_up, self._stop = look_up, stop
        self._known: dict[str, Sequence[Candidate]] = {}
        self._chosen: dict[str, Candidate] = {}
        # By name: the chosen packages that answer to it, and those that refuse it.
        self._answering: dict[str, list[Candidate]] = {}
        self._refusing: dict[str, list[Candidate]] = {}
        self._choices: list[_Choice] = []
        self._impossible: dict[str, _Failure] = {}

    def run(self, wanted: Sequence[str]) -> None:
        """Choose. Raises `UnsatisfiableError`."""
        roots = list(dict.fromkeys(self._root(name) for name in wanted))
        for root in roots:
            if failure := self._objection(root):
                raise _unsatisfiable(failure)
            self._choose(root)
        agenda: _Agenda | None = None
        for root in reversed(roots):
            agenda = self._with_needs(root, agenda)
        while agenda is not None:
            task, agenda = agenda
            if not self._is_met(task.clause):
                choice = _Choice(
                    task=task, rest=agenda, before=len(self._chosen), options=list(self._options(task.clause))
                )
                self._choices.append(choice)
                agenda = self._pick()

    def ordered(self, wanted: Sequence[str]) -> Iterator[Candidate]:
        """Yield what was chosen, each after what it needs."""
        begun: set[str] = set()
        roots = iter([self._root(name) for name in wanted])
        # Pairs of a package and what of its needs is left: a stack of its own, since chains are deep.
        open_ends: list[tuple[Candidate | None, Iterator[Candidate]]] = [(None, roots)]
        while open_ends:
            owner, needs = open_ends[-1]
            following = next((need for need in needs if need.name not in begun), None)
            if following is not None:
                begun.add(following.name)
                open_ends.append((following, self._needs(following)))
                continue
            open_ends.pop()
            if owner is not None:
                yield owner

    def _pick(self) -> _Agenda | None:
        """Give the latest choice its next option, or change an earlier one; return what is to be done then."""
        while True:
            choice = self._choices[-1]
            self._forget(choice.before)
            while choice.options:
                option = choice.options.pop(0)
                if failure := self._objection(option):
                    choice.failures.append(failure)
                    continue
                self._choose(option)
                choice.picked = option.name
                return self._with_needs(option, choice.rest)
            self._choices.pop()
            self._go_back(choice.failure())

    def _go_back(self, failure: _Failure) -> None:
        """Drop the choices that have nothing to do with a failure, up to the latest that has."""
        while self._choices and self._choices[-1].picked not in failure.because:
            self._choices.pop()
        if not self._choices:
            raise _unsatisfiable(failure)
        choice = self._choices[-1]
        left = _Failure(chain=failure.chain, because=failure.because - {choice.picked})
        choice.failures.append(left)
        if not left.because:
            self._impossible[choice.picked] = left

    def _choose(self, candidate: Candidate) -> None:
        self._chosen.setdefault(candidate.name, candidate)
        for table, name in self._entries(candidate):
            table.setdefault(name, []).append(candidate)

    def _forget(self, before: int) -> None:
        while len(self._chosen) > before:
            _name, candidate = self._chosen.popitem()
            for table, name in self._entries(candidate):
                table[name].pop()

    def _entries(self, candidate: Candidate) -> Iterator[tuple[dict[str, list[Candidate]], str]]:
        """Yield where `candidate` is entered when it is chosen. What is left out disturbs nobody."""
        if not self._stop(candidate.name):
            yield from ((self._answering, name) for name in candidate.names)
            yield from ((self._refusing, name) for name in {relation.name for relation in candidate.conflicts})

    def _root(self, name: str) -> Candidate:
        options = list(self._serving(Relation(name=name)))
        if not options:
            raise UnsatisfiableError(f"the archive has no package `{name}`")
        if options[0].name != name and len(options) > 1:
            names = ", ".join(f"`{option.name}`" for option in options)
            raise UnsatisfiableError(f"several packages provide `{name}`: {names}", hint="name one of them")
        return options[0]

    def _with_needs(self, owner: Candidate, agenda: _Agenda | None) -> _Agenda | None:
        for clause in () if self._stop(owner.name) else reversed(owner.package.depends):
            agenda = (_Task(owner=owner, clause=clause), agenda)
        return agenda

    def _is_met(self, clause: Clause) -> bool:
        options = list(self._options(clause))
        if not options:
            return any(self._stop(relation.name) for relation in clause)
        return any(option.name in self._chosen for option in options)

    def _options(self, clause: Clause) -> Iterator[Candidate]:
        for relation in clause:
            yield from self._serving(relation)

    def _serving(self, relation: Relation) -> list[Candidate]:
        if relation.name not in self._known:
            self._known[relation.name] = self._look_up(relation.name)
        found = (candidate for candidate in self._known[relation.name] if serves(candidate, relation))
        return sorted(found, key=lambda candidate: rank(candidate, relation.name))

    def _needs(self, owner: Candidate) -> Iterator[Candidate]:
        """Yield the chosen packages that satisfy what `owner` needs."""
        for clause in () if self._stop(owner.name) else owner.package.depends:
            yield from (self._chosen[each.name] for each in self._options(clause) if each.name in self._chosen)

    def _objection(self, candidate: Candidate) -> _Failure | None:
        """Return why `candidate` cannot be added to what is chosen, if so."""
        if candidate.name in self._impossible:
            return self._impossible[candidate.name]
        for table, name in self._entries(candidate):
            others = (self._refusing if table is self._answering else self._answering).get(name, ())
            for other in others:
                if conflict(candidate, other):
                    return self._in_conflict(candidate, other)
        return None

    def _in_conflict(self, candidate: Candidate, other: Candidate) -> _Failure:
        words = f"{_described(candidate)} conflicts with {_described(other)}{self._why(other.name)}"
        return _Failure(chain=(words,), because=frozenset({other.name}))

    def _why(self, name: str) -> str:
        owners = (choice.task.owner.name for choice in self._choices if choice.picked == name)
        return next((f", which `{owner}` needs" for owner in owners), ", which is wanted")


def _described(candidate: Candidate) -> str:
    return f"`{candidate.name}` ({candidate.package.version})"


def _written(clause: Clause) -> str:
    words = (f"{each.name} ({each.operator} {each.version})" if each.operator else each.name for each in clause)
    return f"`{' | '.join(words)}`"


def _unsatisfiable(failure: _Failure) -> UnsatisfiableError:
    return UnsatisfiableError("; ".join(failure.chain))
