#!/bin/sh
# Builds a target and makes every package of it in target/dist: sh dist/all.sh [TARGET]
#
# A format whose tool is not installed is named and left out. DIST_MUST_MAKE=1, as release.yml has it, makes that a failure.
. "$(dirname "$0")/lib.sh"
target=${1:-$(rustc -vV | sed -n 's/^host: //p')}
out=$root/target/dist
tree=$(sh "$root/dist/build.sh" "$target" | tail -n 1)

make() {
    format=$1 tool=$2
    if $tool --version >/dev/null 2>&1; then
        sh "$root/dist/$format.sh" "$tree" "$target" "$out"
    elif [ -n "${DIST_MUST_MAKE-}" ]; then
        fail "$tool is needed for $format"
    else
        printf 'left out: %s, as there is no %s\n' "$format" "$tool" >&2
    fi
}
make tar tar
case $target in
*-linux-*)
    make npm npm
    make wheel 'python3 -m wheel'
    make gem gem
    make deb dpkg-deb
    make rpm rpmbuild
    ;;
esac
sh "$root/dist/finish.sh" "$out"
