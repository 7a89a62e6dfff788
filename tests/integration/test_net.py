"""Asking servers: what is held in memory, who is believed, what goes through a proxy. Real connections on loopback."""

import base64
import functools
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from tests.integration import faulty
from tests.integration.faulty import Mirror, serve_mirror

from xprov.errors import NetworkError
from xprov.net import Bounds, Client
from xprov.net.pace import StoppedError

QUICK = Bounds(connect=2, silence=0.4, slowest=1 << 10, window=0.6, waits=(0.01, 0.02, 0.03), longest_wait=0.1)
PAGE = b"Suite: bookworm\n" * 1000


@pytest.fixture(autouse=True)
def _environment_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with serve_mirror() as server:
        server.files["/a"] = PAGE
        yield server


@pytest.fixture
def client() -> Iterator[Client]:
    with closing(Client(bounds=QUICK)) as made:
        yield made


def test_a_page_is_returned_and_one_that_is_not_there_is_none(mirror: Mirror, client: Client) -> None:
    assert client.get(mirror.url("/a")) == PAGE
    assert client.get(mirror.url("/b")) is None
    assert client.exists(mirror.url("/a"))
    assert not client.exists(mirror.url("/b"))
    assert mirror.connections == 1


def test_a_page_may_be_as_large_as_its_limit_and_no_larger(mirror: Mirror, client: Client) -> None:
    mirror.script["/b"] = [faulty.endless]

    assert client.get(mirror.url("/a"), limit=len(PAGE)) == PAGE
    for path in ("/a", "/b"):
        with pytest.raises(NetworkError, match=f"larger than the {len(PAGE) - 1} bytes"):
            client.get(mirror.url(path), limit=len(PAGE) - 1)


@pytest.mark.parametrize(
    "broken",
    [faulty.reset, faulty.begun(500, then=faulty.end), faulty.begun(500, then=faulty.drip), faulty.status(502)],
)
def test_a_failure_that_passes_is_not_noticed(mirror: Mirror, client: Client, broken: faulty.Reply) -> None:
    mirror.script["/a"] = [broken]

    assert client.get(mirror.url("/a")) == PAGE


def test_a_failure_that_stays_is_named(mirror: Mirror, client: Client) -> None:
    mirror.script["/a"] = [faulty.begun(500, then=faulty.end)] * 9
    mirror.script["/b"] = [faulty.status(500)] * 9
    mirror.script["/c"] = [faulty.status(418)]
    mirror.script["/d"] = [faulty.whole(b"\x1f\x8b", Content_Encoding="gzip")]

    for path, reason in (
        ("/a", f"ended after 500 of {len(PAGE)} bytes"),
        ("/b", "status 500"),
        ("/c", "status 418"),
        ("/d", "encoded as gzip"),
    ):
        with pytest.raises(NetworkError, match=reason):
            client.get(mirror.url(path))
    assert [path for path, _ in mirror.seen].count("/c") == 1


def test_a_connection_that_the_server_has_closed_meanwhile_is_replaced(mirror: Mirror, client: Client) -> None:
    def well_and_gone(handler: faulty.Handler) -> None:
        faulty.well(handler)
        faulty.end(handler)

    mirror.script["/a"] = [well_and_gone] * 3

    client_without_patience = Client(bounds=Bounds(waits=()))
    for _ in range(4):
        assert client_without_patience.get(mirror.url("/a")) == PAGE
    client_without_patience.close()


def test_a_connection_that_breaks_when_it_is_used_again_is_replaced(mirror: Mirror) -> None:
    mirror.script["/b"] = [faulty.reset]
    mirror.files["/b"] = b"b"

    with closing(Client(bounds=Bounds(waits=()))) as client:
        assert client.get(mirror.url("/a")) == PAGE
        assert client.get(mirror.url("/b")) == b"b"


def test_nobody_is_asked_once_nobody_waits_for_the_answer(mirror: Mirror, client: Client) -> None:
    with pytest.raises(StoppedError):
        client.open(mirror.url("/a"), stopped=lambda: True)

    assert mirror.seen == []


def test_what_a_server_says_unasked_is_no_answer_to_the_next_question(mirror: Mirror, client: Client) -> None:
    asked_once, said = threading.Event(), threading.Event()

    def well_and_more(handler: faulty.Handler) -> None:
        faulty.well(handler)
        asked_once.wait(10)
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother")
        said.set()

    mirror.script["/a"] = [well_and_more]

    assert client.get(mirror.url("/a")) == PAGE
    asked_once.set()
    said.wait(10)
    assert client.get(mirror.url("/a")) == PAGE


