//! A child program that does as its arguments say, one step after the other, steps parted by `+`:
//! `probe print hello + trap TERM bye 0 + wait`. The words have no meaning to a shell.

#![expect(clippy::unwrap_used, reason = "a probe that cannot go on fails")]
#![expect(
    clippy::format_collect,
    clippy::zombie_processes,
    reason = "it is a probe: small, and rude on purpose"
)]

use std::io::{Read, Write};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use signal_hook::iterator::Signals;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mut steps = words.split(|word| word == "+").peekable();
    let mut traps: Vec<(i32, String, u8)> = Vec::new();
    while let Some(step) = steps.next() {
        let words: Vec<&str> = step.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["trap", signal, text, status] => {
                traps.push((number(signal), (*text).into(), status.parse().unwrap()));
            }
            ["record", file] => return record(file),
            ["wait"] => return ExitCode::from(wait(&traps)),
            ["exit", status] => return ExitCode::from(status.parse::<u8>().unwrap()),
            // What follows is done by another process.
            ["spawn"] => return spawn(&rest(&mut steps), &traps),
            ["daemon"] => daemon(&rest(&mut steps)),
            other => act(other),
        }
    }
    ExitCode::SUCCESS
}

fn rest<'a>(steps: &mut impl Iterator<Item = &'a [String]>) -> Vec<String> {
    steps.collect::<Vec<_>>().join(&"+".to_string())
}

fn number(signal: &str) -> i32 {
    ganger::parts::signal::Signal::named(signal).unwrap().0
}

fn say(text: &str) {
    let mut out = std::io::stdout();
    // There may be no reader.
    let _ = writeln!(out, "{text}");
}

fn act(step: &[&str]) {
    match step {
        ["print", text @ ..] => say(&text.join(" ")),
        ["ask", text @ ..] => {
            let mut out = std::io::stdout();
            write!(out, "{} ", text.join(" ")).unwrap();
            out.flush().unwrap();
        }
        ["bytes", hex] => write_all(&unhex(hex)),
        ["lines", tag, count] => lines(tag, count.parse().unwrap()),
        ["fill", byte, count] => write_all(&vec![byte.as_bytes()[0]; count.parse().unwrap()]),
        ["ignore", signals @ ..] => signals.iter().for_each(|signal| ignore(number(signal))),
        ["pause", milliseconds] => pause(milliseconds.parse().unwrap()),
        ["listen", port] => {
            let address = ("127.0.0.1", port.parse().unwrap());
            std::mem::forget(std::net::TcpListener::bind(address).unwrap());
        }
        ["serve", port] => serve(port.parse().unwrap()),
        ["session"] => assert!(nix::unistd::setsid().is_ok()),
        ["touch", file] => std::fs::write(file, std::process::id().to_string()).unwrap(),
        ["env", names @ ..] => {
            for name in names {
                say(&format!("{name}={}", variable(name)));
            }
        }
        ["ids"] => ids(),
        ["signals"] => signals(),
        ["descriptors"] => descriptors(),
        ["limit"] => {
            say(&format!("{:?}", nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE)));
        }
        ["directory"] => say(&std::fs::read_link("/proc/self/cwd").unwrap().display().to_string()),
        ["size"] => say(&format!("{:?}", ganger::parts::process::pty::window_size(std::io::stdout()))),
        ["read"] => read(),
        ["chain"] => chain(),
        ["die", signal] => die(number(signal)),
        other => panic!("no such step: {other:?}"),
    }
}

#[expect(clippy::disallowed_methods, reason = "the probe tells what it was given")]
fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| "(unset)".into())
}

#[expect(clippy::disallowed_methods, reason = "a probe may take its time; no test waits for it by time")]
fn pause(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}

/// Answers each request at once, for ever.
fn serve(port: u16) {
    for stream in std::net::TcpListener::bind(("127.0.0.1", port)).unwrap().incoming() {
        let mut stream = stream.unwrap();
        // A client may be gone.
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        let _ = stream.read(&mut [0; 1024]);
    }
}

fn write_all(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes).unwrap();
    out.flush().unwrap();
}

/// Numbered lines of odd lengths, in chunks that cut them anywhere.
fn lines(tag: &str, count: usize) {
    let text: String =
        (0..count).map(|line| format!("{tag}:{line}:{}:end\n", "x".repeat(line * 7 % 190))).collect();
    let mut left = text.as_bytes();
    for size in [1777, 311, 4099, 97].into_iter().cycle() {
        let (chunk, rest) = left.split_at(size.min(left.len()));
        write_all(chunk);
        left = rest;
        if left.is_empty() {
            return;
        }
    }
}

