"""Packages of rpm and apk in which no library is that a wheel could link. Facts only.

Libraries depend on some of them, and through them on half of the system: no view has a use for it.
"""

from fnmatch import fnmatchcase

_SYSTEM = (
    # What every toolchain has: libc, the headers of the kernel, the compiler's own libraries. libxcrypt is none of it.
    *("glibc", "glibc-*", "musl", "musl-*", "kernel-headers", "linux-headers", "libgcc", "libstdc++", "libstdc++-*"),
    *("gcc", "gcc-*", "binutils", "cpp"),
    # Programs, and what they read.
    *("filesystem", "basesystem", "setup", "bash", "coreutils", "coreutils-*", "grep", "gawk", "info", "shadow-utils"),
    *("pkgconfig", "pkgconf", "pkgconf-*", "python3", "python3-libs", "platform-python", "perl", "perl-*"),
    *("systemd", "dbus", "dbus-common", "dbus-daemon", "ca-certificates", "crypto-policies", "crypto-policies-*"),
    *("tzdata", "fontconfig-config", "busybox", "busybox-*", "alpine-*"),
)


def is_system_package(name: str) -> bool:
    """Return whether the package `name` is of the system itself, or of programs."""
    return any(fnmatchcase(name, pattern) for pattern in _SYSTEM)
