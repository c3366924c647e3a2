#!/bin/sh
# What a release has of all its targets together: sh dist/finish.sh OUT
#
# The checksums, install.sh, the Homebrew formula and the AUR's PKGBUILD, of the archives that are in OUT.
. "$(dirname "$0")/lib.sh"
usage 'OUT' 1 "$@"
cd "$1"
release=${url:+$url/releases/download/v$version}

sed -e "s|@VERSION@|$version|" -e "s|@URL@|$release|" "$root/dist/install.sh" >install.sh
rm -f SHA256SUMS ganger.rb PKGBUILD
sums=$(find . -maxdepth 1 -type f | sed 's|^\./||' | LC_ALL=C sort | xargs sha256sum)
printf '%s\n' "$sums" >SHA256SUMS
sum_of() { awk -v name="ganger-$version-$1.tar.gz" '$2 == name { print $1 }' SHA256SUMS; }

# One block of the formula, where the archive of the target is there.
bottle() {
    sum=$(sum_of "$3")
    [ -z "$sum" ] || cat <<END
  $1 do
    $2 do
      url "$release/ganger-$version-$3.tar.gz"
      sha256 "$sum"
    end
  end
END
}
{
    cat <<END
class Ganger < Formula
  desc "$description"
  homepage "$url"
  version "$version"
  license any_of: ["MIT", "Apache-2.0"]
END
    bottle on_linux on_intel x86_64-unknown-linux-gnu
    bottle on_linux on_arm aarch64-unknown-linux-gnu
    bottle on_macos on_intel x86_64-apple-darwin
    bottle on_macos on_arm aarch64-apple-darwin
    cat <<'END'
  def install
    bin.install "bin/ganger"
    man1.install "share/man/man1/ganger.1.gz"
    bash_completion.install "share/bash-completion/completions/ganger"
    zsh_completion.install "share/zsh/site-functions/_ganger"
    fish_completion.install "share/fish/vendor_completions.d/ganger.fish"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/ganger version")
  end
end
END
} >ganger.rb

{
    cat <<END
pkgname=ganger-bin
pkgver=$version
pkgrel=1
pkgdesc='$description'
url='$url'
arch=(x86_64 aarch64)
license=(MIT Apache-2.0)
provides=(ganger)
conflicts=(ganger)
options=(!strip !debug)
source_x86_64=('$release/ganger-$version-x86_64-unknown-linux-gnu.tar.gz')
source_aarch64=('$release/ganger-$version-aarch64-unknown-linux-gnu.tar.gz')
sha256sums_x86_64=('$(sum_of x86_64-unknown-linux-gnu)')
sha256sums_aarch64=('$(sum_of aarch64-unknown-linux-gnu)')
END
    cat <<'END'
package() {
    cd "ganger-$pkgver-$CARCH-unknown-linux-gnu"
    mkdir -p "$pkgdir/usr"
    cp -R bin share "$pkgdir/usr"
    install -Dm 644 share/doc/ganger/LICENSE-MIT -t "$pkgdir/usr/share/licenses/ganger-bin"
}
END
} >PKGBUILD
