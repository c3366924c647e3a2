//! The examples run: a real stack of gunicorn, node and redis-server is started, asked, scaled and
//! stopped, and nothing of it is left.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::process::ExitStatusExt;

use nix::sys::signal::Signal;

use crate::harness::{PATIENCE, Ports, Project, Running, are_there, python_has};

#[test]
fn hello_ends_by_itself() {
    let project = Project::example("hello");
    let ports = Ports::claim();
    let mut command = project.ganger(&["start", "-t", "60", "-p", &ports.base()]);
    command.env("TICKS", "2");
    let (status, lines) = Running::start(command).end();

    assert_eq!(status.code(), Some(0), "the clock ends with 0, so the stack does: {lines:?}");
    assert_eq!(
        of("clock.1", &lines),
        [
            format!("Hello from clock.1, port {}", ports.at(2, 1)),
            "clock.1 tick 1 of 2".to_owned(),
            "clock.1 tick 2 of 2".to_owned(),
            "clock.1 done".to_owned(),
        ]
    );
    for (name, entry, sentence) in
        [("web.1", 0, "web.1 would answer requests"), ("worker.1", 1, "worker.1 would do jobs")]
    {
        let said = of(name, &lines);
        let [first, middle @ .., last] = &said[..] else { panic!("{name} said {said:?}") };
        assert_eq!(*first, format!("Hello from {name}, port {}", ports.at(entry, 1)));
        assert!(!middle.is_empty() && middle.iter().all(|line| *line == sentence), "{name} said {said:?}");
        assert_eq!(*last, format!("{name} goodbye"));
    }
}

#[test]
fn twelve_factors_are_started_asked_scaled_and_stopped() {
    if !are_there(&["redis-server", "node", "gunicorn"]) || !python_has(&["flask", "redis"]) {
        return;
    }
    let project = Project::example("twelve-factor");
    let ports = Ports::claim();
    move_redis(&project, &ports);

    let said = run(&project, &ports, &["release"]);
    assert!(said.contains("schema: 0 -> 2"), "the migration said {said:?}");
    let said = run(&project, &ports, &["release"]);
    assert!(said.contains("schema: already at 2"), "the migration said {said:?}");

    for webs in [2, 3] {
        let mut stack = start(&project, &ports, webs);
        ask_everyone(&ports, webs);
        let done = do_a_job(&ports, webs, &mut stack);
        let said = run(&project, &ports, &["python3", "admin.py", "results"]);
        let count = said.strip_prefix("results: ").and_then(|rest| rest.split(',').next()?.parse().ok());
        assert!(count.is_some_and(|count: u32| count >= 1), "after {done:?} the admin command said {said:?}");

        stack.signal(Signal::SIGTERM);
        let status = stack.wait();
        assert_eq!(status.signal(), Some(libc::SIGTERM), "ganger dies by the signal that stopped it");
        // redis-server writes its title over its environment, and so over its mark.
        assert!(stack.all_gone_within(PATIENCE), "processes are left");
        assert_farewells(&stack.end().1, webs);
    }
}

/// Another resource is another URL: Redis gets a port of ours, by the one line that names it.
fn move_redis(project: &Project, ports: &Ports) {
    let old = std::fs::read_to_string(project.path().join(".env")).unwrap();
    let new = old.replace("127.0.0.1:6390", &format!("127.0.0.1:{}", ports.at(9, 1)));
    assert_ne!(old, new, "REDIS_URL is not where it was");
    project.write(".env", &new);
}

/// Runs a one-off command to its end and returns what it said.
fn run(project: &Project, ports: &Ports, words: &[&str]) -> String {
    let (status, said, complaint) = project.run(&[&["run", "-p", &ports.base()], words].concat());
    assert_eq!(status, 0, "ganger run {words:?} said {said:?} and {complaint:?}");
    said
}

/// Starts the stack and waits until every process of it has said that it is ready.
fn start(project: &Project, ports: &Ports, webs: u16) -> Running {
    let formation = format!("all=1,web={webs},release=0");
    let mut stack = project.start(&["-m", &formation, "-t", "60", "-p", &ports.base()]);
    let mut awaited = vec![
        ("redis.1".to_owned(), "Ready to accept connections"),
        ("api.1".to_owned(), ": listening on"),
        ("worker.1".to_owned(), ": waiting for jobs"),
        ("clock.1".to_owned(), ": ticking"),
    ];
    for n in 1..=webs {
        let web = |text| (format!("web.{n}"), text);
        awaited.extend([web(": listening on"), web(": ready to answer"), web(": ready to answer")]);
    }
    while !awaited.is_empty() {
        let which = |line: &str| {
            awaited.iter().position(|(name, text)| line.starts_with(name) && line.contains(text))
        };
        let line = stack.line_where(&format!("{awaited:?}"), |line| which(line).is_some());
        let at = which(&line).unwrap();
        awaited.remove(at);
    }
    stack
}

/// What an instance said.
fn of<'a>(name: &str, lines: &'a [String]) -> Vec<&'a str> {
    let said = lines.iter().filter_map(|line| line.split_once('|'));
    said.filter(|(own, _)| own.trim() == name)
        .map(|(_, text)| text.strip_prefix(' ').unwrap_or(text))
        .collect()
}

/// Each instance answers on its own port, with its own name.
fn ask_everyone(ports: &Ports, webs: u16) {
    let everyone = (1..=webs).map(|n| (format!("web.{n}"), ports.at(0, n)));
    for (name, port) in everyone.chain([("api.1".to_owned(), ports.at(1, 1))]) {
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
fn do_a_job(ports: &Ports, webs: u16, stack: &mut Running) -> String {
    let (status, body) = request(ports.at(0, 1), "POST", "/jobs", r#"{"number": 1234}"#);
    assert_eq!(status, 202, "POST /jobs answered {body}");
    let id = body.split('"').nth(3).expect("an id").to_owned();
    stack.line(&format!("job {id}: 1234 squared is 1522756"));
    let (status, body) = request(ports.at(0, webs), "GET", &format!("/jobs/{id}"), "");
    assert_eq!(status, 200, "GET /jobs/{id} answered {body}");
    assert!(body.contains(r#""result":1522756"#) && body.contains(r#""worker":"worker.1""#), "{body}");
    id
}

/// Every process that said its pid in a line `NAME PID: …` has said goodbye with the same pid; and there
/// were as many as the formation asks for.
fn assert_farewells(lines: &[String], webs: u16) {
    let (mut here, mut gone) = (BTreeSet::new(), BTreeSet::new());
    for (name, text) in lines.iter().filter_map(|line| line.split_once(" | ")) {
        let name = name.trim();
        let Some((instance, what)) = text.split_once(": ") else { continue };
        let pid = instance.strip_prefix(&format!("{name} ")).and_then(|pid| pid.parse::<u32>().ok());
        let Some(pid) = pid else { continue };
        let set = if what == "graceful shutdown" { &mut gone } else { &mut here };
        set.insert((name.to_owned(), pid));
    }
    assert_eq!(here, gone, "left: the processes that ran; right: those that printed goodbye");
    for n in 1..=webs {
        let name = format!("web.{n}");
        let count = gone.iter().filter(|(instance, _)| *instance == name).count();
        assert_eq!(count, 3, "{name} is a master and two workers");
    }
    assert_eq!(gone.len(), 3 * usize::from(webs) + 3, "every web, and api, worker, clock: {gone:?}");
    let redis = of("redis.1", lines);
    assert!(redis.iter().any(|line| line.contains("ready to exit, bye bye")), "redis said {redis:?}");
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
