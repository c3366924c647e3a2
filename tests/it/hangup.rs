//! Promised: on a pseudo-terminal no process is sent SIGHUP because the leader of its session has ended, as there a leader
//! of ours outlives it; and such a leader is no part of the stack, and stays no longer than it.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getsid};

use crate::harness::{Mark, Ports, Project, Running, are_there, holds};

const PTY: &[&str] = &["--pty", "always", "--exit-on", "never", "--no-port"];

/// Processes in front of a program that end at SIGTERM before it does, and one that ends by itself at SIGUSR1. Each
/// program writes down the signals that it gets.
const LEADERS: &str = "\
and: cd . && probe record and; true
subshell: (probe record subshell); true
pipe: probe record pipe | cat
job: probe record job & wait
wrapper: python3 wrapper.py probe record wrapper
go-run: probe trap TERM going 0 + spawn + record go-run
none: probe record none
by-itself: probe trap USR1 going 0 + spawn + record by-itself
end: probe trap USR1 over 0 + wait
";
const RECORDING: [&str; 8] = ["and", "subshell", "pipe", "job", "wrapper", "go-run", "none", "by-itself"];

fn start(more: &[&str]) -> (Project, Running) {
    let stack = Project::new(LEADERS);
    stack.write("wrapper.py", "import subprocess, sys\nsys.exit(subprocess.call(sys.argv[1:]))\n");
    let arguments: Vec<&str> = PTY.iter().chain(more).copied().collect();
    let waiting: Vec<String> = RECORDING.iter().map(|name| format!("| {name} is recording")).collect();
    let waiting: Vec<&str> = waiting.iter().map(String::as_str).chain(["end.1       | ready"]).collect();
    let running = stack.start_until(&arguments, &waiting);
    (stack, running)
}

/// What a program has written down. It has finished what it had to do.
fn recorded(stack: &Project, name: &str) -> String {
    let file = stack.path().join(name);
    let read = || std::fs::read_to_string(&file).unwrap_or_default();
    assert!(holds(|| read().ends_with("finished\n")), "{name} was sent {:?}", read());
    read()
}

fn no_hangup(stack: &Project, names: &[&str]) {
    for name in names {
        let signals = recorded(stack, name);
        assert!(signals.contains("TERM") && !signals.contains("HUP"), "{name} was sent {signals:?}");
    }
}

/// Whether this is one of the leaders that are ganger's own.
pub(crate) fn is_session_leader(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name == "ganger-session\n")
}

fn leaders(mark: &Mark) -> Vec<i32> {
    mark.processes().into_iter().map(|(pid, _)| pid).filter(|pid| is_session_leader(*pid)).collect()
}

/// The one that waits for the next start: it leads no session yet.
fn next_leader(running: &Running) -> i32 {
    let is_next = |pid: &i32| getsid(Some(Pid::from_raw(*pid))) != Ok(Pid::from_raw(*pid));
    leaders(running.mark()).into_iter().find(is_next).expect("no leader waits")
}

#[test]
fn a_stop_of_the_stack_hangs_up_no_process() {
    let (stack, running) = start(&[]);
    running.signal(Signal::SIGTERM);
    running.end();
    no_hangup(&stack, &RECORDING);
}

#[test]
fn the_end_of_the_stack_hangs_up_no_process() {
    let (stack, running) = start(&["--exit-on", "any"]);
    stack.run(&["kill", "-s", "USR1", "end"]);
    running.end();
    no_hangup(&stack, &RECORDING);
}

#[test]
fn a_stop_a_restart_and_a_scale_to_none_hang_up_no_process() {
    for words in [&["stop"][..], &["restart"][..], &["scale"][..]] {
        let (stack, running) = start(&[]);
        let end = if words == ["scale"] { "=0" } else { "" };
        let named: Vec<String> = RECORDING.iter().map(|name| format!("{name}{end}")).collect();
        let words: Vec<&str> = words.iter().copied().chain(named.iter().map(String::as_str)).collect();
        let (status, _, err) = stack.run(&words);
        assert_eq!(status, 0, "{err}");
        no_hangup(&stack, &RECORDING);
        stack.run(&["down", "-t", "0"]);
        running.end();
    }
}

#[test]
fn the_end_of_a_leader_by_itself_hangs_up_no_process() {
    let (stack, running) = start(&[]);
    stack.run(&["kill", "-s", "USR1", "by-itself"]);
    no_hangup(&stack, &["by-itself"]);
    running.signal(Signal::SIGTERM);
    running.end();
}

#[test]
fn a_program_that_closes_its_terminal_is_not_hung_up() {
    let stack = Project::new("web: exec probe record web >/dev/null 2>&1 </dev/null\n");
    let running = stack.start_until(PTY, &["web.1 started"]);
    let catches = |pid: &str| {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:\t")).unwrap_or("0");
        u64::from_str_radix(caught, 16).unwrap() & 1 << (Signal::SIGTERM as u64 - 1) != 0
    };
    let (_, table) = stack.json(&["ps", "--json"]);
    let pid = table["instances"][0]["pid"].to_string();
    assert!(holds(|| catches(&pid)), "{table}");
    running.signal(Signal::SIGTERM);
    running.end();
    no_hangup(&stack, &["web"]);
}

