//! The id of a run: the mark of all its processes, by which a later start tells their run and whether it still lives.

use std::fmt;
use std::io;
use std::path::Path;

use super::tree::{Identity, is_running, look_at};

/// The root and the two processes of a run. Written as `ROOT.MONITOR.WORKER.RANDOM`, the two in the middle as `PID-BORN`.
///
/// Process and time of birth, in clock ticks since boot, name a process for ever; so a run lives as long as
/// one of its two processes does, and no file has to be kept, cleaned up or trusted. A lock on a file would
/// say the same, but not from which run a process came when two have run in one root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RunId {
    root: u64,
    monitor: Identity,
    worker: Identity,
    random: String,
}

impl RunId {
    /// The run that this process begins in `root`, a real path; `random` tells it from all others, also
    /// across machines and containers.
    ///
    /// # Errors
    /// When /proc is there and cannot be read: a run whose id is wrong would be swept while it lives.
    pub(crate) fn begin(root: &Path, random: String) -> io::Result<Self> {
        Ok(Self { root: key(root), monitor: ourselves()?, worker: (0, 0), random })
    }

    /// The same when this process is its worker.
    ///
    /// # Errors
    /// As [`RunId::begin`].
    pub(crate) fn in_worker(self) -> io::Result<Self> {
        Ok(Self { worker: ourselves()?, ..self })
    }

    /// What [`fmt::Display`] wrote; `None` if it is something else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let root = u64::from_str_radix(parts.next()?, 16).ok()?;
        let (monitor, worker) = (identity(parts.next()?)?, identity(parts.next()?)?);
        let random = parts.next()?.to_owned();
        parts.next().is_none().then_some(Self { root, monitor, worker, random })
    }

    /// What tells the runs of this root from those of another, as it stands in front of each.
    pub(crate) fn root(root: &Path) -> String {
        format!("{:016x}", key(root))
    }

    /// Whether it ran in this root.
    pub(crate) fn is_of(&self, root: &Path) -> bool {
        self.root == key(root)
    }

    /// The pid of its monitor, or of its worker where that one is gone; `None` if it is over. A process that was killed and
    /// still closes its files counts as gone: its lock is free by then, and the start that takes it would otherwise not sweep.
    pub(crate) fn living_half(&self) -> Option<i32> {
        [self.monitor, self.worker].into_iter().find(|half| is_running(*half)).map(|(pid, _)| pid)
    }

    /// Whether its monitor or its worker is there.
    pub(crate) fn is_alive(&self) -> bool {
        self.living_half().is_some()
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { root, monitor, worker, random } = self;
        write!(f, "{root:016x}.{}-{}.{}-{}.{random}", monitor.0, monitor.1, worker.0, worker.1)
    }
}

fn identity(text: &str) -> Option<Identity> {
    let (pid, born) = text.split_once('-')?;
    Some((pid.parse().ok()?, born.parse().ok()?))
}

/// Where there is no /proc, a run counts as dead, but then no process is found either.
fn ourselves() -> io::Result<Identity> {
    let pid = std::process::id().cast_signed();
    match look_at(pid) {
        Ok(process) => Ok((pid, process.map_or(0, |process| process.born))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((pid, 0)),
        Err(error) => Err(io::Error::new(error.kind(), format!("/proc/{pid}/stat: {error}"))),
    }
}

/// A path itself could be too long for a variable, and would tell every child where its project lies.
fn key(root: &Path) -> u64 {
    hash(root.as_os_str().as_encoded_bytes())
}

/// FNV-1a (draft-eastlake-fnv), 64 bits: the same in every version of ganger, which std's hashers do not promise. A
/// collision needs two roots of one user; and nothing is gained by making one.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_as_it_was_written_and_anything_else_is_none() {
        let run = RunId::begin(Path::new("/srv/shop"), "00ff".into()).unwrap().in_worker().unwrap();
        assert_eq!(RunId::parse(&run.to_string()), Some(run.clone()));
        assert!(run.is_of(Path::new("/srv/shop")) && !run.is_of(Path::new("/srv/sho")));
        for wrong in ["", "00ff", "1.2-3.4-5", "x.2-3.4-5.r", "1.2.4-5.r", "1.2-3.4-5.r.s"] {
            assert_eq!(RunId::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_key_of_a_root_stays_the_same_from_version_to_version() {
        assert_eq!(hash(b"a"), 0xaf63_dc4c_8601_ec8c);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_run_lives_while_one_of_its_two_does_and_a_reused_number_is_another() {
        let run = RunId::begin(Path::new("/"), "r".into()).unwrap();
        assert!(run.is_alive());
        let (pid, born) = run.monitor;
        assert!(!RunId { monitor: (pid, born + 1), ..run.clone() }.is_alive());
        assert!(RunId { monitor: (0, 0), worker: (pid, born), ..run }.is_alive());
    }
}