fn unhex(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// A handler that does nothing: unlike SIG_IGN it is not passed on by exec.
fn ignore(signal: i32) {
    let nothing = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    signal_hook::flag::register(signal, nothing).unwrap();
}

/// Each link forks the next one, which leaves the session; then it ends, after 0 to 10 ms. It never does by
/// itself.
fn chain() {
    ignore(number("TERM"));
    loop {
        match ganger::parts::process::calls::fork().unwrap() {
            ganger::parts::process::calls::ForkSide::Parent(_) => {
                pause(u64::from(std::process::id() % 11));
                return;
            }
            ganger::parts::process::calls::ForkSide::Child => drop(nix::unistd::setsid()),
        }
    }
}

fn die(signal: i32) {
    let _ = signal_hook::low_level::emulate_default_handler(signal);
    let own = nix::unistd::Pid::this();
    nix::sys::signal::kill(own, nix::sys::signal::Signal::try_from(signal).unwrap()).unwrap();
}

/// Waits for the trapped signals, for ever if there are none. A trap with an empty status text goes on.
fn wait(traps: &[(i32, String, u8)]) -> u8 {
    let numbers: Vec<i32> = traps.iter().map(|(signal, ..)| *signal).collect();
    if numbers.is_empty() {
        loop {
            std::thread::park();
        }
    }
    let mut signals = Signals::new(&numbers).unwrap();
    say("ready");
    for signal in signals.forever() {
        for (_, text, status) in traps.iter().filter(|(trapped, ..)| *trapped == signal) {
            say(text);
            if *status != 99 {
                return *status;
            }
        }
    }
    0
}

/// Writes down every signal that comes; after SIGTERM it has work to finish, and ends.
fn record(file: &str) -> ExitCode {
    const ALL: [&str; 12] =
        ["HUP", "INT", "QUIT", "USR1", "USR2", "PIPE", "ALRM", "TERM", "CONT", "TSTP", "TTIN", "TTOU"];
    let write = |text: &str| {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(file).unwrap();
        writeln!(file, "{text}").unwrap();
    };
    let mut signals = Signals::new(ALL.map(number)).unwrap();
    say(&format!("{file} is recording"));
    // Rounds of 5 ms that the work takes; it has not begun.
    let mut left: Option<u32> = None;
    while left != Some(0) {
        for signal in signals.pending() {
            let name = ALL.iter().find(|name| number(name) == signal).unwrap();
            write(name);
            if *name == "TERM" {
                left.get_or_insert(40);
            }
        }
        pause(5);
        left = left.map(|rounds| rounds - 1);
    }
    write("finished");
    ExitCode::SUCCESS
}

#[expect(clippy::disallowed_methods, reason = "a plain fork and exec is what is wanted here")]
fn another(steps: &[String], quiet: bool) -> std::process::Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(steps);
    if quiet {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    }
    command.spawn().unwrap()
}

/// A child in our group; we go on to wait for our own signals.
fn spawn(steps: &[String], traps: &[(i32, String, u8)]) -> ExitCode {
    let _child = another(steps, false);
    ExitCode::from(wait(traps))
}

/// Fork, setsid, fork, descriptors closed: what daemons do. The middle one ends.
fn daemon(steps: &[String]) {
    let is_middle = steps.first().is_some_and(|word| word == "middle");
    if is_middle {
        nix::unistd::setsid().unwrap();
        drop(another(&steps[2..], true));
    } else {
        let middle: Vec<String> =
            ["daemon", "+", "middle", "+"].map(String::from).into_iter().chain(steps.to_vec()).collect();
        another(&middle, true).wait().unwrap();
    }
}

fn ids() {
    let (pid, group) = (nix::unistd::Pid::this(), nix::unistd::getpgrp());
    let session = nix::unistd::getsid(None).unwrap();
    say(&format!("pid {pid} leads its group {} and session {}", pid == group, pid == session));
}

/// What is blocked and what is ignored. 32 and 33 are the C library's own (signal(7)): whether they are ignored after its
/// posix_spawn(3) depends on what other threads of the parent did just then.
fn signals() {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    for (name, mask) in status.lines().filter_map(|line| line.split_once(":\t")) {
        if ["SigBlk", "SigIgn"].contains(&name) {
            say(&format!("{name}: {:016x}", u64::from_str_radix(mask, 16).unwrap() & !(0b11 << 31)));
        }
    }
}

fn descriptors() {
    let listed = std::fs::read_dir("/proc/self/fd").unwrap().map(|entry| entry.unwrap().file_name());
    let mut numbers: Vec<u32> = listed.map(|name| name.to_str().unwrap().parse().unwrap()).collect();
    numbers.sort_unstable();
    // The last one is the directory that is being listed.
    numbers.pop();
    say(&format!("descriptors {numbers:?}"));
}

fn read() {
    let mut buffer = [0; 100];
    match std::io::stdin().read(&mut buffer) {
        Ok(count) => say(&format!("read {:?}", String::from_utf8_lossy(&buffer[..count]))),
        Err(error) => say(&format!("cannot read: {error}")),
    }
}
