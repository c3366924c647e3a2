#!/bin/sh
# Builds a target and makes every package of it in target/dist: sh dist/all.sh [TARGET]
#
# A format whose tool is not installed is named and left out. DIST_MUST_MAKE=1, as release.yml has it, makes that a failure.
. "$(dirname "$0")/lib.sh"
target=${1:-$(rustc -vV | sed -n 's/^host: //p')}
out=$root/target/dist
tree=$(sh "$root/dist/build.sh" "$target" | tail -n 1)

# make FORMAT COMMAND…: the command succeeds where the tool of the format is installed.
make() {
    format=$1
    shift
    if "$@" >/dev/null 2>&1; then
        sh "$root/dist/$format.sh" "$tree" "$target" "$out"
    elif [ -n "${DIST_MUST_MAKE-}" ]; then
        fail "$format is not made; this fails: $*"
    else
        printf 'left out: %s; this fails: %s\n' "$format" "$*" >&2
    fi
}
make tar tar --version
case $target in
*-linux-*)
    make npm npm --version
    make wheel python3 -c 'import wheel'
    make gem gem --version
    make deb dpkg-deb --version
    make rpm rpmbuild --version
    ;;
esac
sh "$root/dist/finish.sh" "$out"
