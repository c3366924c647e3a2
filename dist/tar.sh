#!/bin/sh
# The archive that install.sh, Homebrew, cargo-binstall and mise fetch: sh dist/tar.sh TREE TARGET OUT
. "$(dirname "$0")/lib.sh"
usage 'TREE TARGET OUT' 3 "$@"
tree=$1 target=$2 out=$(absolute "$3")

mkdir -p "$out"
cp -R "$tree" "$work/ganger-$version-$target"
cd "$work"
# The same tree is the same archive, where tar is GNU's.
set --
if tar --version | grep -q GNU; then set -- --owner=0 --group=0 --numeric-owner --sort=name; fi
tar "$@" -cf - "ganger-$version-$target" | gzip -9n >"$out/ganger-$version-$target.tar.gz"
