#!/bin/sh
# pkg-config for @NAME@: answers for the view beside it and for nothing of this machine. Written by xprov.

set -eu

@SELF@
root=$(CDPATH='' cd -P -- "${self%/*}/.." && pwd -P)
# As it is called without links: a program that compares paths as text drops the prefix otherwise.
view=$(CDPATH='' cd -P -- "$root/@VIEW@" && pwd -P)

# The folders that the program itself was built with are this machine's.
PKG_CONFIG_SYSROOT_DIR=$view
PKG_CONFIG_LIBDIR=$view/usr/lib/@TRIPLET@/pkgconfig:$view/usr/lib/pkgconfig:$view/usr/share/pkgconfig
@SYSTEM@
PKG_CONFIG_SYSTEM_LIBRARY_PATH=$root/nowhere
# pkgconf: prefix flags as pkg-config does, variables not (x11-dl writes them into the program).
PKG_CONFIG_FDO_SYSROOT_RULES=1
export PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_LIBDIR PKG_CONFIG_SYSTEM_INCLUDE_PATH PKG_CONFIG_SYSTEM_LIBRARY_PATH \
    PKG_CONFIG_FDO_SYSROOT_RULES
unset PKG_CONFIG_PATH PKG_CONFIG_TOP_BUILD_DIR PKG_CONFIG_PKGCONF1_SYSROOT_RULES PKG_CONFIG_RELOCATE_PATHS \
    PKG_CONFIG_DONT_RELOCATE_PATHS PKG_CONFIG_DONT_DEFINE_PREFIX PKG_CONFIG_PREFIX_VARIABLE PKG_CONFIG_MSVC_SYNTAX \
    PKG_CONFIG_PRELOADED_FILES CPATH C_INCLUDE_PATH CPLUS_INCLUDE_PATH OBJC_INCLUDE_PATH INCLUDE LIBRARY_PATH LIBPATH

for program in "$root/libexec/pkgconf" pkgconf pkg-config; do
    if command -v -- "$program" >/dev/null 2>&1; then
        exec "$program" "$@"
    fi
done
echo "xprov: no pkg-config to run: $root/libexec/pkgconf is missing, and pkgconf and pkg-config are not in PATH" >&2
exit 127
