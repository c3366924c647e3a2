//! A stop signal in a container and under s6 reaches the program where a shell has to stay in front of it, and its end is
//! waited for.

use std::fs;
use std::path::Path;
use std::process::Command;

use ganger::parts::export::options::{ExportFormat, ExportOptions, Secrets};
use ganger::parts::export::{Bundle, export};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::recorder::{Engine, Job, Recorder};
use super::{Exported, options};
use crate::harness::{Running, can, holds, search_path};

/// Two programs behind a shell, which would die of SIGTERM at once.
const TWO: &str = "web: probe trap TERM bye 0 + wait & probe trap TERM over 0 + wait; true\n";

/// What a container runs: the words of the job for Nomad, which is JSON.
fn words(procfile: &str, settings: &str) -> Vec<String> {
    let project = Exported { procfile: procfile.into(), values: Vec::new() };
    let plan = project.plan_with(settings, Path::new("/"));
    let bundle = export(&plan, &options(ExportFormat::Nomad, Secrets::Reference)).unwrap();
    let job: serde_json::Value = serde_json::from_slice(&bundle.files[0].bytes).unwrap();
    let config = &job["Job"]["TaskGroups"][0]["Tasks"][0]["Config"];
    assert_eq!(config["init"], true);
    let arguments = config["args"].as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned());
    std::iter::once(config["command"].as_str().unwrap().to_owned()).chain(arguments).collect()
}

/// `words` in a process namespace, as process 1 or below one that waits for it.
fn contained(words: &[String], is_first: bool) -> Option<Running> {
    let space = ["--pid", "--fork", "--mount-proc", "--kill-child"];
    let tried = Command::new("unshare").args(space).arg("true").output();
    if !can("a namespace of process ids by unshare(1)", tried.is_ok_and(|output| output.status.success())) {
        return None;
    }
    let mut command = Command::new("unshare");
    command.args(space).env("PATH", search_path());
    if !is_first {
        command.args(["sh", "-c", "\"$@\"; exit $?", "init"]);
    }
    command.args(words);
    Some(Running::start(command))
}

/// The process that the engine would signal, `depth` below unshare(1).
fn first_process(running: &Running, depth: usize) -> Pid {
    let child = |pid: i32| -> i32 {
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
        children.split_whitespace().next().unwrap().parse().unwrap()
    };
    Pid::from_raw((0..depth).fold(running.pid(), |pid, _| child(pid)))
}

#[test]
fn in_a_container_the_signal_passes_the_shell_and_the_end_is_waited_for() {
    for depth in [1, 2] {
        let Some(mut running) = contained(&words(TWO, ""), depth == 1) else { return };
        running.line("ready");
        running.line("ready");
        kill(first_process(&running, depth), Signal::SIGTERM).unwrap();
        let (_, lines) = running.end();
        for word in ["bye", "over"] {
            assert!(lines.iter().any(|line| line == word), "depth {depth}: {lines:?}");
        }
    }
}

#[test]
fn in_a_container_the_status_of_the_command_is_that_of_the_shell() {
    let Some(running) = contained(&words("web: probe print done; (exit 7)\n", ""), true) else { return };
    let (status, lines) = running.end();
    assert_eq!((status.code(), lines.as_slice()), (Some(7), ["done".to_owned()].as_slice()));
}

#[test]
fn what_the_shell_leaves_ignored_is_reported() {
    let lost = |format, settings: &str| {
        let project = Exported { procfile: "web: a | b\n".into(), values: Vec::new() };
        let plan = project.plan_with(settings, Path::new("/"));
        export(&plan, &options(format, Secrets::Reference)).unwrap().lost
    };
    let stays = |lost: &[String]| lost.iter().any(|line| line.contains("a shell stays in front"));
    for format in [ExportFormat::Compose, ExportFormat::Kubernetes, ExportFormat::Nomad, ExportFormat::S6] {
        assert!(!stays(&lost(format, "")), "{format:?}");
    }
    for format in [ExportFormat::Compose, ExportFormat::Kubernetes, ExportFormat::Nomad] {
        assert!(stays(&lost(format, "[process.web]\nstop-signal = \"INT\"\n")), "{format:?}");
    }
    assert!(stays(&lost(ExportFormat::Launchd, "")));
}

/// s6 signals the shell alone, which dies at once.
#[test]
fn under_s6_the_program_behind_a_shell_gets_the_signal_and_its_grace() {
    if !Engine::S6.is_there() {
        return;
    }
    let recorder = Recorder::that_runs();
    let said = recorder.path().join("said");
    let shell = recorder.shell();
    let probe = env!("CARGO_BIN_EXE_probe");
    let procfile =
        format!("web: {shell} -c '{probe} trap TERM bye 0 + wait >{}; true'; true\n", said.display());
    let project = Exported { procfile, values: Vec::new() };
    let plan = project.plan(recorder.path());
    let asked = ExportOptions { etc: recorder.etc(), ..options(ExportFormat::S6, Secrets::Reference) };
    let bundle: Bundle = export(&plan, &asked).unwrap();
    let job = Job { bundle: &bundle, values: b"", names: &["web.1".to_owned()] };
    Engine::S6.run(&recorder, &job, |_| {
        assert!(holds(|| fs::read_to_string(&said).is_ok_and(|text| text == "ready\n")));
    });
    assert_eq!(fs::read_to_string(&said).unwrap(), "ready\nbye\n");
}
