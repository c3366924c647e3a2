//! Promised: a stack lives by the commands of its engine's page in docs/export, from the first deployment to the end: values byte for
//! byte, ports, the release first; an upgrade of one type and of all, one whose release fails, a scale, a type that is gone, and an
//! end that waits for work and leaves nothing.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::podman;
use super::site::Site;
use crate::harness::{Running, holds};

/// What the types run: it writes down its environment, when it hears signals, and works until it may go; a stop signal meanwhile is
/// written down too. `run` is another one after each start; `twice` tells that the one before it had not finished.
const SERVE: &str = "for signal in TERM USR1; do trap \"asked=1; echo $signal >>out/$PS.asked\" $signal; done\n\
                     [ ! -e out/$PS.busy ] || : >out/$PS.twice; : >out/$PS.busy\n\
                     cat /proc/sys/kernel/random/uuid >out/$PS.run\n\
                     cat /proc/$$/environ >out/$PS.environ.new; mv out/$PS.environ.new out/$PS.environ\n\
                     while [ ! -e out/$PS.go ] || [ -z \"$asked\" ]; do sleep 0.1; done\n\
                     : >out/$PS.finished; rm out/$PS.busy\n";

const PROCFILE: &str = "web: exec sh serve $PORT\n\
                        worker: echo before; sh serve; true\n\
                        release: test ! -e out/broken && touch out/released\n";

const ALL: [&str; 3] = ["web.1", "web.2", "worker.1"];

/// The project at its place.
struct Walk {
    site: Site,
    values: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Whether the types run as a user of their own, seen from the machine.
    has_user: bool,
}

impl Walk {
    /// The project where the engine of this page is up, in a machine that is booted from `root`, into which `fill` puts more.
    fn new(page: &'static str, root: &Path, fill: impl FnOnce(&Path)) -> Option<Self> {
        let (env, values) = podman::values(|_| false);
        let site = Site::boot(page, root, &[], |files| {
            let shop = files.join("srv/shop");
            fs::create_dir(shop.join("out")).unwrap();
            // Types run as a user of their own.
            fs::set_permissions(shop.join("out"), fs::Permissions::from_mode(0o777)).unwrap();
            let settings = "timeout = 60\n[process.web]\nstop-signal = \"USR1\"\n\
                            [export.quadlet]\nset = ['Container.Volume=/srv/shop/out:/srv/shop/out']\n";
            for (name, text) in [("Procfile", PROCFILE), ("serve", SERVE), ("ganger.toml", settings)] {
                fs::write(shop.join(name), text).unwrap();
            }
            fs::write(shop.join(".env"), env).unwrap();
            fill(files);
        })?;
        Some(Self { site, values, has_user: root == Path::new("/") })
    }

    /// A file that the stack writes or that it looks for.
    fn out(&self, name: &str) -> PathBuf {
        self.site.machine.path(&format!("/srv/shop/out/{name}"))
    }

    fn is_there(&self, name: &str) -> bool {
        self.out(name).exists()
    }

    /// Runs the commands below `heading`, by which `instances` are asked to end; each goes on with what it does until it may go.
    fn ends_some(&mut self, heading: &str, instances: &[&str]) {
        self.forget(instances, &["environ", "asked", "finished"]);
        // sv(8) takes what was started in the second in which it begins for restarted.
        let second = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let begin = second();
        assert!(holds(|| second() > begin));
        let script = self.site.page.take(heading);
        let mut running = Running::start(self.site.script(&script));
        let mut waiting = instances.to_vec();
        let is_asked = || {
            waiting.retain(|instance| {
                let is_asked = self.is_there(&format!("{instance}.asked"));
                if is_asked {
                    assert!(!self.is_there(&format!("{instance}.finished")), "{instance}");
                    fs::write(self.out(&format!("{instance}.go")), "").unwrap();
                }
                !is_asked
            });
            waiting.is_empty()
        };
        assert!(holds(is_asked), "{heading}: {waiting:?} are not asked");
        let status = running.wait();
        assert!(status.success(), "{heading}: {:?}", running.all_said());
        for instance in instances {
            assert!(self.is_there(&format!("{instance}.finished")), "{heading}: {instance} has not finished");
            assert!(!self.is_there(&format!("{instance}.twice")), "{heading}: {instance} ran twice");
            let signal = fs::read_to_string(self.out(&format!("{instance}.asked"))).unwrap();
            assert_eq!(signal, if instance.starts_with("web") { "USR1\n" } else { "TERM\n" }, "{instance}");
        }
        self.forget(instances, &["go"]);
    }

    /// Removes what runs of before have written.
    fn forget(&self, instances: &[&str], what: &[&str]) {
        for instance in instances {
            for of_the_old in what {
                let _ = fs::remove_file(self.out(&format!("{instance}.{of_the_old}")));
            }
        }
    }

    /// What tells one run of an instance from another; it hears signals then.
    fn run_of(&self, instance: &str) -> String {
        assert!(holds(|| self.is_there(&format!("{instance}.environ"))), "{instance} is not up");
        fs::read_to_string(self.out(&format!("{instance}.run"))).unwrap()
    }