#[test]
fn a_leader_is_no_part_of_the_stack() {
    let stack = Project::new("web: probe ids + wait\n");
    let running = stack.start_until(PTY, &["leads its group true and session false"]);
    let (_, table) = stack.json(&["ps", "--json"]);
    assert_eq!(table["instances"].as_array().unwrap().len(), 1, "{table}");
    assert_eq!(leaders(running.mark()).len(), 2, "one leads, and one waits");
    assert_eq!(stack.run(&["stop", "web"]).0, 0);
    assert!(holds(|| leaders(running.mark()).len() == 1), "{:?}", running.mark().processes());
    running.signal(Signal::SIGTERM);
    running.end();
}

#[test]
fn the_terminal_is_the_programs_own() {
    let stack =
        Project::new("web: echo written > /dev/tty && test -t 0 && echo asked; ps -o tpgid=,pgid= -p $$\n");
    let mut running = stack.start_until(PTY, &["| written"]);
    running.line("| asked");
    let line = running.line_where("two groups", |line| line.split_whitespace().count() == 4);
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words[2], words[3], "its group is in the foreground: {line}");
    running.end();
}

#[test]
fn what_is_passed_on_is_the_same_as_on_a_pipe() {
    let stack = Project::new("web: readlink /proc/self/fd/3; probe signals + descriptors + env LISTEN_FDS\n");
    let ports = Ports::claim();
    let said = |arguments: &[&str]| {
        let base = ports.base();
        let words: Vec<&str> = arguments.iter().copied().chain(["--port", &base]).collect();
        let mut running = stack.start_until(&words, &["LISTEN_FDS="]);
        running.wait();
        let lines = running.all_said();
        let count = lines
            .iter()
            .find_map(|line| Some(line.split_once("descriptors [0, 1, 2")?.1.matches(',').count()));
        let is_socket = lines.iter().any(|line| line.contains("| socket:["));
        let signals: Vec<String> = lines.iter().filter(|line| line.contains("| Sig")).cloned().collect();
        assert_eq!(signals.len(), 2, "{lines:?}");
        let is_told = lines.iter().any(|line| line.ends_with("LISTEN_FDS=1"));
        (count.unwrap_or_else(|| panic!("{lines:?}")), is_socket, is_told, signals)
    };
    assert_eq!(said(&["--pty", "always"]), said(&["--pty", "never"]));
    stack.write("ganger.toml", "[process.web]\nlisten = true\n");
    let listening = said(&["--pty", "always"]);
    assert_eq!(listening, said(&["--pty", "never"]));
    assert!(listening.1 && listening.2);
}

#[test]
fn what_cannot_be_executed_is_reported_as_on_a_pipe() {
    let script = Project::new("script: ./script\n").program("script", "echo no first line\n");
    script.start_until(PTY, &["| no first line"]).end();
    let broken = Project::new("broken: ./broken\n").program("broken", "#!/nowhere/at/all\n");
    let missing = "its interpreter (the first line, after #!) is missing";
    let running = broken.start_until(PTY, &[missing]);
    assert!(holds(|| leaders(running.mark()).is_empty()), "{:?}", running.mark().processes());
    running.end();
}

#[test]
fn a_killed_worker_or_monitor_leaves_no_leader() {
    let (_stack, running) = start(&["-t", "300ms"]);
    kill(Pid::from_raw(running.worker()), Signal::SIGKILL).unwrap();
    running.end();
    let (_stack, running) = start(&["-t", "300ms"]);
    running.signal(Signal::SIGKILL);
    assert!(holds(|| running.mark().processes().is_empty()), "{:?}", running.mark().processes());
}

#[test]
fn leaders_do_not_outlive_a_kill_of_both_halves() {
    let stack = Project::new("web: probe ignore TERM HUP + print stubborn + wait\n");
    let mut running = stack.start_until(PTY, &["| stubborn"]);
    running.kill_both();
    assert!(holds(|| leaders(running.mark()).is_empty()), "{:?}", running.mark().processes());
    assert_eq!(running.mark().processes().len(), 1, "which is the program, for the next start to sweep");
    let next = stack.start_until(&["--sweep", "--pty", "always", "-t", "300ms"], &["| stubborn"]);
    assert_eq!(running.mark().processes(), []);
    next.signal(Signal::SIGTERM);
    next.end();
}

#[test]
fn without_a_leader_that_waits_programs_lead_their_sessions() {
    let stack = Project::new("web: probe ids + wait\n");
    let mut running = stack.start_until(PTY, &["leads its group true and session false"]);
    kill(Pid::from_raw(next_leader(&running)), Signal::SIGKILL).unwrap();
    assert_eq!(stack.run(&["restart", "web"]).0, 0);
    running.line("leads its group true and session true");
    running.signal(Signal::SIGTERM);
    running.end();
}

#[test]
fn a_shell_has_job_control() {
    if !are_there(&["tmux", "bash"]) {
        return;
    }
    let stack = Project::new("web: PS1='job> ' bash --norc --noprofile -i\n");
    let running = stack.start_until(PTY, &["web.1 started"]);
    let pane = stack.in_tmux(&["attach", "web"]);
    pane.shows("job>");
    pane.enter("probe trap INT interrupted 0 + wait");
    pane.shows("ready");
    pane.press(&["C-z"]);
    pane.shows("Stopped");
    pane.enter("jobs | wc -l; fg");
    pane.press(&["C-c"]);
    pane.shows("interrupted");
    pane.press(&["C-]"]);
    pane.shows("[detached from web.1]");
    stack.run(&["down", "-t", "300ms"]);
    assert!(running.all_gone_within(Duration::from_secs(3)));
    running.end();
}
