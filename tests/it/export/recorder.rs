//! A shell that writes down what it was given, and the engines that start it.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};

use ganger::parts::export::Bundle;
use nix::sys::signal::Signal;

use super::lay_out;
use crate::harness::{Cgroup, PATIENCE, Running, are_there, can, holds, python_has, write_program};

/// What a child was given.
pub(super) struct Given {
    /// Its words, from `-c` on.
    pub(super) words: Vec<Vec<u8>>,
    /// Its environment.
    pub(super) environment: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Its process.
    pub(super) pid: i32,
}

/// A place where children of an engine write down what they were given.
pub(super) struct Recorder {
    folder: tempfile::TempDir,
    done: Receiver<String>,
}

impl Recorder {
    pub(super) fn new() -> Self {
        // Not for good: if a test is killed, nothing of it stays for long.
        Self::then("exec sleep 60")
    }

    /// One that then does what it was asked for.
    pub(super) fn that_runs() -> Self {
        Self::then("exec /bin/sh \"$@\"")
    }

    fn then(last: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().display().to_string();
        let pipe = folder.path().join("done");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::from_bits_truncate(0o666)).unwrap();
        let text = format!(
            "#!/bin/sh\ncat /proc/$$/cmdline > '{place}/'\"$PS\".words\ncat /proc/$$/environ > \
             '{place}/'\"$PS\".environment\necho $$ > '{place}/'\"$PS\".pid\nprintf '%s\\n' \"$PS\" > \
             '{place}/done'\n{last}\n"
        );
        write_program(&folder.path().join("shell"), &text);
        let (sender, done) = channel();
        // Open for both, so that it has no end while writers come and go.
        let reader = OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
        std::thread::spawn(move || {
            for line in BufReader::new(reader).lines() {
                if line.is_err() || sender.send(line.unwrap()).is_err() {
                    return;
                }
            }
        });
        Self { folder, done }
    }

    /// A folder of its own.
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where exported files say that the values lie.
    pub(super) fn etc(&self) -> String {
        self.path().join("etc").display().to_string()
    }

    /// The program.
    pub(super) fn shell(&self) -> String {
        self.path().join("shell").display().to_string()
    }

    /// The process of an instance that has been started again since it was `old`.
    pub(super) fn pid_of(&self, name: &str, old: i32) -> i32 {
        let read = || fs::read_to_string(self.path().join(format!("{name}.pid"))).ok()?.trim().parse().ok();
        assert!(holds(|| read().is_some_and(|pid: i32| pid != old)), "{name} is not started again");
        read().unwrap()
    }

    /// What the instances called `names` were given, once all of them have said so.
    fn wait(&self, names: &[String]) -> BTreeMap<String, Given> {
        let mut given = BTreeMap::new();
        while given.len() < names.len() {
            let Ok(name) = self.done.recv_timeout(PATIENCE) else {
                let missing: Vec<_> =
                    names.iter().filter(|name| !given.contains_key(*name)).take(5).collect();
                panic!("{} of {} came, not {missing:?}", given.len(), names.len());
            };
            let read = |what: &str| fs::read(self.path().join(format!("{name}.{what}"))).unwrap();
            let split = |bytes: Vec<u8>| -> Vec<Vec<u8>> {
                let text = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
                text.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect()
            };
            // The first two are the interpreter and the script.
            let words = split(read("words")).split_off(2);
            let pairs = split(read("environment")).into_iter().filter_map(|pair| {
                let at = pair.iter().position(|byte| *byte == b'=')?;
                Some((pair[..at].to_vec(), pair[at + 1..].to_vec()))
            });
            let pid = String::from_utf8(read("pid")).unwrap().trim().parse().unwrap();
            given.insert(name, Given { words, environment: pairs.collect(), pid });
        }
        given
    }
}

/// What an engine is to run.
pub(super) struct Job<'a> {
    /// The export.
    pub(super) bundle: &'a Bundle,
    /// What lies where its files look for values.
    pub(super) values: &'a [u8],
    /// The instances that it starts.
    pub(super) names: &'a [String],
}

/// An engine that starts programs on this machine.
#[derive(Clone, Copy, Debug)]
pub(super) enum Engine {
    Systemd,
    Supervisord,
    Runit,
    S6,
    /// Not the engine, which needs macOS: plistlib reads, and a few lines start.
    Launchd,
}

