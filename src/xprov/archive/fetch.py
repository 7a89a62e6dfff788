"""Fetch files of known SHA-256 into a folder, several at once, so that what arrives is whole, right and shared."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import deque
from queue import SimpleQueue
from typing import TYPE_CHECKING

from xprov.archive.part import held
from xprov.archive.transfer import Transfer
from xprov.cache.trouble import explained
from xprov.errors import VerificationError, XprovError
from xprov.net import StoppedError
from xprov.records import dataclass
from xprov.threads import start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from xprov.net import Client

# How often the lock of another process is tried, and for how long threads that were stopped are waited for, in seconds.
_LOCK_INTERVAL = 0.05
_PATIENT_TRIES = 5  # who only looks whether a part was forgotten is gone by then
_FAREWELL = 0.8
_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Download:
    """A file to fetch: where it may be had (tried in order), its SHA-256, its size in bytes, what messages call it."""

    urls: tuple[str, ...]
    sha256: str
    size: int | None
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetched:
    """What a fetch took: the bytes of all bodies received, and how many files were there without it."""

    received: int
    cached: int


def fetch(
    downloads: Sequence[Download],
    folder: Path,
    *,
    suffix: str,
    client: Client,
    arrived: Callable[[Download, Path], None] = lambda _download, _path: None,
    progress: Callable[[str], None] = lambda _text: None,
) -> Fetched:
    """Put each file at `<folder>/<sha256><suffix>`, and return what it took.

    A file that is there with its size is taken as it is: it got its name after it was verified. One of another or an
    unknown size is read again. `arrived` is called once for each download, in this thread, in the order of arrival,
    while others are on their way; `progress` in this thread too. `client.bounds` says how many connections there are,
    how patient they are, and how large a file of unknown size may be.

    Raises `NetworkError` or `VerificationError` for the first file that cannot be had, `XprovError` when the folder
    cannot be written. The others are stopped then; what has arrived stays, and what was begun is taken up next time.
    """
    places = {download: folder / f"{download.sha256.lower()}{suffix}" for download in downloads}
    with explained(folder):
        found = {download: is_there(places[download], download) for download in places}
    there = [download for download in downloads if found[download]]
    missing = _by_content([download for download in downloads if not found[download]])
    if missing:
        with explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
    crew = _Crew(missing, places, client)
    with crew:
        for download in there:
            arrived(download, places[download])
        for done, same in enumerate(crew.arrivals(progress), start=1):
            progress(f"{done} of {len(missing)}, `{same[0].name}`")
            for download in same:
                arrived(download, places[download])
    return Fetched(received=crew.received, cached=len(there) + crew.cached)


def is_there(place: Path, download: Download) -> bool:
    """Return whether the file is at `place`. One that is not what it should be is removed, so that it is fetched again.

    Raises `VerificationError` when the content is right and the size that was expected is not.
    """
    try:
        size = place.stat().st_size
    except FileNotFoundError:
        return False
    if size == download.size:
        return True
    if _sha256(place) != download.sha256.lower():
        place.unlink(missing_ok=True)
        return False
    if download.size is None:
        return True
    raise VerificationError(
        f"`{download.name}` has {size} bytes, and is said to have {download.size}",
        hint="the index that says so is wrong: try another mirror (--mirror)",
    )


def _by_content(downloads: Sequence[Download]) -> list[list[Download]]:
    """Return the downloads, those of the same content together: they are one file, fetched once."""
    files: dict[tuple[str, int | None], list[Download]] = {}
    for download in downloads:
        files.setdefault((download.sha256.lower(), download.size), []).append(download)
    return list(files.values())


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(_CHUNK):
            digest.update(data)
    return digest.hexdigest()


class _Crew:
    """The threads that fetch, while the one that called takes what arrives.

    They are daemons: one that waits for a connection cannot be woken, and must not keep the process alive.
    """

    def __init__(self, missing: Sequence[list[Download]], places: dict[Download, Path], client: Client) -> None:
        self._open = deque(missing)
        self._expected = len(missing)
        self._places = places
        self._client = client
        self._given_up = set[str]()
        self._stopped = threading.Event()
        self._events = SimpleQueue["list[Download] | BaseException | str"]()
        self._lock = threading.Lock()
        self.received = 0
        self.cached = 0
        self._number = min(client.bounds.connections, self._expected)
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> None:
        started = (start(self._work) for _ in range(self._number))
        self._threads = [thread for thread in started if thread is not None]
        if not self._threads:
            self._work()

    def __exit__(self, *_raised: object) -> None:
        self._stopped.set()
        deadline = time.monotonic() + _FAREWELL
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def arrivals(self, progress: Callable[[str], None]) -> Iterator[list[Download]]:
        """Yield the downloads of each file that is there now. Raises what a thread has raised."""
        while self._expected:
            match self._events.get():
                case str() as text:
                    progress(text)
                case BaseException() as error:
                    raise error
                case list() as same:
                    self._expected -= 1
                    yield same

    def _work(self) -> None:
        while not self._stopped.is_set():
            try:
                same = self._open.popleft()
            except IndexError:
                return
            try:
                self._obtain(same)
            except StoppedError:
                return
            except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
                self._events.put(error)
                return
            self._events.put(same)

    def _obtain(self, same: list[Download]) -> None:
        # What one name cannot be had under may be had under another.
        urls = tuple(dict.fromkeys(url for download in same for url in download.urls))
        first = same[0]
        wanted = Download(urls=urls, sha256=first.sha256, size=first.size, name=first.name)
        place = self._places[first]
        path = place.parent / f".{first.sha256.lower()}.part"
        try:
            with explained(place.parent), held(path, lambda: is_there(place, wanted), self._waiter(wanted)) as part:
                if part is None:
                    with self._lock:
                        self.cached += len(same)
                    return
                transfer = Transfer(
                    wanted, part, self._client, given_up=self._given_up, stopped=self._stopped, say=self._events.put
                )
                try:
                    transfer.run()
                finally:
                    with self._lock:
                        self.received += transfer.received
                part.publish(place)
        except OSError as error:
            raise XprovError(f"`{error.filename or path}` cannot be used: {error.strerror or error}") from error

    def _waiter(self, download: Download) -> Callable[[], None]:
        tries = 0

        def wait() -> None:
            nonlocal tries
            tries += 1
            if tries == _PATIENT_TRIES:
                self._events.put(f"waiting for another xprov that fetches `{download.name}`")
            if self._stopped.wait(_LOCK_INTERVAL):
                raise StoppedError

        return wait
