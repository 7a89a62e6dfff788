"""Files arrive whole and right, or not at all: real connections to mirrors on loopback that fail in every way."""

import errno
import fcntl
import hashlib
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.integration import faulty
from tests.integration.faulty import Mirror, serve_mirror

from xprov.archive.fetch import Download, Fetched, fetch
from xprov.errors import NetworkError, VerificationError, XprovError
from xprov.net import Bounds, Client

SUFFIX = ".deb"
CONTENT = random.Random(4).randbytes(3_000_000)  # noqa: S311 - the same in every run
HALF = len(CONTENT) // 2
QUICK = Bounds(connect=2, silence=0.4, slowest=1 << 10, window=0.6, waits=(0.01, 0.02, 0.03), longest_wait=0.5)


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with serve_mirror() as server:
        server.files["/a"] = CONTENT
        yield server


@pytest.fixture
def second() -> Iterator[Mirror]:
    with serve_mirror() as server:
        server.files["/a"] = CONTENT
        yield server


def _download(*urls: str, content: bytes = CONTENT, sized: bool = True, name: str = "liba 1.0") -> Download:
    return Download(
        urls=urls, sha256=hashlib.sha256(content).hexdigest(), size=len(content) if sized else None, name=name
    )


def _fetch(downloads: Sequence[Download], folder: Path, bounds: Bounds = QUICK) -> Fetched:
    client = Client(bounds=bounds)
    try:
        return fetch(downloads, folder, suffix=SUFFIX, client=client)
    finally:
        client.close()


def _place(folder: Path, content: bytes = CONTENT) -> Path:
    return folder / f"{hashlib.sha256(content).hexdigest()}{SUFFIX}"


def _part(folder: Path, content: bytes = CONTENT) -> Path:
    return folder / f".{hashlib.sha256(content).hexdigest()}.part"


def _ranges(mirror: Mirror) -> list[str | None]:
    return [wanted for _, wanted in mirror.seen]


def _require_whole(folder: Path) -> None:
    assert _place(folder).read_bytes() == CONTENT
    assert [path.name for path in folder.iterdir()] == [_place(folder).name]


def test_a_file_arrives_under_its_hash_and_is_not_asked_for_again(mirror: Mirror, tmp_path: Path) -> None:
    first = _fetch([_download(mirror.url("/a"))], tmp_path / "debs")
    again = _fetch([_download(mirror.url("/a"))], tmp_path / "debs")

    _require_whole(tmp_path / "debs")
    assert first == Fetched(received=len(CONTENT), cached=0)
    assert again == Fetched(received=0, cached=1)
    assert len(mirror.seen) == 1
    assert mirror.headers[0]["accept-encoding"] == "identity"


@pytest.mark.parametrize("broken", [faulty.reset, faulty.end, faulty.stall])
def test_a_connection_that_breaks_off_is_taken_up_where_it_ended(
    mirror: Mirror, tmp_path: Path, broken: faulty.Reply
) -> None:
    mirror.script["/a"] = [faulty.begun(HALF, then=broken)]

    taken = _fetch([_download(mirror.url("/a"))], tmp_path)

    _require_whole(tmp_path)
    assert taken.received == len(CONTENT)
    assert _ranges(mirror) == [None, f"bytes={HALF}-"]


def test_a_server_that_drips_is_left_for_another_try(mirror: Mirror, tmp_path: Path) -> None:
    mirror.files["/a"] = content = CONTENT[:HALF] + b"x" * 50_000
    mirror.script["/a"] = [faulty.begun(HALF, then=faulty.drip)]

    _fetch([_download(mirror.url("/a"), content=content)], tmp_path)

    assert _place(tmp_path, content).read_bytes() == content
    assert len(mirror.seen) == 2


def test_a_server_that_falls_silent_is_left_before_its_pace_is_judged(mirror: Mirror, tmp_path: Path) -> None:
    mirror.script["/a"] = [faulty.begun(HALF, then=faulty.stall)]
    told: list[str] = []

    client = Client(bounds=replace(QUICK, window=60))
    fetch([_download(mirror.url("/a"))], tmp_path, suffix=SUFFIX, client=client, progress=told.append)
    client.close()

    _require_whole(tmp_path)
    assert "nothing came for" in told[0]


def test_a_body_of_unsaid_length_that_breaks_off_is_taken_up(mirror: Mirror, tmp_path: Path) -> None:
    mirror.script["/a"] = [faulty.unsized(HALF)]

    taken = _fetch([_download(mirror.url("/a"))], tmp_path)

    _require_whole(tmp_path)
    assert taken.received == len(CONTENT)


