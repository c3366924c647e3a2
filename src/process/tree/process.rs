//! A process as the kernel shows it, and all of them.

use std::collections::HashSet;

/// A process below us, as one scan found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    /// Its id.
    pub pid: i32,
    /// Its parent's.
    pub parent: i32,
    /// Its group's.
    pub group: i32,
    /// Its session's.
    pub session: i32,
    /// When it was made, in clock ticks since boot (macOS: its unique id): with `pid`, it names a process for ever. [`Process::UNREAPED`]
    /// where it is a child of ours, of which the id is enough.
    pub born: u64,
    /// Its name, as the kernel has it.
    pub name: String,
}

/// A process for ever: its id alone may be given to another.
pub(crate) type Identity = (i32, u64);

impl Process {
    /// `born` of a child of ours that is not reaped.
    pub(crate) const UNREAPED: u64 = 0;

    /// The own process of an instance, not reaped yet, without a look at it: its id is its own until then (POSIX XBD 3.271).
    pub(crate) fn leader(pid: i32) -> Self {
        Self { pid, parent: 0, group: pid, session: pid, born: Self::UNREAPED, name: String::new() }
    }

    /// What names it for ever.
    pub(crate) fn identity(&self) -> Identity {
        (self.pid, self.born)
    }
}

/// Programs that are a shell, by the names of their files. A script's own name is not among them: `./start.sh` is a process
/// called so whose program is one of these.
pub(super) const SHELLS: [&str; 11] =
    ["sh", "dash", "bash", "ash", "busybox", "zsh", "ksh", "ksh93", "mksh", "yash", "posh"];

/// These processes and all below them, of a list that has parents before their children.
pub(crate) fn with_descendants(mut roots: HashSet<i32>, processes: &[Process]) -> HashSet<i32> {
    for process in processes {
        if roots.contains(&process.parent) {
            roots.insert(process.pid);
        }
    }
    roots
}

/// What one pass over all processes saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scan {
    /// Every living descendant, parents before their children.
    pub processes: Vec<Process>,
    /// Whether no process can have been overlooked. A pass goes by rising numbers, so a chain of processes that
    /// each fork and end can jump behind it. It cannot without a trace: a process that ends during the scan, and leaves
    /// an orphan to us, is our child, and stays as a zombie until we reap it. So a pass that saw no zombie
    /// of ours saw all.
    pub is_certain: bool,
}
