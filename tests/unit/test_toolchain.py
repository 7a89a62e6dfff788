"""Which compilers are taken for a target's, from what they predefine."""

import pytest

from xprov.target import find_target
from xprov.toolchain import cargo_variable, fits, is_linker_wrapper, scoped

HARD = {"__arm__": "1", "__ARM_PCS_VFP": "1"}
SOFT = {"__arm__": "1"}
X32 = {"__x86_64__": "1", "__ILP32__": "1"}
POWER_BE = {"__powerpc64__": "1", "__BIG_ENDIAN__": "1"}
POWER_LE = {"__powerpc64__": "1", "__LITTLE_ENDIAN__": "1"}


@pytest.mark.parametrize(
    ("target", "macros", "machine", "answer"),
    [
        ("armhf", HARD, "armv7l-meego-linux-gnueabihf", True),
        ("armhf", SOFT, "arm-linux-gnueabi", False),
        ("armel", SOFT, "arm-linux-gnueabi", True),
        ("armel", HARD, "arm-linux-gnueabihf", False),
        ("armhf", HARD, "armv7-unknown-linux-musleabihf", False),
        ("armv7-unknown-linux-musleabihf", HARD, "armv7-unknown-linux-musleabihf", True),
        ("amd64", X32, "x86_64-linux-gnux32", False),
        ("amd64", {"__x86_64__": "1"}, "x86_64-pc-linux-gnu", True),
        ("i386", {"__x86_64__": "1"}, "x86_64-pc-linux-gnu", False),
        ("ppc64el", POWER_LE, "powerpc64le-linux-gnu", True),
        ("ppc64el", POWER_BE, "powerpc64-linux-gnu", False),
        ("riscv64", {"__riscv": "1", "__riscv_xlen": "32"}, "riscv32-linux-gnu", False),
        ("riscv64", {"__riscv": "1", "__riscv_xlen": "64"}, "riscv64-linux-gnu", True),
        ("arm64", {}, "aarch64-linux-gnu", False),
    ],
)
def test_a_compiler_fits_by_what_it_compiles(
    target: str, macros: dict[str, str], machine: str, *, answer: bool
) -> None:
    assert fits(find_target(target), macros, machine) is answer


def test_variables_are_spelled_as_cargo_and_cc_rs_read_them() -> None:
    triple = "armv7-unknown-linux-gnueabihf"

    assert cargo_variable(triple, "LINKER") == "CARGO_TARGET_ARMV7_UNKNOWN_LINUX_GNUEABIHF_LINKER"
    assert scoped("CC", triple) == ("CC_armv7-unknown-linux-gnueabihf", "CC_armv7_unknown_linux_gnueabihf")


def test_a_linker_wrapper_is_known_in_any_home() -> None:
    assert is_linker_wrapper("/elsewhere/armhf/bin/xprov-linker-armv7-unknown-linux-gnueabihf")
    assert not is_linker_wrapper("/usr/bin/arm-linux-gnueabihf-gcc")
