//! What libproc (libproc.h) and sysctl(3) of macOS tell of other processes.

use std::mem::{MaybeUninit, size_of, size_of_val};
use std::{io, path::PathBuf};

use libc::{c_int, c_void};

/// The flavour of [`UniqueIds`] (`PROC_PIDUNIQIDENTIFIERINFO`, sys/proc_info.h).
const UNIQUE_IDS: c_int = 17;

/// What is told of a descriptor: a flavour of `proc_pidfdinfo`, and the length of the structure (sys/proc_info.h).
#[derive(Clone, Copy)]
pub(in crate::process) enum DescriptorInfo {
    /// `PROC_PIDFDVNODEPATHINFO`, `struct vnode_fdinfowithpath`.
    File,
    /// `PROC_PIDFDSOCKETINFO`, `struct socket_fdinfo`.
    Socket,
    /// `PROC_PIDFDPIPEINFO`, `struct pipe_fdinfo`.
    Pipe,
}

impl DescriptorInfo {
    fn flavour_and_length(self) -> (c_int, usize) {
        match self {
            Self::File => (2, 1200),
            Self::Socket => (3, 792),
            Self::Pipe => (6, 184),
        }
    }
}

/// `struct proc_uniqidentifierinfo` of sys/proc_info.h.
#[repr(C)]
#[derive(Clone, Copy)]
pub(in crate::process) struct UniqueIds {
    executable: [u8; 16],
    /// No other process gets it until the next boot; later ones have larger ones.
    pub own: u64,
    /// That of the process that made it; it stays when that has ended.
    pub parent: u64,
    reserved: [u64; 3],
}

/// The numbers of all processes.
///
/// # Errors
/// As the kernel has it: ENOMEM.
pub(in crate::process) fn pids() -> io::Result<Vec<i32>> {
    let mut pids = vec![0_i32; 4096];
    loop {
        let bytes = c_int::try_from(pids.len() * size_of::<i32>()).unwrap_or(c_int::MAX);
        // SAFETY: the kernel writes at most so many bytes into the list.
        let count = unsafe { libc::proc_listallpids(pids.as_mut_ptr().cast::<c_void>(), bytes) };
        let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
        if count < pids.len() {
            pids.truncate(count);
            return Ok(pids);
        }
        pids.resize(2 * pids.len(), 0);
    }
}

/// What the kernel has of a process, also of a zombie, and what names it for ever. ESRCH if it is gone, EPERM.
pub(in crate::process) fn facts(pid: i32) -> io::Result<(libc::proc_bsdinfo, UniqueIds)> {
    Ok((info(pid, libc::PROC_PIDTBSDINFO, 1)?, info(pid, UNIQUE_IDS, 1)?))
}

/// `T` is what this flavour writes: a structure of numbers. With the argument 1 zombies are found too.
fn info<T: Copy>(pid: i32, flavour: c_int, argument: u64) -> io::Result<T> {
    let mut info = MaybeUninit::<T>::zeroed();
    let (place, bytes) = (info.as_mut_ptr().cast::<c_void>(), c_int::try_from(size_of::<T>()).unwrap_or(0));
    // SAFETY: the kernel writes at most so many bytes.
    let written = unsafe { libc::proc_pidinfo(pid, flavour, argument, place, bytes) };
    if written != bytes {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: all of it is written, and any bits are numbers.
    Ok(unsafe { info.assume_init() })
}

/// What the kernel has of each socket that a process has open.
///
/// # Errors
/// ESRCH if it is gone, EPERM.
pub(in crate::process) fn sockets(pid: i32) -> io::Result<Vec<Vec<u8>>> {
    Ok(descriptors(pid)?
        .into_iter()
        .filter(|of| of.proc_fdtype.cast_signed() == libc::PROX_FDTYPE_SOCKET)
        // It may be closed by now.
        .filter_map(|of| descriptor(pid, of.proc_fd, DescriptorInfo::Socket))
        .collect())
}

fn descriptors(pid: i32) -> io::Result<Vec<libc::proc_fdinfo>> {
    let mut found = vec![libc::proc_fdinfo { proc_fd: 0, proc_fdtype: 0 }; 256];
    loop {
        let room = size_of_val(found.as_slice());
        let (place, bytes) =
            (found.as_mut_ptr().cast::<c_void>(), c_int::try_from(room).unwrap_or(c_int::MAX));
        // SAFETY: the kernel writes at most so many bytes into the list.
        let written = unsafe { libc::proc_pidinfo(pid, libc::PROC_PIDLISTFDS, 0, place, bytes) };
        let written = usize::try_from(written).ok().filter(|written| *written > 0);
        let written = written.ok_or_else(io::Error::last_os_error)?;
        if written < room {
            found.truncate(written / size_of::<libc::proc_fdinfo>());
            return Ok(found);
        }
        found.resize(2 * found.len(), libc::proc_fdinfo { proc_fd: 0, proc_fdtype: 0 });
    }
}

/// What the kernel has of a descriptor; `None` if it is of another kind, or closed.
pub(in crate::process) fn descriptor(pid: i32, number: c_int, what: DescriptorInfo) -> Option<Vec<u8>> {
    let (flavour, length) = what.flavour_and_length();
    let mut info = vec![0_u8; length];
    let bytes = c_int::try_from(length).ok()?;
    // SAFETY: the kernel writes at most so many bytes.
    let written =
        unsafe { libc::proc_pidfdinfo(pid, number, flavour, info.as_mut_ptr().cast::<c_void>(), bytes) };
    (written == bytes).then_some(info)
}

/// The file that a process runs.
pub(in crate::process) fn program(pid: i32) -> Option<PathBuf> {
    let mut path = vec![0_u8; 4096];
    // SAFETY: the kernel writes at most 4096 bytes into the path (PROC_PIDPATHINFO_MAXSIZE).
    let length = unsafe { libc::proc_pidpath(pid, path.as_mut_ptr().cast::<c_void>(), 4096) };
    path.truncate(usize::try_from(length).ok().filter(|length| *length > 0)?);
    String::from_utf8(path).ok().map(PathBuf::from)
}

/// Arguments and environment that a process was started with, as `KERN_PROCARGS2` has them.
///
/// # Errors
/// EINVAL if it is gone or may not be asked about.
pub(in crate::process) fn arguments(pid: i32) -> io::Result<Vec<u8>> {
    let mut name = [libc::CTL_KERN, libc::KERN_PROCARGS2, pid];
    // More than an exec may carry (`kern.argmax`).
    let mut bytes = vec![0_u8; 2 << 20];
    let mut length = bytes.len();
    // SAFETY: the kernel reads three numbers, and writes at most `length` bytes and how many there are.
    let result = unsafe {
        let (old, none) = (bytes.as_mut_ptr().cast::<c_void>(), std::ptr::null_mut());
        libc::sysctl(name.as_mut_ptr(), 3, old, &raw mut length, none, 0)
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    bytes.truncate(length);
    Ok(bytes)
}
