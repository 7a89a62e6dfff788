"""Whether the ELF files of a wheel are what its tags promise."""

from pathlib import Path

import pytest
from tests.unit.elf_builder import Shared
from tests.unit.wheel_builder import Wheel, module, native

from xprov.catalog import load_catalog
from xprov.wheel.examine import Examined, examine
from xprov.wheel.finding import Severity

ARMV7 = "cp311-cp311-manylinux_2_17_armv7l"
LIBS = "pkg.libs/libfoo-0a1b2c3d.so.1"
FOO = "libfoo-0a1b2c3d.so.1"


def found(wheel: Wheel, folder: Path) -> list[str]:
    """Return the ids of what is found in `wheel`, notes aside."""
    return [finding.id for finding in look(wheel, folder).findings if finding.severity is not Severity.NOTE]


def look(wheel: Wheel, folder: Path) -> Examined:
    return examine(wheel.write(folder), load_catalog([]).recipes())


def test_a_wheel_that_is_what_it_promises_has_no_findings(tmp_path: Path) -> None:
    examined = look(native(ARMV7, module()), tmp_path)

    assert examined.findings == ()
    assert examined.floor is not None
    assert examined.floor.version == (2, 17)
    assert (examined.top, examined.extensions) == (("pkg",), ("pkg._native",))
    assert examined.system == ("libc.so.6",)


@pytest.mark.parametrize(
    ("tag", "ids"),
    [
        ("manylinux_2_17_armv7l", ["newer-glibc"]),
        ("manylinux2014_armv7l", ["newer-glibc"]),
        ("manylinux_2_17_armv7l.manylinux_2_31_armv7l", ["newer-glibc"]),  # the oldest counts
        ("manylinux_2_27_armv7l", ["newer-glibc"]),
        ("manylinux_2_28_armv7l", []),
        ("manylinux_2_29_armv7l", []),  # between two policies
        ("manylinux_2_99_armv7l", []),  # a note says that no policy knows it
        ("linux_armv7l", ["linux-tag"]),
    ],
)
def test_glibc_is_compared_with_the_oldest_tag(tag: str, ids: list[str], tmp_path: Path) -> None:
    content = module(versions={"libc.so.6": ("GLIBC_2.4", "GLIBC_2.28")})

    assert found(native(f"cp311-cp311-{tag}", content), tmp_path) == ids


def test_the_message_names_the_symbol_and_both_versions(tmp_path: Path) -> None:
    (finding,) = look(native(ARMV7, module(versions={"libm.so.6": ("GLIBC_2.29",)})), tmp_path).errors

    assert finding.member == "pkg/_native.cpython-311-arm-linux-gnueabihf.so"
    assert finding.what == "it needs glibc 2.29 (GLIBC_2.29), and manylinux_2_17_armv7l promises 2.17"


@pytest.mark.parametrize(
    ("tag", "target", "ending", "ids"),
    [
        ("manylinux_2_5_i686", "i386", "i386-linux-gnu", []),
        ("manylinux1_i686", "i386", "i386-linux-gnu", []),
        ("manylinux_2_12_armv7l", "armhf", "arm-linux-gnueabihf", ["refused-tag"]),  # PEP 599: armv7l since 2.17
        ("manylinux1_armv7l", "armhf", "arm-linux-gnueabihf", ["refused-tag"]),
        ("manylinux_2_12_armv7l.manylinux_2_17_armv7l", "armhf", "arm-linux-gnueabihf", []),  # pip goes by the second
        ("manylinux_2_17_armv5tel", "armel", "arm-linux-gnueabi", ["refused-tag"]),
        ("manylinux_2_17_riscv64", "riscv64", "riscv64-linux-gnu", []),  # older than its first glibc, and no harm
        ("manylinux_2_31_riscv64", "riscv64", "riscv64-linux-gnu", []),
    ],
)
def test_a_tag_that_no_machine_can_have_is_refused(
    tag: str, target: str, ending: str, ids: list[str], tmp_path: Path
) -> None:
    content = module(target, versions={"libc.so.6": ("GLIBC_2.4",)})

    assert found(native(f"cp311-cp311-{tag}", content, ending=f"cpython-311-{ending}"), tmp_path) == ids


