"""The facts about a view's shape: which packages stay out, which paths go in, where libraries are looked for.

Paths are relative to the root of the view, merged (`lib/x` is `usr/lib/x`), with slashes and without a leading one.
"""

import posixpath
import re
from enum import Enum
from fnmatch import fnmatchcase
from functools import cache

from xprov.target import TARGETS, Target


class Shape(str, Enum):
    """The two kinds of view: with libc and kernel headers, for `--sysroot`; or without what every toolchain has."""

    SYSROOT = "sysroot"
    LIBS = "libs"


# Packages whose files a toolchain brings itself, and why a second copy does harm. libcrypt stays: since glibc 2.28 it
# is a library of its own (libxcrypt), which wheels bundle. So do libgomp1 and libatomic1: only their `.so.1` is in
# these packages, which no `-l` finds, and a library that needs it has to find it.
_TOOLCHAIN_PACKAGES = (
    ("libc6", "a libc.so.6 in a -L folder wins over the toolchain's own"),
    ("libc6-*", "its libc.so and headers win over the toolchain's own: libc6-dev, libc6-i386, libc6-dev-armhf-cross"),
    ("linux-libc-dev", "kernel headers, which the libc of the toolchain was built with"),
    ("linux-libc-dev-*", "see linux-libc-dev"),
    ("libgcc1", "the compiler's own run-time library; every manylinux policy expects it on the user's machine"),
    ("libgcc-s1", "see libgcc1"),
    ("libgcc-*-dev", "see libgcc1"),
    ("gcc-*", "the compiler, and gcc-12-base, which is documentation"),
    ("cpp-*", "the compiler"),
    ("g++-*", "the compiler"),
    ("libstdc++6", "see libgcc1; a newer one needs a newer glibc than the toolchain has"),
    ("libstdc++-*-dev", "see libstdc++6"),
    ("*-cross", "a cross toolchain's own libraries, for all architectures as packages go"),
)

# Programs that `-dev` packages depend on, with libraries and data that only these programs read. On a machine that has
# them they are the host's own; where packages are resolved for a target alone they come along for nothing.
_PROGRAM_PACKAGES = (
    *("pkg-config", "pkgconf", "pkgconf-bin", "libpkgconf[0-9]*"),
    *("perl", "perl-base", "perl-modules-*", "libperl[0-9]*", "libdpkg-perl", "libfile-fcntllock-perl"),
    *("python3", "python3-minimal", "python3.[0-9]", "python3.[0-9][0-9]", "python3.*-minimal"),
    *("dpkg", "dpkg-dev", "debconf", "debconf-2.0", "make", "patch", "sed", "tar", "bzip2", "xz-utils"),
    # Of libdbus-1-dev, for its documentation.
    *("sgml-base", "xml-core"),
    *("libc-bin", "libc-dev-bin", "rpcsvc-proto"),
    # Of GLib, GTK, ICU and Wayland: what their programs are for runs on the machine that builds.
    *("libglib2.0-bin", "libglib2.0-dev-bin", "libgio-2.0-dev-bin", "python3-distutils", "python3-lib2to3"),
    *("libgdk-pixbuf2.0-bin", "pango1.0-tools", "icu-devtools", "libwayland-bin"),
    # What GObject's introspection reads when a program runs; what it is made from (`.gir`) is in the `-dev` packages.
    *("gir1.2-*",),
    # Services, and what sets a system up: dconf, which GTK takes for its settings, wants D-Bus, and that wants systemd.
    *(
        "adduser",
        "passwd",
        "mount",
        "procps",
        "dmsetup",
        "init-system-helpers",
        "sysvinit-utils",
        "lsb-base",
        "usrmerge",
    ),
    *("dbus", "dbus-*", "systemd", "systemd-sysv", "libpam-systemd", "libpam-runtime", "libpam-modules-bin"),
    *("dconf-service", "dconf-gsettings-backend"),
    # Drivers, which libGL opens by name when it runs; LLVM comes for them alone.
    *("libgl1-mesa-dri",),
    # Fonts, pictures, tables and translations.
    *("fonts-*", "fontconfig", "fontconfig-config", "*-icon-theme", "gtk-update-icon-cache", "x11-common"),
    *("libgtk-3-common", "libgtk-4-common", "libglib2.0-data", "libgdk-pixbuf2.0-common", "libgdk-pixbuf-2.0-common"),
    *("libx11-data", "libthai-data", "at-spi2-common", "libdrm-common", "libsensors-config"),
)

