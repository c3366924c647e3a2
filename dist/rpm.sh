#!/bin/sh
# The RPM of one target: sh dist/rpm.sh TREE TARGET OUT
. "$(dirname "$0")/lib.sh"
usage 'TREE TARGET OUT' 3 "$@"
tree=$(absolute "$1") target=$2 out=$(absolute "$3")
cpu=$(architecture "$target" x86_64 aarch64)

mkdir -p "$out"
cat >"$work/ganger.spec" <<END
Name: ganger
Version: $version
Release: 1
Summary: $description
License: MIT OR Apache-2.0
${url:+URL: $url
}AutoReqProv: no
# The binary is finished: nothing of it is stripped or taken out.
%global __os_install_post %{nil}
%global debug_package %{nil}
%description
$description
%install
mkdir -p %{buildroot}/usr
cp -R "$tree/." %{buildroot}/usr
%files
/usr/bin/ganger
/usr/share/man/man1/ganger.1.gz
/usr/share/bash-completion/completions/ganger
/usr/share/zsh/site-functions/_ganger
/usr/share/fish/vendor_completions.d/ganger.fish
/usr/share/doc/ganger
END
rpmbuild --quiet -bb --target "$cpu-linux" --define "_topdir $work/rpm" --define "_rpmdir $out" \
    --define '_rpmfilename %{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm' "$work/ganger.spec"
