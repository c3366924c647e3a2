//! Promise: a stop signal goes to the main process first: the program, which ends its own children. What is left gets it
//! when that has ended, or when half of the grace is over.

// Says to clippy that all of the file is a test, not its `#[test]` functions only.
#![cfg(test)]

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::harness::{Project, Running, are_there};

/// A program with a worker as Celery's has: SIGTERM tells the master to let the worker finish, and kills the worker.
const MASTER: &str = r#"
import os, signal
go, begin = os.pipe()
worker = os.fork()
if worker == 0:
    os.close(begin)
    os.read(go, 1)
    open("done", "w").close()
    os.write(1, b"the job is done\n")
    os._exit(0)
def stop(*_):
    os.write(begin, b"x")
    os.write(1, b"worker: %d\n" % os.waitpid(worker, 0)[1])
    os._exit(0)
signal.signal(signal.SIGTERM, stop)
os.write(1, b"up\n")
while True:
    signal.pause()
"#;

/// A program that counts what it gets, and ends at the first SIGTERM.
const SERVER: &str = r#"
import os, signal, sys
def say(*words):
    os.write(1, (" ".join((sys.argv[1],) + words) + "\n").encode())
def got(number, _):
    say("got", signal.Signals(number).name)
    if number == signal.SIGTERM:
        say("is finished")
        os._exit(0)
for name in ("TERM", "HUP", "USR1"):
    signal.signal(getattr(signal, "SIG" + name), got)
say("is up")
while True:
    signal.pause()
"#;

/// A stack of this one type, once its `lines` have come.
fn started(command: &str, arguments: &[&str], lines: &[&str]) -> Option<(Project, Running)> {
    if !are_there(&["python3"]) {
        return None;
    }
    let project = Project::new(&format!("web: {command}\n"))
        .file("master.py", MASTER)
        .file("server.py", SERVER)
        .program("start.sh", "#!/bin/bash\npython3 server.py a\necho next\n")
        .program("trap.sh", "#!/bin/bash\ntrap 'echo trapped' TERM\npython3 server.py a\necho next\n");
    let running = project.start_until(arguments, lines);
    Some((project, running))
}

/// What it said to a stop.
fn stopped(command: &str, arguments: &[&str], lines: &[&str]) -> Vec<String> {
    let Some((_project, running)) = started(command, arguments, lines) else { return Vec::new() };
    running.signal(Signal::SIGTERM);
    running.end().1
}

fn count(lines: &[String], text: &str) -> usize {
    lines.iter().filter(|line| line.contains(text)).count()
}

#[test]
fn a_program_ends_its_own_children() {
    if !are_there(&["python3"]) {
        return;
    }
    let lines = stopped("python3 master.py", &[], &["| up"]);
    assert_eq!((count(&lines, "the job is done"), count(&lines, "worker: 0")), (1, 1), "{lines:?}");
    assert_eq!(count(&lines, "web.1 exited with status 0"), 1, "{lines:?}");
}

#[test]
fn a_shell_in_front_and_its_foreground_child_are_stopped_and_the_next_command_does_not_run() {
    if !are_there(&["python3", "bash"]) {
        return;
    }
    for command in [
        "python3 server.py a; echo next",
        "python3 server.py a; python3 master.py",
        "(python3 server.py a; echo next); echo next",
        "python3 server.py a && echo next || echo next",
        "bash start.sh",
        "./start.sh",
    ] {
        let lines = stopped(command, &[], &["a is up"]);
        assert_eq!(
            (count(&lines, "a got SIGTERM"), count(&lines, "a is finished")),
            (1, 1),
            "{command}: {lines:?}"
        );
        assert_eq!((count(&lines, "| next"), count(&lines, "| up")), (0, 0), "{command}: {lines:?}");
    }
}

#[test]
fn a_trap_of_a_script_runs_after_its_foreground_child() {
    if !are_there(&["python3", "bash"]) {
        return;
    }
    let lines = stopped("./trap.sh", &[], &["a is up"]);
    let place = |text: &str| lines.iter().position(|line| line.contains(text));
    assert!(place("a is finished") < place("trapped") && place("trapped") < place("| next"), "{lines:?}");
    assert_eq!(count(&lines, "a got SIGTERM"), 1, "{lines:?}");
}

#[test]
fn a_child_in_the_background_is_stopped_once_by_the_trap_or_by_us() {
    if !are_there(&["python3"]) {
        return;
    }
    for command in [
        "python3 server.py a & wait",
        "trap 'kill $!; wait' TERM; python3 server.py a & wait",
        "trap 'kill -TERM $(jobs -p); wait; exit' TERM; python3 server.py a & wait",
    ] {
        let lines = stopped(command, &[], &["a is up"]);
        assert_eq!(
            (count(&lines, "a got SIGTERM"), count(&lines, "a is finished")),
            (1, 1),
            "{command}: {lines:?}"
        );
    }
}

