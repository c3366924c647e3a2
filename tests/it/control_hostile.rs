//! Promised: a client that is slow, broken, hostile or another's harms neither the stack nor other clients.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::harness::{PATIENCE, Project, are_there, can, holds};

fn say(stream: &UnixStream, line: &str) -> Value {
    let mut stream = stream;
    // A refused client may be closed before it has sent anything; its answer is there all the same.
    let _ = stream.write_all(line.as_bytes());
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut answer = String::new();
    let _ = BufReader::new(stream).read_line(&mut answer);
    serde_json::from_str(&answer).unwrap_or(Value::Null)
}

const STATUS: &str = "{\"version\":1,\"id\":9,\"request\":\"status\"}\n";

/// The descriptors of a process, and how much memory it has had at most, in MiB.
fn burden(pid: i32) -> (usize, u64) {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.split_whitespace().next().unwrap().parse().unwrap();
    (std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count(), peak / 1024)
}

/// The one that runs the stack.
fn worker(stack: &Project) -> i32 {
    let is_worker = |(_, line): &(i32, String)| line.starts_with("ganger-worker");
    stack.mark().processes().into_iter().find(is_worker).unwrap().0
}

fn is_told(mut stream: &UnixStream) -> bool {
    stream.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    let mut told = [0; 200];
    let count = stream.read(&mut told).unwrap_or(0);
    String::from_utf8_lossy(&told[..count]).contains("too_many")
}

#[test]
fn broken_slow_and_hostile_clients_cost_nothing() {
    let stack = Project::new("web: probe print up + wait\n");
    assert_eq!(stack.run(&["start", "-D", "--no-port"]).0, 0);
    let socket = stack.socket();
    let connect = || UnixStream::connect(&socket).unwrap();
    let mode = |path: &std::path::Path| std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&socket), mode(socket.parent().unwrap())), (0o600, 0o700));
    assert_eq!(say(&connect(), STATUS)["id"], 9);
    let before = burden(worker(&stack)).0;
    assert_eq!(say(&connect(), "what?\n")["failed"]["kind"], "bad_request");
    let of_tomorrow = say(&connect(), "{\"version\":2,\"id\":1,\"request\":\"status\"}\n");
    assert_eq!(of_tomorrow["failed"]["kind"], "bad_version");
    // A line without an end.
    let mut long = connect();
    let endless = vec![b'x'; 1 << 20];
    let refused = (0..100).any(|_| long.write_all(&endless).is_err());
    assert!(refused, "100 MB of one line are not taken");
    // Half a line, and gone; a follower that goes in the middle; one that holds and goes; one that never reads.
    connect().write_all(b"{\"version\":1").unwrap();
    for request in ["\"logs\",\"follow\":true", "\"hold\"", "\"wait\",\"until\":\"exited\""] {
        for _ in 0..50 {
            let line = format!("{{\"version\":1,\"id\":1,\"request\":{request}}}\n");
            connect().write_all(line.as_bytes()).unwrap();
        }
    }
    let follow = b"{\"version\":1,\"id\":1,\"request\":\"logs\",\"follow\":true}\n";
    let deaf: Vec<UnixStream> = (0..10)
        .map(|_| {
            let mut stream = connect();
            stream.write_all(follow).unwrap();
            stream
        })
        .collect();
    // A thousand at once, each with a long half of a line: the first ones stay, the others are told.
    let half = vec![b'y'; 200 << 10];
    let crowd: Vec<UnixStream> = (0..1000)
        .filter_map(|_| {
            let stream = UnixStream::connect(&socket).ok()?;
            stream.set_nonblocking(true).ok()?;
            let _ = (&stream).write(&half);
            stream.set_nonblocking(false).ok()?;
            Some(stream)
        })
        .collect();
    assert!(holds(|| crowd.iter().rev().take(9).any(is_told)), "no client gets an answer");
    let (descriptors, peak) = burden(worker(&stack));
    assert!(descriptors <= before + 130, "{descriptors} descriptors, {before} before");
    assert!(peak < 150, "{peak} MiB");
    drop((crowd, deaf));
    assert!(holds(|| say(&connect(), STATUS)["id"] == 9), "there is no room again");
    assert!(holds(|| burden(worker(&stack)).0 <= before + 1), "descriptors stay open");
    assert!(stack.is_up());
    // A client that closes only its writing side still gets its answer.
    let half = connect();
    (&half).write_all(STATUS.as_bytes()).unwrap();
    half.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    (&half).read_to_string(&mut answer).unwrap();
    assert!(answer.contains("\"done\""), "{answer}");
    assert_eq!(stack.run(&["down"]).0, 0);
    assert_eq!(stack.mark().processes(), []);
}

