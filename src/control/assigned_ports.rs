//! The ports that stacks have given out and that nothing may listen on yet.
//!
//! A program takes seconds from its start to its port (Rails, a JVM, a bundler). Another stack that starts meanwhile would find the port
//! free, take it, and end the older stack. So each lock tells which ports its stack has given out, for a minute: after that, what
//! listens says more (a stack of which nothing listens does not keep its ports from others).

use std::ffi::OsStr;
use std::io::Read;
use std::ops::RangeInclusive;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::address::Address;
use crate::plan::ports::Holder;

/// How long after its start a stack is waited for to take its ports.
const STARTING: Duration = Duration::from_mins(1);
/// The most bytes that are read of a lock.
const LONGEST: u64 = 4096 + 64;

/// What a lock tells: the stack of the process with this id has given out these ports.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct AssignedPorts {
    /// The id of its monitor.
    pub pid: i32,
    /// Up to the end of a hundred.
    pub ports: RangeInclusive<u16>,
    /// The root of the stack.
    pub root: PathBuf,
}

impl AssignedPorts {
    /// Those of stacks in their first minute, but for the one at `own`. `runtime` is `$XDG_RUNTIME_DIR`.
    pub(crate) fn of_others(own: &Address, runtime: Option<&Path>) -> Vec<Self> {
        // A clock that was set back makes none older.
        let is_young = |time: SystemTime| time.elapsed().map_or(true, |age| age < STARTING);
        // Killed stacks leave locks: hundreds of them are not opened.
        let others = Address::all_where(runtime, |lock| {
            lock.metadata().and_then(|file| file.modified()).is_ok_and(is_young)
        });
        let locks = others.into_iter().filter(|address| address.key() != own.key());
        let assigned = locks.filter_map(|address| {
            let mut text = Vec::new();
            address.held_lock()?.take(LONGEST).read_to_end(&mut text).ok()?;
            Self::parse(&text)
        });
        assigned.collect()
    }

    /// The stack that has given out this port.
    pub(crate) fn holder(all: &[Self], port: u16) -> Option<Holder> {
        let found = all.iter().find(|assigned| assigned.ports.contains(&port))?;
        Some(Holder {
            pid: Some(found.pid),
            name: Some(format!("the stack that starts in {}", found.root.display())),
        })
    }

    /// The text of a lock, of which the last line is a path: any bytes.
    fn parse(text: &[u8]) -> Option<Self> {
        let mut lines = text.splitn(3, |byte| *byte == b'\n');
        let mut line = || str::from_utf8(lines.next()?).ok();
        let pid = line()?.parse().ok()?;
        let (first, last) = line()?.split_once(' ')?;
        let ports = first.parse().ok()?..=last.parse().ok()?;
        Some(Self { pid, ports, root: OsStr::from_bytes(lines.next()?).into() })
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{File, FileTimes};

    use super::*;
    use crate::control::address::Claim;
    use crate::control::address::tests::ours;

    fn claim(root: &str, runtime: &Path) -> (Address, Claim) {
        let address = Address::new(Path::new(root), runtime.to_str(), Some(runtime));
        let (claim, _listener) = ours(&address);
        (address, claim)
    }

    #[test]
    fn ports_are_assigned_for_a_minute_and_as_long_as_the_stack_runs() {
        let runtime = tempfile::tempdir().unwrap();
        let (own, mut held) = claim("/own", runtime.path());
        let (other, mut claim) = claim("/oth er", runtime.path());
        let ports = |address| AssignedPorts::of_others(address, Some(runtime.path()));
        assert_eq!(ports(&own), [], "none is given out");
        held.assign(5200..=5299, Path::new("/own"));
        claim.assign(5000..=5199, Path::new("/oth er"));
        let pid = std::process::id().cast_signed();
        assert_eq!(ports(&own), [AssignedPorts { pid, ports: 5000..=5199, root: "/oth er".into() }]);
        assert_eq!(other.holder(), Some(pid), "the first line is still the pid");
        let holder = AssignedPorts::holder(&ports(&own), 5100).unwrap();
        assert_eq!(holder.to_string(), format!("the stack that starts in /oth er (pid {pid})"));
        assert_eq!(AssignedPorts::holder(&ports(&own), 5200), None);
        claim.assign(5000..=5199, Path::new(OsStr::from_bytes(b"/caf\xe9")));
        assert_eq!(ports(&own)[0].root.as_os_str().as_bytes(), b"/caf\xe9");
        assert_eq!(other.holder(), Some(pid), "whatever its root is called");
        // A process that it goes on in tells the same.
        claim.hand_over();
        claim.adopt();
        assert_eq!(ports(&own).len(), 1);
        let lock = File::options().write(true).open(other.lock_path(&other.folders()[0])).unwrap();
        let made = lock.metadata().unwrap().modified().unwrap();
        lock.set_times(FileTimes::new().set_modified(made - STARTING)).unwrap();
        assert_eq!(ports(&own), [], "it has had its minute");
        drop(claim);
        assert_eq!(ports(&other).len(), 1);
        drop(held);
        assert_eq!(ports(&other), []);
    }
}
