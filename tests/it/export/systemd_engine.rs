//! Promised: what `ganger export systemd` writes runs under systemd as process 1, by the commands of docs/export.md: as its user,
//! values byte for byte, the release first; an upgrade whose release fails changes nothing, and a stop waits for work.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use super::machine::Machine;
use crate::harness::{Project, Running};

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

/// The main process of each instance, as it is numbered there.
fn processes(machine: &Machine) -> Vec<String> {
    let of = |instance: &str| {
        let unit = format!("shop-{instance}.service");
        machine.ask(&["systemctl", "show", "--value", "--property=MainPID", &unit])
    };
    INSTANCES.map(of).to_vec()
}

/// Where a file of the stack lies in the machine.
fn out(name: &str) -> String {
    format!("/srv/shop/out/{name}")
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

/// What it was doing is finished, and the others go on.
fn one_type_is_restarted(machine: &Machine) {
    let before = processes(machine);
    let file = |name: &str| machine.path(&out(&format!("my_worker.1.{name}")));
    fs::remove_file(file("environ")).unwrap();
    fs::write(machine.path(&out("go")), "").unwrap();
    assert!(machine.systemctl(&["restart", "shop-my_worker.*"]));
    assert!(file("finished").exists());
    fs::remove_file(machine.path(&out("go"))).unwrap();
    let after = processes(machine);
    assert!(before[..2] == after[..2] && before[2] != after[2], "{before:?} {after:?}");
    machine.waits_for(&out("my_worker.1.environ"));
    for of_the_old in ["asked", "finished"] {
        fs::remove_file(file(of_the_old)).unwrap();
    }
}

#[test]
fn a_stack_lives_under_systemd_as_it_did_under_ganger() {
    let long = "0123456789abcdef".repeat(256);
    let settings = "timeout = 600\n[export]\napp = \"shop\"\n[export.systemd]\nformation = \"web=2,my_worker=1\"\n\
                    user = \"nobody\"\nworking-directory = \"/srv/shop\"\n";
    let env = format!("NASTY='{NASTY}'\nLONG={long}\n");
    let project = Project::new(PROCFILE).file(".env", &env).file("ganger.toml", settings);
    let Some(machine) = Machine::boot(Path::new("/"), |files| install(&project, files)) else { return };

    assert!(machine.systemctl(&["start", "shop.target"]));
    assert!(machine.path(&out("released")).exists(), "the release has run before the rest");
    for (instance, port) in INSTANCES.into_iter().zip(["5100", "5101", "5200"]) {
        machine.waits_for(&out(&format!("{instance}.environ")));
        let path = machine.path(&out(&format!("{instance}.environ")));
        assert_eq!(fs::metadata(&path).unwrap().uid(), 65534, "it runs as its user");
        let text = String::from_utf8(fs::read(path).unwrap()).unwrap();
        let environment: BTreeMap<&str, &str> =
            text.split_terminator('\0').filter_map(|pair| pair.split_once('=')).collect();
        assert_eq!((environment["NASTY"], environment["LONG"]), (NASTY, long.as_str()), "{instance}");
        assert_eq!((environment["PORT"], environment["PS"]), (port, instance));
    }

    one_type_is_restarted(&machine);

    // A release that fails: the status tells, and all goes on. One that succeeds: all are new.
    let before = processes(&machine);
    for instance in INSTANCES {
        fs::remove_file(machine.path(&out(&format!("{instance}.environ")))).unwrap();
    }
    fs::write(machine.path(&out("broken")), "").unwrap();
    assert!(!machine.systemctl(&["start", "shop-upgrade.service"]));
    assert_eq!(processes(&machine), before);
    fs::remove_file(machine.path(&out("broken"))).unwrap();
    fs::write(machine.path(&out("go")), "").unwrap();
    assert!(machine.systemctl(&["start", "shop-upgrade.service"]));
    let after = processes(&machine);
    assert!(before.iter().zip(&after).all(|(old, new)| old != new && new != "0"), "{before:?} {after:?}");
    fs::remove_file(machine.path(&out("go"))).unwrap();
    for instance in INSTANCES {
        machine.waits_for(&out(&format!("{instance}.environ")));
        for of_the_old in ["asked", "finished"] {
            fs::remove_file(machine.path(&out(&format!("{instance}.{of_the_old}")))).unwrap();
        }
    }

    // The stop returns when all have done what they were doing, and leaves nothing that failed.
    let mut stop = Running::start(machine.inside(&["systemctl", "stop", "ganger-shop.slice"]));
    for instance in INSTANCES {
        machine.waits_for(&out(&format!("{instance}.asked")));
    }
    // The shell in front of `my_worker` has ended; what it ran is waited for all the same.
    assert_eq!(processes(&machine)[..2], after[..2], "they go on with what they do");
    fs::write(machine.path(&out("go")), "").unwrap();
    assert!(stop.wait().success());
    for instance in INSTANCES {
        assert!(machine.path(&out(&format!("{instance}.finished"))).exists(), "{instance}");
        let unit = format!("shop-{instance}.service");
        let status = || machine.run(&["systemctl", "status", "--no-pager", &unit]);
        assert!(!machine.systemctl(&["is-failed", "--quiet", &unit]), "{:?}", status());
    }
    assert_eq!(processes(&machine), ["0", "0", "0"]);
}
