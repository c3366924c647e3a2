#!/bin/sh
# Builds the release of a target into target/dist/TARGET: sh dist/build.sh [TARGET]
#
# On Linux it is static, so that it runs beside every C library and in an empty image. Why glibc and not musl: docs/install.md.
. "$(dirname "$0")/lib.sh"
host=$(rustc -vV | sed -n 's/^host: //p')
target=${1:-$host}
tree=$root/target/dist/$target/ganger-$version-$target

flags=
case $target in
*-linux-gnu) flags='-C target-feature=+crt-static' ;;
esac
# Another processor is linked by the compiler that Debian and others have for it.
if [ "$target" != "$host" ] && [ "$target" = aarch64-unknown-linux-gnu ]; then
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
fi
GANGER_COMMIT=$(git -C "$root" rev-parse --short HEAD 2>/dev/null || echo unknown)
export GANGER_COMMIT RUSTFLAGS="${RUSTFLAGS-} $flags"
cargo build --manifest-path "$root/Cargo.toml" --locked --release --target "$target" --bin ganger

rm -rf "$tree"
sh "$root/dist/tree.sh" "${CARGO_TARGET_DIR:-$root/target}/$target/release/ganger" "$tree"
printf '%s\n' "$tree"