@pytest.mark.parametrize("target", ["amd64", "arm64", "armel", "i386"])
def test_another_machine_class_or_float_abi_is_an_error(target: str, tmp_path: Path) -> None:
    (finding,) = look(native(ARMV7, module(target)), tmp_path).errors

    assert finding.id == "wrong-machine"
    assert "and manylinux_2_17_armv7l is 32-bit little-endian ARM, flags 0x5000400" in finding.what


def test_a_file_of_another_machine_that_nobody_loads_is_a_warning(tmp_path: Path) -> None:
    wheel = native(ARMV7, module(), {"pkg/probe_x86_64": Shared(target="amd64").content()})
    (finding,) = look(wheel, tmp_path).findings

    assert (finding.id, finding.severity) == ("wrong-machine", Severity.WARNING)


def test_a_library_of_another_machine_that_is_loaded_is_an_error(tmp_path: Path) -> None:
    main = module(needed=("libc.so.6", FOO), runpath="$ORIGIN/../pkg.libs")
    wheel = native(ARMV7, main, {LIBS: Shared(target="amd64", soname=FOO).content()})

    assert [finding.id for finding in look(wheel, tmp_path).errors] == ["wrong-machine"]


@pytest.mark.parametrize(
    ("tag", "needed", "ids"),
    [
        ("manylinux_2_17_armv7l", ("libc.musl-armv7.so.1",), ["wrong-libc", "missing-library"]),
        ("manylinux_2_17_armv7l", ("libc.so",), ["wrong-libc", "missing-library"]),
        ("musllinux_1_2_armv7l", ("libc.so.6",), ["wrong-libc"]),
        ("musllinux_1_2_armv7l", ("libc.musl-armv7.so.1",), []),
        ("musllinux_1_2_armv7l", ("libc.so", "libgcc_s.so.1"), ["missing-library"]),
        ("musllinux_1_2_armv7l", ("libc.so",), []),
    ],
)
def test_a_wheel_is_linked_against_the_libc_of_its_tag(
    tag: str, needed: tuple[str, ...], ids: list[str], tmp_path: Path
) -> None:
    ending = "abi3" if tag.startswith("musl") else "cpython-311-arm-linux-gnueabihf"
    wheel = native(f"cp311-abi3-{tag}" if ending == "abi3" else f"cp311-cp311-{tag}", b"", ending=ending)
    changed = module(needed=needed, versions={})
    name = next(name for name in wheel.files if name.endswith(".so"))

    assert found(Wheel(tag=wheel.tag, files={**wheel.files, name: changed}), tmp_path) == ids


@pytest.mark.parametrize(("tag", "ids"), [("musllinux_1_1_armv7l", ["newer-musl"]), ("musllinux_1_2_armv7l", [])])
def test_64_bit_time_of_a_32_bit_machine_is_of_musl_1_2(tag: str, ids: list[str], tmp_path: Path) -> None:
    content = module(needed=("libc.so",), versions={}, undefined=("__clock_gettime64",))

    assert found(native(f"cp311-abi3-{tag}", content, ending="abi3"), tmp_path) == ids


@pytest.mark.parametrize(
    ("tag", "version", "ids"),
    [
        ("manylinux_2_17_armv7l", "GLIBCXX_3.4.19", []),
        ("manylinux_2_17_armv7l", "GLIBCXX_3.4.20", ["newer-library"]),
        ("manylinux_2_31_armv7l", "GLIBCXX_3.4.28", []),
        ("manylinux_2_17_armv7l", "CXXABI_1.3.8", ["newer-library"]),
        ("manylinux_2_17_armv7l", "OPENSSL_3.0.0", []),  # no family that a policy bounds
    ],
)
def test_other_libraries_are_bounded_by_the_policy(tag: str, version: str, ids: list[str], tmp_path: Path) -> None:
    content = module(needed=("libc.so.6", "libstdc++.so.6"), versions={"libstdc++.so.6": (version,)})

    assert found(native(f"cp311-cp311-{tag}", content), tmp_path) == ids


