"""A proxy on loopback that counts what is fetched through it: the bytes of all bodies."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_CHUNK = 1 << 16
# What concerns one connection, of which there are two here (RFC 9110, 7.6.1).
_OF_A_CONNECTION = {"connection", "keep-alive", "proxy-connection", "transfer-encoding"}


class CountingProxy(ThreadingHTTPServer):
    """Passes requests on to http:// archives. `received` counts the bytes of all bodies since it was last set."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received = 0
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def count(self, number: int) -> None:
        with self.lock:
            self.received += number


@contextmanager
def counting_proxy() -> Iterator[CountingProxy]:
    """Give a proxy that runs until the block ends."""
    with CountingProxy() as proxy:
        thread = threading.Thread(target=proxy.serve_forever, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: CountingProxy

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _OF_A_CONNECTION}
        upstream = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=60)
        try:
            upstream.request("GET", path, headers=headers)
            answer = upstream.getresponse()
            self.send_response_only(answer.status, answer.reason)
            for name, value in answer.getheaders():
                if name.lower() not in _OF_A_CONNECTION:
                    self.send_header(name, value)
            # The end of the connection is the end of the body, of whatever length it is.
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
            while data := answer.read(_CHUNK):
                self.server.count(len(data))
                self.wfile.write(data)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            upstream.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server calls it so
        """Say nothing."""