def test_several_threads_may_ask_at_once(mirror: Mirror, client: Client) -> None:
    found: list[bytes | None] = []
    threads = [
        threading.Thread(target=lambda: found.extend(client.get(mirror.url("/a")) for _ in range(20))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [PAGE] * 160
    assert mirror.connections <= 8


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on this machine to make a certificate with")
    file = tmp_path_factory.mktemp("tls") / "all.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    who = ["-days", "2", "-subj", "/CN=xprov", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, *who, "-keyout", file.with_suffix(".key"), "-out", file], check=True, capture_output=True)
    return file


def _encrypt(certificate: Path, mirror: Mirror) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    mirror.socket = context.wrap_socket(mirror.socket, server_side=True)
    mirror.scheme = "https"
    mirror.files["/a"] = PAGE


@pytest.fixture
def secure(certificate: Path) -> Iterator[Mirror]:
    with serve_mirror(functools.partial(_encrypt, certificate)) as server:
        yield server


def test_a_certificate_of_nobody_is_refused_at_once(secure: Mirror, client: Client) -> None:
    with pytest.raises(NetworkError, match="certificate verify failed") as caught:
        client.get(secure.url("/a"))

    assert "SSL_CERT_FILE" in (caught.value.hint or "")
    assert secure.seen == []


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE"])
def test_the_certificates_of_the_environment_are_believed(
    secure: Mirror, client: Client, certificate: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, str(certificate))

    assert client.get(secure.url("/a")) == PAGE
    assert client.exists(secure.url("/a"))
    assert secure.connections == 1


def test_the_certificates_of_the_client_are_believed_after_those_of_the_environment(
    secure: Mirror, certificate: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with closing(Client(bounds=QUICK, bundle=str(certificate))) as client:
        assert client.get(secure.url("/a")) == PAGE
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    with (
        closing(Client(bounds=QUICK, bundle=str(certificate))) as client,
        pytest.raises(NetworkError, match=r"cannot be read: .*none\.pem"),
    ):
        client.get(secure.url("/a"))


def test_an_encrypted_server_that_stalls_is_left(secure: Mirror, certificate: Path) -> None:
    secure.script["/a"] = [faulty.begun(500, then=faulty.stall), faulty.begun(500, then=faulty.drip)]

    with closing(Client(bounds=QUICK, bundle=str(certificate))) as client:
        assert client.get(secure.url("/a")) == PAGE

    assert len(secure.seen) == 3


def test_nobody_is_led_from_an_encrypted_address_to_a_plain_one(
    secure: Mirror, mirror: Mirror, certificate: Path
) -> None:
    secure.script["/a"] = [faulty.status(302, Location=mirror.url("/a"))]
    mirror.script["/up"] = [faulty.status(302, Location=secure.url("/up"))]
    secure.files["/up"] = b"up"

    with closing(Client(bounds=QUICK, bundle=str(certificate))) as client:
        assert client.get(mirror.url("/up")) == b"up"
        with pytest.raises(NetworkError, match="is not encrypted"):
            client.get(secure.url("/a"))

    assert [path for path, _ in mirror.seen] == ["/up"]


@contextmanager
def _tunnel(seen: list[str], context: ssl.SSLContext | None = None) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def carry() -> None:
            near, _ = listener.accept()
            near = context.wrap_socket(near, server_side=True) if context else near
            with near:
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    head += near.recv(1)
                seen.append(head.decode())
                host, _, port = head.split()[1].decode().rpartition(":")
                with socket.create_connection((host, int(port))) as far:
                    near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    back = threading.Thread(target=_copy, args=(far, near))
                    back.start()
                    _copy(near, far)
                    back.join()

        thread = threading.Thread(target=carry)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(1 << 16):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def test_an_encrypted_connection_goes_through_the_proxy_unseen(
    secure: Mirror, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    with _tunnel(seen) as proxy, closing(Client(bounds=QUICK, bundle=str(certificate))) as client:
        monkeypatch.setenv("https_proxy", f"http://me:s3cret@{proxy}")

        assert client.get(secure.url("/a")) == PAGE
        client.close()

    assert seen[0].startswith(f"CONNECT 127.0.0.1:{secure.server_address[1]} HTTP/1.")
    assert "Proxy-Authorization: Basic " in seen[0]
    assert "proxy-authorization" not in secure.headers[0]
    assert secure.headers[0]["host"] == f"127.0.0.1:{secure.server_address[1]}"


def test_a_plain_request_names_the_whole_url_to_a_proxy_with_its_login(
    mirror: Mirror, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror.files["http://a.example.org:8000/x"] = b"x"
    monkeypatch.setenv("http_proxy", mirror.url("").replace("//", "//me:s3cret@"))

    assert client.get("http://you:too@a.example.org:8000/x") == b"x"

    assert mirror.headers[0]["host"] == "a.example.org:8000"
    assert mirror.headers[0]["proxy-authorization"].startswith("Basic ")
    assert mirror.headers[0]["authorization"].startswith("Basic ")


def test_a_name_and_password_in_a_url_are_unquoted_and_come_before_those_of_the_home(
    mirror: Mirror, client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login of password home\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))

    client.get(mirror.url("/a").replace("//", "//me:p%40ss@"))
    client.get(mirror.url("/a"))

    sent = [base64.b64decode(headers["authorization"].removeprefix("Basic ")) for headers in mirror.headers]
    assert sent == [b"me:p@ss", b"of:home"]


@pytest.mark.parametrize(
    ("environment", "proxies", "direct"),
    [
        ({"http_proxy": "P"}, {}, False),
        ({"HTTP_PROXY": "P"}, {}, False),
        ({"all_proxy": "P"}, {}, False),
        ({"https_proxy": "P"}, {}, True),
        ({"HTTP_PROXY": "P", "REQUEST_METHOD": "GET"}, {}, True),
        ({"http_proxy": "P", "no_proxy": "b.org,127.0.0.0/8"}, {}, True),
        ({"http_proxy": "P"}, {"http://127.0.0.1": ""}, True),
        ({"http_proxy": "P"}, {"http://b.org": ""}, False),
        ({"http_proxy": "http://127.0.0.1:9"}, {"http": "P"}, False),
        ({}, {"http://127.0.0.1": "P"}, False),
    ],
)
def test_the_proxy_is_the_client_s_or_the_environment_s(
    mirror: Mirror,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    proxies: dict[str, str],
    *,
    direct: bool,
) -> None:
    with serve_mirror() as proxy, closing(Client(bounds=QUICK, proxies=_with(proxy, proxies))) as client:
        proxy.files[mirror.url("/a")] = b"by the proxy"
        for name, value in _with(proxy, environment).items():
            monkeypatch.setenv(name, value)

        assert client.get(mirror.url("/a")) == (PAGE if direct else b"by the proxy")


def _with(proxy: Mirror, values: dict[str, str]) -> dict[str, str]:
    return {name: proxy.url("") if value == "P" else value for name, value in values.items()}


def test_an_encrypted_connection_goes_through_a_proxy_that_is_reached_by_one(
    secure: Mirror, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    with _tunnel(seen, context) as proxy, closing(Client(bounds=QUICK, bundle=str(certificate))) as client:
        monkeypatch.setenv("https_proxy", f"https://me:s3cret@{proxy}")

        assert client.get(secure.url("/a")) == PAGE
        client.close()

    assert seen[0].startswith(f"CONNECT 127.0.0.1:{secure.server_address[1]} HTTP/1.")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://me:s3cret@a.example.org/x",
        "http:///x",
        "http://me:s3cret@[::1/x",
        "http://me:s3cret@a:x/",
        "x",
        f"http://{'a' * 64}.org/",
        "http://.org/",
    ],
)
def test_a_url_that_cannot_be_used_is_an_error_without_its_login(client: Client, url: str) -> None:
    with pytest.raises(NetworkError, match="is not a URL that xprov can use") as caught:
        client.get(url)

    assert "s3cret" not in caught.value.message


@pytest.mark.parametrize(
    ("proxy", "reason"),
    [("http://", "cannot be used"), ("gopher://me:s3cret@p", "cannot be used"), ("socks5://p:1080", "SOCKS")],
)
def test_a_proxy_that_cannot_be_used_is_an_error(
    client: Client, monkeypatch: pytest.MonkeyPatch, proxy: str, reason: str
) -> None:
    monkeypatch.setenv("all_proxy", proxy)

    with pytest.raises(NetworkError, match=reason) as caught:
        client.get("http://a.example.org/x")

    assert "s3cret" not in f"{caught.value.message}{caught.value.hint}"


def test_a_host_that_nobody_knows_is_named_in_a_line(client: Client) -> None:
    with pytest.raises(NetworkError, match=r"did not answer: (Name or service not known|.*name resolution)$"):
        client.get("http://nobody.invalid/x")


def test_what_a_server_says_is_shown_on_a_line_however_much_it_is(mirror: Mirror, client: Client) -> None:
    def chatter(handler: faulty.Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 400 " + b"no\x1b " * 10_000 + b"\r\nContent-Length: 0\r\n\r\n")

    mirror.script["/a"] = [chatter]

    with pytest.raises(NetworkError, match="status 400 no") as caught:
        client.get(mirror.url("/a"))

    assert len(caught.value.message) < 500
    assert caught.value.message.isprintable()


def test_of_a_redirect_s_own_page_no_more_is_read_than_it_may_have(mirror: Mirror, client: Client) -> None:
    def endless_detour(handler: faulty.Handler) -> None:
        handler.close_connection = True
        handler.head(302, None, Location="/a", Transfer_Encoding="chunked")
        while not handler.server.released.is_set():
            handler.wfile.write(b"1000\r\n" + bytes(4096) + b"\r\n")

    mirror.script["/b"] = [endless_detour]

    assert client.get(mirror.url("/b")) == PAGE


def test_nothing_is_imported_before_a_server_is_asked() -> None:
    program = "import sys, xprov.net; xprov.net.Client().close(); print('requests' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=True, capture_output=True).stdout == b"False\n"


def test_a_proxy_that_refuses_is_named_by_its_answer(
    mirror: Mirror, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", mirror.url(""))

    with pytest.raises(NetworkError, match="501"):
        client.get("https://a.example.org/x")
