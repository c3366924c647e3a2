//! Promised: an attached client has the instance's terminal, keys, size and screen; one has the input, others watch; a client delays
//! nothing in the stack; its terminal is as it was after any end.
//!
//! Not promised: that a program that does not redraw on SIGWINCH looks right to a client that comes after more than the latest 64 KiB.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::WaitStatus;
use nix::unistd::Pid;
use serde_json::Value;

use crate::harness::{Project, Screen, holds};

const PTY: &[&str] = &["--pty", "always", "--exit-on", "never", "--no-port"];

/// A shell that says so when its terminal gets another size.
const SHELL: &str = "web: trap 'stty size' WINCH; trap 'echo interrupted' INT; echo up; while :; do read line; \
                     echo \"got $line\"; done\n";

fn attach(stack: &Project, words: &[&str]) -> Screen {
    let words: Vec<&str> = ["attach"].iter().chain(words).copied().collect();
    stack.on_terminal(&words, (30, 100))
}

fn leave(mut screen: Screen) {
    screen.type_keys(b"\x1d");
    screen.shows("[detached from ");
    let (status, _) = screen.end();
    assert!(matches!(status, WaitStatus::Exited(_, 0)), "{status:?}");
}

#[test]
fn keys_reach_the_program_and_control_c_reaches_it_alone_and_all_is_in_the_log() {
    let stack = Project::new(SHELL);
    let mut running = stack.start_until(PTY, &["| up"]);
    let mut screen = attach(&stack, &["web"]);
    screen.shows("up");
    screen.type_keys(b"hello\r");
    screen.shows("got hello");
    assert!(!screen.is_as_before(), "it is raw");
    screen.type_keys(b"\x03");
    screen.shows("interrupted");
    screen.type_keys(b"\x1d");
    screen.shows("[detached from web.1]");
    assert!(holds(|| screen.is_as_before()));
    screen.end();
    running.line("got hello");
    assert!(stack.is_up());
    let (_, log, _) = stack.run(&["logs", "web"]);
    assert!(log.contains("got hello") && log.contains("interrupted"), "{log}");
    stack.run(&["down", "-t", "0"]);
    running.end();
}

#[test]
fn the_terminal_has_the_size_of_the_input_owner_and_its_own_without_clients() {
    let stack = Project::new(SHELL);
    let mut running = stack.start_until(PTY, &["| up"]);
    let mut screen = attach(&stack, &["web.1"]);
    screen.shows("up");
    // The shell hears of it when its `read` is over.
    screen.type_keys(b"a\r");
    screen.shows("30 100");
    screen.resize(20, 70);
    screen.signal(Signal::SIGWINCH);
    assert!(holds(|| {
        screen.type_keys(b"b\r");
        screen.shows("got").contains("20 70")
    }));
    leave(screen);
    let mut watching = attach(&stack, &["web", "-r"]);
    watching.shows("watching web.1");
    leave(watching);
    running.line("30 100");
    running.line("20 70");
    stack.run(&["down", "-t", "0"]);
    running.end();
}

#[test]
fn one_types_and_the_others_watch_until_they_take_over_or_the_first_one_leaves() {
    let stack = Project::new(SHELL);
    let running = stack.start_until(PTY, &["| up"]);
    let mut first = attach(&stack, &["web"]);
    first.shows("up");
    let mut second = attach(&stack, &["web"]);
    second.shows("another client has the input");
    second.type_keys(b"nothing\r");
    first.type_keys(b"one\r");
    first.shows("got one");
    let seen = second.shows("got one");
    assert!(!seen.contains("nothing"), "{seen}");
    let third = attach(&stack, &["web", "--take"]);
    first.shows("another client has taken the input");
    third.type_keys(b"three\r");
    second.shows("got three");
    leave(third);
    first.shows("you have the input");
    leave(first);
    second.shows("you have the input");
    second.type_keys(b"two\r");
    second.shows("got two");
    leave(second);
    stack.run(&["down", "-t", "0"]);
    running.end();
}

