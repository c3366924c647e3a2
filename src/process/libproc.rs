//! What libproc (libproc.h) and sysctl(3) of macOS tell of other processes. It was never run there.

use std::io;
use std::mem::{offset_of, size_of};
use std::path::PathBuf;

use libc::{c_int, proc_bsdinfo, proc_fdinfo};

use super::calls::{self, ProcessQuestion, ask};
use super::structure::part;

/// The flavour of `struct proc_uniqidentifierinfo` (`PROC_PIDUNIQIDENTIFIERINFO`, sys/proc_info.h), and its length.
const UNIQUE_IDS: (c_int, usize) = (17, 56);
/// Where it has the id of the process and that of its maker.
const OWN_ID: usize = 16;
const MAKERS_ID: usize = 24;

/// What is told of a descriptor: a flavour of `proc_pidfdinfo`, and the length of the structure (sys/proc_info.h).
#[derive(Clone, Copy)]
pub(super) enum DescriptorInfo {
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

/// What the kernel has of a process.
pub(super) struct ListedProcess {
    /// `SZOMB`, `SSTOP` and others.
    pub status: u32,
    pub parent: i32,
    pub group: i32,
    /// As bytes that end with a NUL.
    pub name: [u8; 32],
    /// No other process gets it until the next boot; later ones have larger ones.
    pub id: u64,
    /// That of the process that made it; it stays when that has ended.
    pub maker: u64,
}

/// The numbers of all processes.
///
/// # Errors
/// ENOMEM.
pub(super) fn pids() -> io::Result<Vec<i32>> {
    let mut answer = vec![0; 4096 * size_of::<i32>()];
    loop {
        let count = ask(ProcessQuestion::All, &mut answer)?;
        let room = answer.len() / size_of::<i32>();
        if count < room {
            let (numbers, _) = answer.as_chunks();
            return Ok(numbers.iter().take(count).map(|number| i32::from_ne_bytes(*number)).collect());
        }
        answer.resize(2 * answer.len(), 0);
    }
}

/// A process, also a zombie; `None` if it is gone or not ours to look at.
pub(super) fn process(pid: i32) -> Option<ListedProcess> {
    // With the argument 1 zombies are found too.
    let facts = whole(ProcessQuestion::Info(pid, libc::PROC_PIDTBSDINFO, 1), size_of::<proc_bsdinfo>())?;
    let ids = whole(ProcessQuestion::Info(pid, UNIQUE_IDS.0, 1), UNIQUE_IDS.1)?;
    Some(ListedProcess {
        status: u32::from_ne_bytes(part(&facts, offset_of!(proc_bsdinfo, pbi_status))?),
        parent: i32::from_ne_bytes(part(&facts, offset_of!(proc_bsdinfo, pbi_ppid))?),
        group: i32::from_ne_bytes(part(&facts, offset_of!(proc_bsdinfo, pbi_pgid))?),
        name: part(&facts, offset_of!(proc_bsdinfo, pbi_name))?,
        id: u64::from_ne_bytes(part(&ids, OWN_ID)?),
        maker: u64::from_ne_bytes(part(&ids, MAKERS_ID)?),
    })
}

/// A structure of this length, if all of it is written.
fn whole(question: ProcessQuestion, length: usize) -> Option<Vec<u8>> {
    let mut structure = vec![0; length];
    ask(question, &mut structure).is_ok_and(|written| written == length).then_some(structure)
}

/// What the kernel has of each socket that a process has open; none if it is gone or not ours to look at.
pub(super) fn sockets(pid: i32) -> Vec<Vec<u8>> {
    let sockets = descriptors(pid).into_iter().filter(|(_, kind)| *kind == libc::PROX_FDTYPE_SOCKET);
    // It may be closed by now.
    sockets.filter_map(|(number, _)| descriptor(pid, number, DescriptorInfo::Socket)).collect()
}

/// The number and the kind of each descriptor.
fn descriptors(pid: i32) -> Vec<(c_int, c_int)> {
    let mut answer = vec![0; 256 * size_of::<proc_fdinfo>()];
    loop {
        let asked = ask(ProcessQuestion::Info(pid, libc::PROC_PIDLISTFDS, 0), &mut answer);
        let Ok(written) = asked else { return Vec::new() };
        if written < answer.len() {
            let listed = answer[..written].chunks_exact(size_of::<proc_fdinfo>());
            let number = |of: &[u8], at| part(of, at).map(c_int::from_ne_bytes);
            let pair = |of: &[u8]| {
                Some((
                    number(of, offset_of!(proc_fdinfo, proc_fd))?,
                    number(of, offset_of!(proc_fdinfo, proc_fdtype))?,
                ))
            };
            return listed.filter_map(pair).collect();
        }
        answer.resize(2 * answer.len(), 0);
    }
}

/// What the kernel has of a descriptor; `None` if it is of another kind, or closed.
pub(super) fn descriptor(pid: i32, number: c_int, what: DescriptorInfo) -> Option<Vec<u8>> {
    let (flavour, length) = what.flavour_and_length();
    whole(ProcessQuestion::Descriptor(pid, number, flavour), length)
}

/// The file that a process runs.
pub(super) fn program(pid: i32) -> Option<PathBuf> {
    // PROC_PIDPATHINFO_MAXSIZE.
    let mut path = vec![0; 4096];
    let length = ask(ProcessQuestion::Program(pid), &mut path).ok()?;
    path.truncate(length);
    String::from_utf8(path).ok().map(PathBuf::from)
}

/// Arguments and environment that a process was started with, as `KERN_PROCARGS2` has them; `None` if it is gone or may not be asked about.
pub(super) fn arguments(pid: i32) -> Option<Vec<u8>> {
    // More than an exec may carry (`kern.argmax`).
    let mut bytes = vec![0; 2 << 20];
    let length = calls::arguments(pid, &mut bytes).ok()?;
    bytes.truncate(length);
    Some(bytes)
}
