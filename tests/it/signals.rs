//! Every signal that by default ends or stops a process (signal(7)), sent to either half: nothing is left.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};

use ganger::parts::signal::Signal;
use nix::sys::signal::{Signal as Known, kill};
use nix::unistd::Pid;

use crate::harness::{PATIENCE, Project, Running, can, sees_every_process};

/// One that ends at once, one that ignores every request.
const STACK: &str = "web: probe ignore USR1 USR2 + trap TERM bye 0 + wait\n\
                     stubborn: probe ignore TERM USR1 USR2 + print up + wait\n";

/// What a signal does to one half.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Effect {
    /// The stack is stopped, and ganger dies of that signal.
    Stops,
    /// The stack goes on.
    GoesOn,
    /// That half ends; the other one stops the stack.
    EndsTheHalf,
    /// std has a handler for stack overflows, which lets the first one pass.
    EndsTheHalfOrGoesOn,
    /// That half stands still until SIGCONT; a worker is killed after the grace and five seconds.
    StandsStill,
}

/// docs/reliability.md has this table.
fn effect(number: i32) -> Effect {
    const STOPS: [i32; 14] = [
        libc::SIGHUP,
        libc::SIGINT,
        libc::SIGQUIT,
        libc::SIGTERM,
        libc::SIGALRM,
        libc::SIGVTALRM,
        libc::SIGPROF,
        libc::SIGIO,
        libc::SIGPWR,
        libc::SIGSTKFLT,
        libc::SIGXCPU,
        libc::SIGABRT,
        libc::SIGTRAP,
        libc::SIGSYS,
    ];
    const IGNORED: [i32; 4] = [libc::SIGPIPE, libc::SIGXFSZ, libc::SIGTTIN, libc::SIGTTOU];
    const FORWARDED: [i32; 2] = [libc::SIGUSR1, libc::SIGUSR2];
    const HARMLESS: [i32; 4] = [libc::SIGCHLD, libc::SIGCONT, libc::SIGURG, libc::SIGWINCH];
    match number {
        libc::SIGKILL | libc::SIGILL | libc::SIGFPE => Effect::EndsTheHalf,
        libc::SIGSEGV | libc::SIGBUS => Effect::EndsTheHalfOrGoesOn,
        libc::SIGSTOP | libc::SIGTSTP => Effect::StandsStill,
        stop if STOPS.contains(&stop) => Effect::Stops,
        other => {
            let goes_on = [&IGNORED[..], &FORWARDED, &HARMLESS].concat().contains(&other);
            assert!(goes_on || other >= libc::SIGRTMIN(), "signal {other} has no place in the table");
            Effect::GoesOn
        }
    }
}

/// By number, as nix has no word for real-time signals. Whether it could be sent.
fn send(pid: i32, number: i32) -> bool {
    let kill = format!("kill -{number} {pid}");
    Command::new("sh").args(["-c", &kill]).output().unwrap().status.success()
}

fn cell(number: i32, to_worker: bool) -> Result<(), String> {
    let project = Project::new(STACK);
    let mut running = project.start(&["-t", "200ms", "--no-port"]);
    running.lines(&["web.1      | ready", "stubborn.1 | up"]);
    let worker = running.worker();
    assert!(send(if to_worker { worker } else { running.pid() }, number));
    let effect = effect(number);
    if effect != Effect::Stops && (number, to_worker) != (libc::SIGKILL, false) {
        send(running.pid(), libc::SIGTERM);
    }
    if effect == Effect::StandsStill && !to_worker {
        send(running.pid(), libc::SIGCONT);
    }
    let status = running.wait();
    if !running.all_gone_within(PATIENCE) || !running.mark().processes().is_empty() {
        return Err(format!("left behind: {:?}", running.mark().processes()));
    }
    is_right(effect, status, (number, to_worker)).then_some(()).ok_or_else(|| format!("{status:?}"))
}

