//! Finds out that the control socket or its lock was removed (inotify(7)).

use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::time::Duration;

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::sleep;

use crate::control::presence::Presence;
use crate::supervisor::channel::arrival::Arrival;

/// How long after the first removal the files are checked: a program that removes a folder is still at work.
const SETTLE: Duration = Duration::from_millis(100);
/// How long after that they are checked once more: logind removes the files and then unmounts the folder, which is no event.
const AGAIN: Duration = Duration::from_secs(2);

/// The descriptor, in the form that tokio needs.
struct InotifyFd(Inotify);

impl AsRawFd for InotifyFd {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

/// Sends [`Arrival::SocketRemoved`] when one of these files may have been removed, and once more; ends with that.
///
/// # Errors
/// ENOSPC and EMFILE: the user's limit of inotify is reached.
pub(super) fn watch(presence: &Presence, inbox: UnboundedSender<Arrival>) -> io::Result<JoinHandle<()>> {
    let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?;
    let removed = AddWatchFlags::IN_DELETE | AddWatchFlags::IN_MOVED_FROM;
    let of_folder = AddWatchFlags::IN_DELETE_SELF | AddWatchFlags::IN_MOVE_SELF | AddWatchFlags::IN_ONLYDIR;
    inotify.add_watch(presence.folder(), removed | of_folder)?;
    #[expect(deprecated, reason = "its successor is unsafe, for types whose descriptor may change")]
    let queue = AsyncFd::with_interest(InotifyFd(inotify), Interest::READABLE)?;
    let names = presence.names();
    Ok(spawn_local(async move {
        while let Ok(mut ready) = queue.readable().await {
            let events = queue.get_ref().0.read_events().unwrap_or_default();
            ready.clear_ready();
            // An event without a name is about the folder itself. Other stacks have their files in it, too.
            if events.iter().any(|event| event.name.as_ref().is_none_or(|name| names.contains(name))) {
                break;
            }
        }
        for pause in [SETTLE, AGAIN] {
            sleep(pause).await;
            if inbox.send(Arrival::SocketRemoved).is_err() {
                return;
            }
        }
    }))
}
