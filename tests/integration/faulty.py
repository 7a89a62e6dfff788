"""A mirror on loopback that fails in every way a mirror can: what it does with the next request is scripted by path."""

import socket
import struct
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Mirror(ThreadingHTTPServer):
    """Serves `files` by path. `script` holds, by path, what is done with the next requests; after that all is well.

    `seen` are the requests so far: the path and its Range. `released` lets the replies go on that wait for it.
    """

    daemon_threads = True
    # Many connect at once.
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.script: defaultdict[str, list[Reply]] = defaultdict(list)
        self.seen: list[tuple[str, str | None]] = []
        self.headers: list[dict[str, str]] = []
        self.connections = 0
        self.released = threading.Event()
        self.scheme = "http"

    def url(self, path: str) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}{path}"

    def handle_error(self, *_arguments: object) -> None:
        """Say nothing of clients that go away."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Mirror

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_GET(self) -> None:
        self.server.seen.append((self.path, self.headers.get("Range")))
        self.server.headers.append({name.lower(): value for name, value in self.headers.items()})
        script = self.server.script[self.path]
        (script.pop(0) if script else well)(self)

    def do_HEAD(self) -> None:
        self.do_GET()

    @property
    def content(self) -> bytes | None:
        return self.server.files.get(self.path)

    def head(self, status: int, length: int | None, **headers: str) -> None:
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Say nothing."""


Reply = Callable[[Handler], None]


def well(handler: Handler) -> None:
    """Answer as a good server does, from where Range says."""
    content = handler.content
    if content is None:
        return status(404)(handler)
    wanted = handler.headers.get("Range")
    if wanted is None:
        handler.head(200, len(content))
    else:
        start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        if start >= len(content):
            return status(416)(handler)
        handler.head(206, len(content) - start, Content_Range=f"bytes {start}-{len(content) - 1}/{len(content)}")
        content = content[start:]
    if handler.command == "GET":
        handler.wfile.write(content)
    return None


def status(code: int, **headers: str) -> Reply:
    """Answer with a status and a page that explains it."""

    def reply(handler: Handler) -> None:
        page = b"" if handler.command == "HEAD" else b"<h1>no</h1>"
        handler.head(code, len(page), **headers)
        handler.wfile.write(page)

    return reply


def whole(content: bytes, **headers: str) -> Reply:
    """Answer with `content`, whatever was asked for."""

    def reply(handler: Handler) -> None:
        handler.head(200, len(content), **headers)
        handler.wfile.write(content)

    return reply


def ranged(header: str, content: bytes) -> Reply:
    """Answer 206 with this Content-Range and content."""

    def reply(handler: Handler) -> None:
        handler.head(206, len(content), Content_Range=header)
        handler.wfile.write(content)

    return reply


def begun(size: int, *, then: Reply) -> Reply:
    """Send the first `size` bytes of the right answer, and do the rest by `then`."""

    def reply(handler: Handler) -> None:
        content = handler.content or b""
        handler.head(200, len(content))
        handler.wfile.write(content[:size])
        then(handler)

    return reply


def unsized(size: int) -> Reply:
    """Send the first `size` bytes as HTTP/1.0 did: whether more was to come, nobody can tell."""

    def reply(handler: Handler) -> None:
        handler.head(200, None, Connection="close")
        handler.wfile.write((handler.content or b"")[:size])
        end(handler)

    return reply


def reset(handler: Handler) -> None:
    """Break the connection with a reset, not with an end."""
    # What was written is on its way before the reset overtakes it.
    time.sleep(0.05)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.connection.close()


def end(handler: Handler) -> None:
    """Close the connection in good order."""
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def stall(handler: Handler) -> None:
    """Say nothing more until the test is over."""
    handler.close_connection = True
    handler.server.released.wait(20)


def drip(handler: Handler) -> None:
    """Send a byte now and then, for longer than any test takes."""
    handler.close_connection = True
    while not handler.server.released.wait(0.05):
        handler.wfile.write(b"x")


def drip_headers(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
    drip(handler)


def endless(handler: Handler) -> None:
    """Send a chunked body that never ends."""
    handler.close_connection = True
    handler.head(200, None, Transfer_Encoding="chunked")
    while not handler.server.released.is_set():
        handler.wfile.write(b"1000\r\n" + bytes(4096) + b"\r\n")


def endless_trailers(handler: Handler) -> None:
    handler.close_connection = True
    content = handler.content or b""
    handler.head(200, None, Transfer_Encoding="chunked")
    handler.wfile.write(b"%x\r\n%s\r\n0\r\n" % (len(content), content))
    while not handler.server.released.is_set():
        handler.wfile.write(b"X: " + b"y" * 1000 + b"\r\n")


def chunked(handler: Handler) -> None:
    """Send the right content in small chunks."""
    content = handler.content or b""
    handler.head(200, None, Transfer_Encoding="chunked")
    for at in range(0, len(content), 1000):
        piece = content[at : at + 1000]
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
    handler.wfile.write(b"0\r\n\r\n")


@contextmanager
def serve_mirror(prepare: Callable[[Mirror], None] = lambda _mirror: None) -> Iterator[Mirror]:
    """Start a mirror; `prepare` may wrap its socket."""
    with Mirror() as mirror:
        prepare(mirror)
        thread = threading.Thread(target=mirror.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield mirror
        finally:
            mirror.released.set()
            mirror.shutdown()
            thread.join()
