# shellcheck shell=sh
# What a container of `xprov run` runs first: it prepares, runs the command, and hands its files over.
# Arguments: a script that prepares; the folders to hand over, a line each; the command.
prepare=$1
folders=$2
shift 2

# Programs that are started get these signals; this shell stays to hand over what they have written.
trap : HUP INT TERM

hand_over() {
    IFS='
'
    set -f
    for folder in $folders; do
        set +f
        restore "$folder"
        give "$folder"
    done
}

# Where maturin bundles, it alters the module that it has staged, which is cargo's own in `deps` by another name: the
# next build would take the altered one, and stop at a library that it does not find (maturin 1.16). The one that is
# not altered lies beside `deps`.
restore() {
    for staged in "$1"/maturin/*.so; do
        for altered in "$1"/*/deps/*.so "$1"/*/*/deps/*.so; do
            clean=${altered%/deps/*}/${altered##*/}
            # shellcheck disable=SC3013 # dash, busybox sh and bash have it
            if [ "$staged" -ef "$altered" ] && [ -f "$clean" ] && ! [ "$clean" -ef "$altered" ]; then
                cp -p "$clean" "$altered.clean" && mv "$altered.clean" "$altered"
            fi
        done
    done
}

# Whose a mounted folder is, is whose the files in it are to be: seen from here, so that it is right where an engine
# without root maps users to others.
give() {
    owner=$(stat -c %u:%g "$1")
    if [ "$(id -u)" = 0 ] && [ "${owner%%:*}" != 0 ]; then
        find "$1" -xdev -user 0 -exec chown -h "$owner" {} +
    fi
}

trap hand_over EXIT
eval "$prepare"
"$@"