def test_a_busy_server_is_asked_again(mirror: Mirror, tmp_path: Path) -> None:
    mirror.script["/a"] = [faulty.status(503), faulty.status(429, Retry_After="0"), faulty.reset]

    _fetch([_download(mirror.url("/a"))], tmp_path)

    _require_whole(tmp_path)
    assert len(mirror.seen) == 4


def test_a_server_that_asks_for_a_pause_gets_it_up_to_a_bound(mirror: Mirror, tmp_path: Path) -> None:
    mirror.script["/a"] = [faulty.status(503, Retry_After="3600")]
    told: list[str] = []

    client = Client(bounds=QUICK)
    fetch([_download(mirror.url("/a"))], tmp_path, suffix=SUFFIX, client=client, progress=told.append)
    client.close()

    assert "status 503" in told[0]
    assert f"once more in {QUICK.longest_wait} seconds" in told[0]


def test_a_file_that_a_mirror_lacks_comes_from_the_next_without_a_second_try(
    mirror: Mirror, second: Mirror, tmp_path: Path
) -> None:
    del mirror.files["/a"]

    _fetch([_download(mirror.url("/a"), second.url("/a"))], tmp_path)

    _require_whole(tmp_path)
    assert len(mirror.seen) == 1


def test_what_one_mirror_has_begun_another_ends(mirror: Mirror, second: Mirror, tmp_path: Path) -> None:
    mirror.script["/a"] = [faulty.begun(HALF, then=faulty.end), faulty.status(404)]

    _fetch([_download(mirror.url("/a"), second.url("/a"))], tmp_path)

    _require_whole(tmp_path)
    assert _ranges(second) == [f"bytes={HALF}-"]


def test_a_file_that_no_mirror_has_is_named_with_every_reason(mirror: Mirror, second: Mirror, tmp_path: Path) -> None:
    del mirror.files["/a"]
    second.script["/a"] = [faulty.status(503)] * 4
    urls = (mirror.url("/a"), second.url("/a").replace("//", "//me:s3cret@"))

    with pytest.raises(NetworkError) as caught:
        _fetch([_download(*urls)], tmp_path)

    assert "`liba 1.0`" in caught.value.message
    assert f"`{mirror.url('/a')}` was answered with status 404" in caught.value.message
    assert f"`{second.url('/a')}` was answered with status 503" in caught.value.message
    assert "s3cret" not in caught.value.message
    assert second.headers[0]["authorization"].startswith("Basic ")
    assert "--mirror" in (caught.value.hint or "")
    assert list(tmp_path.iterdir()) == []


def test_a_host_that_is_not_there_is_a_network_error_soon(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="refused"):
        _fetch([_download("http://127.0.0.1:9/a")], tmp_path)


def test_other_content_is_refused_with_both_hashes_and_the_next_mirror_is_taken(
    mirror: Mirror, second: Mirror, tmp_path: Path
) -> None:
    wrong = CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])
    mirror.files["/a"] = wrong
    _fetch([_download(mirror.url("/a"), second.url("/a"))], tmp_path / "both")
    _require_whole(tmp_path / "both")

    with pytest.raises(VerificationError) as caught:
        _fetch([_download(mirror.url("/a"))], tmp_path / "one")

    assert caught.value.exit_code == 4
    for said in ("`liba 1.0`", mirror.url("/a"), hashlib.sha256(wrong).hexdigest(), _download().sha256):
        assert said in caught.value.message
    assert "mirror" in (caught.value.hint or "")
    assert "proxy" in (caught.value.hint or "")
    assert list((tmp_path / "one").iterdir()) == []


def test_a_file_of_another_size_is_refused_before_its_body(mirror: Mirror, tmp_path: Path) -> None:
    mirror.files["/a"] = CONTENT + b"more"

    with pytest.raises(VerificationError, match=f"has {len(CONTENT) + 4} bytes, not {len(CONTENT)}"):
        _fetch([_download(mirror.url("/a"))], tmp_path)


@pytest.mark.parametrize("sized", [True, False])
def test_a_body_without_end_is_cut_off(mirror: Mirror, tmp_path: Path, *, sized: bool) -> None:
    mirror.script["/a"] = [faulty.endless]
    bounds = replace(QUICK, largest=100_000)
    download = _download(mirror.url("/a"), content=CONTENT[:100_000], sized=sized)

    with pytest.raises(VerificationError, match="more than the 100000 bytes"):
        _fetch([download], tmp_path, bounds)

    assert list(tmp_path.iterdir()) == []