def test_a_library_that_the_wheel_carries_may_be_as_new_as_it_likes(tmp_path: Path) -> None:
    main = module(needed=("libc.so.6", "libstdc++.so.6"), versions={"libstdc++.so.6": ("GLIBCXX_3.4.33",)})
    bundled = Shared(soname="libstdc++.so.6").content()

    assert found(native(ARMV7, main, {"pkg/libstdc++.so.6": bundled}), tmp_path) == []


def test_private_symbols_are_of_one_build(tmp_path: Path) -> None:
    private = module(versions={"libc.so.6": ("GLIBC_PRIVATE",)})
    inside = module(needed=("libc.so.6", "libz.so.1"), undefined=("deflate", "inflate_table"))
    weak = module(needed=("libc.so.6", "libz.so.1"), weak=("inflate_table",))

    assert found(native(ARMV7, private), tmp_path) == ["private-glibc"]
    assert found(native(ARMV7, inside), tmp_path) == ["private-symbol"]
    assert found(native(ARMV7, weak), tmp_path) == []


def test_an_elf_file_in_a_wheel_for_all_machines_is_an_error(tmp_path: Path) -> None:
    wheel = Wheel(tag="py3-none-any", files={"pkg/__init__.py": b"", "pkg/helper": module()})

    assert set(found(wheel, tmp_path)) == {"elf-in-pure"}


def test_a_program_in_a_wheel_for_all_machines_is_a_warning(tmp_path: Path) -> None:
    wheel = Wheel(
        tag="py3-none-any", files={"pkg/__init__.py": b"", "pkg/attach_amd64.so": Shared(target="amd64").content()}
    )
    (finding,) = look(wheel, tmp_path).findings

    assert (finding.id, finding.severity) == ("elf-in-pure", Severity.WARNING)


def test_a_wheel_for_a_machine_without_anything_for_it_lacks_its_module(tmp_path: Path) -> None:
    assert found(Wheel(files={"pkg/__init__.py": b""}), tmp_path) == ["no-elf"]


@pytest.mark.parametrize(
    ("tag", "ending", "problem"),
    [
        ("cp311-cp311", "cpython-311-x86_64-linux-gnu", "that of x86_64-linux-gnu"),  # the build machine's
        ("cp311-cp311", "cpython-312-arm-linux-gnueabihf", "that of CPython 3.12"),
        ("cp313-cp313t", "cpython-313-arm-linux-gnueabihf", "that of CPython 3.13"),
        ("cp313-cp313t", "abi3", "that of the stable ABI"),
        ("cp39-abi3", "cpython-311-arm-linux-gnueabihf", "that of CPython 3.11"),
        ("cp39-abi3", "abi3", None),
        ("cp313-cp313t", "cpython-313t-arm-linux-gnueabihf", None),
        ("py3-none", "cpython-311-arm-linux-gnueabihf", None),  # may have a module for each Python
    ],
)
def test_a_module_has_an_ending_that_python_looks_for(
    tag: str, ending: str, problem: str | None, tmp_path: Path
) -> None:
    wheel = native(f"{tag}-manylinux_2_17_armv7l", module(), ending=ending)
    findings = look(wheel, tmp_path).findings

    assert [finding.id for finding in findings] == (["wrong-suffix"] if problem else [])
    assert all(problem and f"the ending is {problem}" in finding.what for finding in findings)


def test_a_machine_that_is_not_in_the_table_is_noted(tmp_path: Path) -> None:
    examined = look(native("cp311-cp311-linux_armv6l", module()), tmp_path)

    assert "unknown-machine" in [finding.id for finding in examined.findings]
    assert examined.errors == ()
