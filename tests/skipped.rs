//! What `cargo test` says last: which tests were skipped, and for want of what. No tests are in here: libtest has no
//! place for a word after the last test, so a program of its own says it, which cargo runs after `it`.

#![expect(clippy::print_stderr, reason = "that is what it is for")]

use std::collections::BTreeSet;

fn main() {
    // Written by harness/needs.rs of the integration tests, a line at a time.
    let list = concat!(env!("CARGO_TARGET_TMPDIR"), "/skipped");
    let Ok(text) = std::fs::read_to_string(list) else { return };
    let _ = std::fs::remove_file(list);
    let lines: BTreeSet<&str> = text.lines().collect();
    eprintln!("\nskipped in all or in part, for want of what is named:");
    for line in lines {
        eprintln!("    {}", line.strip_prefix("skipped: ").unwrap_or(line));
    }
}