def test_trailers_without_end_are_given_up(mirror: Mirror, tmp_path: Path) -> None:
    mirror.script["/a"] = [faulty.endless_trailers] * 4

    with pytest.raises(NetworkError, match="only 0 bytes came in"):
        _fetch([_download(mirror.url("/a"), sized=False)], tmp_path)


def test_headers_that_drip_are_given_up(mirror: Mirror, second: Mirror, tmp_path: Path) -> None:
    mirror.script["/a"] = [faulty.drip_headers] * 4

    _fetch([_download(mirror.url("/a"), second.url("/a"))], tmp_path)

    _require_whole(tmp_path)


def test_a_body_in_chunks_is_put_together(mirror: Mirror, tmp_path: Path) -> None:
    mirror.script["/a"] = [faulty.chunked]

    _fetch([_download(mirror.url("/a"))], tmp_path)

    _require_whole(tmp_path)


def test_content_that_is_encoded_on_the_way_is_an_error_that_says_so(mirror: Mirror, tmp_path: Path) -> None:
    mirror.script["/a"] = [faulty.whole(b"\x1f\x8b packed", Content_Encoding="gzip")]

    with pytest.raises(VerificationError, match="encoded as gzip"):
        _fetch([_download(mirror.url("/a"))], tmp_path)


def test_a_file_that_a_server_calls_encoded_is_taken_as_it_is(mirror: Mirror, tmp_path: Path) -> None:
    # Apache's `AddEncoding x-gzip .gz`: it means the file itself.
    mirror.script["/a"] = [faulty.whole(CONTENT, Content_Encoding="x-gzip")]

    _fetch([_download(mirror.url("/a"))], tmp_path)

    _require_whole(tmp_path)


def _begun(folder: Path, content: bytes) -> None:
    folder.mkdir(exist_ok=True)
    _part(folder).write_bytes(content)


def test_what_an_earlier_run_has_begun_is_taken_up(mirror: Mirror, tmp_path: Path) -> None:
    _begun(tmp_path, CONTENT[:HALF])

    taken = _fetch([_download(mirror.url("/a"))], tmp_path)

    _require_whole(tmp_path)
    assert _ranges(mirror) == [f"bytes={HALF}-"]
    assert taken.received == len(CONTENT) - HALF


def test_what_an_earlier_run_had_whole_is_verified_without_a_request(mirror: Mirror, tmp_path: Path) -> None:
    _begun(tmp_path, CONTENT)

    assert _fetch([_download(mirror.url("/a"))], tmp_path) == Fetched(received=0, cached=0)

    _require_whole(tmp_path)
    assert mirror.seen == []


@pytest.mark.parametrize(
    "reply",
    [
        faulty.whole(CONTENT),
        faulty.ranged(f"bytes 0-{len(CONTENT) - 1}/{len(CONTENT)}", CONTENT),
        faulty.ranged(f"bytes {HALF}-{len(CONTENT)}/{len(CONTENT) + 1}", CONTENT[HALF:] + b"x"),
        faulty.ranged("nonsense", CONTENT[HALF:]),
        faulty.status(416),
    ],
    ids=["ignores Range", "other begin", "other size", "nonsense", "cannot"],
)
def test_a_server_that_does_not_go_on_where_asked_begins_again(
    mirror: Mirror, tmp_path: Path, reply: faulty.Reply
) -> None:
    _begun(tmp_path, CONTENT[:HALF])
    mirror.script["/a"] = [reply]

    taken = _fetch([_download(mirror.url("/a"))], tmp_path)

    _require_whole(tmp_path)
    # Of what does not fit, nothing is read.
    assert taken.received == len(CONTENT)


def test_a_wrong_piece_from_before_costs_a_second_fetch_and_not_the_file(
    mirror: Mirror, second: Mirror, tmp_path: Path
) -> None:
    _begun(tmp_path / "one", b"?" * HALF)
    _begun(tmp_path / "two", b"?" * HALF)
    _begun(tmp_path / "long", CONTENT + b"?")

    _fetch([_download(mirror.url("/a"))], tmp_path / "one")
    _fetch([_download(mirror.url("/a"), second.url("/none"))], tmp_path / "two")
    _fetch([_download(mirror.url("/a"))], tmp_path / "long")

    for name in ("one", "two", "long"):
        _require_whole(tmp_path / name)


