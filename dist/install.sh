#!/bin/sh
# Installs the ganger of one release, or removes it: sh install.sh [--uninstall]
#
# PREFIX is the folder that it goes below (~/.local), GANGER_URL the address of the release. Nothing is run as root, and
# nothing is installed that does not have its checksum.
set -eu

version=${GANGER_VERSION:-@VERSION@}
url=${GANGER_URL:-@URL@}
prefix=${PREFIX:-$HOME/.local}
files='bin/ganger share/man/man1/ganger.1.gz share/bash-completion/completions/ganger
    share/zsh/site-functions/_ganger share/fish/vendor_completions.d/ganger.fish'

say() { printf 'ganger: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

case ${1-} in
'') ;;
--uninstall)
    for file in $files; do rm -f "$prefix/$file"; done
    say "removed from $prefix"
    exit
    ;;
*) say "usage: sh install.sh [--uninstall]"; exit 2 ;;
esac

[ "$(uname -s)" = Linux ] || fail "this is $(uname -s), and only Linux has binaries: build it with cargo"
case $(uname -m) in
x86_64 | amd64) target=x86_64-unknown-linux-gnu ;;
aarch64 | arm64) target=aarch64-unknown-linux-gnu ;;
*) fail "there is no binary for $(uname -m): build it with cargo" ;;
esac
[ -n "$url" ] || fail "GANGER_URL is not set: the address of a release, without the name of the file"

fetch() {
    if command -v curl >/dev/null 2>&1; then
        curl -fsSL "$1" -o "$2"
    elif command -v wget >/dev/null 2>&1; then
        wget -q "$1" -O "$2"
    else
        fail "curl or wget is needed"
    fi || fail "cannot fetch $1"
}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
name=ganger-$version-$target
fetch "$url/$name.tar.gz" "$folder/$name.tar.gz"
fetch "$url/SHA256SUMS" "$folder/SHA256SUMS"
(cd "$folder" && grep -F "  $name.tar.gz" SHA256SUMS | sha256sum -c - >/dev/null 2>&1) ||
    fail "$name.tar.gz does not have the checksum of SHA256SUMS: nothing was installed"
tar -xzf "$folder/$name.tar.gz" -C "$folder"
# Each file is replaced by its name, so a ganger that runs keeps its own, and nothing else of the prefix is touched.
for file in $files; do
    mkdir -p "$prefix/${file%/*}"
    cp "$folder/$name/$file" "$prefix/$file.new"
    mv -f "$prefix/$file.new" "$prefix/$file"
done
say "ganger $version is installed in $prefix/bin"
case :$PATH: in
*":$prefix/bin:"*) ;;
*) say "$prefix/bin is not on your PATH: add  export PATH=\"$prefix/bin:\$PATH\"  to the profile of your shell" ;;
esac