fn is_right(effect: Effect, status: ExitStatus, (number, to_worker): (i32, bool)) -> bool {
    let goes_on = status.signal() == Some(libc::SIGTERM);
    let ends = if to_worker { status.code() == Some(128 + number) } else { status.signal() == Some(number) };
    match effect {
        Effect::Stops => status.signal() == Some(number),
        Effect::EndsTheHalf => ends,
        Effect::EndsTheHalfOrGoesOn => ends || goes_on,
        Effect::StandsStill if to_worker => status.code() == Some(128 + libc::SIGKILL),
        Effect::GoesOn | Effect::StandsStill => goes_on,
    }
}

#[test]
fn no_signal_to_either_half_leaves_anything() {
    let standard = Known::iterator().map(|known| known as i32);
    let numbers: Vec<i32> = standard.chain([libc::SIGRTMIN(), libc::SIGRTMAX()]).collect();
    let cells: Vec<(i32, bool)> =
        numbers.iter().flat_map(|number| [(*number, false), (*number, true)]).collect();
    let mut wrong = Vec::new();
    for some in cells.chunks(16) {
        std::thread::scope(|scope| {
            let started: Vec<_> = some
                .iter()
                .map(|(number, to_worker)| {
                    (number, to_worker, scope.spawn(move || cell(*number, *to_worker)))
                })
                .collect();
            for (number, to_worker, cell) in started {
                let result = cell.join().unwrap_or_else(|_| Err("it does not end".into()));
                let half = if *to_worker { "worker" } else { "monitor" };
                wrong.extend(
                    result.err().map(|reason| format!("{} to the {half}: {reason}", Signal(*number))),
                );
            }
        });
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_file_that_may_not_grow_is_a_reported_error_and_nothing_is_left() {
    let project = Project::new("web: while :; do echo tick; done\nsub: probe ignore TERM + wait\n");
    // One block of 512 bytes: reached by the output, not by standard error, which is read here.
    let script = "ulimit -f 1; exec \"$0\" start -t 300ms --no-port > grows";
    let command = project.command(&["/bin/sh", "-c", script, env!("CARGO_BIN_EXE_ganger")]);
    let (status, lines) = Running::start(command).end();
    assert_eq!(status.code(), Some(125), "{lines:?}");
    let said = "stderr: ganger: cannot write to standard output: File too large (os error 27)";
    assert!(lines.iter().any(|line| line == said), "{lines:?}");
}

/// `ganger start` where /proc is empty; `None` where that cannot be made.
fn without_proc(project: &Project) -> Option<Running> {
    let may = Command::new("unshare").args(["--mount", "true"]).output();
    if !can("a mount namespace by unshare(1)", may.is_ok_and(|output| output.status.success())) {
        return None;
    }
    let script = "mount -t tmpfs none /proc && exec \"$0\" start -t 300ms --no-port";
    let words = ["unshare", "--mount", "/bin/sh", "-c", script, env!("CARGO_BIN_EXE_ganger")];
    let mut running = Running::start(project.command(&words));
    running.lines(&["web.1      | up", "stubborn.1 | up"]);
    Some(running)
}

/// One that ignores the stop signal, and one with a shell that ends at it and leaves such a process behind.
const WITHOUT_PROC: &str = "web: probe ignore TERM + wait & probe ignore TERM + print up; wait\n\
                            stubborn: probe ignore TERM + print up + wait\n";

#[test]
fn without_proc_what_ignores_the_stop_signal_is_killed_after_the_grace() {
    if !sees_every_process() {
        return;
    }
    let project = Project::new(WITHOUT_PROC);
    let Some(running) = without_proc(&project) else { return };
    running.signal(Known::SIGTERM);
    let (status, lines) = running.end();
    assert!(lines.iter().any(|line| line.contains("stubborn.1 killed by SIGKILL")), "{lines:?}");
    assert_eq!(status.signal(), Some(libc::SIGTERM), "{lines:?}");
}

#[test]
fn without_proc_the_monitor_stops_what_a_killed_worker_leaves() {
    if !sees_every_process() {
        return;
    }
    let project = Project::new(WITHOUT_PROC);
    let Some(running) = without_proc(&project) else { return };
    kill(Pid::from_raw(running.worker()), Known::SIGKILL).unwrap();
    let (status, lines) = running.end();
    assert_eq!(status.code(), Some(137), "{lines:?}");
}
