//! The signals that the monitor receives, by handlers and a pipe that poll(2) can wait for.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;

use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;

use crate::process::signals::{self, Inherited};
use crate::signal::Signal;

pub(super) type Delivery = SignalDelivery<UnixStream, SignalOnly>;

/// Installs the handlers, and unblocks the signals.
pub(super) fn listen((read, write): (UnixStream, UnixStream), inherited: &Inherited) -> io::Result<Delivery> {
    let signals = SignalDelivery::with_pipe(read, write, SignalOnly, inherited.handled());
    signals::unblock()?;
    signals
}

/// The signals that have come, a suspension first: they come by number, and one that is taken back at once must not last.
pub(super) fn pending(delivery: &mut Delivery) -> Vec<Signal> {
    // Empties the wake-up pipe.
    let mut bytes = [0; 64];
    while delivery.get_read_mut().read(&mut bytes).is_ok_and(|count| count == bytes.len()) {}
    let mut pending: Vec<Signal> = delivery.pending().map(Signal).collect();
    pending.sort_by_key(|signal| *signal != Signal::SUSPEND);
    pending
}
