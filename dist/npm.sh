#!/bin/sh
# The npm packages of one target: sh dist/npm.sh TREE TARGET OUT
#
# `ganger` is the launcher, with one optional package for each platform, of which npm installs the one that fits. No script
# runs at the installation.
. "$(dirname "$0")/lib.sh"
usage 'TREE TARGET OUT' 3 "$@"
tree=$1 target=$2 out=$(absolute "$3")
cpu=$(architecture "$target" x64 arm64)
repository=${url:+"\"repository\": \"git+$url.git\", "}
common="\"version\": \"$version\", \"license\": \"MIT OR Apache-2.0\", $repository\"files\": [\"*\"]"

mkdir -p "$out" "$work/ganger" "$work/binary"
cp "$root/dist/npm/launcher.js" "$root/README.md" "$root/LICENSE-MIT" "$root/LICENSE-APACHE" "$work/ganger"
cat >"$work/ganger/package.json" <<END
{
  "name": "ganger", "description": "$description", $common,
  "keywords": ["procfile", "foreman", "process", "twelve-factor"],
  "bin": { "ganger": "launcher.js" },
  "engines": { "node": ">=16" },
  "optionalDependencies": { "ganger-linux-x64": "$version", "ganger-linux-arm64": "$version" }
}
END
cp "$tree/bin/ganger" "$root/LICENSE-MIT" "$root/LICENSE-APACHE" "$work/binary"
cat >"$work/binary/package.json" <<END
{
  "name": "ganger-linux-$cpu", "description": "The binary of ganger for Linux on $cpu", $common,
  "os": ["linux"], "cpu": ["$cpu"]
}
END
npm pack --silent --pack-destination "$out" "$work/ganger" "$work/binary"