# Of libgcc-N-dev, which depends on their packages: only the GCC that they were built with can use them, clang has its
# own. They are most of the size.
_SANITIZERS = ("libasan*", "libhwasan*", "liblsan*", "libtsan*", "libubsan*")

# What the run-time libraries in those packages are called (DT_SONAME); the loader's name is the target's.
_TOOLCHAIN_SONAMES = (
    "libc.so.*",
    "libc.musl-*.so.1",
    "libm.so.*",
    "libmvec.so.*",
    "libdl.so.*",
    "libpthread.so.*",
    "librt.so.*",
    "libutil.so.*",
    "libresolv.so.*",
    "libanl.so.*",
    "libnsl.so.1",
    "libnss_*.so.*",
    "libthread_db.so.*",
    "libBrokenLocale.so.*",
    "libc_malloc_debug.so.*",
    "libgcc_s.so.*",
    "libstdc++.so.*",
)

# GCC's versions are told apart by one number from this one on (GCC, "Version numbering scheme").
_ONE_NUMBER = 5

# Folders of the root that merged systems have as links into /usr (Debian's usrmerge).
MERGED = ("lib", "lib32", "lib64", "libx32")

# Start files, libgcc and libstdc++.so, for a compiler that has none of its own.
_GCC = "usr/lib/gcc/"

# What in a shell's pattern is not itself.
_LITERAL = re.compile(r"[*?\[]")

# The width of a machine whose libraries Red Hat keeps in lib64 (Filesystem Hierarchy Standard, 3.10).
_WIDE = 64

# What stands directly in one of these is for the linker or the loader.
_LOOSE_FOLDERS = ("usr/lib", "usr/lib32", "usr/lib64", "usr/libx32")


def belongs(name: str, shape: Shape) -> bool:
    """Return whether the files of the package `name` go into a view of `shape`."""
    return not (is_program_package(name) if shape is Shape.SYSROOT else is_toolchain_package(name))


def packages_for(shape: Shape, libstdcxx: str) -> tuple[str, ...]:
    """Return the packages that a view of `shape` needs beside the libraries', with all that they depend on.

    A full view has to hold what a compiler without a libc needs, also one that is made for no target (clang): libc and
    kernel headers, libgcc, the start files, the headers and library of C++. `libstdcxx` is the version of libstdc++6
    in the suite. Each of GCC's versions has packages of its own, and the newest one's are those that fit libstdc++6;
    from GCC 5 on the first number alone is in their names.
    """
    if shape is Shape.LIBS:
        return ()
    major, minor = re.findall(r"\d+", libstdcxx)[:2]
    gcc = major if int(major) >= _ONE_NUMBER else f"{major}.{minor}"
    return "libc6-dev", f"libstdc++-{gcc}-dev"


@cache
def is_toolchain_package(name: str) -> bool:
    """Return whether a cross toolchain, or the machine it runs on, brings itself what the package `name` holds."""
    if is_program_package(name):
        return True
    return any(_matches(name, pattern) for pattern, _reason in _TOOLCHAIN_PACKAGES)


@cache
def is_program_package(name: str) -> bool:
    """Return whether the package `name` is of use to programs alone, a compiler among them, and in no view."""
    return any(_matches(name, pattern) for pattern in (*_PROGRAM_PACKAGES, *_SANITIZERS))


