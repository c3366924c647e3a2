//! A cgroup for the stack, where one was handed to us (cgroups(7), version 2): its `cgroup.kill` ends all in
//! it at once, racing forks and other users' processes included.
//!
//! Only in addition, and only where its owner said so: systemd marks what it hands over (`Delegate=`), and
//! a container's whole tree is the container's. Elsewhere a writable folder is no invitation: a cgroup that
//! systemd did not expect in its unit breaks its accounting. docs/design/0010 has the reasons.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

/// Where version 2 alone is mounted. In the hybrid layout it lies a folder deeper, has no say, and is left
/// alone, as version 1 is.
const MOUNT: &str = "/sys/fs/cgroup";
/// What our folders begin with; the monitor's process id follows.
const NAME: &str = "ganger-";

/// A cgroup of ours, which is removed when this value is dropped.
#[derive(Debug)]
pub(crate) struct Cgroup {
    folder: PathBuf,
    /// Whether we made it: the worker has the same value by fork, and does not remove it.
    monitor: u32,
}

impl Cgroup {
    /// Makes one, where we may; else `None`, and nothing is lost but a second net.
    pub(crate) fn make() -> Option<Self> {
        let own = own(&fs::read_to_string("/proc/self/cgroup").ok()?)?;
        let is_root = own.as_os_str().is_empty();
        let folder = Path::new(MOUNT).join(own);
        // The real root has no such file: a root that has one is that of a container's own view.
        let is_handed_over = folder.join("cgroup.kill").exists() && (is_root || is_delegated(&folder));
        if !is_handed_over {
            return None;
        }
        remove_stale(&folder);
        let monitor = std::process::id();
        let folder = folder.join(format!("{NAME}{monitor}"));
        fs::create_dir(&folder).ok()?;
        Some(Self { folder, monitor })
    }

    /// Moves this process into it, and with it all that it will start.
    pub(crate) fn enter(&self) {
        // Refused where the tree does not allow it (a controller in the parent): the stack then runs outside.
        let _ = write(&self.folder.join("cgroup.procs"), "0");
    }

    /// SIGKILL to every process in it.
    pub(crate) fn kill(&self) {
        let _ = write(&self.folder.join("cgroup.kill"), "1");
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        if self.monitor == std::process::id() {
            // Not empty: what cannot be ended is in it.
            let _ = fs::remove_dir(&self.folder);
        }
    }
}

/// Our own cgroup below the mount, of the line `0::/path`. With other hierarchies beside it, it has no say.
fn own(lines: &str) -> Option<PathBuf> {
    let path = lines.strip_prefix("0::/")?.strip_suffix('\n')?;
    (!path.contains('\n')).then(|| PathBuf::from(path))
}

/// systemd.resource-control(5), `Delegate=`: the attribute is there since systemd 251, and `trusted.` for
/// root before.
fn is_delegated(folder: &Path) -> bool {
    ["user.delegate", "trusted.delegate"].into_iter().any(|name| {
        let mut value = [0; 16];
        rustix::fs::getxattr(folder, name, &mut value).is_ok_and(|length| value[..length] == *b"1")
    })
}

/// Removes the folders of runs of which both halves were killed; one that still holds a process cannot be removed. That of a monitor which is
/// just starting is empty too.
fn remove_stale(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if monitor_of(&entry.file_name()).is_some_and(|monitor| !is_there(monitor)) {
            let _ = fs::remove_dir(entry.path());
        }
    }
}

/// The monitor that made a folder of this name; `None` if it is none of ours.
fn monitor_of(name: &OsStr) -> Option<Pid> {
    let digits = name.to_str()?.strip_prefix(NAME)?;
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|pid| is_number && *pid > 0).map(Pid::from_raw)
}

/// Whether a process has this number (kill(2), signal 0).
fn is_there(pid: Pid) -> bool {
    kill(pid, None) != Err(Errno::ESRCH)
}

fn write(file: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().write(true).open(file)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_that_of_a_run_by_its_name_alone() {
        for (name, pid) in [("ganger-1", Some(1)), ("ganger-4194304", Some(4_194_304))] {
            assert_eq!(monitor_of(OsStr::new(name)).map(Pid::as_raw), pid, "{name}");
        }
        for other in
            ["ganger-", "ganger-0", "ganger-+1", "ganger--1", "ganger-1-2", "ganger-test-1", "gange-1"]
        {
            assert_eq!(monitor_of(OsStr::new(other)), None, "{other}");
        }
    }

    #[test]
    fn the_folder_of_a_monitor_that_is_just_starting_stays() {
        let folder = tempfile::tempdir().unwrap();
        let own = format!("{NAME}{}", std::process::id());
        // No process has the largest number of all.
        for name in [&*own, "ganger-2147483647", "ganger-test-1"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        remove_stale(folder.path());
        let left = |name: &str| folder.path().join(name).exists();
        assert!(left(&own) && left("ganger-test-1") && !left("ganger-2147483647"));
    }

    #[test]
    fn only_a_lone_second_version_has_a_cgroup_for_us() {
        assert_eq!(own("0::/\n"), Some(PathBuf::from("")));
        assert_eq!(own("0::/user.slice/a b\n"), Some(PathBuf::from("user.slice/a b")));
        for other in ["", "9:name=systemd:/init.scope\n0::/init.scope\n", "0::/a\n1:cpu:/\n", "1:cpu:/\n"] {
            assert_eq!(own(other), None, "{other:?}");
        }
    }
}
