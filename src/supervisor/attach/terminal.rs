//! Our end of the terminal of an instance, for the keys of a client.

use std::future::pending;
use std::io;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::output::screen::{Screen, ScreenGeneration};

/// The terminal of the present generation, and the keys for it.
#[derive(Default)]
pub(super) struct InstanceTerminal {
    /// The generation that it belongs to.
    generation: u32,
    master: Option<AsyncFd<OwnedFd>>,
    /// The keys that the program has not read yet.
    unread: Vec<u8>,
}

impl InstanceTerminal {
    /// Uses the terminal of this generation.
    pub(super) fn follow(&mut self, generation: &ScreenGeneration, screen: &Screen) {
        if self.generation == generation.number && (self.master.is_some() == generation.is_open) {
            return;
        }
        // What was typed for one generation is not for the next.
        self.unread.clear();
        self.generation = generation.number;
        self.master = screen.master().ok().flatten().and_then(|master| as_async(master).ok());
    }

    /// Whether the program has read all keys.
    pub(super) fn is_idle(&self) -> bool {
        self.unread.is_empty()
    }

    /// Sends keys to the program, now or when the terminal has room.
    pub(super) fn send(&mut self, keys: Vec<u8>) {
        self.unread.extend(keys);
        self.flush();
    }

    /// Waits until the terminal has room, if keys wait for that.
    pub(super) async fn writable(&self) {
        match &self.master {
            Some(master) if !self.unread.is_empty() => {
                if let Ok(mut guard) = master.writable().await {
                    guard.clear_ready();
                }
            }
            Some(_) | None => pending().await,
        }
    }

    /// Writes the keys that wait, as far as there is room. Keys for a terminal that is gone are dropped.
    pub(super) fn flush(&mut self) {
        let Some(master) = &self.master else { return self.unread.clear() };
        while !self.unread.is_empty() {
            match nix::unistd::write(master.get_ref(), &self.unread) {
                Ok(count) => drop(self.unread.drain(..count)),
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return,
                Err(_) => self.unread.clear(),
            }
        }
    }
}

#[expect(
    deprecated,
    reason = "its successor is unsafe, for types whose descriptor may change; OwnedFd's cannot"
)]
fn as_async(master: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(master, Interest::WRITABLE)
}
