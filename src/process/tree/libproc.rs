//! macOS: all processes, by libproc.h. It was never run there.

use std::ffi::CStr;
use std::io;

use nix::unistd::Pid;

use super::ancestry::{Listed, environment_in};
use super::main_processes::ProcessFacts;
use super::process::Process;
use super::standard_files::{is_null, pipe_name};
use crate::process::libproc::{self, DescriptorInfo, descriptor};
pub(super) use crate::process::libproc::{pids, program};

/// Each process that we may look at.
///
/// # Errors
/// As [`pids`].
pub(super) fn all() -> io::Result<Vec<Listed>> {
    Ok(pids()?.into_iter().filter_map(listed).collect())
}

/// One process as it stands in the list; `None` if it is gone or not ours to look at.
pub(super) fn listed(pid: i32) -> Option<Listed> {
    let found = libproc::process(pid)?;
    let session = nix::unistd::getsid(Some(Pid::from_raw(pid))).map_or(0, Pid::as_raw);
    let name = CStr::from_bytes_until_nul(&found.name).map(CStr::to_string_lossy).unwrap_or_default();
    let process = Process {
        pid,
        parent: found.parent,
        group: found.group,
        session,
        born: found.id,
        name: name.into_owned(),
    };
    Some(Listed { process, maker: found.maker, is_zombie: found.status == libc::SZOMB })
}

/// The environment that a process was started with; `None` if it is gone or not ours to read.
pub(super) fn environment(pid: i32) -> Option<Vec<u8>> {
    libproc::arguments(pid).map(|arguments| environment_in(&arguments))
}

/// Whether this process is stopped by a signal.
pub(super) fn is_stopped(pid: i32) -> bool {
    libproc::process(pid).is_some_and(|found| found.status == libc::SSTOP)
}

/// What is known of the standard streams of a process; which signals it catches and ignores is not.
pub(super) fn facts(process: &Process) -> ProcessFacts {
    let pid = process.pid;
    let pipe = |number| descriptor(pid, number, DescriptorInfo::Pipe).and_then(|info| pipe_name(&info));
    ProcessFacts {
        reads_nothing: descriptor(pid, 0, DescriptorInfo::File).is_some_and(|info| is_null(&info)),
        input: pipe(0),
        output: pipe(1),
        ..ProcessFacts::default()
    }
}