def test_content_that_changes_in_mid_update_is_not_put_together(mirror: Mirror, second: Mirror, tmp_path: Path) -> None:
    older = CONTENT[::-1]
    mirror.files["/a"] = older

    def update(handler: faulty.Handler) -> None:
        mirror.files["/a"] = CONTENT
        faulty.end(handler)

    mirror.script["/a"] = [faulty.begun(HALF, then=update)]

    _fetch([_download(mirror.url("/a"))], tmp_path)

    _require_whole(tmp_path)
    assert _ranges(mirror) == [None, f"bytes={HALF}-", None]


def test_a_damaged_file_in_the_cache_is_fetched_again(mirror: Mirror, tmp_path: Path) -> None:
    _place(tmp_path).write_bytes(CONTENT[:10])

    _fetch([_download(mirror.url("/a"))], tmp_path)

    _require_whole(tmp_path)


def test_a_file_of_unknown_size_is_verified_by_its_hash_each_time(mirror: Mirror, tmp_path: Path) -> None:
    download = _download(mirror.url("/a"), sized=False)
    _fetch([download], tmp_path)
    assert _fetch([download], tmp_path).cached == 1
    _place(tmp_path).write_bytes(b"?" * len(CONTENT))

    assert _fetch([download], tmp_path).cached == 0

    _require_whole(tmp_path)


def test_redirects_are_followed_and_a_circle_is_left(mirror: Mirror, second: Mirror, tmp_path: Path) -> None:
    mirror.script["/here"] = [faulty.status(302, Location=second.url("/a"))]
    mirror.script["/loop"] = [faulty.status(301, Location="/loop")] * 50

    _fetch([_download(mirror.url("/here").replace("//", "//me:s3cret@"))], tmp_path / "here")
    with pytest.raises(NetworkError, match="redirected 10 times"):
        _fetch([_download(mirror.url("/loop"))], tmp_path / "loop")

    _require_whole(tmp_path / "here")
    assert "authorization" in mirror.headers[0]
    assert "authorization" not in second.headers[0]


def test_hundreds_of_small_files_share_a_few_connections(mirror: Mirror, tmp_path: Path) -> None:
    contents = {f"/f{number}": f"{number}".encode() * 50 for number in range(300)}
    mirror.files.update(contents)
    downloads = [_download(mirror.url(path), content=content, name=path) for path, content in contents.items()]
    arrived: list[Path] = []
    told: list[str] = []
    caller = threading.get_ident()

    def note(download: Download, path: Path) -> None:
        assert threading.get_ident() == caller
        assert hashlib.sha256(path.read_bytes()).hexdigest() == download.sha256
        arrived.append(path)

    client = Client(bounds=QUICK)
    fetched = fetch(downloads, tmp_path, suffix=SUFFIX, client=client, arrived=note, progress=told.append)
    client.close()

    assert fetched == Fetched(received=sum(map(len, contents.values())), cached=0)
    assert sorted(arrived) == sorted(tmp_path.iterdir())
    assert len(arrived) == len(told) == 300
    assert mirror.connections <= QUICK.connections


def test_the_same_content_under_two_names_is_fetched_once_and_arrives_twice(mirror: Mirror, tmp_path: Path) -> None:
    arrived: list[str] = []
    downloads = [_download(mirror.url("/none"), name="one"), _download(mirror.url("/a"), name="two")]

    fetch(
        downloads,
        tmp_path,
        suffix=SUFFIX,
        client=Client(bounds=QUICK),
        arrived=lambda download, _path: arrived.append(download.name),
    )

    assert arrived == ["one", "two"]
    assert [path for path, _ in mirror.seen] == ["/none", "/a"]


def test_downloads_go_on_while_one_that_arrived_is_worked_on(mirror: Mirror, tmp_path: Path) -> None:
    mirror.files["/b"] = b"b" * 1000
    downloads = [_download(mirror.url("/a")), _download(mirror.url("/b"), content=b"b" * 1000)]
    seen: list[bool] = []

    def work(_download: Download, _path: Path) -> None:
        for _ in range(500):
            if len(list(tmp_path.glob(f"*{SUFFIX}"))) == 2:
                seen.append(True)
                return
            time.sleep(0.01)

    fetch(downloads, tmp_path, suffix=SUFFIX, client=Client(bounds=QUICK), arrived=work)

    assert seen == [True, True]


