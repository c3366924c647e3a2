//! Signals by handlers and a pipe that poll(2) can wait for: for programs and halves of ganger without a runtime.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;

use crate::signal::Signal;

/// The signals of a program that has the terminal to itself. Those of keys do not come: a raw terminal passes the keys on.
pub(crate) const ON_TERMINAL: [Signal; 7] = [
    Signal::HANGUP,
    Signal::INTERRUPT,
    Signal::QUIT,
    Signal::TERMINATE,
    Signal::RESIZE,
    Signal::SUSPEND,
    Signal::CONTINUE,
];

/// Signals that have come, readable when there are some.
#[derive(Debug)]
pub(crate) struct SignalPipe(SignalDelivery<UnixStream, SignalOnly>);

impl SignalPipe {
    /// Installs handlers of these signals, with a pipe of its own.
    ///
    /// # Errors
    /// EMFILE and ENFILE; a signal that cannot be handled.
    pub(crate) fn open(signals: &[Signal]) -> io::Result<Self> {
        let (read, write) = UnixStream::pair()?;
        read.set_nonblocking(true)?;
        Self::on((read, write), signals.iter().map(|signal| signal.0))
    }

    /// The same, with a pipe that is there: its reading end does not block. The signals by their numbers.
    ///
    /// # Errors
    /// A signal that cannot be handled.
    pub(crate) fn on(
        (read, write): (UnixStream, UnixStream),
        numbers: impl IntoIterator<Item = i32>,
    ) -> io::Result<Self> {
        Ok(Self(SignalDelivery::with_pipe(read, write, SignalOnly, numbers)?))
    }

    /// The signals that came since the last call, by number.
    pub(crate) fn pending(&mut self) -> Vec<Signal> {
        // Empties the wake-up pipe.
        let mut bytes = [0; 64];
        while self.0.get_read_mut().read(&mut bytes).is_ok_and(|count| count == bytes.len()) {}
        self.0.pending().map(Signal).collect()
    }
}

impl AsFd for SignalPipe {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.get_read().as_fd()
    }
}
