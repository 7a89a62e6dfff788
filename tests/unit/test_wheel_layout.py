"""Wheels and sdists that are broken, hostile, or carry what they should not: findings, never a traceback."""

import io
import os
import random
import re
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from tests.unit.commands import Xprov
from tests.unit.test_wheel_binaries import ARMV7, found, look
from tests.unit.wheel_builder import Wheel, module, native

from xprov import wheel as package
from xprov.wheel.examine import examine
from xprov.wheel.finding import Severity, kinds
from xprov.wheel.names import Family, parse_platform, parse_wheel_name
from xprov.wheel.policies import policies

INFO = "pkg-1.0.dist-info"


@pytest.fixture
def xprov(capsys: pytest.CaptureFixture[str]) -> Xprov:
    return Xprov(capsys=capsys)


def changed(**changes: Any) -> Wheel:  # noqa: ANN401 - fields of Wheel
    sound = native(ARMV7, module())
    return Wheel(**{"tag": sound.tag, "files": sound.files, **changes})


@pytest.mark.parametrize(
    ("changes", "kind", "member", "what"),
    [
        ({"record": None}, "record-missing", f"{INFO}/RECORD", "there is no RECORD"),
        ({"metadata": None}, "metadata", f"{INFO}/METADATA", "there is no METADATA"),
        ({"wheel": None}, "metadata", f"{INFO}/WHEEL", "there is no WHEEL"),
        ({"metadata": "Name: other\nVersion: 1.0\n"}, "metadata", f"{INFO}/METADATA", "it is of other 1.0"),
        ({"metadata": "Name: pkg\nVersion: 2.0\n"}, "metadata", f"{INFO}/METADATA", "it is of pkg 2.0"),
        ({"wheel": "Wheel-Version: 2.0\n"}, "metadata", f"{INFO}/WHEEL", "it is of format `2.0`"),
        ({"wheel": "Wheel-Version: 1.0\nTag: py3-none-any\n"}, "other-tags", f"{INFO}/WHEEL", "it and the name"),
        ({"dist_info": "other-1.0.dist-info"}, "dist-info", "other-1.0.dist-info", "it is called `other-1.0"),
        ({"dist_info": "pkg-1.1.dist-info"}, "dist-info", "pkg-1.1.dist-info", "it is called `pkg-1.1"),
        ({"added": [("other-1.0.dist-info/WHEEL", b"")]}, "dist-info", None, "it should have one folder"),
        ({"added": [("pkg/late.py", b"")]}, "record-unlisted", "pkg/late.py", "RECORD does not list it"),
        ({"added": [("../../evil.py", b"")]}, "unsafe-name", "../../evil.py", "the name leads out"),
        ({"added": [("/etc/evil", b"")]}, "unsafe-name", "/etc/evil", "the name is absolute"),
        ({"added": [("C:/evil", b"")]}, "unsafe-name", "C:/evil", "the name is absolute"),
        ({"added": [("pkg\\evil.py", b"")]}, "unsafe-name", "pkg\\evil.py", "the name has a backslash"),
        ({"added": [("pkg/\x1b[2Jevil.py", b"")]}, "unsafe-name", "pkg/\x1b[2Jevil.py", "the name has characters"),
        (
            {"record": "pkg/__init__.py\n"},
            "record-mismatch",
            f"{INFO}/RECORD",
            "it cannot be read: a line has 1 column",
        ),
        ({"file": "pkg-1.0.whl"}, "bad-name", None, "`pkg-1.0.whl` is no name of a wheel"),
    ],
)
def test_what_is_not_as_the_format_says_is_named(
    changes: dict[str, Any], kind: str, member: str | None, what: str, tmp_path: Path
) -> None:
    findings = [finding for finding in look(changed(**changes), tmp_path).findings if finding.id == kind]

    assert [finding.member for finding in findings] == [member]
    assert findings[0].what.startswith(what)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_is_there_twice_is_an_error(tmp_path: Path) -> None:
    assert "duplicate-name" in found(changed(added=[("pkg/__init__.py", b"x")]), tmp_path)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("pkg/__init__.py,sha256=AAAA,0", "it has another SHA-256 than RECORD says"),
        ("pkg/__init__.py,,", "RECORD has no hash of it"),
        ("pkg/__init__.py,md5=AAAA,0", "RECORD has a hash of it that is not safe"),
        ("pkg/__init__.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,7", "it has 0 bytes, and RECORD says 7"),
        ("pkg/__init__.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0", None),
    ],
)
def test_record_has_the_hash_and_the_size_of_each_file(row: str, problem: str | None, tmp_path: Path) -> None:
    path = changed(record=f"{row}\ngone.py,,\n").write(tmp_path)
    findings = examine(path, []).findings

    assert [finding.what for finding in findings if finding.member == "pkg/__init__.py"] == (
        [] if problem is None else [next(finding.what for finding in findings if finding.what.startswith(problem))]
    )
    assert [finding.member for finding in findings if finding.id == "record-absent"] == ["gone.py"]


