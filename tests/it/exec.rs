//! Promised: `ganger exec` runs a command beside the stack as `run` does; a stack that it started ends with the last
//! command that needs it, however that ends; one that ran already stays.

use std::io::Write;
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::WaitStatus;
use nix::unistd::Pid;

use crate::harness::{Ports, Project, Running, holds, sees_every_process};

const STACK: &str = "web: probe print hello + wait\nworker: probe wait\n";

/// A stack that is ready at once: nothing in it must serve a port.
fn stack() -> Project {
    Project::new("app: probe print hello + wait\nworker: probe wait\n")
}

/// Waits until nothing that this test started is there, the background included.
fn is_over(stack: &Project) -> bool {
    holds(|| stack.mark().processes().is_empty())
}

#[test]
fn a_stack_is_started_for_a_command_and_ends_with_it() {
    let ports = Ports::claim();
    let stack = stack();
    let (status, out, err) = stack.run(&[
        "exec",
        "-w",
        "app",
        "-p",
        &ports.base(),
        "--",
        "probe",
        "env",
        "GANGER_PORT_WORKER",
        "PS",
        "+",
        "exit",
        "7",
    ]);
    assert_eq!(
        (status, out.as_str(), err.as_str()),
        (7, &*format!("GANGER_PORT_WORKER={}\nPS=run.1\n", ports.at(1, 1)), "")
    );
    assert_eq!(stack.run(&["ps"]).0, 3);
    assert_eq!(stack.mark().processes(), []);
}

#[test]
fn streams_are_the_commands_and_a_type_is_its_line() {
    let stack = Project::new("app: probe wait\necho: cat\n");
    let mut command = stack.ganger(&["exec", "--with", "app,*.1", "echo", "-"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"as it \x00 is").unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.stdout.as_slice()), (Some(0), &b"as it \x00 is"[..]));
}

#[test]
fn a_stack_that_runs_is_used_and_left_alone() {
    let (ports, others) = (Ports::claim(), Ports::claim());
    let stack = Project::new(STACK).file(".env", "WEB_URL=http://localhost:${GANGER_PORT_WEB}/\n");
    let running = stack.start_until(&["-p", &ports.base()], &["worker.1 started"]);
    let before = stack.json(&["ps", "--json"]).1["pid"].clone();
    let (status, out, _) =
        stack.run(&["exec", "-w", "worker", "--", "probe", "env", "GANGER_PORT_WEB", "WEB_URL"]);
    assert_eq!(
        (status, out),
        (0, format!("GANGER_PORT_WEB={0}\nWEB_URL=http://localhost:{0}/\n", ports.base())),
        "its ports are those of the stack, in lines of .env too"
    );
    assert_eq!(stack.json(&["ps", "--json"]).1["pid"], before);
    // Two in one folder live side by side.
    let (status, out, err) = stack.run(&[
        "exec",
        "--name",
        "b",
        "-w",
        "worker",
        "-p",
        &others.base(),
        "probe",
        "env",
        "GANGER_PORT_WEB",
    ]);
    assert_eq!((status, out.as_str()), (0, &*format!("GANGER_PORT_WEB={}\n", others.base())), "{err}");
    assert_eq!((stack.is_up(), stack.run(&["ps", "--name", "b"]).0), (true, 3));
    assert_eq!(stack.run(&["down", "-t", "0"]).0, 0);
    running.end();
}

#[test]
fn a_signal_ends_the_command_and_all_that_was_started() {
    if !sees_every_process() {
        return;
    }
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGKILL] {
        let stack = stack();
        // A child, and a daemon, that the signal does not reach.
        let mut running = stack.begin(&[
            "exec",
            "-w",
            "app",
            "--",
            "sh",
            "-c",
            "probe wait & probe daemon + wait & probe print up; exec probe wait",
        ]);
        running.line("up");
        running.signal(signal);
        let ended = running.wait();
        let ended = std::os::unix::process::ExitStatusExt::signal(&ended);
        assert_eq!(ended, Some(signal as i32), "{signal}");
        assert!(is_over(&stack), "{signal}: {:?}", stack.mark().processes());
        assert_eq!(stack.run(&["ps"]).0, 3, "{signal}");
    }
}

#[test]
fn signals_are_passed_on_and_the_status_is_the_commands() {
    let stack = stack();
    let words = [
        "exec", "-w", "app", "--", "probe", "trap", "USR1", "one", "99", "+", "trap", "TERM", "bye", "5",
        "+", "wait",
    ];
    let mut running = stack.begin(&words);
    running.line("ready");
    running.signal(Signal::SIGUSR1);
    running.line("one");
    running.signal(Signal::SIGTERM);
    running.line("bye");
    assert_eq!(running.wait().code(), Some(5));
    assert_eq!(stack.mark().processes(), []);
}

#[test]
fn if_the_inner_half_is_killed_the_outer_one_stops_the_command() {
    if !sees_every_process() {
        return;
    }
    let stack = stack();
    let mut running = stack.begin(&["exec", "-w", "app", "--", "probe", "print", "up", "+", "wait"]);
    running.line("up");
    // Its own name comes a moment after the command's start.
    let inner = || {
        let all = stack.mark().processes();
        all.into_iter().find(|(_, line)| line.starts_with("ganger-escort")).map(|(pid, _)| pid)
    };
    assert!(holds(|| inner().is_some()));
    kill(Pid::from_raw(inner().unwrap()), Signal::SIGKILL).unwrap();
    running.wait();
    assert!(is_over(&stack), "{:?}", stack.mark().processes());
}

