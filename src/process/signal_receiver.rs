//! Hearing signals without handlers, and whether the terminal sent them: Ctrl-C goes to the whole foreground
//! group by itself, and a process that passed it on to another of the same group would send it twice.

#[cfg(target_os = "linux")]
pub(crate) use linux::SignalReceiver;
#[cfg(not(target_os = "linux"))]
pub(crate) use other::SignalReceiver;
use std::io;

use nix::sys::signal::{SigSet, SigmaskHow, sigprocmask};

use crate::signal::Signal;

/// The signals that are received. Not SIGTSTP and SIGCONT: a process that shares a terminal with its child stops and continues
/// with it.
const HANDLED: [Signal; 7] = [
    Signal::HANGUP,
    Signal::INTERRUPT,
    Signal::QUIT,
    Signal::TERMINATE,
    Signal::USER1,
    Signal::USER2,
    Signal::CHILD,
];

/// A signal that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReceivedSignal {
    /// Which.
    pub signal: Signal,
    /// Whether the kernel sent it, to the whole group: a key was pressed, or the terminal was closed.
    pub is_from_terminal: bool,
}

/// Blocks these signals, from now on and in every process that is forked from this one.
///
/// # Errors
/// As sigprocmask(2).
pub(crate) fn block() -> io::Result<()> {
    Ok(sigprocmask(SigmaskHow::SIG_BLOCK, Some(&set()), None)?)
}

/// Takes [`block`] back: for a process that becomes another program. exec keeps what is held back, and std
/// leaves it so.
///
/// # Errors
/// As sigprocmask(2).
pub(crate) fn unblock() -> io::Result<()> {
    Ok(sigprocmask(SigmaskHow::SIG_UNBLOCK, Some(&set()), None)?)
}

fn set() -> SigSet {
    HANDLED.iter().filter_map(|signal| signal.known()).collect()
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io;
    use std::os::fd::{AsFd, BorrowedFd};

    use nix::sys::signalfd::{SfdFlags, SignalFd};

    use super::ReceivedSignal;
    use crate::signal::Signal;

    /// signalfd(2), which tells the sender of a signal.
    #[derive(Debug)]
    pub(crate) struct SignalReceiver(SignalFd);

    impl SignalReceiver {
        /// Of this process: a child that is forked needs its own. To be called after [`super::block`].
        ///
        /// # Errors
        /// EMFILE and ENFILE.
        pub(crate) fn open() -> io::Result<Self> {
            Ok(Self(SignalFd::with_flags(&super::set(), SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?))
        }

        /// What came since the last call.
        pub(crate) fn signals(&mut self) -> Vec<ReceivedSignal> {
            std::iter::from_fn(|| self.0.read_signal().ok().flatten())
                .map(|received| ReceivedSignal {
                    signal: Signal(received.ssi_signo.cast_signed()),
                    is_from_terminal: received.ssi_code == libc::SI_KERNEL,
                })
                .collect()
        }
    }

    impl AsFd for SignalReceiver {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.0.as_fd()
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    use std::io;
    use std::os::fd::{AsFd, BorrowedFd};

    use super::{HANDLED, ReceivedSignal};
    use crate::process::signal_pipe::SignalPipe;
    use crate::signal::Signal;

    /// Handlers, which cannot tell the sender of a signal.
    #[derive(Debug)]
    pub(crate) struct SignalReceiver(SignalPipe);

    impl SignalReceiver {
        /// Of this process.
        ///
        /// # Errors
        /// EMFILE and ENFILE.
        pub(crate) fn open() -> io::Result<Self> {
            let signals = SignalPipe::open(&HANDLED)?;
            crate::process::signals::unblock()?;
            Ok(Self(signals))
        }

        /// What came since the last call. Ctrl-C is far more common than `kill -INT`.
        pub(crate) fn signals(&mut self) -> Vec<ReceivedSignal> {
            let keys = [Signal::INTERRUPT, Signal::QUIT];
            self.0
                .pending()
                .into_iter()
                .map(|signal| ReceivedSignal { signal, is_from_terminal: keys.contains(&signal) })
                .collect()
        }
    }

    impl AsFd for SignalReceiver {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.0.as_fd()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_signal_that_a_process_sent_is_received_and_is_no_key() {
        block().unwrap();
        let mut receiver = SignalReceiver::open().unwrap();
        assert_eq!(receiver.signals(), []);
        nix::sys::signal::raise(nix::sys::signal::SIGUSR2).unwrap();
        assert_eq!(receiver.signals(), [ReceivedSignal { signal: Signal::USER2, is_from_terminal: false }]);
    }
}
