//! `ganger version`.

use crate::exit::Outcome;

use super::failure::Failure;
use super::print;

/// Prints what `--version` prints.
///
/// # Errors
///
/// That standard output cannot be written to.
pub fn run() -> Result<Outcome, Failure> {
    print::and_succeed(concat!("ganger ", env!("CARGO_PKG_VERSION"), "\n").as_bytes())
}