def test_a_symbolic_link_is_told(tmp_path: Path) -> None:
    path = changed().write(tmp_path)
    link = zipfile.ZipInfo("pkg/libfoo.so")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "libfoo.so.1")

    assert "link" in [finding.id for finding in examine(path, []).findings]


def test_a_file_that_unpacks_to_far_more_than_it_is_is_not_read(tmp_path: Path) -> None:
    path = changed(added=[("pkg/zeros", bytes(80 << 20))]).write(tmp_path)
    (finding, *_) = examine(path, []).findings

    assert finding.id == "too-large"
    assert re.fullmatch(r"its [\d,]+ bytes unpack to 83,88[\d,]+", finding.what)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_wheel_at_all_is_an_error(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"pkg-1.0-{ARMV7}.whl"
    path.write_bytes(content)

    assert examine(path, []).errors or content.startswith(b"PK\x05\x06")


def test_a_truncated_wheel_is_an_error(tmp_path: Path) -> None:
    path = native(ARMV7, module()).write(tmp_path)
    content = path.read_bytes()

    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        assert [finding.id for finding in examine(path, []).errors] == ["damaged"]


def test_a_damaged_wheel_gives_findings_and_no_other_error(tmp_path: Path) -> None:
    path = native(ARMV7, module()).write(tmp_path)
    content = path.read_bytes()
    chance = random.Random(20)  # noqa: S311 - the same damage each time

    for _ in range(800):
        damaged = bytearray(content)
        for _ in range(chance.choice((1, 1, 2, 8))):
            damaged[chance.randrange(len(content))] = chance.randrange(256)
        path.write_bytes(damaged)
        examine(path, [])


def test_a_compression_that_installers_may_not_know_is_an_error(tmp_path: Path) -> None:
    path = native(ARMV7, module()).write(tmp_path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_LZMA) as archive:
        archive.writestr("pkg/late.py", b"x" * 1000)

    assert "damaged" in [finding.id for finding in examine(path, []).errors]


def test_an_encrypted_member_is_an_error(tmp_path: Path) -> None:
    path = native(ARMV7, module()).write(tmp_path)
    content = bytearray(path.read_bytes())
    # The flag of encryption, in the local header and in the central directory.
    content[content.index(b"PK\x03\x04") + 6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)

    assert "damaged" in [finding.id for finding in examine(path, []).errors]


@pytest.mark.parametrize(
    ("name", "kind", "severity"),
    [
        ("pkg/dist/pkg-0.9-py3-none-any.whl", "packs-itself", Severity.ERROR),
        ("pkg/dist/other-0.9-py3-none-any.whl", "nested-wheel", Severity.WARNING),
        ("pkg/target/.rustc_info.json", "target-folder", Severity.ERROR),
        ("pkg/out/release/.fingerprint/pkg-1/lib-pkg", "target-folder", Severity.ERROR),
        ("pkg/out/armv7-unknown-linux-gnueabihf/release/.fingerprint/pkg-1/lib-pkg", "target-folder", Severity.ERROR),
        ("pkg/target/values.json", None, None),
    ],
)
@pytest.mark.parametrize("kind_of_file", ["wheel", "sdist"])
def test_builds_that_were_packed_are_found(
    name: str, kind: str | None, severity: Severity | None, kind_of_file: str, tmp_path: Path
) -> None:
    files = {"pkg/__init__.py": b"", name: b"1234"}
    if kind_of_file == "wheel":
        path = Wheel(tag="py3-none-any", files=files).write(tmp_path)
    else:
        path = write_sdist(tmp_path / "pkg-1.0.tar.gz", files)
    findings = examine(path, []).findings

    assert [(finding.id, finding.severity) for finding in findings] == ([(kind, severity)] if kind else [])


def test_a_folder_of_cargo_is_told_once_with_what_it_holds(tmp_path: Path) -> None:
    files = {"t/.rustc_info.json": b"", "t/release/.fingerprint/a": b"", "t/release/libpkg.so": bytes(3_000_000)}
    (finding,) = examine(write_sdist(tmp_path / "pkg-1.0.tar.gz", files), []).findings

    assert (finding.member, finding.what) == ("t", "it is Cargo's output: 3 files, 3.0 MB")


@pytest.mark.parametrize("length", [0, 1, 40, 200])
def test_a_truncated_sdist_is_an_error(length: int, tmp_path: Path) -> None:
    path = write_sdist(tmp_path / "pkg-1.0.tar.gz", {"pkg.py": os.urandom(4000)})
    path.write_bytes(path.read_bytes()[:length])

    assert [finding.id for finding in examine(path, []).errors] == ["damaged"]


def write_sdist(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"pkg-1.0/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


@pytest.mark.parametrize(
    ("tag", "family", "version", "machine"),
    [
        ("manylinux1_x86_64", Family.MANYLINUX, (2, 5), "x86_64"),
        ("manylinux2010_i686", Family.MANYLINUX, (2, 12), "i686"),
        ("manylinux2014_armv7l", Family.MANYLINUX, (2, 17), "armv7l"),
        ("manylinux_2_28_x86_64", Family.MANYLINUX, (2, 28), "x86_64"),
        ("musllinux_1_2_aarch64", Family.MUSLLINUX, (1, 2), "aarch64"),
        ("linux_armv6l", Family.LINUX, None, "armv6l"),
        ("any", Family.ANY, None, None),
        ("win_amd64", Family.OTHER, None, None),
        ("macosx_11_0_arm64", Family.OTHER, None, None),
    ],
)
def test_a_platform_tag_is_a_promise(
    tag: str, family: Family, version: tuple[int, int] | None, machine: str | None
) -> None:
    platform = parse_platform(tag)

    assert (platform.family, platform.version, platform.machine) == (family, version, machine)


def test_of_each_machine_and_libc_the_oldest_promise_counts() -> None:
    tags = "manylinux_2_28_x86_64.manylinux2014_x86_64.manylinux_2_31_aarch64.musllinux_1_2_x86_64"
    name = parse_wheel_name(f"pkg-1.0-cp311-cp311-{tags}.whl")

    assert sorted(platform.tag for platform in name.promises) == [
        "manylinux2014_x86_64",
        "manylinux_2_31_aarch64",
        "musllinux_1_2_x86_64",
    ]


def test_auditwheel_has_policies_for_every_machine_that_xprov_knows_them_for() -> None:
    counts = {machine: len(policies(Family.MANYLINUX, machine)) for machine in ("x86_64", "armv7l", "riscv64")}

    assert all(number >= 4 for number in counts.values())
    assert {policy.name for policy in policies(Family.MUSLLINUX, "armv7l")} >= {"musllinux_1_1", "musllinux_1_2"}


def test_every_kind_of_finding_is_in_the_table_and_of_use() -> None:
    (folder,) = package.__path__
    sources = "".join(file.read_text() for file in Path(folder).rglob("*.py"))
    used = set(re.findall(r'make_finding\(\s*"([a-z-]+)"', sources))

    assert used <= kinds().keys()
    assert sorted(kinds().keys() - {kind for kind in kinds() if f'"{kind}"' in sources}) == []


def test_the_kinds_are_told_without_a_full_stop() -> None:
    for facts in kinds().values():
        assert set(facts) == {"severity", "why", "fix"}
        assert not any(text.endswith(".") for text in (facts["why"], facts["fix"]))


def test_a_wheel_that_breaks_ends_with_1_and_says_why(xprov: Xprov, tmp_path: Path) -> None:
    path = native(ARMV7, module(versions={"libc.so.6": ("GLIBC_2.34",)})).write(tmp_path)
    seen = xprov("check-wheel", "--static", str(path))

    assert seen.code == 1
    assert seen.out.splitlines()[0] == (f"{path.name}: breaks: 1 error; needs glibc 2.34, the tag promises 2.17")
    assert "error     newer-glibc  pkg/_native.cpython-311-arm-linux-gnueabihf.so  it needs glibc 2.34" in seen.out
    assert "fix: link with a toolchain and libraries of that glibc" in seen.out


def test_names_in_a_wheel_are_printed_without_what_a_terminal_obeys(xprov: Xprov, tmp_path: Path) -> None:
    content = module(needed=("libc.so.6", "lib\x1b[2Jevil.so"))
    seen = xprov("check-wheel", "--static", str(native(ARMV7, content, {"pkg/\x1b]0;x": b""}).write(tmp_path)))

    assert "\x1b" not in seen.out
    assert "it needs lib\\x1b[2Jevil.so" in seen.out


def test_a_wheel_that_is_right_is_one_line(xprov: Xprov, tmp_path: Path) -> None:
    path = native(ARMV7, module()).write(tmp_path)
    seen = xprov("check-wheel", "--static", str(path))

    assert (seen.code, seen.out) == (0, f"{path.name}: ok: needs glibc 2.17, the tag promises 2.17\n")


def test_several_wheels_are_judged_in_one_run(xprov: Xprov, tmp_path: Path) -> None:
    good = native(ARMV7, module()).write(tmp_path)
    bad = native("cp311-cp311-linux_armv7l", module("amd64")).write(tmp_path)
    seen = xprov("check-wheel", "--static", "--json", str(good), str(bad))

    assert seen.code == 1
    assert seen.json["version"] == 1
    assert [file["verdict"] for file in seen.json["files"]] == ["ok", "breaks"]
    assert [finding["id"] for finding in seen.json["files"][1]["findings"]] == ["wrong-machine", "linux-tag"]
    assert seen.json["files"][0]["glibc"]["version"] == "2.17"


@pytest.mark.parametrize("name", ["nowhere.whl", "README.md"])
def test_what_is_not_there_or_no_wheel_is_wrong_usage(name: str, xprov: Xprov, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("x")
    seen = xprov("check-wheel", "--static", str(tmp_path / name))

    assert (seen.code, seen.out) == (2, "")
    assert name in seen.err
