//! The processes that started ganger, so that the stack can end with them (`--die-with-parent`).
//!
//! PR_SET_PDEATHSIG is not used: it follows the thread that forked, not the process, and only the parent, so a shell or a
//! wrapper between the caller and ganger hides the caller. A pidfd can be had of any process, and names that one for ever.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::pidfd;
use super::tree;

/// The most processes that are watched: a chain of wrappers is not longer.
const MOST: usize = 16;

/// The watched processes, by their numbers and by what tells of their ends. Empty: none.
#[derive(Debug, Default)]
pub(crate) struct WatchedParents(Vec<(i32, OwnedFd)>);

impl WatchedParents {
    /// One process.
    ///
    /// # Errors
    ///
    /// It does not exist, or the system has no pidfd (pidfd_open(2)).
    pub(crate) fn process(pid: i32) -> io::Result<Self> {
        Ok(Self(vec![(pid, pidfd::open(pid)?)]))
    }

    /// The parent of this process; where that is only a wrapper (a shell with `-c`, a launcher), also its parent, and so on.
    ///
    /// # Errors
    ///
    /// The parent has ended already, or the system has no pidfd.
    pub(crate) fn parent() -> io::Result<Self> {
        let parent = nix::unistd::getppid().as_raw();
        let mut watched = Self::process(parent)?;
        // Its number could have been another's by then.
        if nix::unistd::getppid().as_raw() != parent {
            return Err(nix::errno::Errno::ESRCH.into());
        }
        let mut pid = parent;
        while watched.0.len() < MOST && is_wrapper(&arguments(pid)) {
            let Some(above) = parent_of(pid) else { break };
            // It ended in between: so did what started ganger.
            watched.0.push((above, pidfd::open(above)?));
            pid = above;
        }
        Ok(watched)
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What to poll to wait for the end of one of them.
    pub(crate) fn descriptors(&self) -> impl Iterator<Item = PollFd<'_>> {
        self.0.iter().map(|(_, process)| PollFd::new(process.as_fd(), PollFlags::POLLIN))
    }

    /// The same in a process that was just forked from the one that had them.
    ///
    /// # Errors
    ///
    /// None.
    #[cfg(target_os = "linux")]
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    pub(crate) fn after_fork(self) -> io::Result<Self> {
        Ok(self)
    }

    /// The same in a process that was just forked from the one that had them: it has no queues of that one (kqueue(2)).
    ///
    /// # Errors
    ///
    /// EMFILE.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn after_fork(self) -> io::Result<Self> {
        // What cannot be opened any more has ended, as has a pipe of which the other end is closed.
        let again =
            |(pid, _)| Ok((pid, pidfd::open(pid).or_else(|_| super::pipe::pipe().map(|(end, _)| end))?));
        self.0.into_iter().map(again).collect::<io::Result<_>>().map(Self)
    }

    /// Whether one of them has ended.
    pub(crate) fn has_ended(&self) -> bool {
        let mut descriptors: Vec<_> = self.descriptors().collect();
        !descriptors.is_empty() && poll(&mut descriptors, PollTimeout::ZERO).is_ok_and(|ended| ended > 0)
    }
}

/// Whether a process with these arguments only stands between ganger and its caller: `sh -c …`, as npm, make and editors
/// start commands, or an interpreter that runs a script called ganger (the launcher of a package).
fn is_wrapper(arguments: &[Vec<u8>]) -> bool {
    let [program, first, ..] = arguments else { return false };
    let name = base_name(program);
    let name = name.strip_prefix(b"-").unwrap_or(name);
    let is_shell = matches!(name, b"sh" | b"dash" | b"bash" | b"ash" | b"zsh" | b"busybox");
    is_shell && arguments[1..].iter().take(3).any(|word| has_command(word)) || base_name(first) == b"ganger"
}

/// Whether a shell has a command, by this word: `bash -ec`, `busybox sh -c`. It comes after the first one that has a `c` among
/// its letters.
fn has_command(word: &[u8]) -> bool {
    word.first() == Some(&b'-') && word.get(1) != Some(&b'-') && word.contains(&b'c')
}

fn base_name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
}

/// The arguments of a process; none where they cannot be read.
fn arguments(pid: i32) -> Vec<Vec<u8>> {
    let text = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    text.split(|byte| *byte == 0).filter(|word| !word.is_empty()).map(<[u8]>::to_vec).collect()
}

/// The parent of a process; `None` where it is init or not known.
fn parent_of(pid: i32) -> Option<i32> {
    tree::process(pid).map(|process| process.parent).filter(|parent| *parent > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_with_a_command_and_a_launcher_are_wrappers() {
        let table = [
            ("sh -c ganger start", true),
            ("/bin/bash -ec ganger", true),
            ("busybox sh -c x", true),
            ("bash --norc -c x", true),
            ("node /p/node_modules/.bin/ganger start", true),
            ("/usr/bin/ruby3.1 /usr/local/bin/ganger start", true),
            ("bash", false),
            ("-bash", false),
            ("bash -l", false),
            ("bash --rcfile x", false),
            ("sh bin/dev", false),
            ("npm exec ganger start", false),
            ("node server.js ganger", false),
            ("", false),
        ];
        for (line, expected) in table {
            let words: Vec<Vec<u8>> = line.split_whitespace().map(|word| word.as_bytes().to_vec()).collect();
            assert_eq!(is_wrapper(&words), expected, "{line}");
        }
    }

    #[test]
    fn an_ended_process_is_noticed_and_a_living_one_is_not() {
        assert!(!WatchedParents::default().has_ended());
        assert!(!WatchedParents::parent().unwrap().has_ended());
        assert!(WatchedParents::process(i32::MAX).is_err());
    }
}