#[test]
fn of_many_at_once_one_starts_it_and_it_ends_with_the_last() {
    let stack = stack();
    let wait_for = |file: &str| {
        format!("probe print up; until [ -e {file} ]; do probe pause 5; done; ganger ps > {file}.ps")
    };
    let mut all: Vec<Running> = (0..5)
        .map(|number| {
            let script = wait_for(&format!("go{}", number % 2));
            stack.begin(&["exec", "-w", "app", "--", "sh", "-c", &script])
        })
        .collect();
    for running in &mut all {
        running.line("up");
    }
    let workers =
        || stack.mark().processes().iter().filter(|(_, line)| line.starts_with("ganger-worker")).count();
    assert_eq!(workers(), 1, "one stack");
    std::fs::write(stack.path().join("go0"), "").unwrap();
    let (zeros, mut ones): (Vec<_>, Vec<_>) =
        all.into_iter().enumerate().partition(|(number, _)| number % 2 == 0);
    for (_, mut running) in zeros {
        assert!(running.wait().success());
    }
    assert_eq!((stack.is_up(), workers()), (true, 1), "a lease is left");
    // One of the last two is killed, the other ends.
    ones[0].1.signal(Signal::SIGKILL);
    ones[0].1.wait();
    assert!(stack.is_up());
    std::fs::write(stack.path().join("go1"), "").unwrap();
    assert!(ones[1].1.wait().success());
    // The stack may hear of the end of the one that was killed after that of the last, which has not waited for its end then.
    assert!(holds(|| stack.run(&["ps"]).0 == 3));
    assert!(is_over(&stack));
}

#[test]
fn one_after_the_other_each_finds_the_stack_or_starts_it() {
    let stack = stack();
    let all: Vec<_> = (0..4)
        .map(|_| {
            let commands: Vec<_> =
                (0..5).map(|_| stack.ganger(&["exec", "-w", "app", "probe", "exit", "3"])).collect();
            std::thread::spawn(move || {
                for mut command in commands {
                    let ended = command.output().unwrap();
                    assert_eq!(ended.status.code(), Some(3), "{}", String::from_utf8_lossy(&ended.stderr));
                }
            })
        })
        .collect();
    for thread in all {
        thread.join().unwrap();
    }
    assert_eq!(stack.run(&["ps"]).0, 3);
    assert_eq!(stack.mark().processes(), []);
}

#[test]
fn what_keeps_it_from_running_has_a_status_each() {
    let ports = Ports::claim();
    let broken = Project::new("web: probe print broken pipe dream + exit 7\nother: probe wait\n");
    let (status, out, err) =
        broken.run(&["exec", "-w", "other", "-p", &ports.base(), "--", "probe", "pause", "0"]);
    assert!((status, out.as_str()) == (1, "") || status == 0, "{err}");
    let (status, out, err) =
        broken.run(&["exec", "-w", "web", "-p", &ports.base(), "--", "probe", "print", "never"]);
    assert_eq!((status, out.as_str()), (1, ""), "{err}");
    assert!(
        err.contains("web.1 | broken pipe dream\n") && err.contains("web.1 exited with status 7"),
        "{err}"
    );
    let stack = Project::new(STACK);
    for (words, status, said) in [
        (
            &["-w", "web", "-t", "200ms", "--", "probe", "exit", "0"][..],
            124,
            "timed out after 0.2 s; still not ready: web.1",
        ),
        (
            &["-w", "wrker", "--", "probe", "exit", "0"],
            1,
            "no type or instance is called `wrker`: did you mean `worker`?",
        ),
        (&["-w", "worker", "--", "no-such-program"], 127, "no-such-program: not found"),
        (&["-w", "worker", "--wiht", "x", "--", "true"], 2, "unexpected argument '--wiht'"),
        (&["-w", "worker"], 2, "required"),
    ] {
        let words: Vec<&str> = ["exec"].iter().chain(words).copied().collect();
        let (code, out, err) = stack.run(&words);
        assert_eq!((code, out.as_str()), (status, ""), "{words:?}: {err}");
        assert!(err.contains(said), "{words:?}: {err}");
        assert!(holds(|| stack.mark().processes().is_empty()), "{words:?}");
    }
}

#[test]
fn the_end_of_the_stack_is_reported_and_does_not_end_the_command() {
    let stack = stack();
    let (status, _, err) =
        stack.run(&["exec", "-w", "app", "--", "sh", "-c", "ganger down >/dev/null; exit 4"]);
    assert_eq!(status, 4, "{err}");
    assert_eq!(err, "ganger: the stack ended before the command\n");
    assert_eq!(stack.mark().processes(), []);
}

#[test]
fn on_a_terminal_ctrl_c_reaches_the_command_once() {
    let stack = stack();
    let arguments = [
        "exec",
        "-w",
        "app",
        "--",
        "probe",
        "trap",
        "INT",
        "interrupted",
        "99",
        "+",
        "trap",
        "TERM",
        "bye",
        "6",
        "+",
        "wait",
    ];
    let mut screen = stack.on_terminal(&arguments, (24, 80));
    screen.shows("ready");
    screen.type_keys(b"\x03");
    screen.shows("interrupted");
    screen.signal(Signal::SIGTERM);
    assert_eq!(screen.shows("bye").matches("interrupted").count(), 0, "it came once");
    let (status, _) = screen.end();
    assert!(matches!(status, WaitStatus::Exited(_, 6)), "{status:?}");
}
