//! The one thread that may block on standard output.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Context, Poll};
use std::thread::JoinHandle;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::write;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::batch::Batch;
use super::thread::spawn_without_signals;

/// A buffer on its way to standard output.
pub(super) struct PendingBuffer {
    /// What is to be written.
    pub batch: Batch,
    /// How many of the bytes are there already.
    pub written: usize,
}

/// A buffer on its way back.
pub(super) struct WrittenBuffer {
    /// The buffer that was handed over, as it was.
    pub batch: Batch,
    /// Why not all of it was written.
    pub result: io::Result<()>,
}

/// The loop's end of the writer. Two buffers go to and fro, so neither side ever waits for a lock: while
/// one is written, the other is filled.
pub(super) struct Writer {
    batches: Sender<PendingBuffer>,
    written: UnboundedReceiver<WrittenBuffer>,
    thread: JoinHandle<()>,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(stdout: Arc<OwnedFd>, taken: Arc<AtomicU64>) -> io::Result<Self> {
        let (batches, to_write) = channel();
        let (to_return, written) = unbounded_channel();
        let thread = spawn_without_signals("writer", move || {
            write_batches(&stdout, &taken, &to_write, &to_return);
        })?;
        Ok(Self { batches, written, thread })
    }

    /// Hands a batch over. It comes back as [`WrittenBuffer`].
    pub(super) fn write(&self, to_write: PendingBuffer) {
        // The thread ends only when this sender is dropped.
        let _ = self.batches.send(to_write);
    }

    /// What came back, if something did.
    pub(super) fn try_written(&mut self) -> Option<WrittenBuffer> {
        self.written.try_recv().ok()
    }

    /// Waits for what comes back.
    pub(super) fn poll_written(&mut self, context: &mut Context<'_>) -> Poll<WrittenBuffer> {
        match self.written.poll_recv(context) {
            Poll::Ready(Some(written)) => Poll::Ready(written),
            // The thread is gone: it has no reason to panic.
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }

    /// Ends the thread. Blocks while a batch is being written.
    pub(super) fn join(self) {
        drop(self.batches);
        // It has no reason to panic; if it did, its message is out, and there is nothing to save.
        let _ = self.thread.join();
    }
}

/// Counts bytes that standard output has taken.
pub(super) fn add(taken: &AtomicU64, count: usize) {
    taken.fetch_add(count as u64, Ordering::Relaxed);
}

fn write_batches(
    stdout: &OwnedFd,
    taken: &AtomicU64,
    batches: &Receiver<PendingBuffer>,
    written: &UnboundedSender<WrittenBuffer>,
) {
    for PendingBuffer { batch, written: start } in batches {
        let result = write_all(stdout, taken, &batch[start..]).map_err(io::Error::from);
        if written.send(WrittenBuffer { batch, result }).is_err() {
            return;
        }
    }
}

/// `write_all` that also works with an `O_NONBLOCK` that another process set on our standard output (node
/// does that to the terminal that it shares with us).
fn write_all(stdout: &OwnedFd, taken: &AtomicU64, mut left: &[u8]) -> nix::Result<()> {
    while !left.is_empty() {
        match write(stdout, left) {
            Ok(count) => {
                add(taken, count);
                left = &left[count..];
            }
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) => {
                let mut wanted = [PollFd::new(stdout.as_fd(), PollFlags::POLLOUT)];
                poll(&mut wanted, PollTimeout::NONE)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
