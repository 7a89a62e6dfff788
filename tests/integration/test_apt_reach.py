"""Hosts are reached as apt's own configuration says: real apt-config, real connections on loopback."""

import base64
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from xprov.apt.probe import Prober
from xprov.apt.questions import Absent, ReleaseQuestion, Silent
from xprov.apt.reach import Login, Reach, read_reach
from xprov.apt.release import Release
from xprov.archive.reached import archive_client
from xprov.errors import NetworkError
from xprov.net import Bounds, Client

RELEASE = b"Origin: Ubuntu\nSHA256:\n aa 1 main/binary-armhf/Packages\n"


class _Handler(BaseHTTPRequestHandler):
    """Answer as an archive, and, where the whole URL is asked for, as a proxy to every archive there is."""

    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, _Archive)
        server.seen.append((self.path, self.headers.get("Authorization")))
        found = self.path.endswith("/dists/s/InRelease")
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(RELEASE) if found else 0))
        self.end_headers()
        if found:
            self.wfile.write(RELEASE)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Say nothing."""


class _Archive(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[tuple[str, str | None]] = []

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@pytest.fixture
def archive() -> Iterator[_Archive]:
    with _Archive() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def _ask(reach: Reach, uri: str) -> object:
    return Prober.of(reach).answer(ReleaseQuestion(uri=uri, suite="s"))


def test_the_proxy_of_apt_comes_before_the_one_of_the_environment(
    archive: _Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    answer = _ask(Reach(proxies={"http": archive.uri}), "http://archive.example.org/ubuntu")

    assert isinstance(answer, Release)
    assert archive.seen[0][0] == "http://archive.example.org/ubuntu/dists/s/InRelease"


def test_a_host_that_apt_reaches_directly_is_reached_directly(
    archive: _Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    assert isinstance(_ask(Reach(proxies={"http://127.0.0.1": ""}), archive.uri), Release)


def test_without_one_of_its_own_the_proxy_of_the_environment_is_used(
    archive: _Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", archive.uri)

    assert isinstance(_ask(Reach(), "http://archive.example.org"), Release)


def test_a_host_that_refuses_is_silent_and_not_retried_for_long() -> None:
    answer = _ask(Reach(), "http://127.0.0.1:9")

    assert isinstance(answer, Silent)
    assert "127.0.0.1:9" in answer.reason


def test_a_suite_that_is_not_there_is_absent(archive: _Archive) -> None:
    answer = Prober.of(Reach()).answer(ReleaseQuestion(uri=archive.uri, suite="t"))

    assert answer == Absent()


def test_a_login_reaches_the_host_and_no_message(archive: _Archive) -> None:
    reach = Reach(logins=(Login(place=archive.uri, user="me", password="s3cret"),))  # noqa: S106 - made up

    assert isinstance(_ask(reach, archive.uri), Release)

    assert archive.seen[0][1] == f"Basic {base64.b64encode(b'me:s3cret').decode()}"
    with pytest.raises(NetworkError) as caught:
        Client().get("http://me:s3cret@127.0.0.1:9/x")
    assert "s3cret" not in caught.value.message


@pytest.mark.skipif(shutil.which("apt-config") is None, reason="no apt-config on this machine")
def test_archives_are_read_with_the_logins_of_apt(
    archive: _Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "logins").write_text(f"machine {archive.uri} login me password s3cret\n")
    (tmp_path / "apt.conf").write_text(f'Dir::Etc::netrc "{tmp_path}/logins";\n')
    monkeypatch.setenv("APT_CONFIG", str(tmp_path / "apt.conf"))

    # Bounds of its own: there is one client for all that ask with the same ones.
    archive_client(Bounds(connections=3)).get(f"{archive.uri}/dists/s/InRelease")

    assert archive.seen[0][1] == f"Basic {base64.b64encode(b'me:s3cret').decode()}"


@pytest.mark.skipif(shutil.which("apt-config") is None, reason="no apt-config on this machine")
def test_the_configuration_is_read_from_apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configuration = tmp_path / "apt.conf"
    configuration.write_text(
        'Acquire::http::Proxy "http://proxy.example.org:3128";\n'
        'Acquire::http::Proxy::near.example.org "DIRECT";\n'
        'Acquire::https::CAInfo "/company.pem";\n'
    )
    monkeypatch.setenv("APT_CONFIG", str(configuration))
    (tmp_path / "etc/apt/auth.conf.d").mkdir(parents=True)
    (tmp_path / "etc/apt/auth.conf.d/a.conf").write_text("machine a.example.org login me password x\n")

    reach = read_reach(tmp_path)

    assert reach.proxies["http"] == reach.proxies["https"] == "http://proxy.example.org:3128"
    assert reach.proxies["http://near.example.org"] == ""
    assert reach.bundle == "/company.pem"
    assert [login.place for login in reach.logins] == ["a.example.org"]


def test_without_apt_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert read_reach(tmp_path) == Reach()
