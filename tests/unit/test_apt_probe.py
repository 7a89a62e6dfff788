"""Asking hosts: local archives, lists of mirrors, silence; and how apt says that hosts are reached."""

import hashlib
from pathlib import Path

import pytest

from xprov.apt.probe import Prober, gather, parse_mirrors, suite_folder
from xprov.apt.questions import Absent, Answers, Found, IndexQuestion, Question, ReleaseQuestion, Silent
from xprov.apt.reach import Login, Reach, parse_logins, parse_proxies, parse_settings
from xprov.apt.release import Release, parse_release
from xprov.errors import NetworkError
from xprov.net import Client, shown

RELEASE = b"""-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA256

Origin: Ubuntu
Label: Ubuntu
Suite: jammy
Acquire-By-Hash: yes
Architectures: amd64 armhf
MD5Sum:
 d41d8cd98f00b204e9800998ecf8427e 0 main/binary-amd64/Packages
SHA256:
 aaaa 10 main/binary-amd64/Packages
 bbbb 5 main/binary-amd64/Packages.gz
 cccc 4 main/binary-amd64/Packages.xz
 dddd 9 main/source/Sources.xz
 eeee 0 universe/binary-armhf/Packages
-----BEGIN PGP SIGNATURE-----
"""


class Web(Client):
    """A client whose pages are given, and which counts what it is asked; a page that is None is a host that is down."""

    def __init__(self, pages: dict[str, bytes | None]) -> None:
        super().__init__()
        self.pages = pages
        self.asked: list[str] = []

    def get(self, url: str, *, limit: int | None = None) -> bytes | None:  # noqa: ARG002 - pages are small
        self.asked.append(url)
        if url in self.pages and self.pages[url] is None:
            raise NetworkError(f"`{url}` did not answer")
        return self.pages.get(url)

    def exists(self, url: str) -> bool:
        return self.get(url) is not None


def _prober(pages: dict[str, bytes | None], root: Path = Path("/")) -> Prober:
    return Prober(client=Web(pages), root=root)


def test_a_release_says_whose_it_is_and_what_it_lists() -> None:
    release = parse_release(RELEASE)

    assert release is not None
    assert release.identity == ("Ubuntu", "Ubuntu")
    assert release.index_paths("main", "amd64") == (
        "main/binary-amd64/Packages.xz",
        "main/binary-amd64/Packages.gz",
        "main/binary-amd64/by-hash/SHA256/cccc",
    )
    assert release.index_paths("updates/main", "amd64") == release.index_paths("main", "amd64")
    assert release.index_paths("universe", "armhf")[0] == "universe/binary-armhf/Packages"
    assert release.index_paths("main", "armhf") == ()


def test_a_release_with_old_hashes_alone_has_no_folder_by_hash() -> None:
    old = RELEASE[: RELEASE.index(b"SHA256:")]

    release = parse_release(old)

    assert release is not None
    assert release.index_paths("main", "amd64") == ("main/binary-amd64/Packages",)


def test_a_page_that_is_no_release_says_nothing() -> None:
    assert parse_release(b"<html><body>Welcome to the hotel</body></html>") is None
    assert parse_release(b"") is None


def test_a_host_is_asked_for_the_signed_release_and_then_for_the_plain_one() -> None:
    prober = _prober({"http://a.example.org/d/dists/s/Release": RELEASE})

    answer = prober.answer(ReleaseQuestion(uri="http://a.example.org/d/", suite="s"))

    assert isinstance(answer, Release)


def test_a_portal_that_answers_everything_has_no_release() -> None:
    prober = _prober({"http://a.example.org/dists/s/InRelease": b"<html>log in</html>"})

    assert prober.answer(ReleaseQuestion(uri="http://a.example.org", suite="s")) == Absent()


def test_one_form_of_an_index_is_enough() -> None:
    prober = _prober({"http://a.example.org/dists/s/main/Packages.gz": b"x"})
    paths = ("main/Packages.xz", "main/Packages.gz")

    assert prober.answer(IndexQuestion(uri="http://a.example.org", suite="s", paths=paths)) == Found()
    assert prober.answer(IndexQuestion(uri="http://a.example.org", suite="s", paths=paths[:1])) == Absent()


def test_a_host_that_is_down_is_an_answer() -> None:
    prober = _prober({"http://a.example.org/dists/s/InRelease": None})

    answer = prober.answer(ReleaseQuestion(uri="http://a.example.org", suite="s"))

    assert answer == Silent(reason="`http://a.example.org/dists/s/InRelease` did not answer")


@pytest.mark.parametrize("uri", ["tor+http://a.example.org", "cdrom:[Debian]/", "ftp://a.example.org", "s3://bucket"])
def test_a_way_that_xprov_does_not_speak_is_said(uri: str) -> None:
    answer = _prober({}).answer(ReleaseQuestion(uri=uri, suite="s"))

    assert isinstance(answer, Silent)
    assert not answer.spoken
    assert f"`{uri.partition(':')[0]}:`" in answer.reason


@pytest.mark.parametrize("uri", ["file:/srv/my%20debs", "file:///srv/my%20debs/", "copy:/srv/my debs"])
def test_a_local_archive_is_looked_up_in_its_folder(tmp_path: Path, uri: str) -> None:
    folder = tmp_path / "srv/my debs/dists/s"
    folder.mkdir(parents=True)
    (folder / "InRelease").write_bytes(RELEASE)
    (folder / "Packages.xz").touch()
    prober = _prober({}, tmp_path)

    assert isinstance(prober.answer(ReleaseQuestion(uri=uri, suite="s")), Release)
    assert prober.answer(IndexQuestion(uri=uri, suite="s", paths=("Packages.xz",))) == Found()
    assert prober.answer(ReleaseQuestion(uri=uri, suite="t")) == Absent()