def test_without_threads_files_arrive_all_the_same(mirror: Mirror, tmp_path: Path) -> None:
    # No thread gets a stack of so many bytes: as where a container allows no more of them.
    program = f"import threading; threading.stack_size(1 << 46)\n{_PROGRAM}"

    said, _ = _start(mirror.url("/a"), tmp_path, program).communicate(timeout=20)

    assert f"received={len(CONTENT)}" in said
    _require_whole(tmp_path)


def test_one_failure_stops_the_rest_and_what_arrived_stays(mirror: Mirror, tmp_path: Path) -> None:
    mirror.files["/slow"] = slow = CONTENT[::-1]
    mirror.script["/slow"] = [faulty.begun(HALF, then=faulty.stall)]

    def wait_for_others(handler: faulty.Handler) -> None:
        while not (_place(tmp_path).exists() and _part(tmp_path, slow).exists()):
            time.sleep(0.01)
        faulty.status(404)(handler)

    mirror.script["/none"] = [wait_for_others]
    downloads = [
        _download(mirror.url("/slow"), content=slow),
        _download(mirror.url("/a")),
        _download(mirror.url("/none"), content=b"none"),
    ]

    with pytest.raises(NetworkError, match="404"):
        _fetch(downloads, tmp_path, replace(QUICK, silence=30, window=30))

    assert [thread for thread in threading.enumerate() if "_work" in thread.name] == []
    assert _place(tmp_path).read_bytes() == CONTENT
    assert _part(tmp_path, slow).stat().st_size > 0
    assert len(list(tmp_path.iterdir())) == 2


def test_what_is_raised_where_files_arrive_stops_the_threads(mirror: Mirror, tmp_path: Path) -> None:
    mirror.files["/slow"] = slow = CONTENT[::-1]
    mirror.script["/slow"] = [faulty.begun(HALF, then=faulty.stall)]

    def fail(_download: Download, _path: Path) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(
            [_download(mirror.url("/a")), _download(mirror.url("/slow"), content=slow)],
            tmp_path,
            suffix=SUFFIX,
            client=Client(bounds=replace(QUICK, silence=30, window=30)),
            arrived=fail,
        )

    assert [thread for thread in threading.enumerate() if "_work" in thread.name] == []


_PROGRAM = """
import sys
from pathlib import Path
from xprov.archive.fetch import Download, fetch
from xprov.net import Bounds, Client
url, sha256, size, folder = sys.argv[1:]
bounds = Bounds(connect=60, silence=30, waits=(0.1,))
told = lambda text: print(text, flush=True)
download = Download(urls=(url,), sha256=sha256, size=int(size), name="liba 1.0")
print(fetch([download], Path(folder), suffix=".deb", client=Client(bounds=bounds), progress=told), flush=True)
"""


