//! Promised: a client that is slow, broken, hostile or another's harms neither the stack nor other clients.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::control::Stack;
use crate::harness::PATIENCE;

fn say(stream: &UnixStream, line: &str) -> Value {
    let mut stream = stream;
    stream.write_all(line.as_bytes()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).unwrap();
    serde_json::from_str(&answer).unwrap_or(Value::Null)
}

const STATUS: &str = "{\"version\":1,\"id\":9,\"request\":\"status\"}\n";

#[test]
fn broken_slow_and_hostile_clients_cost_nothing() {
    let stack = Stack::new("web: probe print up + wait\n");
    let running = stack.start(&["--no-port"], "| up");
    let socket = stack.socket();
    let connect = || UnixStream::connect(&socket).unwrap();
    let mode = |path: &std::path::Path| std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&socket), mode(socket.parent().unwrap())), (0o600, 0o700));
    assert_eq!(say(&connect(), STATUS)["id"], 9);
    assert_eq!(say(&connect(), "what?\n")["failed"]["kind"], "bad_request");
    let of_tomorrow = say(&connect(), "{\"version\":2,\"id\":1,\"request\":\"status\"}\n");
    assert_eq!(of_tomorrow["failed"]["kind"], "bad_version");
    // A line without an end.
    let mut long = connect();
    let endless = vec![b'x'; 1 << 20];
    let refused = (0..100).any(|_| long.write_all(&endless).is_err());
    assert!(refused, "100 MB of one line are not taken");
    // Half a line, and gone; a follower that goes in the middle; one that never reads.
    connect().write_all(b"{\"version\":1").unwrap();
    let follow = "{\"version\":1,\"id\":1,\"request\":\"logs\",\"follow\":true}\n";
    for _ in 0..50 {
        connect().write_all(follow.as_bytes()).unwrap();
    }
    let deaf: Vec<UnixStream> = (0..10)
        .map(|_| {
            let mut stream = connect();
            stream.write_all(follow.as_bytes()).unwrap();
            stream
        })
        .collect();
    // A thousand at once: the first ones stay, the others are told; then there is room again.
    let crowd: Vec<UnixStream> = (0..1000).filter_map(|_| UnixStream::connect(&socket).ok()).collect();
    let mut last = crowd.last().unwrap();
    last.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut told = String::new();
    let _ = last.read_to_string(&mut told);
    assert!(told.contains("too_many"), "{told}");
    drop((crowd, deaf));
    let end = Instant::now() + PATIENCE;
    while say(&connect(), STATUS)["id"] != 9 {
        assert!(Instant::now() < end, "there is no room again");
    }
    assert_eq!(stack.run(&["ps"]).0, 0);
    // Who closes only its writing side still gets its answer.
    let half = connect();
    (&half).write_all(STATUS.as_bytes()).unwrap();
    half.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    (&half).read_to_string(&mut answer).unwrap();
    assert!(answer.contains("\"done\""), "{answer}");
    assert_eq!(stack.run(&["down"]).0, 0);
    running.end();
}

#[test]
fn another_user_is_refused() {
    let is_root = nix::unistd::geteuid().is_root();
    let has_setpriv = Command::new("setpriv").arg("--version").output().is_ok();
    if !is_root || !has_setpriv {
        eprintln!("skipped: another_user_is_refused needs root and setpriv");
        return;
    }
    let stack = Stack::new("web: probe print up + wait\n");
    let running = stack.start(&["--no-port"], "| up");
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
    // Somebody opens all doors: the kernel still tells who it is.
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
#[expect(clippy::disallowed_methods, reason = "the length of the run is the person's to choose")]
fn random_commands_of_many_clients_are_all_answered() {
    let seconds = std::env::var("GANGER_TEST_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(10);
    let stack = Stack::new("web: probe wait\nshort: probe pause 700\n");
    let running =
        stack.start(&["-m", "web=16,short=4", "--no-port", "--exit-on", "never"], "short.4 started");
    let end = Instant::now() + Duration::from_secs(seconds);
    let socket = stack.socket();
    let clients: Vec<_> = (0..8_u64)
        .map(|seed| {
            let socket = socket.clone();
            std::thread::spawn(move || client(&socket, seed, end))
        })
        .collect();
    let answered: usize = clients.into_iter().map(|client| client.join().unwrap()).sum();
    assert!(answered >= 100, "{answered} commands were answered");
    assert!(matches!(stack.run(&["ps"]).0, 0 | 1));
    assert_eq!(stack.run(&["down", "-t", "1"]).0, 0);
    running.end();
}

/// Asks for this and that until the end; how much was answered. Now and then it is killed, so to speak, in
/// the middle of a question.
fn client(socket: &std::path::Path, seed: u64, end: Instant) -> usize {
    let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = |below: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % below
    };
    let mut answered = 0;
    while Instant::now() < end {
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