impl Engine {
    /// Whether it is installed; if not, that is said.
    pub(super) fn is_there(self) -> bool {
        match self {
            Self::Systemd => are_there(&["systemd-analyze", "unshare"]) && can_mount(),
            Self::Supervisord => are_there(&["supervisord"]),
            Self::Runit => are_there(&["runsvdir", "chpst"]),
            Self::S6 => are_there(&["s6-svscan", "s6-supervise"]),
            Self::Launchd => python_has(&["plistlib"]),
        }
    }

    /// Runs `job` until all of its instances have been started;
    /// does what is to be done while it runs, and stops it as its manual says.
    pub(super) fn run(
        self,
        recorder: &Recorder,
        job: &Job<'_>,
        while_it_runs: impl FnOnce(&BTreeMap<String, Given>),
    ) -> BTreeMap<String, Given> {
        let Job { bundle, values, names } = *job;
        let home = recorder.path().join("home");
        for folder in [PathBuf::from(recorder.etc()).join("shop"), home.join(".config/shop")] {
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("env"), values).unwrap();
        }
        let files = recorder.path().join("files");
        let mut without_logs = bundle.clone();
        without_logs.files.retain(|file| !file.path.ends_with("/log/run"));
        lay_out(&without_logs, &files);
        let is_root = nix::unistd::geteuid().is_root();
        let cgroup = (matches!(self, Self::Systemd) && is_root).then(Cgroup::new).flatten();
        let mut command = self.command(recorder.path(), &files);
        command.args(cgroup.iter().map(Cgroup::path));
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", &home);
        command.current_dir(recorder.path());
        let mut running = Running::start(command);
        let given = recorder.wait(names);
        while_it_runs(&given);
        running.signal(self.stop_signal());
        running.wait();
        // runsvdir does not wait for what it has started.
        assert!(running.all_gone_within(PATIENCE), "{self:?} leaves something behind");
        given
    }

    /// What its manual says that stops it and all that it has started.
    fn stop_signal(self) -> Signal {
        match self {
            Self::Runit => Signal::SIGHUP,
            Self::Systemd | Self::Supervisord | Self::S6 | Self::Launchd => Signal::SIGTERM,
        }
    }

    fn command(self, folder: &Path, files: &Path) -> Command {
        let mut command;
        match self {
            Self::Systemd => {
                for unit in ["basic", "shutdown", "sockets", "timers", "paths", "exit"] {
                    let name = format!("{unit}.target");
                    fs::copy(Path::new("/usr/lib/systemd/user").join(&name), files.join(&name)).unwrap();
                }
                let exit = "systemd-exit.service";
                fs::copy(Path::new("/usr/lib/systemd/user").join(exit), files.join(exit)).unwrap();
                // A manager starts only where systemd was booted: in a /run of its own that looks like it.
                let script = "{ [ -z \"$1\" ] || echo $$ >\"$1/cgroup.procs\"; } && \
                              mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system /run/mine && chmod 700 \
                              /run/mine && exec env XDG_RUNTIME_DIR=/run/mine SYSTEMD_UNIT_PATH=\"$0\" \
                              SYSTEMD_LOG_LEVEL=err \"$(ls /lib/systemd/systemd /usr/lib/systemd/systemd \
                              2>/dev/null | head -1)\" --user --unit=shop.target";
                command = Command::new("unshare");
                command.args(mounting()).args(["sh", "-c", script]).arg(files);
            }
            Self::Supervisord => {
                let place = folder.display();
                let text = format!(
                    "[supervisord]\nlogfile={place}/log\npidfile={place}/pid\nchildlogdir={place}\nminfds=4096\n\
                     [include]\nfiles={place}/files/*.conf\n"
                );
                fs::write(folder.join("supervisord.conf"), text).unwrap();
                command = Command::new("supervisord");
                command.args(["-n", "-c"]).arg(folder.join("supervisord.conf"));
            }
            Self::Runit => {
                command = Command::new("runsvdir");
                command.arg(files);
            }
            Self::S6 => {
                command = Command::new("s6-svscan");
                command.args(["-c", "2000"]).arg(files);
            }
            Self::Launchd => {
                let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/export/launchd.py");
                command = Command::new("python3");
                command.arg(script).arg(files);
            }
        }
        command
    }
}

/// What unshare(1) takes so that we may mount: nothing more for root.
fn mounting() -> &'static [&'static str] {
    if nix::unistd::geteuid().is_root() {
        &["--mount", "--propagation", "private", "--"]
    } else {
        &["--map-root-user", "--mount", "--propagation", "private", "--"]
    }
}

fn can_mount() -> bool {
    let mut command = Command::new("unshare");
    command.args(mounting()).args(["mount", "-t", "tmpfs", "tmpfs", "/run"]);
    can("a mount namespace", command.output().is_ok_and(|output| output.status.success()))
}
