//! In a leader: waiting for a request, leaving the next leader behind, opening the terminal, making the program's process,
//! and then being there.
//!
//! It has one thread and never returns to what it was forked from, so any code may run in it.

use std::convert::Infallible;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{SIGHUP, SigSet};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, dup2_stderr, dup2_stdin, dup2_stdout, execve, getppid, setpgid, setsid, tcsetpgrp};

use super::message::{HEADER, LeaderReply, LeaderRequest, decode, length};
use crate::process::at_rest::give_back_memory;
use crate::process::calls::{
    FIRST_PASSED, ForkSide, Parent, close_all, close_own_but, end_at_once, fork_without_sigchld, pass_on_as,
    receive, restore_default, vfork_sibling,
};
use crate::process::name;
use crate::process::signals::{self, Inherited};
use crate::signal::Signal;

/// Waits for requests until the worker has closed the other end. Drops `unneeded`, and every descriptor but those that
/// ganger was given to pass on. Programs start in the folder `root`, with signals ignored as in `inherited` alone.
pub(super) fn wait_for_requests<Unneeded>(
    socket: UnixStream,
    (root, inherited): (&Path, &Inherited),
    unneeded: Unneeded,
) -> ! {
    let is_there = std::env::set_current_dir(root).is_ok();
    drop(unneeded);
    restore_defaults(inherited);
    name::set("ganger-session", "ganger-session: keeps a terminal's session");
    close_own_but(socket.as_raw_fd());
    if is_there && silence_first_descriptors().is_ok() {
        give_back_memory();
        let worker = getppid();
        if serve(socket) {
            keep_session(worker);
        }
    }
    end_at_once(0)
}

/// What ganger ignores itself is not for programs; execve(2) keeps it. All signals are held back here.
fn restore_defaults(inherited: &Inherited) {
    let all = (1..=libc::SIGRTMAX()).map(Signal);
    all.filter(|signal| !inherited.is_ignored(*signal)).for_each(restore_default);
}

/// Standard streams of ours would keep a reader of the worker's waiting. And none of them, nor the first descriptor that
/// is passed on, may come with a request: it could not be put in another's place then.
fn silence_first_descriptors() -> Result<(), Errno> {
    loop {
        let nothing = open("/dev/null", OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty())?;
        if nothing.as_raw_fd() > FIRST_PASSED {
            dup2_stdin(&nothing)?;
            dup2_stdout(&nothing)?;
            return dup2_stderr(&nothing);
        }
        let _ = nothing.into_raw_fd();
    }
}

/// Takes the next request and leads the session of its program; the sibling that is made for the request after it does
/// the same. Returns whether it leads one, or the requests are at their end.
fn serve(mut socket: UnixStream) -> bool {
    let mut body = Vec::new();
    while let Some((header, listener)) = next(&mut socket, &mut body) {
        let Some(request) = decode(&header, &body) else { return false };
        // First of all: what is done for this request is none of the next leader's.
        let answer = match fork_without_sigchld(Parent::CallersParent) {
            Ok(ForkSide::Child) => continue,
            Ok(ForkSide::Parent(next)) => lead(&request, listener.as_ref(), next.as_raw()),
            Err(errno) => LeaderReply { program: 0, next: Pid::this().as_raw(), failure: Some(errno) },
        };
        let is_answered = socket.write_all(&answer.to_bytes()).is_ok();
        if answer.next != Pid::this().as_raw() {
            return is_answered && answer.failure.is_none();
        }
    }
    false
}

/// The next request, its strings in `body`, and a socket to pass on; `None` at the end.
fn next(socket: &mut UnixStream, body: &mut Vec<u8>) -> Option<([u8; HEADER], Option<OwnedFd>)> {
    let mut header = [0; HEADER];
    let (count, listener) = receive(socket, &mut header).ok()?;
    socket.read_exact(header.get_mut(count..).filter(|_| count > 0)?).ok()?;
    body.resize(length(&header), 0);
    socket.read_exact(body).ok()?;
    Some((header, listener))
}

fn lead(request: &LeaderRequest<'_>, listener: Option<&OwnedFd>, next: i32) -> LeaderReply {
    // Written by the program's process, whose memory is ours until it has executed the program.
    let (mut program, mut failure) = (0, None);
    let begun = begin_session(request.terminal).and_then(|terminal| {
        vfork_sibling(|| {
            program = Pid::this().as_raw();
            let Err(errno) = become_program(request, &terminal, listener);
            failure = Some(errno);
        })
    });
    LeaderReply { program, next, failure: begun.err().or(failure) }
}

/// A leader without a terminal that opens one has it as its controlling terminal.
fn begin_session(terminal: &std::ffi::CStr) -> Result<OwnedFd, Errno> {
    setsid()?;
    open(terminal, OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty())
}

/// As posix_spawn(3) does for those on pipes, but for the session: a group of its own in the foreground of the
/// terminal, the signals of an ordinary program, and no descriptor more than it is to have.
fn become_program(
    request: &LeaderRequest<'_>,
    terminal: &OwnedFd,
    listener: Option<&OwnedFd>,
) -> Result<Infallible, Errno> {
    let own = Pid::this();
    setpgid(own, own)?;
    // A group in the background that does so is sent SIGTTOU, which is held back.
    tcsetpgrp(terminal, own)?;
    dup2_stdin(terminal)?;
    dup2_stdout(terminal)?;
    dup2_stderr(terminal)?;
    if let Some(listener) = listener {
        pass_on_as(listener, FIRST_PASSED)?;
    }
    signals::unblock()?;
    execve(request.file, &request.arguments, &request.environment)
}

/// Waits for the worker's end. All signals are held back; what is left is SIGKILL, when the session is empty.
///
/// A hang-up alone is no reason: the terminal is closed too when every process has closed it, and some of them may run
/// on. With the worker the terminal is gone, and what has it in the foreground learns of that by our end.
fn keep_session(worker: Pid) {
    // The terminal among them, which is never at its end as long as it is open here.
    close_all();
    let mut hangup = SigSet::empty();
    hangup.add(SIGHUP);
    let is_told = set_pdeathsig(SIGHUP).is_ok();
    while is_told && getppid() == worker {
        let _ = hangup.wait();
    }
}
