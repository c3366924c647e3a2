//! Standard output: what was asked for, and the way to find out that it did not arrive.

use std::io::{self, Write};

use crate::exit::{self, Outcome};

use super::failure::Failure;

/// Writes all of `bytes` to standard output.
///
/// # Errors
///
/// That standard output is full or closed. `println!` would panic, and text that waits in a buffer until
/// the end would be lost without a word; so everything is written here, and flushed.
pub(crate) fn bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut stream = io::stdout().lock();
    stream.write_all(bytes)?;
    stream.flush()?;
    Ok(())
}

/// [`bytes`], and the outcome of a command that had nothing else to do.
///
/// # Errors
///
/// As [`bytes`].
pub(crate) fn and_succeed(text: &[u8]) -> Result<Outcome, Failure> {
    bytes(text).map(|()| Outcome::Status(exit::SUCCESS))
}

/// `document` as one JSON document with a newline at its end.
///
/// # Errors
///
/// As [`bytes`].
pub(crate) fn json(document: &impl serde::Serialize) -> Result<(), Failure> {
    let mut text = serde_json::to_vec(document).map_err(io::Error::from)?;
    text.push(b'\n');
    bytes(&text)
}
