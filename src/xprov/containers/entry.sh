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

# Whose a mounted folder is, is whose the files in it are to be: seen from here, so that it is right where an engine
# without root maps users to others.
if [ "$(id -u)" = 0 ]; then
    IFS='
'
    set -f
    for folder in $folders; do
        owner=$(stat -c %u:%g "$folder")
        case $owner in
        0:*) ;;
        *) find "$folder" -xdev -user 0 -exec chown -h "$owner" {} + ;;
        esac
    done
fi
exit "$code"
