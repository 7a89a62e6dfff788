"""Run apt-get and dpkg: never asking, waiting for a lock, and saying in the user's words what went wrong."""

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from xprov.errors import NetworkError, XprovError
from xprov.process import Completed, run
from xprov.records import dataclass

# No question may be asked (debconf, apt-listchanges, needrestart): nobody is there to answer.
ENVIRONMENT = {
    "APT_LISTCHANGES_FRONTEND": "none",
    "DEBCONF_NONINTERACTIVE_SEEN": "true",
    "DEBIAN_FRONTEND": "noninteractive",
    "NEEDRESTART_SUSPEND": "1",
}
OPTIONS = (
    "-y",
    "-o=Acquire::Retries=3",
    "-o=APT::Color=0",
    "-o=Dpkg::Progress-Fancy=0",
    "-o=Dpkg::Use-Pty=0",
    "-o=Dpkg::Options::=--force-confdef",
    "-o=Dpkg::Options::=--force-confold",
)

# How long another apt or dpkg is waited for where apt's own DPkg::Lock::Timeout says nothing, and how often it is
# looked at, in seconds.
LOCK_PATIENCE = 120.0
LOCK_INTERVAL = 1.0

_LOCKED = re.compile(
    r"Could not get lock (?P<file>[^.\s]\S*?)\.?(?: (?:-|It is held by) .*?(?P<holder>process .*))?$", re.MULTILINE
)
_FAILED_FETCH = re.compile(r"^[WE]: Failed to fetch (?P<url>\S+)\s+(?P<reason>.*)$", re.MULTILINE)
_FULL = re.compile(r"No space left on device|You don't have enough free space in (?P<folder>\S+?)\.?$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedFetch:
    """A file that `apt-get update` could not get, and apt's reason."""

    url: str
    reason: str

    @property
    def suite(self) -> str:
        """The suite that the file belongs to, empty where the URL names none (`buster/updates` is one)."""
        found = re.search(r"/dists/([^/]+(?:/updates)?)/", self.url)
        return found[1] if found else ""


def apt_get(
    words: Sequence[str],
    *,
    progress: Callable[[str], None] | None = None,
    waiting: Callable[[str], None] | None = None,
) -> Completed:
    """Run apt-get to its end, waiting a while for another process that holds dpkg's lock; `waiting` is told so once.

    Returns what it wrote, whether or not it succeeded. Raises `XprovError` when the lock stays taken or the disk is
    full.
    """
    deadline: float | None = None
    while (held := _LOCKED.search((completed := _run(words, progress)).stdout)) and not completed.ok:
        holder = (held["holder"] or "another process").rstrip(".")
        if deadline is None:
            deadline = time.monotonic() + _patience()
            if waiting:
                waiting(f"Waiting for {holder}, which holds `{held['file']}`")
        if time.monotonic() >= deadline:
            raise XprovError(
                f"`{held['file']}` is locked by {holder}: apt cannot work",
                hint="wait until it has ended (it may be an automatic update), or end it, and run xprov again",
            )
        time.sleep(LOCK_INTERVAL)
    if not completed.ok:
        _refuse_full_disk(completed.stdout)
    return completed


def _run(words: Sequence[str], progress: Callable[[str], None] | None) -> Completed:
    return run(("apt-get", *OPTIONS, *words), environment=ENVIRONMENT, check=False, on_line=progress or _ignore)


def _patience() -> float:
    """Return how long the user's apt waits for a lock (apt.conf(5)), or what xprov thinks right."""
    found = re.search(r"'(\d+)'", run(("apt-config", "shell", "timeout", "DPkg::Lock::Timeout"), check=False).stdout)
    return float(found[1]) if found else LOCK_PATIENCE


def update(
    folder: Path | None = None,
    *,
    progress: Callable[[str], None] | None = None,
    waiting: Callable[[str], None] | None = None,
) -> tuple[FailedFetch, ...]:
    """Read the package lists and return what could not be fetched.

    With `folder`, only the entries of the files in it are read, and the lists of all others stay as they are. The
    caller says which failures matter. Raises `XprovError` when apt fails for another reason than the network.
    """
    only = (
        ()
        if folder is None
        else ("-o=Dir::Etc::SourceList=/dev/null", f"-o=Dir::Etc::SourceParts={folder}", "-o=APT::Get::List-Cleanup=0")
    )
    completed = apt_get(("update", *only), progress=progress, waiting=waiting)
    failed = tuple(
        FailedFetch(url=found["url"], reason=found["reason"].strip())
        for found in _FAILED_FETCH.finditer(completed.stdout)
    )
    if not completed.ok and not failed:
        raise XprovError(
            f"`apt-get update` failed:\n{_complaints(completed.stdout)}",
            hint="`apt-get update` by hand shows the same; mend the sources it names",
        )
    return tuple(dict.fromkeys(failed))


def raise_failed(completed: Completed) -> None:
    """Raise the error that an `apt-get install` which was started, and failed, means.

    Raises `NetworkError` when packages could not be fetched, `XprovError` with apt's own complaints otherwise.
    """
    if found := _FAILED_FETCH.search(completed.stdout):
        raise NetworkError(f"`{found['url']}` could not be fetched: {found['reason']}")
    raise XprovError(f"apt could not install the packages:\n{_complaints(completed.stdout)}")


def _complaints(text: str) -> str:
    """Return the lines in which apt and dpkg complain, or the last ones where none is marked."""
    lines = text.splitlines()
    marked = [line for line in lines if line.startswith(("E:", "W:", "Err:", "dpkg: error", "Error:"))]
    return "\n".join(f"  {line}" for line in marked or lines[-5:])


def _refuse_full_disk(text: str) -> None:
    if found := _FULL.search(text):
        raise XprovError(
            f"the disk is full: {found[0]}",
            hint="free some space (`apt-get clean` empties apt's own store) and run xprov again",
        )


def _ignore(_line: str) -> None:
    pass
