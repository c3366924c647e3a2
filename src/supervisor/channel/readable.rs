//! A descriptor that the event loop itself reads: a task only waits until it is readable.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::rc::Rc;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;
use tokio::sync::mpsc::WeakUnboundedSender;
use tokio::task::{JoinHandle, spawn_local};

use crate::supervisor::channel::arrival::Arrival;

/// Watches a descriptor until it is dropped.
pub(crate) struct Readable {
    is_read: Rc<Notify>,
    task: JoinHandle<()>,
}

impl Readable {
    /// From now on `arrival` is put into the inbox when there is something to read; again only after [`Readable::all_read`], so
    /// that no two of them are in the inbox at once.
    ///
    /// # Errors
    /// As dup(2) and epoll_ctl(2).
    pub(crate) fn watch(
        descriptor: BorrowedFd<'_>,
        inbox: WeakUnboundedSender<Arrival>,
        arrival: impl Fn() -> Arrival + 'static,
    ) -> io::Result<Self> {
        let descriptor = as_async(descriptor.try_clone_to_owned()?)?;
        let is_read = Rc::new(Notify::new());
        let all_read = Rc::clone(&is_read);
        let task = spawn_local(async move {
            while let Ok(mut guard) = descriptor.readable().await {
                guard.clear_ready();
                let is_sent = inbox.upgrade().is_some_and(|inbox| inbox.send(arrival()).is_ok());
                if !is_sent {
                    return;
                }
                all_read.notified().await;
            }
        });
        Ok(Self { is_read, task })
    }

    /// Everything that was there has been read.
    pub(crate) fn all_read(&self) {
        self.is_read.notify_one();
    }
}

impl Drop for Readable {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[expect(
    deprecated,
    reason = "its successor is unsafe, for types whose descriptor may change; OwnedFd's cannot"
)]
fn as_async(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(descriptor, Interest::READABLE)
}
