"""What xprov reads about the machine."""

import platform
from pathlib import Path

import pytest

from xprov.host import distribution_of, own_glibc, own_libc, own_target, read_os_release, throwaway_sign
from xprov.target import Libc, find_target

DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\nVERSION_CODENAME=trixie\n'
UBUNTU = "ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=jammy\nUBUNTU_CODENAME=jammy\n"
MINT = 'ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_CODENAME=virginia\nUBUNTU_CODENAME=jammy\n'
LMDE = "ID=linuxmint\nID_LIKE=debian\nVERSION_CODENAME=faye\nDEBIAN_CODENAME=bookworm\n"
FEDORA = 'ID=fedora\nVERSION_ID=42\nVERSION_CODENAME=""\n'
ALMALINUX = 'ID="almalinux"\nID_LIKE="rhel centos fedora"\nVERSION_ID="8.10"\n'
ALPINE = "ID=alpine\nVERSION_ID=3.20.3\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (DEBIAN, ("debian", "trixie")),
        (UBUNTU, ("ubuntu", "jammy")),
        (MINT, ("ubuntu", "jammy")),
        (LMDE, ("debian", "bookworm")),
        (FEDORA, ("fedora", "42")),
        (ALMALINUX, ("almalinux", "8")),
        (ALPINE, ("alpine", "3.20")),
        ("", ("linux", "")),
    ],
)
def test_the_suite_is_the_one_whose_archive_the_machine_uses(
    tmp_path: Path, text: str, expected: tuple[str, str]
) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text(text)

    assert distribution_of(read_os_release(tmp_path)) == expected


def test_a_machine_without_os_release_is_no_error(tmp_path: Path) -> None:
    assert read_os_release(tmp_path) == {}


@pytest.mark.parametrize(
    ("mark", "environ", "expected"),
    [
        (".dockerenv", {}, "a Docker container"),
        ("run/.containerenv", {}, "a Podman container"),
        (None, {"container": "lxc"}, "a container (lxc)"),
        (None, {"CI": "true"}, "a CI runner"),
        (None, {"CI": "false"}, None),
        (None, {}, None),
    ],
)
def test_a_throw_away_machine_is_known_by_its_sign(
    tmp_path: Path, mark: str | None, environ: dict[str, str], expected: str | None
) -> None:
    if mark:
        (tmp_path / mark).parent.mkdir(exist_ok=True)
        (tmp_path / mark).touch()

    assert throwaway_sign(environ, tmp_path) == expected


def test_a_machine_with_musls_loader_beside_glibc_is_one_of_glibc(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/ld-musl-x86_64.so.1").touch()

    assert own_glibc() is not None, "the tests run with glibc"
    assert own_libc(tmp_path) is Libc.GLIBC


def test_the_machine_itself_is_a_target() -> None:
    own = own_target()

    assert own is not None
    assert own == find_target(platform.machine())
