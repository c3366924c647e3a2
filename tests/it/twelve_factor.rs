//! The examples run: a real stack of gunicorn, node and redis-server is started, asked, scaled and
//! stopped, and nothing of it is left.
//!
//! No sleeps: a program says a line when it is ready, and the test waits for that line.
#![expect(
    clippy::disallowed_methods,
    reason = "a test starts programs, has deadlines, and looks at its own environment"
)]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]
#![expect(clippy::print_stderr, reason = "a test that fails shows what it saw")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

/// No wait for one thing takes longer; a machine that is slow and busy needs some of it.
const PATIENCE: Duration = Duration::from_secs(30);

/// The variable that all processes of one project have, so that those left behind can be found.
const MARK: &str = "TWELVE_FACTOR_TEST_MARK";

#[test]
fn hello_ends_by_itself() {
    let project = Project::copy("hello", 0);
    let mut command = project.ganger("start");
    command.args(["-t", "10"]).env("TICKS", "2");
    let (status, lines) = Stack::start(command).wait();

    assert_eq!(status.code(), Some(0), "the clock ends with 0, so the stack does");
    assert_eq!(
        lines.of("clock.1"),
        [
            format!("Hello from clock.1, port {}", project.port(2, 1)),
            "clock.1 tick 1 of 2".to_owned(),
            "clock.1 tick 2 of 2".to_owned(),
            "clock.1 done".to_owned(),
        ]
    );
    for (name, entry, sentence) in
        [("web.1", 0, "web.1 would answer requests"), ("worker.1", 1, "worker.1 would do jobs")]
    {
        let said = lines.of(name);
        let [first, middle @ .., last] = &said[..] else { panic!("{name} said {said:?}") };
        assert_eq!(*first, format!("Hello from {name}, port {}", project.port(entry, 1)));
        assert!(!middle.is_empty() && middle.iter().all(|line| *line == sentence), "{name} said {said:?}");
        assert_eq!(*last, format!("{name} goodbye"));
    }
    assert_eq!(left_of(&project), [], "processes are left");
}

#[test]
fn twelve_factors_are_started_asked_scaled_and_stopped() {
    if let Some(missing) = missing_program() {
        let must_run = std::env::var_os("TESTS_MUST_RUN").is_some_and(|value| !value.is_empty());
        assert!(!must_run, "{missing} is not installed");
        println!("skipped: {missing} is not installed");
        return;
    }
    let project = Project::copy("twelve-factor", 1);
    project.move_redis();

    let said = project.run(&["release"]);
    assert!(said.contains("schema: 0 -> 2"), "the migration said {said:?}");
    let said = project.run(&["release"]);
    assert!(said.contains("schema: already at 2"), "the migration said {said:?}");

    for webs in [2, 3] {
        let mut stack = project.start_twelve_factor(webs);
        ask_everyone(&project, webs);
        let done = do_a_job(&project, webs, &mut stack);
        let said = project.run(&["python3", "admin.py", "results"]);
        let count = said.strip_prefix("results: ").and_then(|rest| rest.split(',').next()?.parse().ok());
        assert!(count.is_some_and(|count: u32| count >= 1), "after {done:?} the admin command said {said:?}");

        kill(stack.pid, Signal::SIGTERM).unwrap();
        let (status, lines) = stack.wait();
        assert_eq!(status.signal(), Some(libc::SIGTERM), "ganger dies by the signal that stopped it");
        assert_farewells(&lines, webs);
        assert_eq!(left_of(&project), [], "processes are left");
    }
}

