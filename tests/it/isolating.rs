//! `--isolate`: a PID namespace; the kernel ends all processes in it when its first one ends.

use nix::sys::signal::Signal;
use nix::sys::wait::WaitStatus;

use crate::harness::{PATIENCE, Project, can};

const STACK: &str = "\
daemon: trap '' TERM HUP; probe daemon + touch daemon + wait
stubborn: probe ignore TERM HUP + print stubborn + wait
polite: probe trap TERM bye 0 + wait
";

/// Whether this machine lets us have one.
fn is_possible() -> bool {
    let (status, _) = Project::new("web: probe exit 0\n").start(&["--isolate"]).end();
    can("a namespace of process ids", status.code() == Some(0))
}

#[test]
fn a_double_kill_leaves_nothing_in_a_namespace() {
    if !is_possible() {
        return;
    }
    let project = Project::new(STACK);
    let mut running = project.start(&["--isolate", "-t", "1h", "--exit-on=never"]);
    running.lines(&["| stubborn", "| ready", "daemon.1 is gone, but"]);
    running.kill_both();
    assert!(running.all_gone_within(PATIENCE));
    assert_eq!(running.mark().processes(), []);
}

#[test]
fn a_stack_in_a_namespace_starts_and_stops_as_any_other() {
    if !is_possible() {
        return;
    }
    let project = Project::new(&format!(
        "{STACK}last: cat /proc/1/comm; echo sees $(ls /proc | grep -c '^[0-9]'); probe wait\n"
    ));
    let mut running =
        project.start(&["--isolate", "-t", "1m,stubborn=300ms,daemon=300ms", "--exit-on=never"]);
    running.lines(&["| stubborn", "| ready", "last.1     | ganger-worker", "last.1     | sees "]);
    running.signal(Signal::SIGTERM);
    let (status, lines) = running.end();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(15), "{lines:?}");
    assert!(lines.iter().any(|line| line == "polite.1   | bye"), "{lines:?}");
    let count = lines.iter().find_map(|line| line.strip_prefix("last.1     | sees ")).unwrap();
    assert!(count.parse::<u32>().unwrap() < 15, "{lines:?}");
}

#[test]
fn control_z_stops_a_namespace_too() {
    if !is_possible() {
        return;
    }
    let project = Project::new("web: probe trap CONT on 99 + trap TERM bye 0 + wait\n");
    let mut screen = project.start_on_terminal(&["--color=never", "--isolate"]);
    screen.shows("ready");
    screen.type_keys(b"\x1a");
    let status = screen.wait();
    assert!(matches!(status, WaitStatus::Stopped(..)), "{status:?}");
    screen.signal(Signal::SIGCONT);
    screen.shows("| on");
    screen.type_keys(b"\x03");
    screen.shows("bye");
    screen.end();
}

#[test]
fn where_it_is_not_allowed_it_is_refused_with_the_reason_and_nothing_starts() {
    // Without the right to make namespaces of any kind: the limit of them is a matter of root, so a user
    // namespace with a limit of 0 is what an ordinary machine without them looks like.
    let script = "echo 0 > /proc/sys/user/max_pid_namespaces && exec \"$0\" start --isolate";
    let project = Project::new("web: probe print started\n");
    let words =
        ["unshare", "--user", "--map-root-user", "/bin/sh", "-c", script, env!("CARGO_BIN_EXE_ganger")];
    let command = project.command(&words);
    let (status, lines) = crate::harness::Running::start(command).end();
    let is_limited = !lines.iter().any(|line| line.contains("unshare failed") || line.contains("max_pid"));
    if !can("a user namespace", is_limited) {
        return;
    }
    assert_eq!(status.code(), Some(125), "{lines:?}");
    assert!(lines[0].contains("cannot start: --isolate is not possible here (unshare: "), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("started")), "{lines:?}");
}
