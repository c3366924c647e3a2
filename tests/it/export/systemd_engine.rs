//! Promised: what `ganger export systemd` writes runs under systemd as process 1, by the commands of docs/export.md: as its user,
//! values byte for byte, the release first; an upgrade whose release fails changes nothing, and a stop waits for work.
//!
//! systemd is booted by systemd-nspawn on an overlay of /, of which nothing is left.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{Project, Running, are_there, can, holds};

/// What the types run: it writes down its environment, when it hears signals, and works until there is a file `go`; a stop signal
/// meanwhile is written down too.
const SERVE: &str = "trap 'asked=1; : >out/$PS.asked' TERM INT\n\
                     cat /proc/$$/environ >out/$PS.environ.new; mv out/$PS.environ.new out/$PS.environ\n\
                     while [ ! -e out/go ] || [ -z \"$asked\" ]; do sleep 0.1; done\n\
                     : >out/$PS.finished\n";

const PROCFILE: &str = "release: test ! -e out/broken && touch out/released\n\
                        web: sh serve $PORT\n\
                        my_worker: echo before; sh serve; true\n";

const NASTY: &str = "a $HOME ${B} $$ % %h \\ \\n \" ` # é 🦀\nnext  line ";

const INSTANCES: [&str; 3] = ["web.1", "web.2", "my_worker.1"];

/// Boots systemd on an overlay of /, over which lie the files below `$0/files`.
const BOOT: &str = "mount -t tmpfs tmpfs \"$0/rw\" && mkdir \"$0/rw/upper\" \"$0/rw/work\" && \
                    mount -t overlay overlay -o lowerdir=/,upperdir=\"$0/rw/upper\",workdir=\"$0/rw/work\" \"$0/root\" && \
                    rm -rf \"$0\"/root/etc/systemd/system/*.wants && cp -a \"$0/files/.\" \"$0/root/\" && \
                    exec systemd-nspawn --quiet --register=no --keep-unit --private-network --directory=\"$0/root\" \
                    --machine=shop --boot --console=pipe --link-journal=no systemd.unit=basic.target";

struct Machine {
    _nspawn: Running,
    /// The process id of systemd, seen from here.
    first: String,
    _folder: tempfile::TempDir,
}

impl Machine {
    /// A machine in which systemd is up, with the files below `files` in its root.
    fn boot(fill: impl FnOnce(&Path)) -> Option<Self> {
        let is_root = || can("root, for systemd-nspawn", nix::unistd::geteuid().is_root());
        if !are_there(&["systemd-nspawn", "nsenter", "unshare", "systemctl"]) || !is_root() {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        for name in ["rw", "root", "files"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        fill(&folder.path().join("files"));
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c", BOOT]).arg(folder.path());
        let nspawn = Running::start(command);
        let list = format!("/proc/{0}/task/{0}/children", nspawn.pid());
        let children = || fs::read_to_string(&list).unwrap_or_default();
        // unshare(1) and the shell are replaced by systemd-nspawn; what they ran before are its first children.
        let is_systemd = |pid: &&str| {
            fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim_end() == "systemd")
        };
        let first = || children().split_whitespace().find(is_systemd).map(str::to_owned);
        assert!(holds(|| first().is_some()), "systemd-nspawn starts systemd");
        let machine = Self { first: first().unwrap(), _nspawn: nspawn, _folder: folder };
        assert!(holds(|| machine.systemctl(&["is-active", "--quiet", "basic.target"])), "systemd is up");
        Some(machine)
    }

    fn inside(&self, words: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.first, "--all"]).args(words);
        command
    }

    /// Whether `systemctl WORDS` has status 0.
    fn systemctl(&self, words: &[&str]) -> bool {
        self.inside(&[&["systemctl"], words].concat()).output().unwrap().status.success()
    }

    /// The main process of each instance, as it is numbered there.
    fn processes(&self) -> Vec<String> {
        let of = |instance: &str| {
            let unit = format!("shop-{instance}.service");
            let output = self.inside(&["systemctl", "show", "--value", "--property=MainPID", &unit]).output();
            String::from_utf8(output.unwrap().stdout).unwrap().trim_end().to_owned()
        };
        INSTANCES.map(of).to_vec()
    }

    /// A file of the stack, seen from here.
    fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root/srv/shop/out/{name}", self.first))
    }

    fn waits_for(&self, name: &str) {
        assert!(holds(|| self.path(name).exists()), "{name}");
    }
}