#[test]
fn a_restart_while_attached_goes_on_with_the_new_generation_and_the_end_of_the_stack_ends_it() {
    let stack = Project::new(SHELL);
    let running = stack.start_until(PTY, &["| up"]);
    let mut screen = attach(&stack, &["web"]);
    screen.shows("up");
    assert_eq!(stack.run(&["restart", "web"]).0, 0);
    screen.shows("killed by SIGTERM");
    screen.shows("web.1 runs again");
    screen.shows("up");
    screen.type_keys(b"again\r");
    screen.shows("got again");
    assert_eq!(stack.run(&["stop", "web"]).0, 0);
    screen.shows("it is shown here when it is started again; Ctrl-C or Ctrl-] detaches");
    assert_eq!(stack.run(&["start", "web"]).0, 0);
    screen.shows("up");
    assert_eq!(stack.run(&["down"]).0, 0);
    screen.shows("[the stack has ended]");
    assert!(holds(|| screen.is_as_before()));
    let (status, _) = screen.end();
    assert!(matches!(status, WaitStatus::Exited(_, 0)), "{status:?}");
    running.end();
}

#[test]
fn the_terminal_is_as_it_was_when_the_client_or_the_stack_is_killed() {
    let stack = Project::new("web: printf '\\033[?1049h\\033[?25lfull'; sleep 1000\n");
    let running = stack.start_until(PTY, &["web.1 started"]);
    let mut screen = attach(&stack, &["web"]);
    screen.shows("full");
    assert!(holds(|| !screen.is_as_before()));
    screen.signal(Signal::SIGKILL);
    screen.shows("\x1b[?25h\x1b[?1049l");
    assert!(holds(|| screen.is_as_before()));
    assert!(stack.is_up(), "nothing of it concerns the instance");
    let mut screen = attach(&stack, &["web"]);
    screen.shows("full");
    kill(Pid::from_raw(running.worker()), Signal::SIGKILL).unwrap();
    screen.shows("\x1b[?25h\x1b[?1049l");
    screen.shows("[the stack has ended]");
    assert!(holds(|| screen.is_as_before()));
    screen.end();
    running.end();
}

#[test]
fn an_attach_that_is_refused_has_a_reason_and_a_way_out() {
    let stack = Project::new("web: probe wait\nworker: probe wait\nonce: probe exit 0\n");
    let refused = |words: &[&str], status: i32, reason: &str| {
        let mut screen = attach(&stack, words);
        screen.shows(reason);
        assert!(screen.is_as_before());
        let (ended, _) = screen.end();
        assert!(matches!(ended, WaitStatus::Exited(_, code) if code == status), "{words:?}: {ended:?}");
    };
    refused(&["web"], 3, "no stack runs here");
    let formation = ["--exit-on", "never", "--no-port", "-m", "web=2,worker=1,once=1"];
    let running = stack.start_until(&formation, &["worker.1 started", "once.1 exited"]);
    refused(&["worker"], 1, "--pty always");
    refused(&["web"], 1, "`web` means web.1, web.2: name one of them");
    refused(&["once"], 1, "once.1 does not run: `ganger start once.1` starts it");
    refused(&["wroker"], 1, "did you mean `worker`?");
    let (status, _, error) = stack.run(&["attach", "worker"]);
    assert_eq!(status, 1);
    assert!(error.contains("attach needs a terminal") && error.contains("ganger logs -f worker"), "{error}");
    stack.run(&["down", "-t", "0"]);
    running.end();
}