#[test]
fn in_a_pipeline_the_first_is_stopped_and_what_it_says_comes_through() {
    if !are_there(&["python3"]) {
        return;
    }
    let lines = stopped("python3 server.py a | sed -u 's/^/through: /'", &[], &["through: a is up"]);
    assert_eq!(count(&lines, "through: a is finished"), 1, "{lines:?}");
}

/// A filter that takes its time for each line but the first.
const SLOW_READER: &str =
    "while read line; do test \"$line\" = 'a is up' || sleep 0.3; echo \"through: $line\"; done";

#[test]
fn a_slow_reader_of_a_pipeline_reads_to_the_end() {
    if !are_there(&["python3", "perl"]) {
        return;
    }
    let pipeline = format!("python3 server.py a | {SLOW_READER}");
    // Behind a program that is no shell, as of `npm start`, the pipeline is seen when that has ended.
    let behind = "perl -e 'system(\"sh\", \"pipeline.sh\")'";
    for command in [pipeline.as_str(), behind] {
        let project = Project::new(&format!("web: {command}\n"))
            .file("server.py", SERVER)
            .file("pipeline.sh", &format!("{pipeline}\n"));
        let running = project.start_until(&["-t", "5m"], &["through: a is up"]);
        running.signal(Signal::SIGTERM);
        let lines = running.end().1;
        assert_eq!(count(&lines, "through: a is finished"), 1, "{command}: {lines:?}");
    }
}

#[test]
fn a_reader_reads_to_the_end_when_its_writer_is_killed_by_hand() {
    let command = format!("python3 server.py a | {SLOW_READER}");
    let Some((project, running)) = started(&command, &["-t", "5m"], &["through: a is up"]) else { return };
    assert_eq!(project.run(&["kill", "-s", "TERM", "web"]).0, 0);
    let lines = running.end().1;
    assert_eq!(count(&lines, "through: a is finished"), 1, "{lines:?}");
}

#[test]
fn a_reader_that_does_not_end_with_its_input_is_stopped_when_half_of_the_grace_is_over() {
    if !are_there(&["python3", "perl"]) {
        return;
    }
    let lines = stopped("perl -e 'sleep 1000' | python3 server.py a", &["-t", "10"], &["a is up"]);
    assert_eq!((count(&lines, "a is finished"), count(&lines, "the grace is over")), (1, 0), "{lines:?}");
}

#[test]
fn what_is_left_is_signalled_when_the_main_process_has_ended() {
    if !are_there(&["python3"]) {
        return;
    }
    // `a` is started by a program that is no shell, and that dies at once: as `go run` does.
    if !are_there(&["perl"]) {
        return;
    }
    let lines = stopped("perl -e 'system(\"python3\", \"server.py\", \"a\")'", &[], &["a is up"]);
    assert_eq!((count(&lines, "a got SIGTERM"), count(&lines, "a is finished")), (1, 1), "{lines:?}");
}

#[test]
fn everything_gets_the_signal_when_half_of_the_grace_is_over() {
    if !are_there(&["python3", "perl"]) {
        return;
    }
    let command = "perl -e '$SIG{TERM} = \"IGNORE\"; if (!fork) { $SIG{TERM} = \"DEFAULT\"; exec \"python3\", \"server.py\", \"a\" } sleep 1000'";
    let lines = stopped(command, &["-t", "2"], &["a is up"]);
    let place = |text: &str| lines.iter().position(|line| line.contains(text));
    assert!(place("a is finished").is_some(), "{lines:?}");
    assert!(place("a is finished") < place("the grace is over"), "{lines:?}");
}

#[test]
fn stop_to_group_is_the_way_of_others() {
    let Some((project, running)) = started("python3 master.py", &[], &["| up"]) else { return };
    drop(running);
    project.write("ganger.toml", "[process.web]\nstop-to = \"group\"\n");
    let running = project.start_until(&["-t", "5m"], &["| up"]);
    running.signal(Signal::SIGTERM);
    let (_, lines) = running.end();
    assert_eq!((count(&lines, "the job is done"), count(&lines, "worker: 15")), (0, 1), "{lines:?}");
}

#[test]
fn a_reload_reaches_the_program_and_no_shell_dies_of_it() {
    let Some((project, mut running)) = started("python3 server.py a; true", &[], &["a is up"]) else {
        return;
    };
    assert_eq!(project.run(&["kill", "-s", "HUP", "web"]).0, 0);
    running.line("a got SIGHUP");
    running.signal(Signal::SIGUSR1);
    running.line("a got SIGUSR1");
    assert!(project.is_up(), "it goes on");
    // The whole group: the shell dies of it, as was asked for.
    assert_eq!(project.run(&["kill", "--group", "-s", "HUP", "web"]).0, 0);
    running.lines(&["a got SIGHUP", "web.1 killed by SIGHUP"]);
    running.end();
}

#[test]
fn what_a_dead_worker_leaves_is_stopped_by_the_same_rule() {
    let Some((project, running)) = started("python3 master.py", &[], &["| up"]) else { return };
    kill(Pid::from_raw(running.worker()), Signal::SIGKILL).unwrap();
    let (_, lines) = running.end();
    assert!(project.path().join("done").exists(), "{lines:?}");
}
