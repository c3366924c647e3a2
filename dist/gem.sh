#!/bin/sh
# The RubyGem of one target: sh dist/gem.sh TREE TARGET OUT
. "$(dirname "$0")/lib.sh"
usage 'TREE TARGET OUT' 3 "$@"
tree=$1 target=$2 out=$(absolute "$3")
cpu=$(architecture "$target" x86_64 aarch64)

mkdir -p "$out" "$work/exe" "$work/libexec"
install -m 755 "$tree/bin/ganger" "$work/libexec/ganger"
install -m 755 "$root/dist/gem/launcher.rb" "$work/exe/ganger"
cp "$root/LICENSE-MIT" "$root/LICENSE-APACHE" "$work"
cat >"$work/ganger.gemspec" <<END
Gem::Specification.new do |spec|
  spec.name = "ganger"
  spec.version = "$version"
  spec.platform = "$cpu-linux"
  spec.summary = "$description"
  spec.authors = ["the authors of ganger"]
  spec.licenses = ["MIT", "Apache-2.0"]
  spec.required_ruby_version = ">= 2.6"
  ${url:+"spec.homepage = \"$url\""}
  spec.files = %w[exe/ganger libexec/ganger LICENSE-MIT LICENSE-APACHE]
  spec.bindir = "exe"
  spec.executables = ["ganger"]
  spec.metadata = { "rubygems_mfa_required" => "true" }
end
END
cd "$work"
gem build --silent --output "$out/ganger-$version-$cpu-linux.gem" ganger.gemspec
