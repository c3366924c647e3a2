//! The keeper: a process that restores the terminal when this one cannot any more.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;

use nix::unistd::setsid;

use super::failure::Failure;
use crate::exit::{self, Outcome};
use crate::process::calls::{ForkSide, fork};
use crate::process::terminal::{TerminalSettings, keep_until_closed};

/// What the keeper says when it is one.
const READY: [u8; 1] = [1];

/// The process that returns from [`fork_keeper`].
pub(crate) enum Kept<H> {
    /// The keeper, at its end.
    Keeper(Outcome),
    /// The caller, with what it holds and the socket to the keeper.
    Caller(H, UnixStream),
}

/// Forks the keeper of standard output's terminal, without what the caller holds. Returns in both.
///
/// # Errors
///
/// Standard input is no terminal, or there is no process or descriptor left.
pub(crate) fn fork_keeper<H>(held: H) -> Result<Kept<H>, Failure> {
    let before = TerminalSettings::of(&io::stdin()).map_err(unusable)?;
    let (keeper, guards) = UnixStream::pair().map_err(unusable)?;
    match fork().map_err(unusable)? {
        ForkSide::Child => {
            drop((held, guards));
            // Its signals are not ours: it lives until we are gone.
            let _ = setsid();
            let _ = (&keeper).write_all(&READY);
            keep_until_closed(keeper, &io::stdout(), &before);
            Ok(Kept::Keeper(Outcome::Status(exit::SUCCESS)))
        }
        ForkSide::Parent(_) => {
            drop(keeper);
            // Until then what ends us could end it too. One that is gone is as good as none.
            let _ = (&guards).read_exact(&mut [0; READY.len()]);
            Ok(Kept::Caller(held, guards))
        }
    }
}

/// The failure of a terminal that cannot be used.
#[expect(clippy::needless_pass_by_value, reason = "what `map_err` calls")]
pub(crate) fn unusable(error: io::Error) -> Failure {
    Failure::Failed(format!("cannot use the terminal: {error}"))
}
