//! Whatever system call fails, ganger says it, ends, and leaves nothing: proven by strace(1), which makes the
//! n-th use of a call fail in the monitor and in the worker (`--detach-on=execve`: not in what they start).

use std::collections::HashMap;
use std::process::Command;
use std::sync::Mutex;

use crate::harness::{Project, Running, can};

/// What runs: a stack that would end with status 0, with a stubborn one, a daemon, and many more.
const PROCFILE: &str = "\
web: probe pause 150 + print done
stubborn: probe ignore TERM HUP INT + wait
daemon: probe daemon + ignore TERM + touch daemon + wait
quiet: probe wait
";
const FORMATION: &str = "all=1,quiet=8";

/// The calls of start, run and stop, and two errors of each.
const CALLS: [(&str, [&str; 2]); 21] = [
    ("clone,clone3,vfork", ["EAGAIN", "ENOMEM"]),
    ("openat", ["EMFILE", "ENOMEM"]),
    ("pipe2", ["EMFILE", "ENFILE"]),
    ("socketpair", ["EMFILE", "ENFILE"]),
    ("epoll_create1", ["EMFILE", "ENOMEM"]),
    ("epoll_ctl", ["ENOSPC", "ENOMEM"]),
    ("epoll_wait", ["EBADF", "EINVAL"]),
    ("eventfd2", ["EMFILE", "ENOMEM"]),
    ("read", ["EIO", "ENOMEM"]),
    ("recvfrom", ["EIO", "ENOMEM"]),
    ("getdents64", ["EIO", "ENOMEM"]),
    ("write", ["EIO", "ENOSPC"]),
    ("pwritev2", ["EIO", "ENOSPC"]),
    ("setsid", ["EPERM", "ENOSYS"]),
    ("execve", ["ENOMEM", "EACCES"]),
    ("chdir", ["ENOENT", "EACCES"]),
    ("prctl", ["EINVAL", "EPERM"]),
    ("poll", ["ENOMEM", "EINVAL"]),
    ("wait4", ["EINVAL", "ENOMEM"]),
    ("rt_sigaction", ["EINVAL", "EFAULT"]),
    ("prlimit64", ["EPERM", "EINVAL"]),
];

/// Uses that may fail without a report, by what strace writes of them: what they were for is had in
/// another way, or is worth nothing.
const HARMLESS: [(&str, &str); 23] = [
    ("ld.so.cache", "the loader finds libraries without its cache"),
    (".so.", "the loader tries the next folder"),
    ("/proc/self/stat", "the same as the next"),
    ("/proc/self/mem", "another argv is for people to read"),
    ("PR_SET_NAME", "another name is for people to read"),
    ("events=0}", "Rust's runtime asks before main whether descriptors 0 to 2 are open, and has another way"),
    ("}], 1, 2)", "the monitor gives way to the worker for two milliseconds, and need not"),
    ("RLIMIT_STACK", "Rust's runtime asks before main for the size of the stack"),
    ("prlimit64(0, RLIMIT_NOFILE, {", "the limit that we have is then checked instead of the one we want"),
    ("RLIMIT_NOFILE, NULL", "a shell of the C library that asks once more"),
    ("EPOLL_CTL_DEL", "the descriptor is closed right after"),
    ("/proc/self/task", "what is still there is killed at the next scan"),
    ("/task>", "the same, where the folder is open"),
    ("/stat\"", "where a walk over the children fails, all processes are passed over"),
    (".runs/", "the run file: after a double kill only `--sweep` finds what is left"),
    ("/status\"", "a process of which no more is known gets the stop signal as a program does"),
    ("/fd>", "whether a process listens on its port is asked again"),
    ("MSG_DONTWAIT", "a wake-up that is read once more"),
    ("TCGETS", "what cannot be asked whether it is a terminal is none"),
    ("TIOCGWINSZ", "terminals of instances have the size of a VT100 then"),
    (", 64, 0, NULL", "the same in the monitor"),
    ("/state/ganger", "the record of the run: the stack goes on without"),
    ("CLONE_THREAD", "the same; without its writer of standard output ganger ends, and says so"),
];

