"""Fill one part file from the first of several URLs that has the right content."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING

from xprov.errors import AbsentError, NetworkError, VerificationError
from xprov.net import PassingError, StoppedError, refusal, shown, wait_before

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from xprov.archive.fetch import Download
    from xprov.archive.part import Part
    from xprov.net import Answer, Client

    Failures = Sequence[NetworkError | VerificationError]

_CHUNK = 1 << 18
# A connection that breaks off after this many new bytes is taken for a new one: its waits begin anew.
_PROGRESS = 1 << 20
_PARTIAL = 206
_UNSATISFIABLE = 416


class Transfer:
    """One download on its way. `received` counts the bytes of all bodies, also of those that were of no use.

    `given_up` are the hosts that did not answer, whatever the patience: shared, they are asked last by all others.
    """

    def __init__(
        self,
        download: Download,
        part: Part,
        client: Client,
        *,
        given_up: set[str],
        stopped: threading.Event,
        say: Callable[[str], None],
    ) -> None:
        self._download = download
        self._part = part
        self._client = client
        self._given_up = given_up
        self._stopped = stopped
        self._say = say
        self._farthest = part.size
        self.received = 0

    def run(self) -> None:
        """Bring the part file to its whole, verified content.

        Raises `NetworkError`, or `VerificationError` where something came that is not the file, when no URL has it;
        `StoppedError` when it is stopped; what the disk says.
        """
        failures: list[NetworkError | VerificationError] = []
        urls = deque(sorted(self._download.urls, key=lambda url: _host(url) in self._given_up))
        again = set[str]()
        while urls:
            url = urls.popleft()
            try:
                self._take(url)
            except VerificationError as error:
                failures.append(error)
                # One piece of several may be the wrong one: from its beginning, this URL may have the right file.
                if self._part.mixed and url not in again:
                    again.add(url)
                    urls.append(url)
                self._part.clear()
            except NetworkError as error:
                failures.append(error)
                if isinstance(error, PassingError):
                    self._given_up.add(_host(url))
            else:
                return
        raise _failure(self._download, failures)

    def _take(self, url: str) -> None:
        """Receive all from one URL, with further tries where one may help."""
        waits = iter(self._client.bounds.waits)
        while True:
            try:
                self._receive(url)
            except PassingError as error:  # noqa: PERF203 - a network is slower than any loop
                if self._part.size >= self._farthest + _PROGRESS:
                    self._farthest = self._part.size
                    waits = iter(self._client.bounds.waits)
                planned = next(waits, None)
                if planned is None:
                    raise
                self._pause(wait_before(planned, error, self._client.bounds), error)
            else:
                return

    def _pause(self, seconds: float, error: PassingError) -> None:
        self._say(f"`{self._download.name}`: {error.message}; once more in {seconds:.1f} seconds")
        if self._stopped.wait(seconds):
            raise StoppedError

    def _receive(self, url: str) -> None:
        offset = self._part.size
        if self._download.size is not None and offset > self._download.size:
            self._part.clear()
            offset = 0
        if not offset or offset != self._download.size:
            headers = {"Range": f"bytes={offset}-"} if offset else {}
            with self._client.open(url, headers=headers, stopped=self._stopped.is_set) as answer:
                follows = self._follows(answer, url)
                if follows:
                    self._fill(answer)
            if not follows:
                self._part.clear()
                self._receive(url)
                return
        self._verify(url)

    def _follows(self, answer: Answer, url: str) -> bool:
        """Return whether what comes belongs behind what is there, which is nothing when it comes from its beginning."""
        offset = self._part.size
        if answer.status == _UNSATISFIABLE and offset:
            return False
        if not answer.found or (answer.status == _PARTIAL and not offset):
            raise refusal(url, answer)
        if answer.status == _PARTIAL:
            self._part.mixed = True
            return continues(answer.headers.get("Content-Range"), offset, self._download.size)
        self._part.clear()
        return True

    def _fill(self, answer: Answer) -> None:
        size, part = self._download.size, self._part
        if size is not None and answer.length is not None and part.size + answer.length != size:
            raise VerificationError(f"`{answer.url}` has {part.size + answer.length} bytes, not {size}{_way(answer)}")
        most = self._client.bounds.largest if size is None else size
        while data := answer.read(min(_CHUNK, most + 1 - part.size)):
            part.write(data)
            self.received += len(data)
            if part.size > most:
                raise VerificationError(f"`{answer.url}` has more than the {most} bytes that it may have{_way(answer)}")
        if size is not None and part.size < size:
            raise PassingError(f"`{answer.url}` ended after {part.size} of {size} bytes")

    def _verify(self, url: str) -> None:
        expected, found = self._download.sha256.lower(), self._part.sha256
        if found != expected:
            raise VerificationError(f"`{shown(url)}` has the SHA-256 {found}, not {expected}")


def _host(url: str) -> str:
    """Return scheme and address of `url`."""
    return "/".join(url.split("/", 3)[:3])


def continues(header: str | None, offset: int, size: int | None) -> bool:
    """Return whether a Content-Range (RFC 9110, 14.4) is of a file of `size` bytes from `offset` to its end."""
    match = re.fullmatch(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", (header or "").strip(), re.ASCII)
    if match is None or int(match[1]) != offset or int(match[2]) < offset:
        return False
    total = None if match[3] == "*" else int(match[3])
    whole = total if size is None else size
    return total in (None, whole) and (whole is None or int(match[2]) == whole - 1)


def _way(answer: Answer) -> str:
    return f" (it came encoded as {answer.encoding}, which was not asked for)" if answer.encoding else ""


def _failure(download: Download, failures: Failures) -> NetworkError | VerificationError:
    reasons = "\n".join(f"  {reason}" for reason in dict.fromkeys(failure.message for failure in failures))
    if any(isinstance(failure, VerificationError) for failure in failures):
        return VerificationError(
            f"`{download.name}` is not what the archive says it is:\n{reasons}",
            hint="try another mirror (--mirror); where a proxy is on the way, it may alter what is downloaded",
        )
    absent = failures and all(isinstance(failure, AbsentError) for failure in failures)
    return (AbsentError if absent else NetworkError)(
        f"`{download.name}` could not be fetched:\n{reasons or '  there is no URL for it'}",
        hint="try again, or name another mirror with --mirror; a proxy is named by http_proxy and https_proxy",
    )