#[test]
fn a_program_speaks_the_protocol_by_hand_and_what_is_no_key_is_refused() {
    let stack = Project::new(SHELL);
    let running = stack.start_until(PTY, &["| up"]);
    let mut stream = UnixStream::connect(stack.socket()).unwrap();
    let attach = r#"{"version":1,"id":5,"request":"attach","name":"web","rows":24,"columns":80}"#;
    writeln!(stream, "{attach}\n{{\"text\":\"hi\\r\"}}\n{{\"base64\":\"eW91DQ==\"}}").unwrap();
    let mut answers = BufReader::new(stream.try_clone().unwrap()).lines().map(|line| {
        let answer: Value = serde_json::from_str(&line.unwrap()).unwrap();
        assert_eq!(answer["id"], 5, "{answer}");
        answer
    });
    let attached = answers.next().unwrap();
    assert_eq!(attached["attached"]["has_input"], true, "{attached}");
    assert!(answers.next().unwrap()["screen"]["anew"].as_bool().unwrap());
    let mut shown = String::new();
    while !shown.contains("got you") {
        shown += answers.next().unwrap()["screen"]["text"].as_str().unwrap();
    }
    assert!(shown.contains("got hi"), "{shown}");
    writeln!(stream, "{{\"size\":7}}").unwrap();
    let refused = answers.find(|answer| !answer["failed"].is_null()).unwrap();
    assert_eq!(refused["failed"]["kind"], "bad_request", "{refused}");
    stack.run(&["down", "-t", "0"]);
    running.end();
}

#[test]
fn a_client_that_does_not_read_costs_nothing_and_gets_the_latest_in_the_end() {
    let stack = Project::new("web: seq -f 'line %.0f of a flood' 1 400000; echo the end; sleep 1000\n");
    let mut running = stack.start_until(PTY, &["web.1 started"]);
    let mut stream = UnixStream::connect(stack.socket()).unwrap();
    let attach = r#"{"version":1,"id":5,"request":"attach","name":"web","rows":24,"columns":80}"#;
    writeln!(stream, "{attach}").unwrap();
    running.line("the end");
    let mut last = String::new();
    for line in BufReader::new(stream).lines() {
        let answer: Value = serde_json::from_str(&line.unwrap()).unwrap();
        last += answer["screen"]["text"].as_str().unwrap_or_default();
        if last.contains("the end") {
            break;
        }
    }
    assert!(last.contains("line 400000 of a flood\r\nthe end"));
    stack.run(&["down", "-t", "0"]);
    running.end();
}

#[test]
fn what_is_pasted_in_one_go_arrives_whole() {
    let stack = Project::new("web: stty raw -echo; echo up; head -c 300000 | cksum; sleep 1000\n");
    let running = stack.start_until(PTY, &["| up"]);
    let mut screen = attach(&stack, &["web"]);
    screen.shows("up");
    let text: Vec<u8> = (0..300_000).map(|at| b'a' + u8::try_from(at % 26).unwrap()).collect();
    for piece in text.chunks(1000) {
        screen.type_keys(piece);
    }
    std::fs::write(stack.path().join("text"), &text).unwrap();
    let sum =
        std::process::Command::new("sh").args(["-c", "cksum < text"]).current_dir(stack.path()).output();
    screen.shows(String::from_utf8(sum.unwrap().stdout).unwrap().trim());
    leave(screen);
    stack.run(&["down", "-t", "0"]);
    running.end();
}

#[test]
fn between_two_generations_attach_waits_for_the_next_one() {
    let stack = Project::new("web: echo up; read line; echo \"got $line\"; exit 1\nother: probe wait\n");
    let restart = ["--pty", "always", "--exit-on", "never", "--no-port", "--restart", "web=always"];
    let running = stack.start_until(&restart, &["| up"]);
    let mut screen = attach(&stack, &["web"]);
    screen.shows("up");
    for _ in 0..2 {
        screen.type_keys(b"word\r");
        screen.shows("got word");
        screen.shows("exited with status 1");
        screen.shows("web.1 runs again");
        screen.shows("up");
    }
    leave(screen);
    stack.run(&["down", "-t", "0"]);
    running.end();
}
