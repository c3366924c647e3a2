#!/bin/sh
# The Python wheel of one target: sh dist/wheel.sh TREE TARGET OUT
#
# pip puts the binary itself into bin/: no Python stands between. A static binary needs no C library, so one wheel has the
# tags of both.
. "$(dirname "$0")/lib.sh"
usage 'TREE TARGET OUT' 3 "$@"
tree=$1 target=$2 out=$(absolute "$3")
cpu=$(architecture "$target" x86_64 aarch64)
scripts=$work/wheel/ganger-$version.data/scripts
info=$work/wheel/ganger-$version.dist-info

mkdir -p "$out" "$scripts" "$info/licenses"
install -m 755 "$tree/bin/ganger" "$scripts/ganger"
cp "$root/LICENSE-MIT" "$root/LICENSE-APACHE" "$info/licenses"
{
    cat <<END
Metadata-Version: 2.4
Name: ganger
Version: $version
Summary: $description
License-Expression: MIT OR Apache-2.0
License-File: LICENSE-MIT
License-File: LICENSE-APACHE
${url:+Project-URL: Source, $url
}Description-Content-Type: text/markdown

END
    cat "$root/README.md"
} >"$info/METADATA"
cat >"$info/WHEEL" <<END
Wheel-Version: 1.0
Generator: ganger dist/wheel.sh
Root-Is-Purelib: false
Tag: py3-none-manylinux_2_17_$cpu
Tag: py3-none-manylinux2014_$cpu
Tag: py3-none-musllinux_1_1_$cpu
END
python3 -m wheel pack --dest-dir "$out" "$work/wheel" >/dev/null
