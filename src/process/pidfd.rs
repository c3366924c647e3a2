//! Descriptors of processes: unlike a number, one never becomes another process's. On macOS queues of the kernel, each for the end of one.

use std::io;
#[cfg(target_os = "linux")]
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;

#[cfg(target_os = "linux")]
use crate::signal::Signal;

/// A descriptor of this process (pidfd_open(2)), closed on exec.
///
/// # Errors
/// ESRCH if it is gone, ENOSYS before Linux 5.3, EMFILE.
#[cfg(target_os = "linux")]
pub(crate) fn open(pid: i32) -> io::Result<OwnedFd> {
    let pid = rustix::process::Pid::from_raw(pid).ok_or(io::ErrorKind::InvalidInput)?;
    Ok(rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty())?)
}

/// kill(2) by such a descriptor (pidfd_send_signal(2)).
///
/// # Errors
/// ESRCH if it is gone, EPERM if it may not be signalled, EINVAL for a real-time signal.
#[cfg(target_os = "linux")]
pub(crate) fn send_signal(process: BorrowedFd<'_>, signal: Signal) -> io::Result<()> {
    let signal = rustix::process::Signal::from_named_raw(signal.0).ok_or(io::ErrorKind::InvalidInput)?;
    Ok(rustix::process::pidfd_send_signal(process, signal)?)
}

/// A queue of the kernel that can be read from when this process has ended (kqueue(2), NOTE_EXIT), closed on exec.
///
/// # Errors
/// ESRCH if it is gone, EMFILE.
#[cfg(not(target_os = "linux"))]
pub(crate) fn open(pid: i32) -> io::Result<OwnedFd> {
    use nix::sys::event::{EvFlags, EventFilter, FilterFlag, KEvent, Kqueue};
    let number = usize::try_from(pid).map_err(|_| io::ErrorKind::InvalidInput)?;
    let (flags, end) = (EvFlags::EV_ADD, FilterFlag::NOTE_EXIT);
    let queue = Kqueue::new()?;
    queue.kevent(&[KEvent::new(number, EventFilter::EVFILT_PROC, flags, end, 0, 0)], &mut [], None)?;
    let queue = OwnedFd::from(queue);
    nix::fcntl::fcntl(&queue, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC))?;
    Ok(queue)
}
