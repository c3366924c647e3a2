//! Promised: what `ganger export quadlet` writes runs under podman and systemd as it did under ganger: values byte for byte, ports and
//! names, the release first, one type after another that is ready. `walk.rs` has the commands of its page.

use std::fs;

use super::podman::{Stack, has_all, values};
use crate::harness::holds;

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

/// Exports, and puts files and values where docs/export/quadlet.md has them.
fn install(stack: &Stack, formation: &str, secrets: &str) {
    let out = stack.project.path().join("out");
    stack.export(&["quadlet", "-m", formation, "--secrets", secrets, "-o", out.to_str().unwrap()]);
    if secrets == "reference" {
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
}

#[test]
fn a_stack_runs_under_quadlet_as_it_did_under_ganger() {
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
}

#[test]
fn values_in_the_files_arrive_too() {
    let (file, values) = values(|value| value.contains("\r\n"));
    let Some(stack) = Stack::new(PROCFILE, SETTINGS, &file) else { return };
    install(&stack, "web-api=1", "inline");
    assert!(stack.machine.systemctl(&["start", "shop.target"]));
    has_all(&stack.environment("web-api.1"), &values, "web-api.1");
}
