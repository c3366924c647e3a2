#!/bin/sh
# The Debian package of one target: sh dist/deb.sh TREE TARGET OUT
. "$(dirname "$0")/lib.sh"
usage 'TREE TARGET OUT' 3 "$@"
tree=$1 target=$2 out=$3
cpu=$(architecture "$target" amd64 arm64)

mkdir -p "$out" "$work/ganger/DEBIAN"
cp -R "$tree" "$work/ganger/usr"
# Where Debian's zsh looks.
mv "$work/ganger/usr/share/zsh/site-functions" "$work/ganger/usr/share/zsh/vendor-completions"
cat "$root/LICENSE-MIT" "$root/LICENSE-APACHE" >"$work/ganger/usr/share/doc/ganger/copyright"
chmod -R u=rwX,go=rX "$work/ganger"
cat >"$work/ganger/DEBIAN/control" <<END
Package: ganger
Version: $version
Architecture: $cpu
Section: devel
Priority: optional
Maintainer: $maintainer
${url:+Homepage: $url
}Installed-Size: $(du -sk "$work/ganger/usr" | cut -f 1)
Description: $description
END
dpkg-deb --root-owner-group --build "$work/ganger" "$out/ganger_${version}_$cpu.deb" >/dev/null