    fn runs(&self, instances: &[&str]) -> Vec<String> {
        instances.iter().map(|instance| self.run_of(instance)).collect()
    }

    fn has_values(&self, instance: &str, port: &str) {
        self.run_of(instance);
        let file = self.out(&format!("{instance}.environ"));
        assert_eq!(fs::metadata(&file).unwrap().uid() != 0, self.has_user, "{instance} runs as its user");
        let environment = podman::environment(&fs::read(file).unwrap());
        podman::has_all(&environment, &self.values, instance);
        assert_eq!(environment[&b"PORT"[..]], port.as_bytes());
        assert_eq!(environment[&b"PS"[..]], instance.as_bytes());
    }

    /// Writes `before` of the Procfile as something else.
    fn change(&self, now: &str) {
        fs::write(self.site.machine.path("/srv/shop/Procfile"), PROCFILE.replace("before", now)).unwrap();
    }

    /// From the first deployment to the first instances that are new.
    fn begins(&mut self, ports: [&str; 3]) {
        // A release that fails: the status tells, and nothing else is started.
        fs::write(self.out("broken"), "").unwrap();
        let first = self.site.page.again("The first deployment");
        assert!(!self.site.script(&first).output().unwrap().status.success(), "the status tells");
        fs::remove_file(self.out("broken")).unwrap();
        self.site.script("userdel shop").output().unwrap();
        self.site.does("The first deployment");
        assert!(self.is_there("released"), "the release has run before the rest");
        for (instance, port) in ALL.into_iter().zip(ports) {
            self.has_values(instance, port);
        }

        let before = self.runs(&ALL);
        fs::write(self.out("broken"), "").unwrap();
        let upgrade = self.site.page.again("An upgrade");
        assert!(!self.site.script(&upgrade).output().unwrap().status.success(), "the status tells");
        assert_eq!(self.runs(&ALL), before, "all goes on");
        fs::remove_file(self.out("broken")).unwrap();
        self.ends_some("An upgrade", &ALL);
        let new = self.runs(&ALL);
        assert!(before.iter().zip(&new).all(|(old, new)| old != new), "{before:?} {new:?}");

        self.change("changed");
        self.ends_some("An upgrade of one type", &["worker.1"]);
        let after = self.runs(&ALL);
        assert!(new[..2] == after[..2] && new[2] != after[2], "{new:?} {after:?}");
    }

    /// From a scale to the end. The instances of `restarted` begin anew at the scale.
    fn goes_on(&mut self, restarted: &[&str]) {
        let before = self.runs(&ALL);
        self.ends_some("Scale", restarted);
        self.run_of("web.3");
        for (instance, old) in ALL.into_iter().zip(before) {
            assert_eq!(self.run_of(instance) == old, !restarted.contains(&instance), "{instance}");
        }

        let web = ["web.1", "web.2", "web.3"];
        let before = self.runs(&web);
        self.ends_some("A type that is gone", &["worker.1"]);
        assert_eq!(self.runs(&web), before, "the others go on");
        assert!(!self.is_there("worker.1.environ"), "it is not started again");

        self.ends_some("The end", &web);
        self.site.has_nothing_left(&["shop", "sh serve"]);
        self.site.page.ends();
    }
}

/// Under an engine that runs this machine's own programs. The instances of `restarted` begin anew at a scale.
fn on_a_machine(page: &'static str, restarted: &[&str]) {
    let Some(mut walk) = Walk::new(page, Path::new("/"), |_| {}) else { return };
    walk.begins(["5000", "5001", "5100"]);
    walk.goes_on(restarted);
}

#[test]
fn a_stack_lives_under_systemd_by_its_page() {
    on_a_machine("systemd", &[]);
}

#[test]
fn a_stack_lives_under_supervisord_by_its_page() {
    on_a_machine("supervisord", &["web.1", "web.2"]);
}

#[test]
fn a_stack_lives_under_runit_by_its_page() {
    on_a_machine("runit", &[]);
}

#[test]
fn a_stack_lives_under_s6_by_its_page() {
    on_a_machine("s6", &[]);
}

#[test]
fn a_stack_lives_under_quadlet_by_its_page() {
    let Some(root) = podman::root() else { return };
    let fill = |files: &Path| {
        podman::make_image(&root, &files.join("srv/shop/image"));
        fs::create_dir_all(files.join("etc/containers/systemd")).unwrap();
        let containerfile = "FROM scratch\nCOPY image /\nCOPY serve Procfile /srv/shop/\nWORKDIR /srv/shop\n";
        fs::write(files.join("srv/shop/Containerfile"), containerfile).unwrap();
    };
    let Some(mut walk) = Walk::new("quadlet", &root, fill) else { return };
    walk.begins(["5000", "5000", "5100"]);
    walk.ends_some("A rollback", &ALL);
    walk.goes_on(&[]);
    for what in ["container", "secret", "network"] {
        let left = walk.site.machine.ask(&["podman", what, "ls", "--format", "{{.Name}}"]);
        assert!(!left.contains("shop"), "{what}: {left}");
    }
}
