//! Pipes that no program we start inherits.

use std::io;
use std::os::fd::OwnedFd;

/// A pipe, read end first, both closed on exec. std knows how to make one on every system: with pipe2(2), or
/// where that is missing with a flag set afterwards, which is safe as no other thread forks.
///
/// # Errors
/// EMFILE and ENFILE.
pub(crate) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = io::pipe()?;
    Ok((read.into(), write.into()))
}

/// Names the call that failed: "too many open files" alone does not say where.
pub(crate) fn during<E: Into<io::Error>>(call: &'static str) -> impl Fn(E) -> io::Error {
    move |error| {
        let error = error.into();
        io::Error::new(error.kind(), format!("{call}: {error}"))
    }
}
