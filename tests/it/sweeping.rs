//! When both of the pair are killed at once, the next start finds what is left.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::harness::{Project, Running, holds};

/// A process that is no child of the worker and ignores SIGTERM survives a double kill. The daemon ignores it from before its
/// birth: as soon as its first process is gone it is asked to end.
const STACK: &str = "\
daemon: trap '' TERM HUP; probe daemon + touch daemon + wait
stubborn: probe ignore TERM HUP + print stubborn + wait
last: probe print up + wait
";

const STARTS: [&str; 3] = ["-t", "200ms", "--exit-on=never"];

/// A stack of which both halves were killed.
fn killed() -> (Project, Running) {
    let project = Project::new(STACK);
    let mut running = project.start(&["-t", "1h", "--exit-on=never"]);
    running.lines(&["| up", "| stubborn", "daemon.1 is gone, but"]);
    running.kill_both();
    assert!(!running.mark().processes().is_empty(), "nothing survives: no test");
    (project, running)
}

#[test]
fn the_next_start_names_what_a_double_kill_left() {
    let (project, killed) = killed();
    let mut next = project.start(&STARTS);
    next.lines(&["| up", "| stubborn"]);
    next.signal(Signal::SIGTERM);
    let (_, lines) = next.end();
    let said = lines.iter().find(|line| line.contains("of an earlier run here")).expect("nothing is said");
    assert!(said.contains("still alive: probe (pid ") && said.contains("--sweep"), "{said}");
    assert!(!killed.mark().processes().is_empty(), "swept unasked");
}

#[test]
fn a_start_that_may_sweep_ends_them_before_anything_starts() {
    let (project, killed) = killed();
    let mut next = project.start(&[STARTS.as_slice(), &["--sweep"]].concat());
    next.line("daemon.1 started");
    assert_eq!(killed.mark().processes(), []);
    next.signal(Signal::SIGTERM);
    let (_, lines) = next.end();
    assert!(
        lines.iter().any(|line| line.contains("still alive: ") && line.ends_with(": stopping")),
        "{lines:?}"
    );
}

#[test]
fn a_run_that_lives_is_left_alone() {
    let project = Project::new(STACK);
    let mut first = project.start(&["-t", "1h", "--exit-on=never"]);
    first.lines(&["| up", "| stubborn", "daemon.1 is gone, but"]);
    let sweep = |said: bool| {
        let other = Project::new("web: probe exit 0\n");
        let procfile = other.path().join("Procfile");
        let root = project.path().to_str().unwrap();
        let (_, lines) = project.start(&["-f", procfile.to_str().unwrap(), "-d", root, "--sweep"]).end();
        assert_eq!(lines.iter().any(|line| line.contains("earlier run")), said, "{lines:?}");
    };
    let before = first.mark().processes();
    sweep(false);
    assert_eq!(first.mark().processes(), before);
    // Half a pair is a pair still: the worker stops the stack, and has an hour for it.
    let worker = first.worker();
    first.signal(Signal::SIGKILL);
    first.line("ganger's monitor is gone");
    sweep(false);
    kill(Pid::from_raw(worker), Signal::SIGKILL).unwrap();
    assert!(holds(|| !is_alive(worker)));
    sweep(true);
    assert_eq!(first.mark().processes(), []);
}

fn is_alive(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.starts_with(" Z"))
}

#[test]
fn another_root_is_another_matter_and_a_link_to_this_one_is_not() {
    let (project, killed) = killed();
    let other = Project::new("web: probe exit 0\n");
    let (_, lines) = start_beside(&project, &other, &["--sweep"]).end();
    assert!(!lines.iter().any(|line| line.contains("earlier run")), "{lines:?}");
    let link = other.path().join("link");
    std::os::unix::fs::symlink(project.path(), &link).unwrap();
    let procfile = other.path().join("Procfile");
    let words = ["-f", procfile.to_str().unwrap(), "-d", link.to_str().unwrap(), "--sweep", "-t", "200ms"];
    let (status, lines) = start_beside(&project, &other, &words).end();
    assert_eq!(status.code(), Some(0), "{lines:?}");
    assert_eq!(killed.mark().processes(), []);
}

/// A start of the other project with the runtime folder of the first one, as all of a user's projects share one.
fn start_beside(project: &Project, other: &Project, arguments: &[&str]) -> Running {
    let mut command = other.ganger(&[&["start"], arguments].concat());
    command.env("XDG_RUNTIME_DIR", project.runtime());
    Running::start(command)
}

#[test]
fn on_a_terminal_it_asks() {
    for (answer, is_swept) in [(&b"y\n"[..], true), (b"\n", true), (b"n\n", false)] {
        let (project, killed) = killed();
        let mut screen = project.start_on_terminal(&["--color=never", "-t", "200ms", "--exit-on=never"]);
        screen.shows("Stop them first? [Y/n]");
        screen.type_keys(answer);
        screen.shows("| up");
        assert_eq!(killed.mark().processes().is_empty(), is_swept, "{answer:?}");
        screen.type_keys(b"\x03");
        screen.end();
    }
}
