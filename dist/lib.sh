# shellcheck shell=sh
# What the scripts of this folder share: sourced, not run.
#
# One version and one description, those of Cargo.toml. The address of the repository and of the maintainer stand nowhere in
# the tree: release.yml sets REPOSITORY_URL and MAINTAINER, and without them the fields are left out or say that they are unknown.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
field() { sed -n "s/^$1 = \"\(.*\)\"\$/\1/p" "$root/Cargo.toml" | head -n 1; }
# shellcheck disable=SC2034 # not every script uses each
{
    version=$(field version)
    description=$(field description)
    url=${REPOSITORY_URL:-}
    maintainer=${MAINTAINER:-unknown <unknown@localhost>}
}

fail() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# usage TEXT COUNT "$@": the arguments are as many as that.
usage() {
    [ $(($# - 2)) -eq "$2" ] || { printf 'usage: sh dist/%s %s\n' "${0##*/}" "$1" >&2; exit 2; }
}

absolute() { case $1 in /*) printf '%s\n' "$1" ;; *) printf '%s/%s\n' "$PWD" "$1" ;; esac; }

# A folder that goes with the script.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# architecture TARGET X86_64 AARCH64: the name that a format has for the processor of a target of Linux.
architecture() {
    case $1 in
    x86_64-*-linux-*) printf '%s\n' "$2" ;;
    aarch64-*-linux-*) printf '%s\n' "$3" ;;
    *) fail "no package for $1" ;;
    esac
}
