"""Method `multiarch`: the machine's apt installs foreign packages, from sources that carry the architecture."""

import contextlib
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from xprov.apt.apply import STATE_FOLDER, apply
from xprov.apt.apt_get import FailedFetch, update
from xprov.apt.candidates import is_side_suite
from xprov.apt.install import Installation, install, propose
from xprov.apt.plan import SourcesPlan, needed_files
from xprov.apt.restore import restore
from xprov.apt.state import read_state, record_architecture, record_packages
from xprov.cache import Cache
from xprov.errors import NetworkError, XprovError
from xprov.methods import Arrival
from xprov.methods.installed import are_installed, read_arrival
from xprov.output import Output, count
from xprov.plan import Plan
from xprov.process import run


def carry_out(plan: Plan, _cache: Cache, output: Output) -> Arrival:
    """Rewrite apt's sources, add the architecture, install the packages, and return what is there.

    Raises `UnsatisfiableError` with the reason when apt refuses, `NetworkError` when it cannot fetch; unless an
    earlier run had set the target up, apt and dpkg are then as they were before.
    """
    sources = plan.sources
    assert sources is not None  # noqa: S101 - the planner gives every plan of this method its sources
    for note in sources.notes:
        output.say(note)
    if sources.changes or plan.architecture or not are_installed(plan.packages, plan.target):
        with _put_back_on_failure(sources.target, output):
            _prepare(plan, sources, output)
            _install(plan, sources, output)
    else:
        output.say(f"Installed already: {' '.join(plan.packages)}")
    return read_arrival(plan.packages, plan.target)


@contextlib.contextmanager
def _put_back_on_failure(architecture: str, output: Output) -> Iterator[None]:
    """Undo what this run changed when it fails or is interrupted, unless an earlier one had set the target up."""
    before = read_state(STATE_FOLDER)
    if any(architecture in saved.targets for saved in before.files):
        yield
        return
    try:
        yield
    except BaseException:
        output.say("Putting apt back as it was")
        recorded = read_state(STATE_FOLDER).packages.get(architecture, ())
        try:
            restore(architecture, purge=set(recorded) - set(before.packages.get(architecture, ())))
        except XprovError as error:
            # What went wrong first is what counts.
            output.warning(f"{error.message}; `xprov undo` puts it back")
        raise


def _prepare(plan: Plan, sources: SourcesPlan, output: Output) -> None:
    if sources.changes:
        output.say(f"Rewriting {', '.join(str(change.path) for change in sources.changes)}")
    apply(sources)
    if plan.architecture:
        output.say(f"Adding the architecture {plan.architecture} to dpkg")
        record_architecture(STATE_FOLDER, plan.architecture)
        run(("dpkg", "--add-architecture", plan.architecture))
    with output.step(f"Reading the package lists of {sources.native} and {sources.target}") as progress:
        failed = _update(sources, progress, output.say)
    _judge(failed, output)


def _update(
    sources: SourcesPlan, progress: Callable[[str], None], waiting: Callable[[str], None]
) -> tuple[FailedFetch, ...]:
    with tempfile.TemporaryDirectory(prefix="xprov-") as folder:
        # apt reads the lists as a user of its own (_apt).
        Path(folder).chmod(0o755)
        for name, content in needed_files(sources).items():
            (Path(folder) / name).write_bytes(content)
        return update(Path(folder), progress=progress, waiting=waiting)


def _judge(failed: Iterable[FailedFetch], output: Output) -> None:
    """Warn of each list that was not read; raise `NetworkError` where it is one that nothing can go without."""
    for fetch in failed:
        if not is_side_suite(fetch.suite):
            raise NetworkError(
                f"`{fetch.url}` could not be fetched: {fetch.reason}",
                hint="the mirror may be in the middle of an update: try again in a while, or name one by `--mirror`",
            )
        output.warning(f"going on without `{fetch.url}`, which could not be fetched: {fetch.reason}")


def _install(plan: Plan, sources: SourcesPlan, output: Output) -> None:
    wanted = Installation(packages=plan.packages, architecture=sources.target, native=sources.native)
    proposal = propose(wanted)
    for change in proposal.transaction.raises:
        output.say(
            f"Raising `{change.qualified}` from {change.old} to {change.new}: {sources.native} and {sources.target}"
            " must have the same version of it"
        )
    record_packages(STATE_FOLDER, sources.target, tuple(change.qualified for change in proposal.transaction.new))
    with output.step(f"Installing {count(len(proposal.transaction.installs), 'package')}") as progress:
        install(wanted, proposal, progress=progress, waiting=output.say)
