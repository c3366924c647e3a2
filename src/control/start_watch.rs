//! Waits until a stack starts at an address: the kernel reports the new socket.

use std::ffi::OsString;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
#[cfg(target_os = "linux")]
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

use super::address::Address;
use super::client::Client;
#[cfg(target_os = "linux")]
use crate::process::runtime_folder::{in_first, is_ours, prepare};

/// How often a connection is tried after the socket was made, and the pause between two tries: a socket has its name a moment
/// before it listens.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(20);
/// Between two tries where the kernel does not report new files.
const UNREPORTED: Duration = Duration::from_secs(1);

/// The watch on the folders in which a stack makes its socket.
pub(crate) struct StartWatch {
    files: Option<NewFiles>,
    socket: Option<OsString>,
}

impl StartWatch {
    /// For the stack at this address.
    pub(crate) fn open(address: &Address) -> Self {
        let folder = address.folders().first();
        let socket = folder.and_then(|folder| Some(address.socket_path(folder).file_name()?.to_owned()));
        Self { files: NewFiles::open(address.folders()), socket }
    }

    /// A connection to the stack that runs at this address, or to the next one that starts there; `None` when the other side of
    /// `session` is closed.
    pub(crate) fn connect(&self, address: &Address, session: BorrowedFd<'_>) -> Option<Client> {
        let mut tries = 0_u32;
        while !self.wait(session, Duration::ZERO) {
            if let Some(client) = Client::connect(address) {
                return Some(client);
            }
            let patience = match &self.files {
                Some(_) if tries == 0 => None,
                Some(_) => Some(PAUSE),
                None => Some(UNREPORTED),
            };
            if self.wait(session, patience.unwrap_or(Duration::MAX)) {
                return None;
            }
            tries = tries.saturating_sub(1);
            if self.files.as_ref().is_some_and(|files| files.have(self.socket.as_ref())) {
                tries = TRIES;
            }
        }
        None
    }

    /// Waits until a file is made, but no longer than this; whether the session is over.
    fn wait(&self, session: BorrowedFd<'_>, patience: Duration) -> bool {
        let mut waited = vec![PollFd::new(session, PollFlags::empty())];
        // Without patience only the session is asked for.
        let files = self.files.as_ref().filter(|_| !patience.is_zero());
        waited.extend(files.map(|files| PollFd::new(files.as_fd(), PollFlags::POLLIN)));
        let _ = poll(&mut waited, PollTimeout::try_from(patience).unwrap_or(PollTimeout::NONE));
        waited.first().and_then(PollFd::any).unwrap_or(false)
    }
}

/// The files that are made in some folders.
#[cfg(target_os = "linux")]
struct NewFiles(Inotify);

#[cfg(target_os = "linux")]
impl NewFiles {
    /// In the first of these that can be used, and in the others that are there.
    fn open(folders: &[PathBuf]) -> Option<Self> {
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK).ok()?;
        in_first(folders, prepare).ok()?;
        for folder in folders.iter().filter(|folder| is_ours(folder)) {
            inotify.add_watch(folder, AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVED_TO).ok()?;
        }
        Some(Self(inotify))
    }

    /// Whether one of this name was made since the last call.
    fn have(&self, name: Option<&OsString>) -> bool {
        // Too many at once are reported as an event without a name.
        let is_meant = |made: Option<&OsString>| made.is_none() || made == name;
        let mut is_there = false;
        while let Ok(events) = self.0.read_events() {
            is_there |= events.iter().any(|event| is_meant(event.name.as_ref()));
        }
        is_there
    }

    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// This system does not report them.
#[cfg(not(target_os = "linux"))]
struct NewFiles(std::os::fd::OwnedFd);

#[cfg(not(target_os = "linux"))]
impl NewFiles {
    fn open(_folders: &[PathBuf]) -> Option<Self> {
        None
    }

    fn have(&self, _name: Option<&OsString>) -> bool {
        false
    }

    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