def test_a_list_of_mirrors_is_asked_until_one_answers(tmp_path: Path) -> None:
    (tmp_path / "mirrors.txt").write_text(
        "# nearest first\nhttp://down.example.org/u\tpriority:1\n\nhttp://up.example.org/u/ priority:2\n"
    )
    pages = {"http://down.example.org/u/dists/s/InRelease": None, "http://up.example.org/u/dists/s/InRelease": RELEASE}
    prober = _prober(pages, tmp_path)

    answer = prober.answer(ReleaseQuestion(uri="mirror+file:/mirrors.txt", suite="s"))

    assert isinstance(answer, Release)


def test_mirrors_that_are_all_down_are_silent(tmp_path: Path) -> None:
    (tmp_path / "mirrors.txt").write_text("http://down.example.org/u\n")
    prober = _prober({"http://down.example.org/u/dists/s/InRelease": None}, tmp_path)

    assert isinstance(prober.answer(ReleaseQuestion(uri="mirror+file:/mirrors.txt", suite="s")), Silent)
    assert isinstance(prober.answer(ReleaseQuestion(uri="mirror+file:/none.txt", suite="s")), Silent)


def test_a_list_of_mirrors_can_be_on_the_web() -> None:
    pages: dict[str, bytes | None] = {
        "http://list.example.org/l": b"http://up.example.org/u\n",
        "http://up.example.org/u/dists/s/InRelease": RELEASE,
    }

    for uri in ("mirror://list.example.org/l", "mirror+http://list.example.org/l"):
        assert isinstance(_prober(pages).answer(ReleaseQuestion(uri=uri, suite="s")), Release)


def test_mirrors_are_read_without_comments_and_options() -> None:
    assert parse_mirrors("a b\n#c\n\nd # e\n") == ("a", "d")


@pytest.mark.parametrize(
    ("uri", "suite", "folder"),
    [
        ("http://a/d", "jammy", "http://a/d/dists/jammy/"),
        ("http://a/d/", "jessie/updates", "http://a/d/dists/jessie/updates/"),
        ("http://a/d/", "./", "http://a/d/"),
        ("http://a/d", "/", "http://a/d/"),
        ("http://a/d", "x/y/", "http://a/d/x/y/"),
    ],
)
def test_the_folder_of_a_suite(uri: str, suite: str, folder: str) -> None:
    assert suite_folder(uri, suite) == folder


def test_questions_are_asked_in_rounds_until_none_is_open() -> None:
    first = ReleaseQuestion(uri="a:", suite="s")
    second = IndexQuestion(uri="a:", suite="s", paths=("p",))
    asked: list[Question] = []

    def open_questions(answers: Answers) -> tuple[Question, ...]:
        return (first, second) if first in answers else (first,)

    def answer(question: Question) -> Absent:
        asked.append(question)
        return Absent()

    assert gather(open_questions, answer) == {first: Absent(), second: Absent()}
    assert asked == [first, second]


def test_proxies_are_those_of_apt() -> None:
    settings = parse_settings(
        'Acquire "";\nAcquire::http "";\nAcquire::http::Proxy "http://p:3128/";\n'
        'Acquire::http::Proxy::direct.example.org "DIRECT";\nAcquire::https::Proxy::s.example.org "http://q:1";\n'
        'Acquire::http::Timeout "30";\n'
    )

    assert parse_proxies(settings) == {
        "http": "http://p:3128/",
        "https": "http://p:3128/",
        "http://direct.example.org": "",
        "https://direct.example.org": "",
        "https://s.example.org": "http://q:1",
    }


def test_an_encrypted_host_has_its_own_proxy_if_apt_says_so() -> None:
    settings = {"acquire::http::proxy": "http://p", "acquire::https::proxy": "DIRECT"}

    assert parse_proxies(settings) == {"http": "http://p", "https": ""}


def test_logins_are_those_of_apt() -> None:
    text = "# c\nmachine a.example.org/deb login me password p@ss\nmachine http://b.example.org:80\nlogin x password y"
    reach = Reach(logins=parse_logins(text))

    assert reach.logins[1] == Login(place="http://b.example.org:80", user="x", password="y")  # noqa: S106 - made up
    assert reach.with_login("https://a.example.org/deb/x") == "https://me:p%40ss@a.example.org/deb/x"
    assert reach.with_login("https://a.example.org/debian/x") == "https://a.example.org/debian/x"
    assert reach.with_login("http://a.example.org/deb/x") == "http://a.example.org/deb/x"
    assert reach.with_login("http://b.example.org:80/x") == "http://x:y@b.example.org:80/x"
    assert reach.with_login("https://u:v@a.example.org/deb/x") == "https://u:v@a.example.org/deb/x"


def test_a_password_in_a_url_is_not_shown() -> None:
    assert shown("https://me:p%40ss@a.example.org:8/x@y") == "https://a.example.org:8/x@y"
    assert shown("http://a.example.org/x") == "http://a.example.org/x"


def test_the_hash_of_an_index_names_it(tmp_path: Path) -> None:
    content = b"Package: x\n"
    name = hashlib.sha256(content).hexdigest()
    folder = tmp_path / "dists/s/main/binary-armhf/by-hash/SHA256"
    folder.mkdir(parents=True)
    (folder / name).write_bytes(content)
    release = parse_release(f"Acquire-By-Hash: yes\nSHA256:\n {name} 11 main/binary-armhf/Packages.xz\n".encode())
    assert release is not None

    paths = release.index_paths("main", "armhf")

    assert _prober({}, tmp_path).answer(IndexQuestion(uri="file:/", suite="s", paths=paths)) == Found()
