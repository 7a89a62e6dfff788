"""The table of targets: every name that one machine has, and any of these names back to the machine.

Sources: Debian's multiarch tuples (https://wiki.debian.org/Multiarch/Tuples), `rustc --print target-list`, PEP 600
and PEP 656 (wheel platforms are what `uname -m` says), the OCI image specification (Go's GOARCH and GOARM), the
psABI supplements (ELF machine and flags, dynamic loaders).
"""

import difflib
from enum import Enum

from xprov.errors import UsageError
from xprov.records import dataclass


class Libc(str, Enum):
    """The C library that a target's programs are linked against."""

    GLIBC = "glibc"
    MUSL = "musl"


class ByteOrder(str, Enum):
    LITTLE = "little"
    BIG = "big"


@dataclass(frozen=True, kw_only=True, slots=True)
class ElfKind:
    """What the header of a target's ELF files says.

    `bits` is the class (32 or 64), `machine` is `e_machine` by its name in <elf.h>; a file fits when
    `e_flags & flags_mask == flags`, where the flags tell one ABI of a machine from another.
    """

    bits: int
    order: ByteOrder
    machine: str
    flags_mask: int = 0
    flags: int = 0

    @property
    def described(self) -> str:
        """What the header says, in words: `32-bit little-endian ARM, flags 0x5000400`."""
        flags = f", flags {self.flags:#x}" if self.flags else ""
        return f"{self.bits}-bit {self.order.value}-endian {self.machine.removeprefix('EM_')}{flags}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A machine that a wheel runs on, by every name it has.

    `triplet` is Debian's multiarch tuple (folders below /usr/lib), `prefixes` the names that cross toolchains put
    before `gcc`, the usual one first; `platform` is what a wheel's tag ends with; `oci` what `docker --platform`
    takes; `qemu` the suffix of QEMU's user emulator; `rust_also` are Rust triples whose programs run with the same
    libraries; `aliases` are further spellings.
    """

    debian: str
    triplet: str
    rust: str
    prefixes: tuple[str, ...]
    platform: str
    oci: str
    qemu: str
    elf: ElfKind
    loader: str
    libc: Libc = Libc.GLIBC
    rust_also: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name that xprov calls it by: Debian's architecture, or the Rust triple where that is not enough."""
        return self.debian if self.libc is Libc.GLIBC else self.rust

    def with_libc(self, libc: Libc) -> "Target":
        """Return the same machine with `libc`."""
        return next(target for target in TARGETS if (target.debian, target.libc) == (self.debian, libc))

    @property
    def rust_triples(self) -> tuple[str, ...]:
        """Every Rust triple that is built against this target's libraries, the usual one first."""
        return (self.rust, *self.rust_also)

    @property
    def names(self) -> tuple[str, ...]:
        """Every spelling by which a person may ask for this target, each once."""
        own = (*self.rust_triples, *self.prefixes, *self.aliases)
        if self.libc is Libc.GLIBC:
            own = (self.debian, self.triplet, self.platform, self.oci, *own)
        return tuple(dict.fromkeys(own))


# e_flags of 32-bit ARM: EABI version 5 in the top byte, hard or soft float below (ELF for the Arm architecture).
_ARM_MASK, _ARM_HARD, _ARM_SOFT = 0xFF000400, 0x05000400, 0x05000000
# e_flags of 64-bit POWER: ABI version in the low two bits (0 says nothing), 2 for ELFv2.
_LE, _BE = ByteOrder.LITTLE, ByteOrder.BIG

