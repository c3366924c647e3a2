//! Promised: what `ganger export quadlet` writes runs under podman and systemd as it did under ganger, by the commands of
//! docs/export.md: values byte for byte, ports and names, the release first, one type after another that is ready; an upgrade of
//! one type, one whose release fails, a scale, a removal, and a stop that waits for work.

use std::collections::BTreeMap;
use std::fs;

use super::podman::{Stack, has_all, values};
use crate::harness::{Running, holds};

const PROCFILE: &str = "release: test ! -e /out/broken && exec touch /out/released\n\
                        web-api: sh /serve $PORT\n\
                        my_worker: echo \"50%\" '$HOME' \\ \"a  b\" >/out/words; sh /serve; true\n\
                        job: sh /serve\n";

/// `job` is ready when its environment is there, as a command with what the formats on the way have a meaning for asks.
const SETTINGS: &str = "[process.job]\nstop-signal = \"INT\"\ntimeout = 370\nready-timeout = 300\n\
                        ready = '''cmd:test -e /out/$PS.environ && test '%' = \"%\" && test \"$PORT \\\\\" = '5300 \\' '''\n\
                        [process.my_worker]\ntimeout = \"601s\"\n\
                        [process.web-api]\ntimeout = 602\nafter = [\"job\"]\n\
                        [export]\napp = \"shop\"\nimage = \"localhost/shop:1\"\n\
                        [export.quadlet]\nset = ['Container.Volume=/srv/out:/out']\n";

const ALL: &str = "web-api=2,my_worker=1,job=1";

const INSTANCES: [&str; 4] = ["web-api.1", "web-api.2", "my_worker.1", "job.1"];

/// Exports, and puts files and values where docs/export.md has them; returns what was said.
fn install(stack: &Stack, formation: &str, secrets: &str) -> String {
    let out = stack.project.path().join("out");
    let (_, said) =
        stack.export(&["quadlet", "-m", formation, "--secrets", secrets, "-o", out.to_str().unwrap()]);
    // The values stay as they are.
    if secrets == "reference" && !stack.machine.path("/srv/secrets").exists() {
        let (script, _) = stack.export(&["quadlet", "-m", formation, "--secrets", "only"]);
        fs::write(stack.machine.path("/srv/secrets"), script).unwrap();
        stack.machine.ask(&["sh", "/srv/secrets"]);
    }
    for entry in fs::read_dir(out).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        let is_target = path.extension().is_some_and(|of| of == "target");
        let folder = if is_target { "/etc/systemd/system" } else { "/etc/containers/systemd" };
        fs::copy(&path, stack.machine.path(folder).join(name)).unwrap();
    }
    stack.machine.ask(&["systemctl", "daemon-reload"]);
    said
}

#[test]
fn a_stack_lives_under_quadlet_as_it_did_under_ganger() {
    let (file, values) = values(|_| false);
    let Some(stack) = Stack::new(PROCFILE, SETTINGS, &file) else { return };
    let machine = &stack.machine;

    install(&stack, ALL, "reference");
    assert!(
        machine.systemctl(&["start", "shop.target"]),
        "{}",
        machine.ask(&["journalctl", "--no-pager", "-n", "60"])
    );
    assert!(stack.is_there("released"), "the release has run before the rest");
    assert_eq!(
        machine.ask(&["podman", "inspect", "--format", "{{.State.Health.Status}}", "shop-job.1"]),
        "healthy"
    );
    let since = |unit: &str, what: &str| -> u64 {
        machine.ask(&["systemctl", "show", "--value", "--property", what, unit]).parse().unwrap()
    };
    let is_ready = since("shop-job.1.service", "ActiveEnterTimestampMonotonic");
    assert!(
        is_ready <= since("shop-web-api.1.service", "InactiveExitTimestampMonotonic"),
        "it waits for `job`"
    );
    for (instance, port) in INSTANCES.into_iter().zip(["5100", "5100", "5200", "5300"]) {
        let environment = stack.environment(instance);
        has_all(&environment, &values, instance);
        assert_eq!(environment[&b"PORT"[..]], port.as_bytes());
        assert_eq!(environment[&b"PS"[..]], instance.as_bytes());
    }
    let words = fs::read_to_string(machine.path("/srv/out/words")).unwrap();
    assert_eq!(words, "50% $HOME  a  b\n");
    // Each at a port of the host, and by the name of the type inside.
    stack.touch("page");
    for port in ["5100", "5101"] {
        let url = format!("http://127.0.0.1:{port}/page");
        assert!(holds(|| machine.run(&["busybox", "wget", "-qO-", &url]).status.success()), "{url}");
    }
    machine.ask(&["podman", "exec", "shop-my_worker.1", "wget", "-qO-", "http://web-api:5100/page"]);

    an_upgrade(&stack);
    fewer_and_more(&stack);
    the_stop_waits_for_work(&stack);
    assert_eq!(stack.containers(), BTreeMap::new());
}

