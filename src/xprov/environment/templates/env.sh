# Tells build tools about @NAME@. Written by xprov; sourced by a shell: bash, dash, busybox sh, zsh.
# Everything is found from where this file lies: the folder can be moved.

# Each of these takes the name of a variable first. They read it by `eval`, since POSIX has no other way.
_xprov_say() {
    printf 'xprov: %s\n' "$1" >&2
}

_xprov_get() {
    eval "_xprov_old=\${$1-}"
}

_xprov_put() {
    eval "$1=\$2; export $1"
}

# NAME VALUE REASON
_xprov_set() {
    _xprov_get "$1"
    case $_xprov_old in
    "" | "$2" | */"${_xprov_root##*/}"/generation/* | */"${_xprov_root##*/}/bin/${2##*/}") ;;
    *) _xprov_say "$1 is replaced, was $_xprov_old: $3" ;;
    esac
    _xprov_put "$1" "$2"
}

# NAME VALUE OTHER-NAME...
_xprov_default() {
    _xprov_name=$1
    _xprov_value=$2
    shift 2
    for _xprov_other in "$_xprov_name" "$@"; do
        _xprov_get "$_xprov_other"
        if [ -n "$_xprov_old" ]; then
            return 0
        fi
    done
    _xprov_put "$_xprov_name" "$_xprov_value"
}

# NAME VALUE OTHER-NAME...
_xprov_append() {
    _xprov_name=$1
    _xprov_value=$2
    shift 2
    for _xprov_other in "$_xprov_name" "$@"; do
        _xprov_get "$_xprov_other"
        if [ -n "$_xprov_old" ]; then
            break
        fi
    done
    case " $_xprov_old " in
    *" $_xprov_value "*) _xprov_put "$_xprov_name" "$_xprov_old" ;;
    *) _xprov_put "$_xprov_name" "${_xprov_old:+$_xprov_old }$_xprov_value" ;;
    esac
}

# NAME NEEDS REASON
_xprov_drop_unless() {
    _xprov_get "$1"
    if [ -n "$_xprov_old" ] && [ ! -e "$_xprov_old/$2" ]; then
        _xprov_say "$1 is unset, was $_xprov_old: $3"
        unset "$1"
    fi
}

# NAME WRAPPER NAME-OF-WHAT-IS-WRAPPED
_xprov_wrap() {
    _xprov_get "$1"
    case ${_xprov_old##*/} in
    "" | xprov-linker-*) ;;
    # rustc speaks to these as linkers, not as compilers, and knows them by their names.
    ld | ld.* | *-ld | *lld | wild | mold) return 0 ;;
    *) _xprov_put "$3" "$_xprov_old" ;;
    esac
    _xprov_put "$1" "$2"
}

# NAME VALUE WHAT-THE-VALUE-INCLUDES RUST-TRIPLES
_xprov_claim() {
    case ${CARGO_BUILD_TARGET-} in
    "") ;;
    *)
        case " $4 " in
        *" $CARGO_BUILD_TARGET "*) ;;
        *) return 0 ;;
        esac
        ;;
    esac
    _xprov_get "$1"
    _xprov_value=$2
    case ${_xprov_old%/} in
    "" | "$2" | "$3") ;;
    "${_xprov_root%/*}" | "${_xprov_root%/*}"/*)
        # Which of several targets is built for cannot be known here: a folder without libraries, so that maturin
        # takes those that the build scripts name and no other target's.
        if [ -n "${_xprov_home-}" ] && [ -z "${CARGO_BUILD_TARGET-}" ]; then
            _xprov_value=$_xprov_home
        fi
        ;;
    *)
        if [ -d "$_xprov_old" ]; then
            return 0
        fi
        _xprov_say "$1 is replaced, was $_xprov_old: there is no such folder"
        ;;
    esac
    _xprov_put "$1" "$_xprov_value"
}

# FOLDER: take it, as it is called without links, for the target's folder if it is one.
_xprov_try() {
    if [ -z "$_xprov_root" ] && [ -f "$1/@PROBE@" ]; then
        _xprov_root=$(CDPATH='' cd -P -- "$1" && pwd -P) || _xprov_root=
    fi
}

_xprov_root=
if [ -n "${_xprov_home-}" ]; then
    _xprov_try "$_xprov_home/@NAME@"
fi
if [ -n "${BASH_VERSION-}" ]; then
    # shellcheck disable=SC3028,SC3054 # bash's own
    eval '_xprov_file=${BASH_SOURCE[0]-}'
elif [ -n "${ZSH_VERSION-}" ]; then
    eval '_xprov_file=${(%):-%x}'
else
    _xprov_file=
fi
case $_xprov_file in
*/*) _xprov_try "${_xprov_file%/*}" ;;
?*) _xprov_try . ;;
esac
# No other shell tells a file that it sources where it is.
_xprov_try @ROOT@
_xprov_try "${XPROV_HOME:-${HOME-}/.xprov}/@NAME@"

if [ -z "$_xprov_root" ]; then
    _xprov_say "cannot tell where @NAME@ was moved to; set XPROV_HOME to the folder that holds it"
    unset -f _xprov_say _xprov_get _xprov_put _xprov_set _xprov_default _xprov_append _xprov_drop_unless _xprov_wrap \
        _xprov_claim _xprov_try
    unset _xprov_root _xprov_file
    # shellcheck disable=SC2317 # not sourced but run
    return 1 2>/dev/null || exit 1
fi

# The folder as one word of a shell, for variables that hold several words.
case $_xprov_root in
*[!A-Za-z0-9_./:=@%+,-]*)
    _xprov_rest=$_xprov_root
    _xprov_quoted=
    while :; do
        case $_xprov_rest in
        *\'*)
            _xprov_quoted="$_xprov_quoted${_xprov_rest%%\'*}'\"'\"'"
            _xprov_rest=${_xprov_rest#*\'}
            ;;
        *) break ;;
        esac
    done
    _xprov_quoted="'$_xprov_quoted$_xprov_rest'"
    ;;
*) _xprov_quoted=$_xprov_root ;;
esac

@SETTINGS@
unset -f _xprov_say _xprov_get _xprov_put _xprov_set _xprov_default _xprov_append _xprov_drop_unless _xprov_wrap \
    _xprov_claim _xprov_try
unset _xprov_root _xprov_file _xprov_rest _xprov_quoted _xprov_name _xprov_value _xprov_other _xprov_old
