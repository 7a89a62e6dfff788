"""Alpine's apk: what is asked, what the answers mean, what is installed."""

from pathlib import Path

import pytest

from xprov.apk.answers import failure, not_found
from xprov.apk.commands import install_command
from xprov.apk.database import owned_paths, read_installed
from xprov.apk.repositories import read_repositories, repository_hint
from xprov.errors import NetworkError, UnsatisfiableError, VerificationError, XprovError

INSTALLED = """\
C:Q15Ut8nCd30cTNlZAoi7R8uAN68wY=
P:alsa-lib
V:1.2.11-r0
A:x86_64
D:so:libc.musl-x86_64.so.1 !alsa-old
p:so:libasound.so.2=2.0.0
F:usr
F:usr/lib
R:libasound.so.2
a:0:0:777
R:libasound.so.2.0.0

P:alsa-lib-dev
V:1.2.11-r0
A:x86_64
D:alsa-lib=1.2.11-r0 pkgconfig linux-headers>=5
p:pc:alsa=1.2.11
F:usr/include/alsa
R:asoundlib.h
F:usr/lib
R:libasound.so

"""


def test_apk_is_asked_from_fresh_indices_of_which_nothing_is_kept() -> None:
    assert install_command(("pc:alsa", "pkgconf")) == (
        "apk",
        "add",
        "--no-cache",
        "--no-progress",
        "pc:alsa",
        "pkgconf",
    )


@pytest.mark.parametrize("place", ["lib/apk/db", "usr/lib/apk/db"])
def test_the_database_is_read_where_it_lies(tmp_path: Path, place: str) -> None:
    (tmp_path / place).mkdir(parents=True)
    (tmp_path / place / "installed").write_text(INSTALLED)

    library, development = read_installed(tmp_path)

    assert (library.name, library.version, library.architecture) == ("alsa-lib", "1.2.11-r0", "x86_64")
    assert library.provides == ("alsa-lib", "so:libasound.so.2")
    assert library.requires == ("so:libc.musl-x86_64.so.1",)
    assert development.provides == ("alsa-lib-dev", "pc:alsa")
    assert development.requires == ("alsa-lib", "pkgconfig", "linux-headers")
    assert owned_paths(tmp_path)["alsa-lib"] == ("/usr/lib/libasound.so.2", "/usr/lib/libasound.so.2.0.0")


def test_a_machine_without_the_database_is_told(tmp_path: Path) -> None:
    with pytest.raises(XprovError, match="database"):
        read_installed(tmp_path)


MISSING = """\
ERROR: unable to select packages:
  pc:nothing (no such package):
    required by: world[pc:nothing]
"""
UNREACHED = f"WARNING: fetching http://127.0.0.1:9/v3.20/main/x86_64/APKINDEX.tar.gz: Connection refused\n{MISSING}"
OLD_UNREACHED = f"WARNING: Ignoring http://dl.example.org/v3.18/main: temporary error (try again later)\n{MISSING}"
UNTRUSTED = f"WARNING: opening http://dl.example.org/v3.20/main: UNTRUSTED signature\n{MISSING}"
DAMAGED = "ERROR: alsa-lib-1.2.11-r0: v2 package integrity error\n"
CONFLICT = """\
ERROR: unable to select packages:
  a-1:
    conflicts: b-1[foo]
"""


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (MISSING, UnsatisfiableError),
        (CONFLICT, UnsatisfiableError),
        (UNREACHED, NetworkError),
        (OLD_UNREACHED, NetworkError),
        (UNTRUSTED, VerificationError),
        (DAMAGED, VerificationError),
        ("ERROR: x: No space left on device\n", XprovError),
        ("ERROR: Unable to lock database: Permission denied\n", XprovError),
    ],
)
def test_an_answer_becomes_the_error_that_it_means(text: str, kind: type[XprovError]) -> None:
    assert type(failure(text)) is kind


def test_what_no_repository_has_is_named() -> None:
    assert not_found(MISSING) == ("pc:nothing",)


def test_where_community_is_not_in_use_it_may_have_more(tmp_path: Path) -> None:
    file = tmp_path / "repositories"
    file.write_text("http://dl.example.org/alpine/v3.20/main\n#http://dl.example.org/alpine/v3.20/community\n")

    assert "echo http://dl.example.org/alpine/v3.20/community >>" in repository_hint(read_repositories(file))
    file.write_text("http://dl.example.org/alpine/v3.20/main\nhttp://dl.example.org/alpine/v3.20/community\n")
    assert "apk search" in repository_hint(read_repositories(file))
    assert read_repositories(tmp_path / "nowhere") == ""
