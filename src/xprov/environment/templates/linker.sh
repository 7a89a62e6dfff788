#!/bin/sh
# Links for @TRIPLE@: the linker that was set before, which also finds the view's libraries. Written by xprov.
# Its own folders come last: what the build asks for is searched first.

set -eu

@SELF@
view=$(CDPATH='' cd -P -- "${self%/*}/../@VIEW@" && pwd -P)

linker=${@KEEP@:-@LINKER@}
case ${linker##*/} in
@WRAPPER@*)
    echo "xprov: @KEEP@ names a linker wrapper of xprov, $linker: unset it" >&2
    exit 127
    ;;
esac
if ! command -v -- "$linker" >/dev/null 2>&1; then
    echo "xprov: the linker for @TRIPLE@ is missing: $linker; run xprov setup again, or set @KEEP@" >&2
    exit 127
fi
# Libraries that a library needs are found by -rpath-link; -Xlinker, since a path may hold a comma.
exec "$linker" @FIRST@"$@" "-L$view/usr/lib/@TRIPLET@" "-L$view/usr/lib" \
    -Xlinker -rpath-link -Xlinker "$view/usr/lib/@TRIPLET@"
