//! How a stack ends, and what that makes of our exit status.

use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::harness::Project;

#[test]
fn a_stop_signal_lets_every_instance_finish_and_then_ganger_dies_of_it() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let project =
            Project::new("web: probe trap TERM goodbye 0 + wait\nworker: probe trap TERM later 0 + wait\n");
        let mut running = project.start(&[]);
        running.lines(&["web.1    | ready", "worker.1 | ready"]);
        running.signal(signal);
        let (status, lines) = running.end();
        assert_eq!(status.signal(), Some(signal as i32), "{lines:?}");
        for line in ["web.1    | goodbye", "worker.1 | later"] {
            assert!(lines.iter().any(|said| said == line), "{signal}: {lines:?}");
        }
    }
}

/// `redis` has no signal as long as `worker`, which came after it, has not ended.
#[test]
fn a_stop_and_a_restart_of_several_types_go_backwards() {
    let redis = "redis: probe print up + trap TERM bye 0 + wait\n";
    let project = Project::new(&format!("worker: probe print up + trap TERM no 99 + wait\n{redis}"))
        .file("ganger.toml", "[process.worker]\nafter = [\"redis\"]\n");
    let mut running = project.start_until(&["--no-port", "-t", "1h"], &["worker.1 | ready"]);
    for words in [["restart", "*"], ["stop", "*"]] {
        let mut client = project.ganger(&words).spawn().unwrap();
        running.line("worker.1 | no");
        assert_eq!(project.run(&["kill", "-s", "KILL", "worker"]).0, 0);
        running.line("worker.1 killed by SIGKILL");
        running.line("redis.1  | bye");
        assert!(client.wait().unwrap().success());
        if words[0] == "restart" {
            running.line("worker.1 | ready");
        }
    }
    assert_eq!(project.run(&["down"]).0, 0);
}

/// Each of these lines needs a shell, which the program replaces: on pipes and on a terminal the signal reaches the program,
/// no hang-up comes with it, and the end is the program's own.
#[test]
fn a_program_behind_a_shell_finishes_and_its_end_is_its_own() {
    let server = "probe trap HUP hung-up 9 + trap TERM finished 0 + wait";
    let project = Project::new(&format!(
        "dollar: {server} $NONE\ncd: cd . && {server}\nenv: export MODE=dev; {server}\nown: MODE=dev {server} > /dev/stderr\n\
         note: {server} '+' # note\n"
    ));
    for pty in ["never", "always"] {
        let mut running = project.start(&["--pty", pty]);
        let names = ["dollar", "cd", "env", "own", "note"];
        let ready: Vec<String> =
            names.iter().map(|name| format!("{:8} | ready", format!("{name}.1"))).collect();
        running.lines(&ready.iter().map(String::as_str).collect::<Vec<_>>());
        running.signal(Signal::SIGTERM);
        let (_, lines) = running.end();
        for name in names {
            let finished = format!("{:8} | finished", format!("{name}.1"));
            let ended = format!("{name}.1 exited with status 0");
            assert!(lines.contains(&finished), "{pty}, {name}: {lines:#?}");
            assert!(lines.iter().any(|line| line.contains(&ended)), "{pty}, {name}: {lines:#?}");
        }
    }
}

#[test]
fn the_stop_signal_of_a_type_is_its_own() {
    let project = Project::new(
        "web: probe trap QUIT quit 0 + trap TERM term 0 + wait\nworker: probe trap TERM term 0 + wait\n",
    );
    let mut running = project.start(&["--stop-signal", "web=QUIT"]);
    running.lines(&["web.1    | ready", "worker.1 | ready"]);
    running.signal(Signal::SIGTERM);
    let (_, lines) = running.end();
    assert!(lines.iter().any(|line| line == "web.1    | quit"), "{lines:?}");
    assert!(lines.iter().any(|line| line == "worker.1 | term"), "{lines:?}");
}

#[test]
fn a_process_that_ignores_the_stop_signal_is_killed_after_the_grace_and_not_before() {
    let project = Project::new("web: probe trap TERM no 99 + wait\n");
    let mut running = project.start(&["-t", "700ms"]);
    running.line("ready");
    let asked = Instant::now();
    running.signal(Signal::SIGTERM);
    running.line("| no");
    let (_, lines) = running.end();
    assert!(asked.elapsed() >= Duration::from_millis(700), "killed after {:?}", asked.elapsed());
    assert!(lines.iter().any(|line| line.contains("the grace is over: killing web.1")), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("web.1 killed by SIGKILL")), "{lines:?}");
}

