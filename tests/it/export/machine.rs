//! A machine with systemd as process 1, booted by systemd-nspawn on an overlay of a root folder, of which nothing is left.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use nix::sys::signal::Signal;

use super::succeeds;
use crate::harness::{Cgroup, Running, are_there, can, holds};

/// Boots systemd on an overlay of `$1`, over which lie the files below `$0/files`, in the cgroup `$2`, with the other words as flags: on the first hierarchy of cgroups
/// systemd in a container does not wait for what a main process leaves.
/// podman needs keys and filters of devices.
const BOOT: &str = "mount -t tmpfs tmpfs \"$0/rw\" && mkdir \"$0/rw/upper\" \"$0/rw/work\" && \
                    mount -t overlay overlay -o lowerdir=\"$1\",upperdir=\"$0/rw/upper\",workdir=\"$0/rw/work\" \"$0/root\" && \
                    rm -rf \"$0\"/root/etc/systemd/system/*.wants && cp -a \"$0/files/.\" \"$0/root/\" && \
                    echo $$ >\"$2/cgroup.procs\" && export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 && \
                    machine=${2##*/} && shift 2 && \
                    exec systemd-nspawn --quiet --register=no --keep-unit --private-network --directory=\"$0/root\" \
                    --machine=\"$machine\" --boot --console=pipe --link-journal=no --capability=all \
                    --system-call-filter=bpf --system-call-filter=@keyring \"$@\" systemd.unit=basic.target";

pub(super) struct Machine {
    _nspawn: Running,
    _cgroup: Cgroup,
    /// The process id of systemd, seen from here.
    first: String,
    _folder: tempfile::TempDir,
}

impl Machine {
    /// A machine in which systemd is up, with what `fill` puts into a folder over the files of `root`, and `binds` of this machine
    /// (`FROM:TO`, or one path for both), which it only reads.
    pub(super) fn boot(root: &Path, binds: &[String], fill: impl FnOnce(&Path)) -> Option<Self> {
        let is_root = || can("root, for systemd-nspawn", nix::unistd::geteuid().is_root());
        if !are_there(&["systemd-nspawn", "nsenter", "unshare", "systemctl"]) || !is_root() {
            return None;
        }
        let cgroup = Cgroup::new();
        can("the second hierarchy of cgroups", cgroup.is_some());
        let cgroup = cgroup?;
        let folder = tempfile::tempdir().unwrap();
        for name in ["rw", "root", "files"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        fill(&folder.path().join("files"));
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c", BOOT]).args([
            folder.path(),
            root,
            cgroup.path(),
        ]);
        command.args(binds.iter().map(|bind| format!("--bind-ro={bind}")));
        let mut nspawn = Running::start(command);
        let list = format!("/proc/{0}/task/{0}/children", nspawn.pid());
        let children = || fs::read_to_string(&list).unwrap_or_default();
        // unshare(1) and the shell are replaced by systemd-nspawn; what they ran before are its first children.
        let is_systemd = |pid: &&str| {
            fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim_end() == "systemd")
        };
        let first = || children().split_whitespace().find(is_systemd).map(str::to_owned);
        if !holds(|| first().is_some()) {
            // What it has said is complete when it and all that has its output have ended.
            nspawn.signal(Signal::SIGKILL);
            drop(cgroup);
            panic!("systemd-nspawn does not start systemd: {:#?}", nspawn.all_said());
        }
        let machine = Self { first: first().unwrap(), _nspawn: nspawn, _cgroup: cgroup, _folder: folder };
        assert!(holds(|| machine.systemctl(&["is-active", "--quiet", "basic.target"])), "systemd is up");
        Some(machine)
    }

    pub(super) fn inside(&self, words: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.first, "--all"]).args(words);
        command
    }

    /// What came of a command that is run inside.
    pub(super) fn run(&self, words: &[&str]) -> Output {
        self.inside(words).output().unwrap()
    }

    /// What a command that is run inside prints; panics if it fails.
    pub(super) fn ask(&self, words: &[&str]) -> String {
        let output = succeeds(&words.join(" "), self.inside(words));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// Whether `systemctl WORDS` has status 0.
    pub(super) fn systemctl(&self, words: &[&str]) -> bool {
        self.run(&[&["systemctl"], words].concat()).status.success()
    }

    /// A file of the machine, seen from here.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{path}", self.first))
    }

    /// The command lines of its processes.
    pub(super) fn processes(&self) -> Vec<String> {
        let line = |path: PathBuf| fs::read_to_string(path.join("cmdline")).ok();
        let entries = fs::read_dir(self.path("/proc")).unwrap();
        entries.filter_map(|entry| line(entry.ok()?.path())).map(|line| line.replace('\0', " ")).collect()
    }

    pub(super) fn waits_for(&self, path: &str) {
        assert!(holds(|| self.path(path).exists()), "{path}");
    }
}