/// One of one type, one whose release fails, and one of all.
fn an_upgrade(stack: &Stack) {
    let machine = &stack.machine;
    let before = stack.containers();
    stack.touch("my_worker.1.go");
    stack.project.write("Procfile", &PROCFILE.replace("a  b", "changed"));
    install(stack, ALL, "reference");
    assert!(machine.systemctl(&["restart", "shop-my_worker.1.service"]));
    assert!(stack.is_there("my_worker.1.finished"), "what it was doing is finished");
    stack.remove("my_worker.1.go");
    let after = stack.containers();
    for (name, id) in &after {
        assert_eq!(before.get(name) == Some(id), name != "shop-my_worker.1", "{name}");
    }

    stack.touch("broken");
    assert!(!machine.systemctl(&["start", "shop-upgrade.service"]), "the status tells");
    assert_eq!(stack.containers(), after, "all goes on");
    stack.remove("broken");
    for instance in INSTANCES {
        stack.touch(&format!("{instance}.go"));
    }
    assert!(machine.systemctl(&["start", "shop-upgrade.service"]));
    let new = stack.containers();
    assert!(new.len() == after.len() && new.iter().all(|(name, id)| after.get(name) != Some(id)), "{new:?}");
    for instance in INSTANCES {
        stack.remove(&format!("{instance}.go"));
    }
}

/// One type fewer, by the command that the export prints, and one instance more.
fn fewer_and_more(stack: &Stack) {
    let machine = &stack.machine;
    let before = stack.containers();
    stack.project.write("ganger.toml", &SETTINGS.replace("after = [\"job\"]\n", ""));
    let said = install(stack, "web-api=3,my_worker=1,job=0", "reference");
    let (_, rest) = said.split_once("this ends it:\n").unwrap_or_else(|| panic!("{said}"));
    let command = rest.lines().next().unwrap().replace("sudo ", "");
    stack.touch("job.1.go");
    machine.ask(&["sh", "-c", &command]);
    assert!(machine.systemctl(&["start", "shop.target"]));
    let after = stack.containers();
    let names: Vec<&str> = after.keys().map(String::as_str).collect();
    assert_eq!(names, ["shop-my_worker.1", "shop-web-api.1", "shop-web-api.2", "shop-web-api.3"]);
    let is_old = |(name, id): &(&String, &String)| before.get(*name) == Some(*id);
    assert_eq!(after.iter().filter(is_old).count(), 3, "the others go on");
}

/// All are asked, go on with what they do, and end when they have done it.
fn the_stop_waits_for_work(stack: &Stack) {
    let machine = &stack.machine;
    let instances = ["web-api.1", "web-api.2", "web-api.3", "my_worker.1"];
    let _ = stack.environment("web-api.3");
    for instance in instances {
        for of_the_old in ["asked", "finished"] {
            let _ = fs::remove_file(machine.path(&Stack::out(&format!("{instance}.{of_the_old}"))));
        }
    }
    let mut stop = Running::start(machine.inside(&["systemctl", "stop", "ganger-shop.slice"]));
    for instance in instances {
        machine.waits_for(&Stack::out(&format!("{instance}.asked")));
    }
    assert_eq!(stack.containers().len(), instances.len(), "they go on with what they do");
    for instance in instances {
        stack.touch(&format!("{instance}.go"));
    }
    assert!(stop.wait().success());
    for instance in instances {
        assert!(stack.is_there(&format!("{instance}.finished")), "{instance}");
        assert!(
            !machine.systemctl(&["is-failed", "--quiet", &format!("shop-{instance}.service")]),
            "{instance}"
        );
    }
}

#[test]
fn values_in_the_files_arrive_too() {
    let (file, values) = values(|value| value.contains("\r\n"));
    let Some(stack) = Stack::new(PROCFILE, SETTINGS, &file) else { return };
    install(&stack, "web-api=1", "inline");
    assert!(stack.machine.systemctl(&["start", "shop.target"]));
    has_all(&stack.environment("web-api.1"), &values, "web-api.1");
}