#[test]
fn a_second_signal_does_not_wait_for_the_grace() {
    let project = Project::new("web: probe trap TERM no 99 + trap INT no 99 + wait\n");
    let mut running = project.start(&["-t", "1h"]);
    running.line("ready");
    running.signal(Signal::SIGINT);
    running.line("| no");
    // Two within 200 ms are one keypress, passed on twice by a wrapper; so this one is repeated.
    running.signal_until(Signal::SIGINT, "second signal (SIGINT): killing all that is left");
    let (status, lines) = running.end();
    assert_eq!(status.signal(), Some(Signal::SIGINT as i32), "{lines:?}");
}

#[test]
fn our_status_is_that_of_the_instance_that_decided() {
    let table = [
        ("web: probe exit 7\nworker: probe wait\n", vec![], 7),
        ("web: probe die KILL\n", vec![], 137),
        ("web: probe die TERM\n", vec![], 143),
        ("web: probe exit 0\n", vec![], 0),
        ("web: probe exit 0\nworker: probe exit 4\n", vec!["--exit-on", "failure"], 4),
        ("web: probe exit 3\nworker: probe exit 0\n", vec!["--exit-on", "never"], 3),
        ("web: probe exit 3\nworker: probe pause 50 + exit 5\n", vec!["--exit-on", "worker"], 5),
        ("web: probe exit 3\ntests: probe trap TERM t 9 + wait\n", vec!["--exit-code-from", "tests"], 9),
    ];
    for (procfile, arguments, code) in table {
        let (status, lines) = Project::new(procfile).start(&arguments).end();
        // A worker that has not said "ready" yet may die of the signal instead.
        let or_signal = procfile.contains("tests").then_some(143);
        assert!(
            status.code() == Some(code) || status.code() == or_signal,
            "{procfile} {arguments:?}: {status:?} {lines:?}"
        );
    }
}

#[test]
fn every_exit_status_arrives() {
    for code in [0, 1, 2, 126, 127, 128, 200, 255] {
        let (status, _) = Project::new(&format!("web: probe exit {code}\n")).start(&["-q"]).end();
        assert_eq!(status.code(), Some(code));
    }
}

#[test]
fn one_line_at_the_end_names_the_instance_that_ended_first() {
    let project = Project::new("web: probe exit 1\nworker: probe wait\n");
    let (_, lines) = project.start(&[]).end();
    let last = lines.last().unwrap();
    assert!(last.starts_with("ganger   | web.1 ended first: exited with status 1 after "), "{lines:?}");
}

#[test]
fn a_command_that_cannot_start_is_reported_with_its_place_and_stops_the_others() {
    let table = [
        ("nosuchprogram --flag", 127, "nosuchprogram: not found on PATH (Procfile:2)"),
        ("./missing", 127, "./missing: not found (Procfile:2)"),
        ("./text", 126, "./text: is not executable (chmod +x would make it so) (Procfile:2)"),
        ("./folder", 126, "./folder: is a directory (Procfile:2)"),
    ];
    for (command, code, said) in table {
        let project = Project::new(&format!("web: probe wait\nbad: {command}\n")).file("text", "hello");
        std::fs::create_dir(project.path().join("folder")).unwrap();
        let (status, lines) = project.start(&[]).end();
        assert_eq!(status.code(), Some(code), "{command}");
        let line = format!("bad.1 cannot start: {said}");
        assert!(lines.iter().any(|seen| seen.ends_with(&line)), "{command}: {lines:?}");
    }
}

#[test]
fn a_signal_for_the_program_reaches_every_instance() {
    let project = Project::new("web: probe trap USR1 one 99 + trap USR2 two 0 + wait\n");
    let mut running = project.start(&[]);
    running.line("ready");
    running.signal(Signal::SIGUSR1);
    running.line("| one");
    running.signal(Signal::SIGUSR2);
    let (status, _) = running.end();
    assert_eq!(status.code(), Some(0));
}