#[test]
fn a_request_outside_of_its_bounds_changes_nothing() {
    let stack = Project::new("web: probe print up + wait\n");
    assert_eq!(stack.run(&["start", "-D", "--no-port"]).0, 0);
    let pid = || stack.json(&["ps", "--json"]).1["instances"][0]["pid"].clone();
    let before = pid();
    let socket = stack.socket();
    for (fields, name) in [
        ("\"request\":5", "request"),
        ("\"request\":\"kill\",\"names\":[\"web\"],\"signal\":999", "signal"),
        ("\"request\":\"kill\",\"names\":[\"web\"],\"signal\":-1", "signal"),
        ("\"request\":\"scale\",\"steps\":[{\"type\":\"web\",\"to\":2,\"by\":1}]", "steps[0].to"),
        ("\"request\":\"down\",\"grace_seconds\":-1", "grace_seconds"),
        ("\"request\":\"logs\",\"grep\":\"(a{1000}){100}\"", "grep"),
    ] {
        let line = format!("{{\"version\":1,\"id\":9,{fields}}}\n");
        let failed = &say(&UnixStream::connect(&socket).unwrap(), &line)["failed"];
        assert_eq!(failed["kind"], "bad_request", "{line}: {failed}");
        assert!(failed["message"].as_str().unwrap().starts_with(&format!("`{name}` ")), "{failed}");
    }
    assert_eq!(pid(), before);
    assert_eq!(stack.run(&["down"]).0, 0);
}

#[test]
fn followers_of_a_flood_that_do_not_read_or_go_away_cost_a_bounded_buffer() {
    let stack = Project::new("flood: yes a line of a flood that never ends\nweb: probe print up + wait\n");
    assert_eq!(stack.run(&["start", "-D", "--no-port"]).0, 0);
    assert_eq!(stack.run(&["wait", "web", "--for", "log=^up$"]).0, 0);
    let socket = stack.socket();
    let before = burden(worker(&stack)).0;
    let follow = b"{\"version\":1,\"id\":1,\"request\":\"logs\",\"follow\":true}\n";
    let follower = || {
        let stream = UnixStream::connect(&socket).unwrap();
        (&stream).write_all(follow).unwrap();
        stream
    };
    let deaf: Vec<UnixStream> = (0..100).map(|_| follower()).collect();
    for piece in 1..100 {
        // Goes in the middle of a line.
        (&follower()).read_exact(&mut vec![0; piece * 37]).unwrap();
    }
    assert!(stack.is_up(), "others are answered meanwhile");
    let (descriptors, peak) = burden(worker(&stack));
    // A mebibyte for each follower, and 16 MiB of history.
    assert!(descriptors <= before + 130 && peak < 160, "{descriptors} descriptors, {peak} MiB");
    drop(deaf);
    assert!(holds(|| burden(worker(&stack)).0 <= before + 1), "descriptors stay open");
    assert_eq!(stack.run(&["down", "-t", "1"]).0, 0);
    assert_eq!(stack.mark().processes(), []);
}

#[test]
fn one_that_has_closed_its_writing_side_and_goes_away_is_noticed() {
    let stack = Project::new("web: probe print up + wait\n");
    assert_eq!(stack.run(&["start", "-D", "--no-port"]).0, 0);
    let socket = stack.socket();
    let connect = || UnixStream::connect(&socket).unwrap();
    let silent: Vec<UnixStream> = (0..128)
        .map(|_| {
            let mut stream = connect();
            stream
                .write_all(b"{\"version\":1,\"id\":1,\"request\":\"wait\",\"until\":\"exited\"}\n")
                .unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            stream
        })
        .collect();
    assert!(holds(|| say(&connect(), STATUS)["failed"]["kind"] == "too_many"), "there is room");
    drop(silent);
    assert!(holds(|| say(&connect(), STATUS)["id"] == 9), "their places are not free again");
    assert_eq!(stack.run(&["down", "-t", "1"]).0, 0);
}