/// Each instance answers on its own port, with its own name.
fn ask_everyone(project: &Project, webs: u16) {
    let everyone = (1..=webs).map(|n| (format!("web.{n}"), project.port(0, n)));
    for (name, port) in everyone.chain([("api.1".to_owned(), project.port(1, 1))]) {
        let (status, body) = request(port, "GET", "/", "");
        assert_eq!(status, 200, "{name} answered {body}");
        for part in [
            format!(r#""name":"{name}""#),
            format!(r#""port":{port}"#),
            r#""greeting":"Hello from twelve factors""#.to_owned(),
            r#""hits":"#.to_owned(),
        ] {
            assert!(body.contains(&part), "no {part} in the answer of {name}: {body}");
        }
        assert_eq!(request(port, "GET", "/healthz", "").0, 200, "health of {name}");
    }
}

/// The first web takes a job in, the worker does it, the last web knows its result.
fn do_a_job(project: &Project, webs: u16, stack: &mut Stack) -> String {
    let (status, body) = request(project.port(0, 1), "POST", "/jobs", r#"{"number": 1234}"#);
    assert_eq!(status, 202, "POST /jobs answered {body}");
    let id = body.split('"').nth(3).expect("an id").to_owned();
    stack.wait_for("worker.1", &format!("job {id}: 1234 squared is 1522756"), 1);
    let (status, body) = request(project.port(0, webs), "GET", &format!("/jobs/{id}"), "");
    assert_eq!(status, 200, "GET /jobs/{id} answered {body}");
    assert!(body.contains(r#""result":1522756"#) && body.contains(r#""worker":"worker.1""#), "{body}");
    id
}

/// Every process that said its pid in a line `NAME PID: …` has said goodbye with the same pid; and there
/// were as many as the formation asks for.
fn assert_farewells(lines: &Lines, webs: u16) {
    let (mut here, mut gone) = (BTreeSet::new(), BTreeSet::new());
    for (name, text) in &lines.0 {
        let Some((who, what)) = text.split_once(": ") else { continue };
        let pid = who.strip_prefix(&format!("{name} ")).and_then(|pid| pid.parse::<u32>().ok());
        let Some(pid) = pid else { continue };
        let set = if what == "graceful shutdown" { &mut gone } else { &mut here };
        set.insert((name.clone(), pid));
    }
    assert_eq!(here, gone, "left: who was there; right: who said goodbye");
    for n in 1..=webs {
        let name = format!("web.{n}");
        let count = gone.iter().filter(|(who, _)| *who == name).count();
        assert_eq!(count, 3, "{name} is a master and two workers");
    }
    assert_eq!(gone.len(), 3 * usize::from(webs) + 3, "every web, and api, worker, clock: {gone:?}");
    let redis = lines.of("redis.1");
    assert!(redis.iter().any(|line| line.contains("ready to exit, bye bye")), "redis said {redis:?}");
}

/// The first program without which the stack cannot run.
fn missing_program() -> Option<&'static str> {
    let trials: [(&str, &[&str]); 5] = [
        ("redis-server", &["redis-server", "--version"]),
        ("node", &["node", "--version"]),
        ("gunicorn", &["gunicorn", "--version"]),
        ("flask", &["python3", "-c", "import flask"]),
        ("redis for python3", &["python3", "-c", "import redis"]),
    ];
    trials.into_iter().find_map(|(name, words)| {
        let tried =
            Command::new(words[0]).args(&words[1..]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        (!tried.is_ok_and(|status| status.success())).then_some(name)
    })
}

/// A copy of an example in a folder of its own, on ports that are free.
struct Project {
    root: TempDir,
    /// The root with no symbolic link in it, as the kernel names it.
    folder: PathBuf,
    base: u16,
    mark: String,
}

impl Project {
    fn copy(example: &str, slot: u16) -> Self {
        let root = tempfile::tempdir().unwrap();
        for entry in
            fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(example)).unwrap()
        {
            let path = entry.unwrap().path();
            // What a run by hand has left there is not part of the example.
            if path.is_file() && path.extension().is_none_or(|extension| extension != "sqlite3") {
                fs::copy(&path, root.path().join(path.file_name().unwrap())).unwrap();
            }
        }
        let folder = root.path().canonicalize().unwrap();
        Self { root, folder, base: free_base(slot), mark: format!("{}-{example}", std::process::id()) }
    }

    /// The port of the n-th instance of a line of the Procfile, the first line being 0.
    fn port(&self, entry: u16, n: u16) -> u16 {
        self.base + 100 * entry + n - 1
    }

    /// Another resource is another URL: Redis gets a free port, by the one line that names it.
    fn move_redis(&self) {
        let path = self.root.path().join(".env");
        let old = fs::read_to_string(&path).unwrap();
        let new = old.replace("127.0.0.1:6390", &format!("127.0.0.1:{}", self.base + 900));
        assert_ne!(old, new, "REDIS_URL is not where it was");
        fs::write(&path, new).unwrap();
    }

    /// ganger, for this project, with no variable of ours that would win over the project's own.
    fn ganger(&self, subcommand: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ganger"));
        let own = fs::read_to_string(self.root.path().join(".env")).unwrap();
        let own = own.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name.to_owned());
        let foreign = std::env::vars_os()
            .filter_map(|(name, _)| name.into_string().ok())
            .filter(|name| name.starts_with("GANGER_") || name == "PORT" || name == "PS");
        for name in own.chain(foreign) {
            command.env_remove(name);
        }
        command.env(MARK, &self.mark).stdin(Stdio::null());
        command.arg(subcommand).arg("-d").arg(self.root.path()).args(["-p", &self.base.to_string()]);
        command
    }

    /// Runs a one-off command to its end and returns what it said.
    fn run(&self, words: &[&str]) -> String {
        let Output { status, stdout, stderr } = self.ganger("run").args(words).output().unwrap();
        let said = String::from_utf8(stdout).unwrap();
        let complaint = String::from_utf8_lossy(&stderr);
        assert_eq!(status.code(), Some(0), "ganger run {words:?} said {said:?} and {complaint:?}");
        said
    }

    /// Starts the stack and waits until every process of it has said that it is ready.
    fn start_twelve_factor(&self, webs: u16) -> Stack {
        let mut command = self.ganger("start");
        command.args(["-m", &format!("all=1,web={webs},release=0"), "-t", "10"]);
        let mut stack = Stack::start(command);
        stack.wait_for("redis.1", "Ready to accept connections", 1);
        for n in 1..=webs {
            stack.wait_for(&format!("web.{n}"), ": listening on", 1);
            stack.wait_for(&format!("web.{n}"), ": ready to answer", 2);
        }
        stack.wait_for("api.1", ": listening on", 1);
        stack.wait_for("worker.1", ": waiting for jobs", 1);
        stack.wait_for("clock.1", ": ticking", 1);
        stack
    }
}

impl Drop for Project {
    /// Whatever went wrong: no process of ours outlives its project.
    fn drop(&mut self) {
        // Twice: the first time may meet one that is just starting another.
        for _ in 0..2 {
            for pid in left_of(self) {
                // It may be gone already, which is what we want.
                let _ = kill(pid, Signal::SIGKILL);
            }
        }
    }
}

/// A base whose next thousand ports hold the ones that a project uses, all free. They lie below those
/// that the kernel gives to outgoing connections; tests of one run differ in their slot.
fn free_base(slot: u16) -> u16 {
    let first = u16::try_from(std::process::id() % 10).unwrap();
    (0..10)
        .map(|turn| 10_000 + 1_000 * (2 * ((first + turn) % 10) + slot))
        .find(|base| {
            let used = (0..6).flat_map(|entry| (0..3).map(move |n| base + 100 * entry + n));
            used.chain([base + 900]).all(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok())
        })
        .expect("a free base")
}

/// What a stack has said: the name of an instance, or `ganger`, and a line. Shown where a test fails.
struct Lines(Vec<(String, String)>);

impl Lines {
    /// The lines of one instance.
    fn of(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(who, _)| who == name).map(|(_, text)| text.as_str()).collect()
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        if thread::panicking() {
            for (name, text) in &self.0 {
                eprintln!("{name} | {text}");
            }
        }
    }
}

/// A running ganger.
struct Stack {
    pid: Pid,
    said: Receiver<String>,
    status: Receiver<ExitStatus>,
    lines: Lines,
}

impl Stack {
    fn start(mut command: Command) -> Self {
        let (reader, writer) = std::io::pipe().unwrap();
        command.stdout(writer.try_clone().unwrap()).stderr(writer);
        let mut child = command.spawn().unwrap();
        drop(command); // It holds our copies of the writing end.
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
        let (line_sender, said) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(reader).split(b'\n') {
                let line = String::from_utf8_lossy(&line.unwrap()).into_owned();
                if line_sender.send(line).is_err() {
                    break;
                }
            }
        });
        let (status_sender, status) = mpsc::channel();
        thread::spawn(move || status_sender.send(child.wait().unwrap()));
        Self { pid, said, status, lines: Lines(Vec::new()) }
    }

    /// Takes in the next line; false when there will be none.
    fn next_line(&mut self, deadline: Instant) -> bool {
        match self.said.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                let (name, text) = line.split_once('|').unwrap_or(("", &line));
                let text = text.strip_prefix(' ').unwrap_or(text);
                self.lines.0.push((name.trim().to_owned(), text.to_owned()));
                true
            }
            Err(RecvTimeoutError::Disconnected) => false,
            Err(RecvTimeoutError::Timeout) => panic!("not within {PATIENCE:?}"),
        }
    }

    /// Waits until that many lines of an instance hold the text.
    fn wait_for(&mut self, name: &str, text: &str, count: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.lines.of(name).iter().filter(|line| line.contains(text)).count() < count {
            assert!(self.next_line(deadline), "the stack ended before {name} said {text:?}");
        }
    }

    /// Waits for the end: how it ended, and all that was said.
    fn wait(mut self) -> (ExitStatus, Lines) {
        let deadline = Instant::now() + PATIENCE;
        while self.next_line(deadline) {}
        let status = self.status.recv_timeout(PATIENCE).expect("ganger ends after its last line");
        (status, self.lines)
    }
}

/// The processes that have this mark in their environment, or this folder as their own. Either alone
/// would miss some: redis-server writes its title over its environment, a daemon leaves the folder.
fn left_of(project: &Project) -> Vec<Pid> {
    let wanted = format!("{MARK}={}", project.mark);
    let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    processes
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            // What cannot be read has ended meanwhile, or is another user's: none of ours.
            let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
            let has_mark = environment.split(|byte| *byte == 0).any(|line| line == wanted.as_bytes());
            let folder = fs::read_link(entry.path().join("cwd"));
            let is_there = folder.is_ok_and(|folder| folder.starts_with(&project.folder));
            (has_mark || is_there).then(|| Pid::from_raw(pid))
        })
        .collect()
}

/// One HTTP request over a connection of its own: the status and the body.
fn request(port: u16, method: &str, path: &str, body: &str) -> (u16, String) {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).expect("a status line").parse().unwrap();
    (status, body.to_owned())
}