_ELF = {
    "armhf": ElfKind(bits=32, order=_LE, machine="EM_ARM", flags_mask=_ARM_MASK, flags=_ARM_HARD),
    "armel": ElfKind(bits=32, order=_LE, machine="EM_ARM", flags_mask=_ARM_MASK, flags=_ARM_SOFT),
    "arm64": ElfKind(bits=64, order=_LE, machine="EM_AARCH64"),
    "i386": ElfKind(bits=32, order=_LE, machine="EM_386"),
    "amd64": ElfKind(bits=64, order=_LE, machine="EM_X86_64"),
    "ppc64el": ElfKind(bits=64, order=_LE, machine="EM_PPC64", flags_mask=0x3, flags=0x2),
    "s390x": ElfKind(bits=64, order=_BE, machine="EM_S390"),
    "riscv64": ElfKind(bits=64, order=_LE, machine="EM_RISCV", flags_mask=0x6, flags=0x4),
    "loong64": ElfKind(bits=64, order=_LE, machine="EM_LOONGARCH"),
}

# fmt: off
# One line a target, one column a naming scheme; the toolchain prefixes and the further spellings stand below.
_GLIBC = (
    # debian     triplet                  rust                               platform       oci              qemu           loader
    ("armhf",   "arm-linux-gnueabihf",   "armv7-unknown-linux-gnueabihf",   "armv7l",      "linux/arm/v7",  "arm",         "/lib/ld-linux-armhf.so.3"),
    ("arm64",   "aarch64-linux-gnu",     "aarch64-unknown-linux-gnu",       "aarch64",     "linux/arm64",   "aarch64",     "/lib/ld-linux-aarch64.so.1"),
    ("armel",   "arm-linux-gnueabi",     "armv5te-unknown-linux-gnueabi",   "armv5tel",    "linux/arm/v5",  "arm",         "/lib/ld-linux.so.3"),
    ("i386",    "i386-linux-gnu",        "i686-unknown-linux-gnu",          "i686",        "linux/386",     "i386",        "/lib/ld-linux.so.2"),
    ("amd64",   "x86_64-linux-gnu",      "x86_64-unknown-linux-gnu",        "x86_64",      "linux/amd64",   "x86_64",      "/lib64/ld-linux-x86-64.so.2"),
    ("ppc64el", "powerpc64le-linux-gnu", "powerpc64le-unknown-linux-gnu",   "ppc64le",     "linux/ppc64le", "ppc64le",     "/lib64/ld64.so.2"),
    ("s390x",   "s390x-linux-gnu",       "s390x-unknown-linux-gnu",         "s390x",       "linux/s390x",   "s390x",       "/lib/ld64.so.1"),
    ("riscv64", "riscv64-linux-gnu",     "riscv64gc-unknown-linux-gnu",     "riscv64",     "linux/riscv64", "riscv64",     "/lib/ld-linux-riscv64-lp64d.so.1"),
    ("loong64", "loongarch64-linux-gnu", "loongarch64-unknown-linux-gnu",   "loongarch64", "linux/loong64", "loongarch64", "/lib64/ld-linux-loongarch-lp64d.so.1"),
)

_MUSL = (
    # debian     triplet                  rust                               loader
    ("armhf",   "arm-linux-musleabihf",  "armv7-unknown-linux-musleabihf",  "/lib/ld-musl-armhf.so.1"),
    ("arm64",   "aarch64-linux-musl",    "aarch64-unknown-linux-musl",      "/lib/ld-musl-aarch64.so.1"),
    ("armel",   "arm-linux-musleabi",    "armv5te-unknown-linux-musleabi",  "/lib/ld-musl-arm.so.1"),
    ("i386",    "i386-linux-musl",       "i686-unknown-linux-musl",         "/lib/ld-musl-i386.so.1"),
    ("amd64",   "x86_64-linux-musl",     "x86_64-unknown-linux-musl",       "/lib/ld-musl-x86_64.so.1"),
    ("ppc64el", "powerpc64le-linux-musl", "powerpc64le-unknown-linux-musl", "/lib/ld-musl-powerpc64le.so.1"),
    ("s390x",   "s390x-linux-musl",      "s390x-unknown-linux-musl",        "/lib/ld-musl-s390x.so.1"),
    ("riscv64", "riscv64-linux-musl",    "riscv64gc-unknown-linux-musl",    "/lib/ld-musl-riscv64.so.1"),
    ("loong64", "loongarch64-linux-musl", "loongarch64-unknown-linux-musl", "/lib/ld-musl-loongarch64.so.1"),
)
# fmt: on

