//! Threads that only write.

use std::io;
use std::thread::{Builder, JoinHandle};

use nix::sys::signal::{SigSet, SigmaskHow};

/// Starts a thread with every signal blocked in it: a signal is for the event loop.
///
/// # Errors
/// It cannot be started.
pub(crate) fn spawn_without_signals(
    name: &str,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    // A thread inherits the mask: blocked before it begins, there is no moment without.
    let before = SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK)?;
    let thread = Builder::new().name(name.into()).stack_size(64 << 10).spawn(work);
    before.thread_set_mask()?;
    thread
}
