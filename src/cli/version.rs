//! `ganger version`.

use std::fmt::Write as _;

use super::args::VersionArgs;
use super::failure::Failure;
use super::print;
use crate::exit::Outcome;
use crate::process::pidfd;

/// Prints what `--version` prints; with `--verbose` also what a report of a fault needs.
///
/// # Errors
///
/// That standard output cannot be written to.
pub(crate) fn run(version: &VersionArgs) -> Result<Outcome, Failure> {
    let mut text = concat!("ganger ", env!("CARGO_PKG_VERSION"), "\n").to_owned();
    if version.verbose {
        for (name, value) in details() {
            let _ = writeln!(text, "{name:8}{value}");
        }
    }
    print::and_succeed(text.as_bytes())
}

fn details() -> [(&'static str, String); 5] {
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    // The release script names the commit; a build from a package of the source has none.
    let commit = option_env!("GANGER_COMMIT").unwrap_or("unknown");
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease");
    let pidfd = pidfd::open(std::process::id().cast_signed());
    [
        ("commit", commit.to_owned()),
        ("profile", profile.to_owned()),
        ("target", format!("{}-{}, {}", std::env::consts::ARCH, std::env::consts::OS, libc())),
        ("kernel", kernel.map_or_else(|error| error.to_string(), |release| release.trim().to_owned())),
        ("pidfd", pidfd.map_or_else(|error| error.to_string(), |_| "yes".to_owned())),
    ]
}

fn libc() -> String {
    let name = if cfg!(target_env = "musl") {
        "musl"
    } else if cfg!(target_env = "gnu") {
        "glibc"
    } else {
        "the system's libc"
    };
    format!("{name}, {}", if cfg!(target_feature = "crt-static") { "static" } else { "dynamic" })
}