/// The exported units and the values of `project`, and the code, as they lie in a root.
fn install(project: &Project, files: &Path) {
    let export = |words: &[&str]| {
        let output = project.ganger(&[&["export", "systemd"], words].concat()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    for folder in ["etc/shop", "etc/systemd/system", "srv/shop/out"] {
        fs::create_dir_all(files.join(folder)).unwrap();
    }
    export(&["-o", files.join("etc/systemd/system").to_str().unwrap()]);
    let values = files.join("etc/shop/env");
    fs::write(&values, export(&["--secrets", "only"])).unwrap();
    fs::set_permissions(values, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(files.join("srv/shop/serve"), SERVE).unwrap();
    fs::set_permissions(files.join("srv/shop/out"), fs::Permissions::from_mode(0o777)).unwrap();
}

#[test]
fn a_stack_lives_under_systemd_as_it_did_under_ganger() {
    let long = "0123456789abcdef".repeat(256);
    let settings = "timeout = 60\n[export]\napp = \"shop\"\n[export.systemd]\nformation = \"web=2,my_worker=1\"\n\
                    user = \"nobody\"\nworking-directory = \"/srv/shop\"\n";
    let env = format!("NASTY='{NASTY}'\nLONG={long}\n");
    let project = Project::new(PROCFILE).file(".env", &env).file("ganger.toml", settings);
    let Some(machine) = Machine::boot(|files| install(&project, files)) else { return };

    assert!(machine.systemctl(&["start", "shop.target"]));
    assert!(machine.path("released").exists(), "the release has run before the rest");
    for (instance, port) in INSTANCES.into_iter().zip(["5100", "5101", "5200"]) {
        machine.waits_for(&format!("{instance}.environ"));
        let path = machine.path(&format!("{instance}.environ"));
        assert_eq!(fs::metadata(&path).unwrap().uid(), 65534, "it runs as its user");
        let text = String::from_utf8(fs::read(path).unwrap()).unwrap();
        let environment: BTreeMap<&str, &str> =
            text.split_terminator('\0').filter_map(|pair| pair.split_once('=')).collect();
        assert_eq!((environment["NASTY"], environment["LONG"]), (NASTY, long.as_str()), "{instance}");
        assert_eq!((environment["PORT"], environment["PS"]), (port, instance));
    }

    // A release that fails: the status tells, and all goes on. One that succeeds: all are new.
    let before = machine.processes();
    for instance in INSTANCES {
        fs::remove_file(machine.path(&format!("{instance}.environ"))).unwrap();
    }
    fs::write(machine.path("broken"), "").unwrap();
    assert!(!machine.systemctl(&["start", "shop-upgrade.service"]));
    assert_eq!(machine.processes(), before);
    fs::remove_file(machine.path("broken")).unwrap();
    fs::write(machine.path("go"), "").unwrap();
    assert!(machine.systemctl(&["start", "shop-upgrade.service"]));
    let after = machine.processes();
    assert!(before.iter().zip(&after).all(|(old, new)| old != new && new != "0"), "{before:?} {after:?}");
    fs::remove_file(machine.path("go")).unwrap();
    for instance in INSTANCES {
        machine.waits_for(&format!("{instance}.environ"));
        for of_the_old in ["asked", "finished"] {
            fs::remove_file(machine.path(&format!("{instance}.{of_the_old}"))).unwrap();
        }
    }

    // The stop returns when all have done what they were doing, and leaves nothing that failed.
    let mut stop = Running::start(machine.inside(&["systemctl", "stop", "ganger-shop.slice"]));
    for instance in INSTANCES {
        machine.waits_for(&format!("{instance}.asked"));
    }
    // The shell in front of `my_worker` has ended; what it ran is waited for all the same.
    assert_eq!(machine.processes()[..2], after[..2], "they go on with what they do");
    fs::write(machine.path("go"), "").unwrap();
    assert!(stop.wait().success());
    for instance in INSTANCES {
        assert!(machine.path(&format!("{instance}.finished")).exists(), "{instance}");
        assert!(
            !machine.systemctl(&["is-failed", "--quiet", &format!("shop-{instance}.service")]),
            "{instance}"
        );
    }
    assert_eq!(machine.processes(), ["0", "0", "0"]);
}
