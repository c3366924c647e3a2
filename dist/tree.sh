#!/bin/sh
# Lays out what every package has, as below a prefix (/usr, ~/.local): sh dist/tree.sh BINARY FOLDER
#
# The binary itself writes its manual page and completions. One of another processor cannot: GANGER names one that can.
. "$(dirname "$0")/lib.sh"
usage 'BINARY FOLDER' 2 "$@"
binary=$1 folder=$2
ganger=${GANGER:-$(absolute "$binary")}

for part in bin share/man/man1 share/bash-completion/completions share/zsh/site-functions \
    share/fish/vendor_completions.d share/doc/ganger; do
    mkdir -p "$folder/$part"
done
install -m 755 "$binary" "$folder/bin/ganger"
"$ganger" man | gzip -9n >"$folder/share/man/man1/ganger.1.gz"
"$ganger" completions bash >"$folder/share/bash-completion/completions/ganger"
"$ganger" completions zsh >"$folder/share/zsh/site-functions/_ganger"
"$ganger" completions fish >"$folder/share/fish/vendor_completions.d/ganger.fish"
for file in README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE; do
    install -m 644 "$root/$file" "$folder/share/doc/ganger/$file"
done