struct Case {
    call: &'static str,
    error: &'static str,
    nth: u32,
    arguments: &'static [&'static str],
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (call, errors) in CALLS {
        for error in errors {
            cases.extend([1, 2, 10].map(|nth| Case { call, error, nth, arguments: &[] }));
        }
    }
    // Making terminals is another path.
    for error in ["EIO", "ENOSPC"] {
        let arguments = &["--pty=always"];
        cases.extend([3, 4, 5, 6, 7, 10].map(|nth| Case { call: "ioctl", error, nth, arguments }));
    }
    cases
}

pub(crate) fn is_traceable() -> bool {
    let traced =
        Command::new("strace").args(["-f", "--detach-on=execve", "-o", "/dev/null", "true"]).output();
    can("strace", traced.is_ok_and(|output| output.status.success()))
}

#[test]
fn a_system_call_that_fails_is_reported_and_leaves_nothing() {
    if !is_traceable() {
        return;
    }
    let left = Mutex::new(cases());
    let met = Mutex::new(0);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some(case) = { left.lock().unwrap().pop() } {
                    *met.lock().unwrap() += u32::from(inject(&case));
                }
            });
        }
    });
    let met = met.into_inner().unwrap();
    eprintln!("{met} of {} failures met", cases().len());
    assert!(met > 80, "only {met} of the failures were met: strace does not do what we think");
}

/// Runs the stack with this failure; whether it was met at all.
fn inject(Case { call, error, nth, arguments }: &Case) -> bool {
    let project = Project::new(PROCFILE);
    let mut command = project.command(&["strace"]);
    // Each descriptor with what it is (-y): a folder that is read is known by that alone.
    command.args(["-f", "-y", "--detach-on=execve", "-qq", "-o", "log", "-e", &format!("trace={call}")]);
    command.args(["-e", &format!("inject={call}:error={error}:when={nth}"), env!("CARGO_BIN_EXE_ganger")]);
    command.args(["start", "-t", "100ms", "--exit-on=web", "-m", FORMATION]).args(*arguments);
    // That it ends, and that nothing is left, is checked here.
    let (status, lines) = Running::start(command).end();
    let log = String::from_utf8_lossy(&std::fs::read(project.path().join("log")).unwrap()).into_owned();
    let injected: Vec<String> =
        whole_calls(&log).into_iter().filter(|line| line.contains("(INJECTED)")).collect();
    let grave: Vec<&String> = injected.iter().filter(|line| !is_harmless(line)).collect();
    let told = format!("{call} {error} {nth}: {status:?}\n{}\n{}", injected.join("\n"), lines.join("\n"));
    if grave.is_empty() {
        // It is not of our making how ganger ends that nothing grave has met.
        assert!(status.code() == Some(0) || !lines.is_empty(), "{told}");
        return !injected.is_empty();
    }
    assert_ne!(status.code(), Some(0), "{told}");
    let is_said = grave.iter().any(|line| {
        // Nothing can be reported where the report itself fails, or before main.
        line.contains("write(2")
            || line.contains("rt_sigaction(SIGPIPE")
            || lines.iter().any(|said| said.contains(reason(line)))
    });
    assert!(is_said, "{told}");
    true
}

/// The calls in the log of strace, each in one line: where two processes are in one at once, strace writes the first
/// half with the arguments (`PID openat(… <unfinished ...>`), and the second with what came of it
/// (`PID <... openat resumed>) = …`).
fn whole_calls(log: &str) -> Vec<String> {
    let mut begun: HashMap<&str, &str> = HashMap::new();
    let mut calls = Vec::new();
    for line in log.lines() {
        let (pid, call) = line.split_once(' ').unwrap_or((line, ""));
        if let Some(first) = call.trim_end().strip_suffix("<unfinished ...>") {
            begun.insert(pid, first);
        } else if let Some((_, second)) =
            call.trim_start().strip_prefix("<...").and_then(|rest| rest.split_once('>'))
        {
            calls.push(format!("{pid} {}{second}", begun.remove(pid).unwrap_or_default()));
        } else {
            calls.push(line.to_owned());
        }
    }
    calls
}

