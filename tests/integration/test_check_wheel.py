"""The proof of wheels: real ones and broken ones, by suites' Pythons, under QEMU and without."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.in_step import source_of
from tests.integration.images import cache_folder
from tests.integration.pypi import wheel
from tests.integration.written import need
from tests.unit.commands import Seen, Xprov
from tests.unit.wheel_builder import Wheel

from xprov import process
from xprov.host import inspect_host

pytestmark = pytest.mark.archive

PYDANTIC = "pydantic_core-2.41.5-cp311-cp311-manylinux_2_17_armv7l.manylinux2014_armv7l.whl"
TYPING = "typing_extensions-4.16.0-py3-none-any.whl"
CRYPTOGRAPHY = "cryptography-42.0.8-cp39-abi3-manylinux_2_28_aarch64.whl"
CFFI = "cffi-1.17.1-cp39-cp39-manylinux_2_17_aarch64.manylinux2014_aarch64.whl"
PYCPARSER = "pycparser-2.22-py3-none-any.whl"
RTMIDI = "python_rtmidi-1.5.8-cp311-cp311-manylinux_2_28_x86_64.whl"

SUM = "import pydantic_core as p; print(p.SchemaValidator({'type': 'int'}).validate_python('42'))"


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckWheel:
    """The command, with a cache that all runs share."""

    xprov: Xprov

    def __call__(self, suite: str, architecture: str, *words: str) -> Seen:
        """Run it, `suite` read from where it is in step for `architecture`."""
        return self.xprov("check-wheel", "--json", *words, *source_of(suite, architecture).options)


@pytest.fixture
def check_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CheckWheel:
    monkeypatch.setenv("XPROV_CACHE_DIR", str(cache_folder() / "xprov"))
    monkeypatch.chdir(tmp_path)
    return CheckWheel(xprov=Xprov(capsys=capsys))


def proof(seen: Seen) -> dict[str, Any]:
    found: dict[str, Any] = seen.json["files"][0]["proof"]
    return found


def kinds(seen: Seen) -> list[str]:
    return [finding["id"] for finding in seen.json["files"][0]["findings"] if finding["severity"] != "note"]


@pytest.mark.qemu
def test_a_foreign_wheel_is_imported_and_run_by_the_oldest_python_that_fits(check_wheel: CheckWheel) -> None:
    words = (str(wheel(PYDANTIC)), "--with", str(wheel(TYPING)), "--run", SUM)
    seen = check_wheel("bookworm", "armhf", *words)

    assert (seen.code, kinds(seen)) == (0, [])
    assert proof(seen)["outcome"] == "passed"
    assert proof(seen)["by"] == "debian:bookworm's Python 3.11 under qemu-arm"
    assert proof(seen)["imported"] == ["pydantic_core", "pydantic_core._pydantic_core"]
    assert proof(seen)["output"] == "42\n"


@pytest.mark.qemu
def test_a_wheel_of_the_stable_abi_is_proven_by_an_older_suite(check_wheel: CheckWheel) -> None:
    others = (word for file in (CFFI, PYCPARSER) for word in ("--with", str(wheel(file))))
    code = "from cryptography.fernet import Fernet as F; k = F(F.generate_key()); print(k.decrypt(k.encrypt(b'x')))"
    seen = check_wheel("bullseye", "arm64", str(wheel(CRYPTOGRAPHY)), *others, "--run", code)

    assert (seen.code, kinds(seen)) == (0, [])
    assert proof(seen)["by"] == "debian:bullseye's Python 3.9 under qemu-aarch64"
    assert proof(seen)["output"] == "b'x'\n"


@pytest.mark.qemu
def test_what_a_wheel_requires_is_told_from_what_is_broken(check_wheel: CheckWheel) -> None:
    seen = check_wheel("bookworm", "armhf", str(wheel(PYDANTIC)))

    assert (seen.code, kinds(seen)) == (0, ["needs-other"])
    assert (proof(seen)["outcome"], proof(seen)["imported"]) == ("partly", [])
    # All its symbols were found all the same.
    assert proof(seen)["loaded"] == ["pydantic_core._pydantic_core"]


@pytest.mark.qemu
def test_a_proof_that_is_required_has_to_come_to_its_end(check_wheel: CheckWheel) -> None:
    without = check_wheel("bookworm", "armhf", str(wheel(PYDANTIC)), "--require-proof")
    whole = check_wheel("bookworm", "armhf", str(wheel(PYDANTIC)), "--require-proof", "--with", str(wheel(TYPING)))

    assert (without.code, set(kinds(without))) == (1, {"needs-other", "not-proven"})
    assert without.json["files"][0]["verdict"] == "breaks"
    assert (whole.code, kinds(whole)) == (0, [])


@pytest.mark.qemu
def test_code_that_fails_there_breaks_the_wheel(check_wheel: CheckWheel) -> None:
    words = (str(wheel(PYDANTIC)), "--with", str(wheel(TYPING)), "--import", "pydantic_core", "--run", "1/0")
    seen = check_wheel("bookworm", "armhf", *words)

    assert (seen.code, kinds(seen)) == (1, ["run-fails"])
    assert seen.json["files"][0]["verdict"] == "breaks"
    assert "ZeroDivisionError" in proof(seen)["output"]


def test_a_machine_without_qemu_gets_the_one_of_debian(
    check_wheel: CheckWheel, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = process.find
    monkeypatch.setattr(process, "find", lambda name: None if name.startswith("qemu-") else find(name))

    seen = check_wheel("bookworm", "armhf", str(wheel(PYDANTIC)), "--with", str(wheel(TYPING)))

    assert (seen.code, kinds(seen)) == (0, [])
    assert proof(seen)["by"] == "debian:bookworm's Python 3.11 under qemu-arm"


def test_a_native_wheel_is_run_by_the_suite_too_with_the_libraries_that_it_leaves_to_the_machine(
    check_wheel: CheckWheel,
) -> None:
    _need_host("amd64")
    seen = check_wheel("bookworm", "amd64", str(wheel(RTMIDI)), "--run", "import rtmidi; print(rtmidi.__name__)")

    assert (seen.code, kinds(seen)) == (0, ["missing-library"])
    assert proof(seen)["by"] == "debian:bookworm's Python 3.11"
    assert proof(seen)["outcome"] == "passed"


_MODULE = """
#include <stdlib.h>
extern int nowhere(void);
void *PyModule_Create2(void *, int);
static long definition[13];
static int answer(void) {{ {answer} }}
void *PyInit__native(void) {{ answer(); definition[5] = (long)"_native"; return PyModule_Create2(definition, 1013); }}
"""


@pytest.mark.parametrize(
    ("answer", "options", "kind", "what"),
    [
        ("return nowhere();", (), "import-fails", "undefined symbol: nowhere"),
        ("abort();", (), "import-fails", "Python ended with signal 6 in `import _native`"),
        ("for (;;) {}", ("--timeout", "2"), "import-fails", "`import _native` did not end in time"),
        ("exit(3);", (), "import-fails", "Python ended with status 3 in `import _native`"),
        ("return 0;", ("--run", "raise SystemExit(4)"), "run-fails", "`--run` failed: SystemExit: 4"),
        ("return 0;", ("--import", "nobody"), "import-fails", "`import nobody` failed: ModuleNotFoundError"),
        ("return 0;", ("--run", "raise SystemExit(0)"), None, ""),
    ],
)
def test_how_a_wheel_breaks_is_told(
    answer: str, options: tuple[str, ...], kind: str | None, what: str, check_wheel: CheckWheel, tmp_path: Path
) -> None:
    _need_host("amd64")
    path = _compiled(answer, tmp_path)
    seen = check_wheel("bookworm", "amd64", str(path), *options)

    assert kinds(seen) == ([kind] if kind else [])
    assert seen.code == (1 if kind else 0)
    assert all(what in finding["what"] for finding in seen.json["files"][0]["findings"] if finding["id"] == kind)


@pytest.mark.parametrize("level", [0, 2, 3])
def test_a_newer_processor_is_found_as_auditwheel_finds_it(level: int, check_wheel: CheckWheel, tmp_path: Path) -> None:
    _need_host("amd64")
    path = _compiled("return 0;", tmp_path, *((f"-Wl,-z,x86-64-v{level}",) if level else ()))
    seen = check_wheel.xprov("check-wheel", "--static", "--json", str(path))
    shown = subprocess.run(
        [sys.executable, "-m", "auditwheel", "show", "--json", str(path)], check=True, capture_output=True, text=True
    )

    assert kinds(seen) == (["newer-processor"] if level > 1 else [])
    assert json.loads(shown.stdout)["unsupported_isa"] is (level > 1)


def _compiled(answer: str, folder: Path, *options: str) -> Path:
    need("gcc")
    source, library = folder / "native.c", folder / "native.so"
    source.write_text(_MODULE.format(answer=answer), encoding="utf-8")
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-O0", *options, "-o", library, source], check=True, stdin=subprocess.DEVNULL
    )
    name = "_native.cpython-311-x86_64-linux-gnu.so"
    tag = "cp311-cp311-manylinux_2_36_x86_64"
    return Wheel(tag=tag, files={name: library.read_bytes()}).write(folder / "dist")


def test_what_a_wheel_started_ends_with_its_time(check_wheel: CheckWheel, tmp_path: Path) -> None:
    path = Wheel(tag="py3-none-any", files={"pkg.py": b""}).write(tmp_path)
    code = "import subprocess; subprocess.run(['sleep', '4321.5'])"
    seen = check_wheel("bookworm", "amd64", str(path), "--timeout", "2", "--run", code)

    assert kinds(seen) == ["run-fails"]
    assert b"sleep\x004321.5\x00" not in _running()


def _running() -> set[bytes]:
    """Return the words of every process."""
    found = set()
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.add(file.read_bytes())
    return found


def test_a_wheel_of_a_python_that_no_suite_has_is_not_run(check_wheel: CheckWheel, tmp_path: Path) -> None:
    path = wheel("pydantic_core-2.41.5-cp311-cp311-musllinux_1_1_armv7l.whl")
    seen = check_wheel("bookworm", "armhf", str(path))

    assert (seen.code, proof(seen)["outcome"]) == (0, "not run")
    assert proof(seen)["reason"] == "Debian and Ubuntu have no Python for musl"


def test_a_wheel_that_cannot_be_unpacked_safely_is_not_run(check_wheel: CheckWheel, tmp_path: Path) -> None:
    path = Wheel(tag="py3-none-any", files={"pkg.py": b""}, added=[("../evil.py", b"")]).write(tmp_path)
    seen = check_wheel("bookworm", "amd64", str(path))

    assert (seen.code, proof(seen)["outcome"]) == (1, "not run")
    assert not (tmp_path.parent / "evil.py").exists()


def test_a_pure_wheel_is_imported_by_this_machines_python(check_wheel: CheckWheel, tmp_path: Path) -> None:
    path = Wheel(tag="py3-none-any", files={"pkg.py": b"print('from ' + __name__)"}).write(tmp_path)
    seen = check_wheel("bookworm", "amd64", str(path))

    assert (seen.code, proof(seen)["outcome"], proof(seen)["output"]) == (0, "passed", "from pkg\n")


def test_nothing_is_left_and_nothing_is_written_elsewhere(
    check_wheel: CheckWheel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr("tempfile.tempdir", None)
    code = "import os, pathlib; pathlib.Path('here').touch(); pathlib.Path.home().joinpath('home').touch()"
    path = Wheel(tag="py3-none-any", files={"pkg.py": b""}).write(tmp_path / "dist")
    seen = check_wheel("bookworm", "amd64", str(path), "--run", code)

    assert proof(seen)["outcome"] == "passed"
    assert list(temporary.iterdir()) == []
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["dist", "temporary"]


def test_the_verdict_is_a_line_for_each_wheel(check_wheel: CheckWheel, tmp_path: Path) -> None:
    good = Wheel(tag="py3-none-any", files={"pkg.py": b""}).write(tmp_path / "good")
    bad = Wheel(tag="py3-none-any", files={"pkg.py": b"print('on the way')\nimport nobody"}).write(tmp_path / "bad")
    seen = check_wheel.xprov("check-wheel", str(good), str(bad))

    lines = seen.out.splitlines()
    assert seen.code == 1
    assert lines[0].startswith(f"{good.name}: ok: imported by this machine's Python 3.")
    assert lines[1].startswith(f"{bad.name}: breaks: 1 error; failed in this machine's Python 3.")
    assert "error     import-fails  -      `import pkg` failed: ModuleNotFoundError: No module named 'nobody'" in lines
    assert "  on the way" in lines


def _need_host(architecture: str) -> None:
    if inspect_host(os.environ).architecture != architecture:
        pytest.skip(f"this machine is not {architecture}")
