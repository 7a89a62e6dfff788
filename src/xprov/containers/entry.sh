# What a container of `xprov run` runs first: it tells of the target, runs the command, and hands its files over.
# Arguments: the file to source, or nothing; the folders to hand over, a line each; the command.
environment=$1
folders=$2
shift 2

# Programs that are started get these signals; this shell stays to hand over what they have written.
trap : HUP INT TERM

if [ -n "$environment" ]; then
    # shellcheck source=/dev/null
    . "$environment"
fi

"$@"
code=$?

IFS='
'
# Where maturin bundles, it alters the module that it has staged, which is cargo's own in `deps` by another name: the
# next build would take the altered one, and stop at a library that it does not find (maturin 1.16). The one that is
# not altered lies beside `deps`.
for folder in $folders; do
    for staged in "$folder"/maturin/*.so; do
        for altered in "$folder"/*/deps/*.so "$folder"/*/*/deps/*.so; do
            clean=${altered%/deps/*}/${altered##*/}
            if [ "$staged" -ef "$altered" ] && [ -f "$clean" ] && ! [ "$clean" -ef "$altered" ]; then
                cp -p "$clean" "$altered.clean" && mv "$altered.clean" "$altered"
            fi
        done
    done
done

# Whose a mounted folder is, is whose the files in it are to be: seen from here, so that it is right where an engine
# without root maps users to others.
if [ "$(id -u)" = 0 ]; then
    for folder in $folders; do
        owner=$(stat -c %u:%g "$folder")
        case $owner in
        0:*) ;;
        *) find "$folder" -xdev -user 0 -exec chown -h "$owner" {} + ;;
        esac
    done
fi
exit "$code"
