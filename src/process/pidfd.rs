//! Descriptors of processes: unlike a number, one never becomes another process's.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

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

/// See above: there is no such thing on this system.
///
/// # Errors
/// Always.
#[cfg(not(target_os = "linux"))]
pub(crate) fn open(_pid: i32) -> io::Result<OwnedFd> {
    Err(io::ErrorKind::Unsupported.into())
}

/// See above.
///
/// # Errors
/// Always.
#[cfg(not(target_os = "linux"))]
pub(crate) fn send_signal(_process: BorrowedFd<'_>, _signal: Signal) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
