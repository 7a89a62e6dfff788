# Tells build tools about every target that is provisioned here. Written by xprov; sourced by a shell: bash, dash,
# busybox sh, zsh.

# FOLDER: take it, as it is called without links, for the home of xprov if it is one.
_xprov_try_home() {
    if [ -z "$_xprov_home" ] && [ -f "$1/env" ]; then
        _xprov_home=$(CDPATH='' cd -P -- "$1" && pwd -P) || _xprov_home=
    fi
}

_xprov_home=
if [ -n "${BASH_VERSION-}" ]; then
    # shellcheck disable=SC3028,SC3054 # bash's own
    eval '_xprov_file=${BASH_SOURCE[0]-}'
elif [ -n "${ZSH_VERSION-}" ]; then
    eval '_xprov_file=${(%):-%x}'
else
    _xprov_file=
fi
case $_xprov_file in
*/*) _xprov_try_home "${_xprov_file%/*}" ;;
?*) _xprov_try_home . ;;
esac
# No other shell tells a file that it sources where it is.
_xprov_try_home @HOME@
_xprov_try_home "${XPROV_HOME:-${HOME-}/.xprov}"
unset -f _xprov_try_home
unset _xprov_file

if [ -z "$_xprov_home" ]; then
    printf 'xprov: cannot tell where it was moved to; set XPROV_HOME to the folder that holds it\n' >&2
    unset _xprov_home
    # shellcheck disable=SC2317 # not sourced but run
    return 1 2>/dev/null || exit 1
fi

# Names, not a pattern: `set -f` may be on.
for _xprov_target in \
    @TARGETS@; do
    if [ -f "$_xprov_home/$_xprov_target/env" ]; then
        # shellcheck source=/dev/null
        . "$_xprov_home/$_xprov_target/env"
    fi
done
unset _xprov_home _xprov_target
