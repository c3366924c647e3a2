//! Promise: however long a look at the system takes, deadlines are kept, signals are heard, clients are answered, and a
//! worker that works slowly is not taken for one that is stuck.

// Says to clippy that all of the file is a test, not its `#[test]` functions only.
#![cfg(test)]

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::harness::{Ports, Project, Running, are_there, holds, sees_every_process};

/// `ganger start` with these arguments, in which each `call` (for this path, if one is named) is late by so many
/// milliseconds. The calls are told in the file `calls`.
fn start_slowed(
    project: &Project,
    (call, path, delay): (&str, Option<&str>, u32),
    arguments: &[&str],
) -> Running {
    let mut command = project.command(&["strace"]);
    command.args(["-f", "--detach-on=execve", "-qq", "-o", "calls"]);
    command.args(path.iter().flat_map(|path| ["-P", path]));
    command.args(["-e", &format!("trace={call}"), "-e", &format!("inject={call}:delay_enter={delay}000")]);
    command.args([env!("CARGO_BIN_EXE_ganger"), "start"]).args(arguments);
    Running::start_as(command, project.mark())
}

/// The pid of the monitor, which a client is told.
fn monitor(project: &Project) -> Pid {
    let (_, status) = project.json(&["ps", "--json"]);
    Pid::from_raw(status["pid"].as_i64().unwrap().try_into().unwrap())
}

/// Each question takes longer than the longest pause between two of them.
#[test]
fn a_question_that_takes_long_keeps_nothing_from_its_turn() {
    if !are_there(&["strace"]) {
        return;
    }
    let settings =
        "[process.db]\nready = \"listen:1\"\nready-timeout = 1\n[process.late]\nready = \"listen:1\"\n";
    let project = Project::new("db: probe wait\nlate: probe wait\n").file("ganger.toml", settings);
    // Each question opens one socket, to ask the kernel for the listeners.
    let slow = ("socket", None, 400);
    let mut running = start_slowed(&project, slow, &["--exit-on=never", "--no-port"]);
    running.line("db.1 is not ready within 1 s");
    running.line("db.1 killed by SIGTERM");
    // `late` is asked about for a minute.
    kill(monitor(&project), Signal::SIGTERM).unwrap();
    running.line("SIGTERM received");
    running.end();
    let calls = std::fs::read_to_string(project.path().join("calls")).unwrap();
    let is_slow = |call: &&str| call.contains("NETLINK") && call.contains("DELAYED");
    assert!(calls.lines().any(|call| is_slow(&call)), "no question was slow: {calls}");
}

/// What `ps`, a readiness look and the choice of the main processes cost does not depend on the processes of others.
#[test]
fn ps_readiness_and_the_main_process_need_no_pass_over_all_processes() {
    if !sees_every_process() {
        return;
    }
    if !are_there(&["strace", "python3"]) {
        return;
    }
    let server = "import http.server, os\n\
        http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), None).serve_forever()\n";
    // A shell that stays in front of the server and catches the signal.
    let project = Project::new("web: trap : USR1; python3 server.py; echo over; probe wait\n")
        .file("server.py", server);
    let ports = Ports::claim();
    let slow = ("getdents64", Some("/proc"), 1);
    let passes = || std::fs::read_to_string(project.path().join("calls")).unwrap().lines().count();
    let start = || {
        let mut running = start_slowed(&project, slow, &["-p", &ports.base()]);
        running.line("web.1 started");
        assert_eq!(project.run(&["wait", "web"]).0, 0);
        running
    };
    // A walk that meets a change is not used, and a pass is made then: of several, one met none.
    let mut running = start();
    for _ in 0..5 {
        if passes() == 0 {
            break;
        }
        kill(monitor(&project), Signal::SIGTERM).unwrap();
        running.end();
        running = start();
    }
    let at_start = passes();
    let least = |act: &dyn Fn()| {
        let cost = |_| {
            let before = passes();
            act();
            passes() - before
        };
        (0..5).map(cost).min()
    };
    let ps = || {
        let (_, status) = project.json(&["ps", "--json"]);
        let web = &status["instances"][0];
        assert!(web["url"].is_string() && web["memory_bytes"].is_u64(), "{web}");
    };
    let signal = || assert_eq!(project.run(&["kill", "-s", "CONT", "web"]).0, 0);
    assert_eq!((at_start, least(&ps), least(&signal)), (0, Some(0), Some(0)));
    assert_eq!(project.run(&["kill", "-s", "USR1", "web"]).0, 0);
    running.line("over");
    kill(monitor(&project), Signal::SIGTERM).unwrap();
    running.end();
    assert!(passes() > 0, "the end of an instance takes one");
}

/// Programs of the machine that are no business of ours, and that each look goes past. One test at a time has them: together with the ends of
/// a chain that are not reaped yet they might be more than a container may have.
struct Idle {
    child: Child,
    _turn: MutexGuard<'static, ()>,
}

impl Idle {
    fn start(count: u32) -> Self {
        static ONE: Mutex<()> = Mutex::new(());
        let turn = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let script = format!("i=0; while [ $i -lt {count} ]; do sleep 3600 & i=$((i+1)); done; echo; wait");
        let mut command = Command::new("sh");
        command.args(["-c", &script]).stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0);
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line)
            .unwrap();
        Self { child, _turn: turn }
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        let _ = killpg(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

/// A look takes longer than the pause between two of them, and the chains make one due at each end of a link.
#[test]
fn chains_beside_five_hundred_programs_of_others_end_with_the_grace() {
    if !sees_every_process() {
        return;
    }
    let _idle = Idle::start(500);
    let project = Project::new("chain: probe chain\nweb: probe wait\n");
    let mut running = project.start(&["-t", "300ms", "-m", "chain=4,web=1"]);
    running.line("the grace is over");
    running.end();
}

/// A look lasts longer than any link of the chain lives: it never sees one by its list of all.
#[test]
fn a_chain_of_one_instance_is_found_and_ends_beside_eight_hundred_programs_of_others() {
    if !sees_every_process() {
        return;
    }
    let _idle = Idle::start(800);
    let project = Project::new("chain: probe chain\nweb: probe trap TERM bye 0 + wait\n");
    let mut running = project.start(&["-t", "1m,chain=300ms", "--exit-on=never"]);
    running.lines(&["web.1   | ready", "chain.1 is gone, but", "the grace is over: killing chain.1"]);
    let is_chain = |(_, line): &(i32, String)| line.starts_with("probe chain");
    assert!(holds(|| !running.mark().processes().iter().any(is_chain)));
    running.signal(Signal::SIGTERM);
    let (_, lines) = running.end();
    assert!(lines.iter().any(|line| line == "web.1   | bye"), "{lines:?}");
}

/// Each look takes two seconds and more, and a stop needs several: far longer than the grace and what the monitor waits
/// for a worker that gives no sign of life.
#[test]
fn a_worker_that_works_slowly_is_not_killed() {
    if !are_there(&["strace"]) {
        return;
    }
    let project =
        Project::new("web: probe trap TERM bye 0 + spawn + daemon + ignore TERM + touch daemon + wait\n");
    let mut running = start_slowed(&project, ("getdents64", Some("/proc"), 1000), &["-t", "100ms"]);
    running.line("web.1 started");
    kill(monitor(&project), Signal::SIGTERM).unwrap();
    let (_, lines) = running.end();
    let is_killed = lines.iter().any(|line| line.contains("the worker does not end"));
    assert!(!is_killed && lines.iter().any(|line| line.contains("the grace is over")), "{lines:?}");
}
