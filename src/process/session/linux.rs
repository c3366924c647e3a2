//! The worker's side: it asks the next leader for a program, and ends leaders whose session is empty.

use std::collections::HashSet;
use std::ffi::CStr;
use std::io::{self, IoSlice, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{SIGKILL, kill};
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::Pid;

use super::LedChild;
use super::leader::wait_for_requests;
use super::message::{HEADER, LeaderReply, encode};
use crate::process::calls::{ForkSide, Parent, fork_without_sigchld};
use crate::process::program::Program;
use crate::process::signals::Inherited;

/// How often it is asked whether a leader that does not answer has died.
const PATIENCE: Duration = Duration::from_millis(200);

/// The leaders, and the one that waits. Dropped, it ends them all.
#[derive(Debug)]
pub struct Sessions {
    /// `None` once a request was not answered.
    socket: Option<UnixStream>,
    next: i32,
    leaders: HashSet<i32>,
}

impl Sessions {
    /// Makes the first leader, whose program starts in the folder `root`; none without one, or where it cannot be had. To be
    /// called by the worker while all signals are held back, before it has a second thread or raises a limit: what the
    /// leader has of these is what programs are given. `kept` is given back, and is dropped in the leader, which would
    /// hold that memory for as long as the stack runs.
    pub fn begin<Kept>(root: Option<&Path>, inherited: &Inherited, kept: Kept) -> (Option<Self>, Kept) {
        let Some(root) = root else { return (None, kept) };
        let Ok((ours, theirs)) = UnixStream::pair() else { return (None, kept) };
        let forked =
            ours.set_read_timeout(Some(PATIENCE)).and_then(|()| Ok(fork_without_sigchld(Parent::Caller)?));
        match forked {
            Ok(ForkSide::Child) => wait_for_requests(theirs, (root, inherited), kept),
            Ok(ForkSide::Parent(next)) => {
                let sessions = Self { socket: Some(ours), next: next.as_raw(), leaders: HashSet::new() };
                (Some(sessions), kept)
            }
            Err(_) => (None, kept),
        }
    }

    /// Starts a program on this terminal, with this socket as descriptor 3. `None` if there is no leader to ask any more,
    /// or this system lets it do nothing: the program is to be started without one.
    ///
    /// Returns when the program is executed, or cannot be: with the error of the call that failed.
    pub fn start(
        &mut self,
        terminal: &Path,
        program: &Program,
        environment: &[&CStr],
        listener: Option<&OwnedFd>,
    ) -> Option<Result<LedChild, Errno>> {
        let socket = self.socket.as_mut()?;
        let request = encode(terminal, program, environment)?;
        let listener = listener.map(AsRawFd::as_raw_fd);
        let answered = ask(socket, &request, listener.as_slice()).and_then(|()| answer(socket, self.next));
        let Ok(LeaderReply { program, next, failure }) = answered else {
            // It was killed, and is reaped with the next process that ends.
            self.socket = None;
            return None;
        };
        if next == self.next {
            // It could not leave another one behind.
            let is_forbidden = matches!(failure, Some(Errno::EINVAL | Errno::ENOSYS | Errno::EPERM));
            self.socket = self.socket.take().filter(|_| !is_forbidden);
            return failure.filter(|_| !is_forbidden).map(Err);
        }
        let session = std::mem::replace(&mut self.next, next);
        match failure {
            None => {
                self.leaders.insert(session);
                Some(Ok(LedChild { pid: program, session }))
            }
            Some(errno) => {
                // Both end by themselves.
                [session, program].into_iter().filter(|pid| *pid != 0).for_each(reap);
                Some(Err(errno))
            }
        }
    }

    /// Whether this process is one of these, and so none of the stack's.
    pub fn has(&self, pid: i32) -> bool {
        pid == self.next || self.leaders.contains(&pid)
    }

    /// Nothing of these sessions is left: their leaders end. A session that its program leads has none.
    pub fn end(&mut self, sessions: &[i32]) {
        let leaders: Vec<i32> =
            sessions.iter().copied().filter(|session| self.leaders.remove(session)).collect();
        end(&leaders);
    }

    /// A child was reaped, which may be one of these: its number may be another's from now on.
    pub fn on_reaped(&mut self, pid: i32) {
        self.leaders.remove(&pid);
        if pid == self.next {
            self.next = 0;
            self.socket = None;
        }
    }
}

impl Drop for Sessions {
    fn drop(&mut self) {
        let next = Some(self.next).filter(|next| *next != 0);
        let all: Vec<i32> = self.leaders.drain().chain(next).collect();
        end(&all);
    }
}

/// Children of ours that were not reaped: no other process can have such a number. All are ending before the first one
/// is waited for.
fn end(children: &[i32]) {
    for child in children {
        let _ = kill(Pid::from_raw(*child), SIGKILL);
    }
    children.iter().copied().for_each(reap);
}

fn reap(pid: i32) {
    while waitpid(Pid::from_raw(pid), Some(WaitPidFlag::__WALL)) == Err(Errno::EINTR) {}
}

fn ask(socket: &mut UnixStream, request: &[u8], listener: &[RawFd]) -> io::Result<()> {
    let rights = [ControlMessage::ScmRights(listener)];
    let rights = if listener.is_empty() { &rights[..0] } else { &rights[..] };
    let iov = [IoSlice::new(request)];
    let sent = loop {
        match sendmsg::<()>(socket.as_raw_fd(), &iov, rights, MsgFlags::MSG_NOSIGNAL, None) {
            Err(Errno::EINTR) => {}
            other => break other?,
        }
    };
    socket.write_all(request.get(sent..).unwrap_or_default())
}

/// The answer of this leader. The socket alone would not tell that it has died when another one waits already.
fn answer(socket: &mut UnixStream, leader: i32) -> io::Result<LeaderReply> {
    let mut bytes = [0; HEADER];
    let mut count = 0;
    while count < HEADER {
        match socket.read(&mut bytes[count..]) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(more) => count += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && is_alive(leader) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(LeaderReply::of(&bytes))
}

/// It is not reaped by this.
fn is_alive(child: i32) -> bool {
    let question = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT | WaitPidFlag::__WALL;
    waitid(Id::Pid(Pid::from_raw(child)), question) == Ok(WaitStatus::StillAlive)
}