#[test]
fn another_user_is_refused() {
    let is_root = nix::unistd::geteuid().is_root();
    if !can("running a program as another user", is_root) || !are_there(&["setpriv", "/usr/bin/python3"]) {
        return;
    }
    let stack = Project::new("web: probe print up + wait\n");
    let running = stack.start_until(&["--no-port"], &["| up"]);
    let socket = stack.socket();
    let script = format!(
        "import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect({:?})\nprint(s.recv(999).decode())",
        socket.to_str().unwrap(),
    );
    let as_nobody = || {
        let ran = Command::new("setpriv")
            .args(["--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/python3", "-c", &script])
            .output()
            .unwrap();
        let said = [ran.stdout, ran.stderr].concat();
        (ran.status.success(), String::from_utf8_lossy(&said).into_owned())
    };
    assert!(!as_nobody().0, "the folder keeps others out");
    // All modes are opened: the kernel still has the peer's uid.
    let mut folder = socket.parent().unwrap();
    while folder != std::path::Path::new("/tmp") && folder.parent().is_some() {
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
        folder = folder.parent().unwrap();
    }
    std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o666)).unwrap();
    let (_, said) = as_nobody();
    assert!(said.contains("forbidden"), "{said}");
    stack.run(&["down"]);
    running.end();
}

#[test]
fn random_commands_of_many_clients_are_all_answered() {
    let stack = Project::new("web: probe wait\nshort: probe pause 700\n");
    let running =
        stack.start_until(&["-m", "web=16,short=4", "--no-port", "--exit-on", "never"], &["short.4 started"]);
    let socket = stack.socket();
    let (stack, socket) = (&stack, socket.as_path());
    let answered: usize = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..6).map(|seed| scope.spawn(move || client(socket, seed))).collect();
        let killing: Vec<_> = (6..8).map(|seed| scope.spawn(move || killed(stack, seed))).collect();
        asking.into_iter().chain(killing).map(|client| client.join().unwrap()).sum()
    });
    assert!(answered >= COMMANDS, "{answered} commands of 8 clients were answered");
    assert!(matches!(stack.run(&["ps"]).0, 0 | 1 | 5));
    assert_eq!(stack.run(&["down", "-t", "1"]).0, 0);
    running.end();
    assert_eq!(stack.mark().processes(), []);
    assert!(!socket.exists());
}

/// How many each client sends.
const COMMANDS: usize = 100;

/// xorshift64 (Marsaglia): the same numbers in every run.
fn random(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut random = (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move |below| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % below
    }
}

/// Runs commands, and kills half of them after up to 15 ms; how many came to their end.
fn killed(stack: &Project, seed: u64) -> usize {
    let mut next = random(seed);
    let mut answered = 0;
    for _ in 0..COMMANDS {
        let name = format!("web.{}", next(16) + 1);
        let words = [
            &["ps"][..],
            &["restart", &name],
            &["logs", "-f", "-n", "3", &name],
            &["wait", &name, "-t", "5"],
            &["stop", &name],
            &["start", &name],
        ];
        let words = words[usize::try_from(next(6)).unwrap()];
        let is_endless = words.contains(&"-f");
        let mut command = stack.ganger(words);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        if is_endless || next(2) == 0 {
            std::thread::sleep(Duration::from_millis(next(15)));
            let _ = child.kill();
            let _ = child.wait();
        } else {
            let status = child.wait().unwrap().code();
            // Another client may have wanted the opposite; again and again while `wait` waited.
            assert!(matches!(status, Some(0 | 1 | 5 | 124)), "{words:?}: {status:?}");
            answered += 1;
        }
    }
    answered
}

/// Asks for this and that; how much was answered. Now and then it is killed, so to speak, in the middle of a question.
fn client(socket: &std::path::Path, seed: u64) -> usize {
    let mut next = random(seed);
    let mut answered = 0;
    for _ in 0..COMMANDS {
        let name = format!("{}.{}", if next(4) == 0 { "short" } else { "web" }, next(4) + 1);
        let request = match next(8) {
            0 => "\"request\":\"status\"".to_owned(),
            1 => format!("\"request\":\"stop\",\"names\":[{name:?}]"),
            2 | 3 => format!("\"request\":\"start\",\"names\":[{name:?}]"),
            4 => format!("\"request\":\"kill\",\"signal\":9,\"names\":[{name:?}]"),
            5 => format!("\"request\":\"logs\",\"lines\":5,\"names\":[{name:?}]"),
            6 => "\"request\":\"nonsense\"".to_owned(),
            _ => format!("\"request\":\"restart\",\"names\":[{name:?}]"),
        };
        let stream = UnixStream::connect(socket).unwrap();
        let line = format!("{{\"version\":1,\"id\":5,{request}}}\n");
        if next(10) == 0 {
            (&stream).write_all(&line.as_bytes()[..usize::try_from(next(30)).unwrap()]).unwrap();
            continue;
        }
        let answer = say(&stream, &line);
        assert_eq!(answer["id"], 5, "{line}: {answer}");
        answered += 1;
    }
    answered
}
