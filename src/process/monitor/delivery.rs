//! The signals that the monitor receives.

use std::io;
use std::os::unix::net::UnixStream;

use crate::process::signal_pipe::SignalPipe;
use crate::process::signals::{self, Inherited};
use crate::signal::Signal;

/// Installs the handlers, and unblocks the signals.
pub(super) fn listen(pipe: (UnixStream, UnixStream), inherited: &Inherited) -> io::Result<SignalPipe> {
    let signals = SignalPipe::on(pipe, inherited.handled());
    signals::unblock()?;
    signals
}

/// The signals that have come, a suspension first: they come by number, and one that is taken back at once must not last.
pub(super) fn pending(signals: &mut SignalPipe) -> Vec<Signal> {
    let mut pending = signals.pending();
    pending.sort_by_key(|signal| *signal != Signal::SUSPEND);
    pending
}
