"""The real apt as the judge of what xprov reads from and writes to its sources. Nothing is downloaded."""

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.unit.test_apt_sources import LINES, STANZAS

from xprov.apt.entry import SourcesFile
from xprov.apt.foreign import Source, foreign_stanzas
from xprov.apt.sources import parse, restrict
from xprov.errors import UsageError

pytestmark = pytest.mark.skipif(shutil.which("apt-get") is None, reason="no apt-get on this machine")

OWN = ("amd64", "i386")


@pytest.fixture
def apt(tmp_path: Path) -> Path:
    """Make the folder of an apt of its own, which reads `etc/apt` there and knows no package."""
    for name in (
        "etc/apt/sources.list.d",
        "etc/apt/preferences.d",
        "etc/apt/apt.conf.d",
        "state/lists/partial",
        "cache",
    ):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "status").touch()
    return tmp_path


def _targets(apt: Path, architectures: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """Ask apt what it would read: one index a line, without the place of the entry."""
    settings = {
        "Dir": apt,
        "Dir::State": apt / "state",
        "Dir::State::status": apt / "status",
        "Dir::Cache": apt / "cache",
        "Dir::Etc": apt / "etc/apt",
        "APT::Architecture": "amd64",
    }
    configuration = "".join(f'{name} "{value}";\n' for name, value in settings.items())
    configuration += "#clear APT::Architectures;\n"
    configuration += "".join(f'APT::Architectures {{ "{name}"; }};\n' for name in architectures)
    (apt / "apt.conf").write_text(configuration)
    return subprocess.run(
        # Without the option only those are listed that were downloaded before.
        ["apt-get", "indextargets", "--no-release-info", "--format", "$(URI) $(ARCHITECTURE)"],
        env={"APT_CONFIG": str(apt / "apt.conf"), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )


def _read(apt: Path, name: str, content: bytes, architectures: tuple[str, ...]) -> list[str]:
    (apt / "etc/apt/sources.list.d" / name).write_bytes(content)
    done = _targets(apt, architectures)
    assert "E:" not in done.stderr, done.stderr
    return sorted(done.stdout.splitlines())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param(name, marked.replace(b"@", b""), id=f"{name} {shape}")
        for name, shapes in (("x.list", LINES), ("x.sources", STANZAS))
        for shape, (marked, _) in shapes.items()
    ],
)
def test_apt_reads_the_same_indices_before_and_after(apt: Path, name: str, content: bytes) -> None:
    before = _read(apt, name, content, OWN)
    restricted = restrict(SourcesFile(path=Path(name), content=content), OWN)

    # The foreign architecture is there now; only what names it may read it.
    assert _read(apt, name, restricted, (*OWN, "armhf")) == before
    assert bool(before) is any(entry.enabled for entry in parse(SourcesFile(path=Path(name), content=content)))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.list", b"deb\n"),
        ("x.list", b"deb http://a.example.org\n"),
        ("x.list", b"deb http://a.example.org s\n"),
        ("x.list", b"deb a.example.org s main\n"),
        ("x.list", b"deb http://a.example.org ./ main\n"),
        ("x.list", b"rpm http://a.example.org s main\n"),
        ("x.list", b"\xef\xbb\xbfdeb http://a.example.org s main\n"),
        ("x.list", b"deb [arch=amd64 http://a.example.org s main\n"),
        ("x.list", b"deb [arch=] http://a.example.org s main\n"),
        ("x.list", b"deb [=amd64] http://a.example.org s main\n"),
        ("x.list", b'deb "http://a.example.org s main\n'),
        ("x.sources", b"URIs: http://a.example.org\n"),
        ("x.sources", b"Types: deb\nSuites: s\nComponents: main\n"),
        ("x.sources", b"Types: deb\nURIs: http://a.example.org\n"),
        ("x.sources", b"Types: deb\nURIs: http://a.example.org\nSuites: s\n"),
        ("x.sources", b"Types: deb\nURIs: x\nSuites: s\nComponents: main\n"),
        ("x.sources", b"Types: deb\nURIs: a:\nSuites: ./\nComponents: main\n"),
        ("x.sources", b"Types: rpm\n"),
    ],
)
def test_what_is_refused_apt_refuses_too(apt: Path, name: str, content: bytes) -> None:
    (apt / "etc/apt/sources.list.d" / name).write_bytes(content)

    with pytest.raises(UsageError):
        parse(SourcesFile(path=Path(name), content=content))
    assert _targets(apt, OWN).returncode != 0


def test_a_foreign_entry_beside_the_native_one_reads_its_own_index_and_no_warning_comes(apt: Path) -> None:
    content = b"deb [arch=amd64 signed-by=/k.gpg trusted=yes] http://a.example.org s main\n"
    source = Source(
        uri="http://a.example.org",
        suite="s",
        component="main",
        architecture="armhf",
        options=(("Signed-By", "/k.gpg"), ("Trusted", "yes")),
    )
    (apt / "etc/apt/sources.list.d/x.list").write_bytes(content)
    own = foreign_stanzas([source], native="amd64", header="test")
    (apt / "etc/apt/sources.list.d/xprov-armhf.sources").write_bytes(own)

    done = _targets(apt, ("amd64", "armhf"))

    assert done.stderr == ""
    folder = "http://a.example.org/dists/s/main"
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        f"{folder}/binary-amd64/Packages",
        f"{folder}/binary-all/Packages",
        f"{folder}/i18n/Translation-en",
        f"{folder}/binary-armhf/Packages",
    ]


def test_an_inline_key_in_both_files_is_one_key_to_apt(apt: Path) -> None:
    key = b"\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n =abcd\n -----END PGP PUBLIC KEY BLOCK-----\n"
    content = (
        b"Types: deb\nURIs: http://a.example.org\nSuites: s\nComponents: main\nArchitectures: amd64\nSigned-By:" + key
    )
    file = SourcesFile(path=Path("x.sources"), content=content)
    (entry,) = parse(file)
    source = Source(
        uri="http://a.example.org", suite="s", component="main", architecture="armhf", options=entry.options
    )
    (apt / "etc/apt/sources.list.d/x.sources").write_bytes(content)
    own = foreign_stanzas([source], native="amd64", header="test")
    (apt / "etc/apt/sources.list.d/xprov-armhf.sources").write_bytes(own)

    done = _targets(apt, ("amd64", "armhf"))

    assert (done.returncode, done.stderr) == (0, "")