def _start(url: str, folder: Path, program: str = _PROGRAM) -> "subprocess.Popen[str]":
    download = _download(url)
    return subprocess.Popen(
        [sys.executable, "-c", program, *download.urls, download.sha256, str(download.size), str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _wait_for_part(folder: Path, size: int) -> None:
    for _ in range(1000):
        if _part(folder).exists() and _part(folder).stat().st_size >= size:
            return
        time.sleep(0.01)
    pytest.fail("the download did not begin")


def test_a_killed_download_is_taken_up_by_the_next_run(mirror: Mirror, tmp_path: Path) -> None:
    mirror.script["/a"] = [faulty.begun(HALF, then=faulty.stall)]
    with _start(mirror.url("/a"), tmp_path) as child:
        _wait_for_part(tmp_path, HALF)
        child.kill()

    _fetch([_download(mirror.url("/a"))], tmp_path)

    _require_whole(tmp_path)
    assert _ranges(mirror) == [None, f"bytes={HALF}-"]


def test_an_interrupted_download_ends_at_once_and_leaves_its_part(mirror: Mirror, tmp_path: Path) -> None:
    mirror.script["/a"] = [faulty.begun(HALF, then=faulty.stall)]
    with _start(mirror.url("/a"), tmp_path) as child:
        _wait_for_part(tmp_path, HALF)
        child.send_signal(signal.SIGINT)
        # Far less than the 30 seconds that it would wait for the server.
        _, said = child.communicate(timeout=10)

    assert "KeyboardInterrupt" in said
    assert _part(tmp_path).stat().st_size == HALF


@contextmanager
def _deaf() -> Iterator[str]:
    """Give the URL of a host that lets nobody connect: what it has no room for is dropped, not refused."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/a"


def test_a_host_that_lets_nobody_connect_is_left_for_the_next(mirror: Mirror, tmp_path: Path) -> None:
    with _deaf() as url:
        _fetch([_download(url, mirror.url("/a"))], tmp_path, replace(QUICK, connect=0.2, waits=(0.01,)))

    _require_whole(tmp_path)


def test_a_host_that_was_given_up_is_not_waited_for_by_every_file(
    mirror: Mirror, second: Mirror, tmp_path: Path
) -> None:
    contents = {f"/f{number}": f"{number}".encode() for number in range(40)}
    second.files.update(contents)
    for path in contents:
        mirror.script[path] = [faulty.status(503)] * 9
    downloads = [
        _download(mirror.url(path), second.url(path), content=content, name=path) for path, content in contents.items()
    ]

    _fetch(downloads, tmp_path, replace(QUICK, connections=2))

    assert len(list(tmp_path.iterdir())) == 40
    # Each of the two connections learns it by itself, at most.
    assert len(mirror.seen) <= 2 * (1 + len(QUICK.waits))


def test_a_wait_for_a_connection_is_interrupted_at_once(mirror: Mirror, tmp_path: Path) -> None:
    with _deaf() as url, _start(url, tmp_path) as child:
        _wait_for_part(tmp_path, 0)
        child.send_signal(signal.SIGINT)
        # Less than the 60 seconds that it would wait for the host.
        _, said = child.communicate(timeout=15)

    assert "KeyboardInterrupt" in said


def test_two_processes_that_want_the_same_file_fetch_it_once(mirror: Mirror, tmp_path: Path) -> None:
    waiting = threading.Event()

    def slow(handler: faulty.Handler) -> None:
        handler.head(200, len(CONTENT))
        handler.wfile.write(CONTENT[:HALF])
        waiting.wait(10)
        handler.wfile.write(CONTENT[HALF:])

    mirror.script["/a"] = [slow]
    with ExitStack() as stack:
        first = stack.enter_context(_start(mirror.url("/a"), tmp_path))
        _wait_for_part(tmp_path, HALF)
        other = stack.enter_context(_start(mirror.url("/a"), tmp_path))
        assert other.stdout is not None
        line = other.stdout.readline()
        waiting.set()
        said = [first.communicate(timeout=10)[0], other.communicate(timeout=10)[0]]

    assert "waiting for another xprov" in line
    assert f"Fetched(received={len(CONTENT)}, cached=0)" in said[0]
    assert "Fetched(received=0, cached=1)" in said[1]
    _require_whole(tmp_path)
    assert len(mirror.seen) == 1


def test_who_waits_for_a_process_that_dies_takes_up_its_part(mirror: Mirror, tmp_path: Path) -> None:
    mirror.script["/a"] = [faulty.begun(HALF, then=faulty.stall)]
    with _start(mirror.url("/a"), tmp_path) as first:
        _wait_for_part(tmp_path, HALF)
        with _start(mirror.url("/a"), tmp_path) as other:
            assert other.stdout is not None
            assert "waiting" in other.stdout.readline()
            first.kill()
            said, _ = other.communicate(timeout=10)

    assert f"received={len(CONTENT) - HALF}" in said
    _require_whole(tmp_path)


def test_a_part_that_somebody_looks_at_is_waited_for(mirror: Mirror, tmp_path: Path) -> None:
    _begun(tmp_path, CONTENT[:HALF])
    with _part(tmp_path).open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        threading.Timer(0.1, lambda: fcntl.flock(file, fcntl.LOCK_UN)).start()

        _fetch([_download(mirror.url("/a"))], tmp_path)

    _require_whole(tmp_path)


def test_a_full_disk_is_named_with_what_to_do(mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int, _data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)

    with pytest.raises(XprovError) as caught:
        _fetch([_download(mirror.url("/a"))], tmp_path)

    assert caught.value.exit_code == 1
    assert str(tmp_path) in caught.value.message
    assert "XPROV_CACHE_DIR" in (caught.value.hint or "")


def test_a_folder_that_cannot_be_made_is_named_with_what_to_do(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(XprovError) as caught:
        _fetch([_download(mirror.url("/a"))], tmp_path / "file/debs")

    assert "XPROV_CACHE_DIR" in (caught.value.hint or "")


def test_files_that_are_there_are_used_without_a_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _place(tmp_path).write_bytes(CONTENT)

    def refused(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    for name in ("mkdir", "rename", "write", "unlink", "open"):
        monkeypatch.setattr(os, name, refused)

    assert _fetch([_download("http://127.0.0.1:9/a")], tmp_path).cached == 1


def test_no_url_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="no URL"):
        _fetch([_download()], tmp_path)