# What manylinux-cross, crosstool-NG and distributions call a toolchain where it is not the triplet or the Rust triple.
_PREFIXES = {
    "armhf": ("arm-none-linux-gnueabihf",),
    "armel": ("arm-unknown-linux-gnueabi",),
    "i386": ("i686-linux-gnu",),
    "s390x": ("s390x-ibm-linux-gnu",),
    "riscv64": ("riscv64-unknown-linux-gnu",),
    "i686-unknown-linux-musl": ("i686-linux-musl",),
    "armv7-unknown-linux-musleabihf": ("armv7l-linux-musleabihf",),
}

# Rust triples with another baseline or instruction set and the same libraries.
_RUST_ALSO = {
    "armhf": ("thumbv7neon-unknown-linux-gnueabihf",),
    "armel": ("arm-unknown-linux-gnueabi", "armv7-unknown-linux-gnueabi"),
    "i386": ("i586-unknown-linux-gnu",),
}

# Short spellings that no scheme above has.
_ALIASES = {
    "armhf": ("armv7", "armv7hf", "linux/arm"),
    "arm64": ("armv8", "linux/arm64/v8"),
    "armel": ("armv5", "armv5te"),
    "i386": ("386", "i586", "x86"),
    "amd64": ("x64", "x86-64"),
    "ppc64el": ("powerpc64le",),
    "riscv64": ("riscv64gc",),
}


def _glibc(row: tuple[str, str, str, str, str, str, str]) -> Target:
    debian, triplet, rust, platform, oci, qemu, loader = row
    return Target(
        debian=debian,
        triplet=triplet,
        rust=rust,
        prefixes=(triplet, rust, *_PREFIXES.get(debian, ())),
        platform=platform,
        oci=oci,
        qemu=qemu,
        elf=_ELF[debian],
        loader=loader,
        rust_also=_RUST_ALSO.get(debian, ()),
        aliases=_ALIASES.get(debian, ()),
    )


def _musl(row: tuple[str, str, str, str]) -> Target:
    debian, triplet, rust, loader = row
    twin = next(target for target in _GLIBC_TARGETS if target.debian == debian)
    return Target(
        debian=debian,
        triplet=triplet,
        rust=rust,
        prefixes=(triplet, rust, *_PREFIXES.get(rust, ())),
        platform=twin.platform,
        oci=twin.oci,
        qemu=twin.qemu,
        elf=twin.elf,
        loader=loader,
        libc=Libc.MUSL,
    )


_GLIBC_TARGETS = tuple(_glibc(row) for row in _GLIBC)

TARGETS: tuple[Target, ...] = (*_GLIBC_TARGETS, *(_musl(row) for row in _MUSL))

_BY_NAME = {name: target for target in reversed(TARGETS) for name in target.names}


def find_target(name: str, own: Target | None = None) -> Target:
    """Return the target that `name`, in any of its spellings, stands for. Case does not matter.

    `own` is the machine itself, which a name of its architecture means unless it names a libc: on Alpine `x86_64` is
    musl's, and `x86_64-linux-gnu` is not. Raises `UsageError` with the nearest names and the list when there is none.
    """
    wanted = name.strip().lower()
    if target := _BY_NAME.get(wanted):
        is_own = own is not None and own.debian == target.debian and "gnu" not in wanted and "musl" not in wanted
        return own if own and is_own else target
    near = difflib.get_close_matches(wanted, _BY_NAME, n=3, cutoff=0.6)
    known = ", ".join(target.name for target in _GLIBC_TARGETS)
    hint = f"did you mean {_or(near)}? " if near else ""
    raise UsageError(
        f"there is no target `{name}`",
        hint=f"{hint}xprov knows {known}, each by any of its names; `xprov targets` lists them all",
    )


def is_target(name: str) -> bool:
    """Return whether `name` is a spelling of a target, in any case of its letters."""
    return name.strip().lower() in _BY_NAME


def _or(names: list[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