#[test]
fn a_call_that_strace_writes_in_two_halves_is_one() {
    let log = "1 openat(3, \"/a\", 0 <unfinished ...>\n2 read(4) = 0\n1 <... openat resumed>) = -1 EIO (I) (INJECTED)\n";
    assert_eq!(whole_calls(log), ["2 read(4) = 0", "1 openat(3, \"/a\", 0 ) = -1 EIO (I) (INJECTED)"]);
}

fn is_harmless(line: &str) -> bool {
    HARMLESS.iter().any(|(what, _)| line.contains(what))
}

/// `Too many open files` of `… = -1 EMFILE (Too many open files) (INJECTED)`.
fn reason(line: &str) -> &str {
    let text = line.trim_end_matches("(INJECTED)").trim_end().trim_end_matches(')');
    text.rsplit_once('(').map_or("", |(_, reason)| reason)
}

/// The numbers that `web: seq 100000` prints arrive in order while the calls of this kind fail, of these descriptors of ganger, if
/// any are named; what was traced.
fn numbers_arrive(shell: &str, trace: &str, paths: &[String]) -> String {
    let project = Project::new("web: seq 100000\n");
    let mut command = project.command(&["sh", "-c", shell, env!("CARGO_BIN_EXE_ganger")]);
    let paths: Vec<&str> = paths.iter().flat_map(|path| ["-P", path]).collect();
    let trace = format!("strace -f --detach-on=execve -qq -o log {} -e {trace}", paths.join(" "));
    command.env("TRACE", trace);
    let (status, lines) = Running::start(command).end();
    assert_eq!(status.code(), Some(0), "{lines:?}");
    let numbers = lines.iter().filter_map(|line| line.strip_prefix("web.1  | ")?.parse::<u32>().ok());
    assert!(numbers.eq(1..=100_000), "not as it was written");
    std::fs::read_to_string(project.path().join("log")).unwrap()
}

#[test]
fn where_the_kernel_cannot_write_a_pipe_without_waiting_it_is_opened_again() {
    if !is_traceable() {
        return;
    }
    let trace = "trace=pwritev2,prctl -e inject=pwritev2:error=EOPNOTSUPP";
    let log = numbers_arrive("exec $TRACE \"$0\" start", trace, &[]);
    assert_eq!(log.matches("(INJECTED)").count(), 1, "asked once: {log}");
    assert!(!log.contains("\"writer\""), "no thread: {log}");
}

#[test]
fn a_thread_writes_to_a_pipe_that_may_not_be_opened_again() {
    if !is_traceable() {
        return;
    }
    let descriptors: Vec<String> = (3..100).map(|number| format!("/proc/self/fd/{number}")).collect();
    let fifo = "mkfifo fifo; cat fifo & exec $TRACE \"$0\" start > fifo";
    let log = numbers_arrive(fifo, "inject=openat:error=EACCES", &descriptors);
    // Standard error, which may be a terminal, is opened again too.
    let is_of_output = |line: &&str| line.contains("(INJECTED)") && !line.contains("O_NOCTTY");
    assert_eq!(log.lines().filter(is_of_output).count(), 1, "asked once: {log}");
}

#[test]
fn a_panic_of_the_worker_ends_in_a_clean_stop() {
    if !is_traceable() {
        return;
    }
    // tokio panics when epoll_wait fails; the 20th time is when the stack runs.
    let project = Project::new(
        "stubborn: probe ignore TERM + wait\ndaemon: probe daemon + ignore TERM + touch daemon + wait\nticker: sh -c 'while :; do echo tick; sleep 0.02; done'\n",
    );
    let mut command = project.command(&["strace"]);
    command.args(["-f", "--detach-on=execve", "-qq", "-o", "/dev/null", "-e", "trace=epoll_wait"]);
    command.args(["-e", "inject=epoll_wait:error=EIO:when=20", env!("CARGO_BIN_EXE_ganger")]);
    command.args(["start", "-t", "200ms", "--exit-on=never"]);
    let (status, lines) = Running::start(command).end();
    assert_eq!(status.code(), Some(125), "{lines:?}");
    for said in ["ganger: a defect at ", "ganger: the worker exited with status 101 before its end: stopping"]
    {
        assert!(lines.iter().any(|line| line.contains(said)), "{said}: {lines:?}");
    }
}