def is_toolchain_library(soname: str, target: Target) -> bool:
    """Return whether a cross toolchain, and every machine that runs its programs, has the library `soname`."""
    loader = posixpath.basename(target.loader)
    return soname == loader or any(_matches(soname, pattern) for pattern in _TOOLCHAIN_SONAMES)


def _matches(name: str, pattern: str) -> bool:
    """Return whether `name` is of the shell's `pattern`.

    fnmatch makes a regular expression of each, which takes longer than all else that a small view takes: few names
    even begin as a pattern does.
    """
    return name.startswith(_LITERAL.split(pattern, 1)[0]) and fnmatchcase(name, pattern)


def library_folders(target: Target) -> tuple[str, ...]:
    """Return the folders that `-l` looks in, the target's own first.

    On Debian that is the one with its name; Red Hat's systems have lib64 for 64-bit machines, Alpine has lib alone.
    """
    own = f"usr/lib/{target.triplet}"
    return (own, "usr/lib64", "usr/lib") if target.elf.bits == _WIDE else (own, "usr/lib")


def is_linkable(path: str, target: Target) -> bool:
    """Return whether a linker that looks for a library finds `path`, as opposed to a plugin in a folder below."""
    return posixpath.dirname(path) in library_folders(target)


def is_library_name(path: str) -> bool:
    """Return whether `path` is called like a shared library: `libz.so`, `libz.so.1.3.1`."""
    name = posixpath.basename(path)
    return name.endswith(".so") or ".so." in name


def merged(path: str) -> str:
    """Return where `path` is on a merged system: `lib/x` is `usr/lib/x`."""
    return f"usr/{path}" if path.split("/", 1)[0] in MERGED else path


def is_kept(path: str, target: Target) -> bool:
    """Return whether a compiler, a linker, pkg-config, CMake or the loader reads `path`."""
    if path.startswith(f"usr/lib/{target.triplet}/gconv/"):
        # Character sets: a third of libc6, for programs that run.
        return False
    if path.startswith(_GCC):
        # Named as its programs are: for i386 that is i686-linux-gnu.
        return path.removeprefix(_GCC).split("/", 1)[0] in target.prefixes and _is_for_linking(path)
    if path.startswith(_kept_folders(target)):
        return not _is_of_another(path, target)
    folder = posixpath.dirname(path)
    if folder in _LOOSE_FOLDERS:
        # usr/lib/x could also be the folder of a program: only what is called like a library.
        return is_library_name(path) or path.endswith((".a", ".o", f"/{target.triplet}"))
    # CMake looks for packages in any folder below usr/lib and usr/share.
    return path.endswith(".cmake") and path.startswith(("usr/lib/", "usr/share/"))


def _kept_folders(target: Target) -> tuple[str, ...]:
    return (
        "usr/include/",
        *(f"{folder}/" for folder in library_folders(target) if folder != "usr/lib"),
        "usr/lib/pkgconfig/",
        "usr/lib/cmake/",
        "usr/share/pkgconfig/",
        "usr/share/cmake/",
        # Where linux-libc-dev, for all architectures since Debian trixie, keeps what usr/include/<triplet> links to.
        "usr/lib/linux/uapi/",
    )


def _is_for_linking(path: str) -> bool:
    """Return whether `path`, of GCC's own folder, is for a compiler that has no such folder: start files, libgcc."""
    name = posixpath.basename(path)
    return name.endswith((".a", ".o", ".so")) and not any(_matches(name, pattern) for pattern in _SANITIZERS)


def _is_of_another(path: str, target: Target) -> bool:
    """Return whether `path` is a header of another target, as linux-libc-dev has them for all since Debian trixie."""
    folder = posixpath.dirname(path).removeprefix("usr/include/").split("/", 1)[0]
    return folder != target.triplet and any(folder == other.triplet for other in TARGETS)
