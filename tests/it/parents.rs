//! Promised: with `--die-with-parent` the stack ends when the process that started ganger ends, however it ends, also where
//! shells and launchers stand in between; without it, it does not.

use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::harness::{PATIENCE, Project, Running, holds, sees_every_process};

const STACK: &str = "stubborn: probe ignore TERM INT HUP + print up + wait\ndaemon: probe print parent + daemon + ignore TERM + wait\n";
const START: &str = "ganger start -t 300ms --exit-on never --no-port";
const NOTICE: &str = "the process that started ganger has ended: stopping all";

/// A project with the scripts, of which `caller.sh` is run.
fn called(script: &str) -> (Project, Running) {
    let project = Project::new(STACK).file("caller.sh", script);
    let running = Running::start(project.command(&["sh", "caller.sh"]));
    (project, running)
}

fn ends_with(mut running: Running) {
    running.lines(&["| up", "daemon.1 is gone, but"]);
    running.signal(Signal::SIGKILL);
    running.line(NOTICE);
    assert!(running.all_gone_within(PATIENCE));
    assert_eq!(running.mark().processes(), []);
}

#[test]
fn a_killed_parent_ends_the_stack() {
    ends_with(called(&format!("{START} --die-with-parent\n:\n")).1);
}

#[test]
fn the_variable_is_no_different_and_a_number_names_another_process() {
    ends_with(called(&format!("export GANGER_DIE_WITH_PARENT=1\n{START}\n:\n")).1);
    // The shell between the two ends, and nothing else is watched but the caller.
    ends_with(called(&format!("caller=$$\n({START} --die-with-parent=$caller &)\nexec sleep 600\n")).1);
}

#[test]
fn a_shell_or_a_launcher_in_between_does_not_hide_the_caller() {
    ends_with(called(&format!("sh -c '{START} --die-with-parent; :'\n:\n")).1);
    let launcher = "import subprocess, sys\nsys.exit(subprocess.call(['ganger'] + sys.argv[1:]))\n";
    let project = Project::new(STACK).file("bin/ganger", launcher);
    let start = START.replace("ganger", "python3 bin/ganger");
    project.write("caller.sh", &format!("sh -c '{start} --die-with-parent; :'\n:\n"));
    ends_with(Running::start(project.command(&["sh", "caller.sh"])));
}

#[test]
fn without_it_a_stack_outlives_its_caller() {
    let (_project, mut running) = called(&format!("{START} & echo pid $!\nwait\n"));
    let line = running.line("pid ");
    running.lines(&["| up", "daemon.1 is gone, but"]);
    let ganger: i32 = line.trim_start_matches("pid ").parse().unwrap();
    running.signal(Signal::SIGKILL);
    running.wait();
    // A line that it prints after the caller's end.
    kill(Pid::from_raw(ganger), Signal::SIGHUP).unwrap();
    running.line("SIGHUP");
    assert!(running.all_gone_within(PATIENCE));
    assert!(!running.all_said().iter().any(|line| line.contains(NOTICE)));
}

#[test]
fn exec_and_run_stop_the_command_and_what_it_left() {
    if !sees_every_process() {
        return;
    }
    let left = "probe daemon + ignore TERM + wait; echo left";
    let script = format!("{left}; exec probe ignore TERM INT HUP + print up + wait");
    let project = Project::new("web: probe ignore TERM + wait\n")
        .file("ganger.toml", "process.web.ready = \"alive\"\n")
        .file("command.sh", &script);
    for begin in [
        "run --die-with-parent sh command.sh",
        "exec -t 60 --die-with-parent -- sh command.sh",
        "exec -t 60 -- sh command.sh",
    ] {
        let variable = if begin.contains("--die") { "" } else { "export GANGER_DIE_WITH_PARENT=1\n" };
        project.write("caller.sh", &format!("{variable}ganger {begin}\n:\n"));
        let mut running = Running::start(project.command(&["sh", "caller.sh"]));
        running.lines(&["left", "up"]);
        running.signal(Signal::SIGKILL);
        assert!(running.all_gone_within(PATIENCE), "{begin}");
        assert_eq!(running.mark().processes(), [], "{begin}");
    }
}

#[test]
fn run_becomes_the_command_where_only_the_variable_is_set() {
    let project = Project::empty();
    let mut run = project.ganger(&["run", "probe", "print", "up", "+", "wait"]);
    run.env("GANGER_DIE_WITH_PARENT", "1");
    let mut running = Running::start(run);
    running.line("up");
    let command = std::fs::read_to_string(format!("/proc/{}/cmdline", running.pid())).unwrap();
    assert!(command.starts_with("probe"), "{command}");
}

#[test]
fn a_command_that_ends_with_its_caller_has_its_own_status() {
    let project = Project::empty();
    for (script, status) in [("exit 7", 7), ("kill -TERM $$", -1)] {
        let (code, _, error) = project.run(&["run", "--die-with-parent", "sh", "-c", script]);
        assert_eq!(code, status, "{error}");
    }
    let (code, _, error) = project.run(&["run", "--die-with-parent=999999999", "true"]);
    assert_eq!(code, 1, "{error}");
    assert!(error.contains("--die-with-parent 999999999: this process does not exist"), "{error}");
}

#[test]
fn in_the_background_the_flag_counts_and_the_variable_does_not() {
    // None that ends its first process: `-D` takes an exit that comes before its report for a failure.
    let project = Project::new("stubborn: probe ignore TERM INT HUP + print up + wait\n");
    let mut caller = Command::new("sleep").arg("600").spawn().unwrap();
    let flag = format!("--die-with-parent={}", caller.id());
    let (status, _, error) =
        project.run(&["start", "-D", "--exit-on", "never", "--no-port", "-t", "300ms", &flag]);
    assert_eq!(status, 0, "{error}");
    caller.kill().unwrap();
    caller.wait().unwrap();
    assert!(holds(|| project.mark().processes().is_empty()), "{:?}", project.mark().processes());

    let project = Project::new("stubborn: probe ignore TERM + wait\n");
    let mut start = project.ganger(&["start", "-D", "--exit-on", "never", "--no-port", "-t", "300ms"]);
    let status = start.env("GANGER_DIE_WITH_PARENT", "1").status().unwrap();
    assert!(status.success());
    assert!(project.is_up());
    assert_eq!(project.run(&["down"]).0, 0);
}
