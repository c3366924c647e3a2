//! The stream: nothing lost, torn, merged or reordered, whatever the children and the reader do.

use std::io::{BufRead, BufReader, Read};
use std::os::fd::AsFd;
use std::process::{Command, Stdio};

use crate::harness::{Mark, Project, Running, holds};

/// Runs to the end with plain pipes; standard output as bytes, standard error as text, and the status.
fn bytes(mut command: Command) -> (Vec<u8>, String, std::process::ExitStatus) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    (output.stdout, String::from_utf8_lossy(&output.stderr).into_owned(), output.status)
}

#[test]
fn lines_of_many_programs_are_neither_torn_nor_merged_nor_reordered() {
    let procfile: String = (0..8).map(|n| format!("p{n}: probe lines t{n} 5000\n")).collect();
    let project = Project::new(&procfile);
    let (stdout, _, _) = bytes(project.ganger(&["start", "--exit-on", "never", "-q"]));
    let text = String::from_utf8(stdout).unwrap();
    let mut next = [0; 8];
    for line in text.lines() {
        let (name, said) = line.split_once(" | ").unwrap();
        let index: usize = name.trim()[1..].trim_end_matches(".1").parse().unwrap();
        let number = next[index];
        assert_eq!(said, format!("t{index}:{number}:{}:end", "x".repeat(number * 7 % 190)));
        next[index] += 1;
    }
    assert_eq!(next, [5000; 8]);
}

#[test]
fn remaining_output_is_printed_whole_and_before_the_exit_notice() {
    let project = Project::new("web: probe lines t 5000 + bytes 6e6f206e65776c696e65\n");
    let (stdout, _, _) = bytes(project.ganger(&["start"]));
    let text = String::from_utf8(stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.iter().filter(|line| line.contains(":end")).count(), 5000);
    assert_eq!(lines[lines.len() - 2], "web.1  | no newline");
    assert!(lines[lines.len() - 1].contains("web.1 exited with status 0"));
}

#[test]
fn any_bytes_pass_as_they_are() {
    let every: String = (0..=255).filter(|byte| *byte != 10).map(|byte| format!("{byte:02x}")).collect();
    let project = Project::new(&format!("web: probe bytes {every}0a\n"));
    let (stdout, _, _) = bytes(project.ganger(&["start", "--no-prefix", "-q"]));
    let expected: Vec<u8> = (0..=255).filter(|byte| *byte != 10).chain([10]).collect();
    assert_eq!(stdout, expected);
}

#[test]
fn a_line_of_a_mebibyte_stays_whole_and_a_longer_one_becomes_rows() {
    let mebibyte = 1 << 20;
    let project = Project::new(&format!(
        "web: probe fill y {} + print\nx: probe fill z {}\n",
        mebibyte,
        3 * mebibyte + 100_000
    ));
    let (stdout, _, _) = bytes(project.ganger(&["start", "--exit-on", "never", "-q"]));
    let rows = |byte: u8| -> Vec<usize> {
        let rows = stdout.split(|at| *at == b'\n').filter(|row| row.last() == Some(&byte));
        rows.map(|row| row.iter().filter(|at| **at == byte).count()).collect()
    };
    assert_eq!(rows(b'y'), [mebibyte]);
    assert_eq!(rows(b'z'), [mebibyte, mebibyte, mebibyte, 100_000]);
}

#[test]
fn a_slow_reader_holds_back_the_children_and_loses_nothing() {
    let project = Project::new("web: probe fill a 40000000 + print + touch done\n");
    let mut command = project.ganger(&["start", "--no-prefix", "-q"]);
    let mark = Mark::new();
    #[expect(clippy::disallowed_methods, reason = "a reader that we control is the point")]
    let mut child =
        command.env(Mark::NAME, mark.value()).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut first = [0; 1000];
    stdout.read_exact(&mut first).unwrap();
    // It has begun, and nothing is read: the child must block long before its end.
    let talker = || mark.processes().into_iter().find(|(_, line)| line.contains("fill")).map(|(pid, _)| pid);
    let talker = talker().unwrap();
    let is_blocked = || std::fs::read_to_string(format!("/proc/{talker}/wchan")).unwrap().contains("pipe");
    assert!(holds(is_blocked), "it goes on without a reader");
    assert!(!project.path().join("done").exists(), "40 MB were written without a reader");
    let mut rest = Vec::new();
    stdout.read_to_end(&mut rest).unwrap();
    assert_eq!(rest.iter().filter(|byte| **byte == b'a').count() + 1000, 40_000_000);
    child.wait().unwrap();
}

#[test]
fn a_reader_that_goes_away_stops_the_stack_without_any_output() {
    let project = Project::new("web: probe trap TERM bye 0 + touch up + wait\nquiet: probe wait\n");
    let mut command = project.ganger(&["start"]);
    let mark = Mark::new();
    #[expect(clippy::disallowed_methods, reason = "a reader that we control is the point")]
    let mut child =
        command.env(Mark::NAME, mark.value()).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("ready") {
        line.clear();
        stdout.read_line(&mut line).unwrap();
    }
    drop(stdout);
    let status = child.wait().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(libc::SIGPIPE));
    assert_eq!(mark.processes(), []);
}

#[test]
fn a_full_disk_is_a_reported_error() {
    let project = Project::new("web: probe print hello + wait\n");
    let mut command = project.ganger(&["start"]);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = command.stdin(Stdio::null()).stdout(full).stderr(Stdio::piped()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(125), "{said}");
    assert!(said.contains("No space left on device"), "{said}");
}

#[test]
fn json_is_one_object_a_line_notices_too() {
    let project = Project::new("web: probe print \"quoted\" + bytes ff0a + exit 3\n");
    let (stdout, _, _) = bytes(project.ganger(&["start", "--json", "--no-port"]));
    let objects: Vec<serde_json::Value> =
        String::from_utf8(stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(objects.iter().all(|object| object["time"].is_string()), "{objects:?}");
    let events: Vec<&str> = objects.iter().filter_map(|object| object["event"].as_str()).collect();
    assert_eq!(events, ["started", "exited"]);
    assert_eq!(objects[1]["process"], "web.1");
    assert_eq!(objects[1]["text"], "quoted");
    assert_eq!(objects[2]["base64"], "/w==");
    assert_eq!(objects[3]["status"], 3);
}

#[test]
fn prefix_colours_and_time_stamps_are_as_asked_for() {
    let project = Project::new("web: probe print hello\n");
    let said = |arguments: &[&str], variable: (&str, &str)| {
        let words: Vec<&str> = ["start", "-q"].iter().chain(arguments).copied().collect();
        let mut command = project.ganger(&words);
        command.env(variable.0, variable.1);
        String::from_utf8(bytes(command).0).unwrap()
    };
    let nothing = ("X", "");
    assert_eq!(said(&[], nothing), "web.1  | hello\n");
    assert_eq!(said(&["--no-prefix"], nothing), "hello\n");
    assert_eq!(said(&["-T=%Y"], nothing).len(), "2026 web.1  | hello\n".len());
    assert_eq!(said(&["-T"], nothing).len(), "12:00:00 web.1  | hello\n".len());
    assert!(said(&["--color=always"], nothing).starts_with("\u{1b}["));
    assert!(said(&[], ("FORCE_COLOR", "1")).starts_with("\u{1b}["));
    assert_eq!(said(&[], ("NO_COLOR", "1")), "web.1  | hello\n");
}

#[test]
fn quiet_leaves_out_what_is_expected_and_keeps_what_is_not() {
    let (_, lines) = Project::new("web: probe print hello\n").start(&["-q"]).end();
    assert_eq!(lines, ["web.1  | hello"]);
    let (_, lines) = Project::new("web: probe exit 3\n").start(&["-q"]).end();
    assert!(lines[0].contains("web.1 exited with status 3"), "{lines:?}");
}

#[test]
fn a_grandchild_that_keeps_the_pipe_does_not_keep_us() {
    // It leaves its session and group, and holds the pipe until it is stopped.
    let project = Project::new("web: setsid probe ignore TERM + print holding + wait & probe print done\n");
    let running: Running = project.start(&["-t", "300ms"]);
    let (status, lines) = running.end();
    assert_eq!(status.code(), Some(0), "{lines:?}");
}

/// `ganger start` into a pipe that is not read until the test does.
fn unread(project: &Project) -> (std::process::Child, BufReader<std::process::ChildStdout>) {
    let mut command = project.ganger(&["start", "--no-prefix", "-q"]);
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    (child, stdout)
}

#[test]
fn a_stack_that_ended_waits_for_its_reader_however_long_it_takes() {
    // More than the pipe holds, so ganger cannot end before it is read.
    let project = Project::new("web: probe fill a 2000000 + print\n");
    let (mut child, mut stdout) = unread(&project);
    // Asked for nothing, poll tells of the end of the pipe only: that it does not come is what is waited for,
    // longer than ganger waits when it was asked to end.
    let mut hang_up = [nix::poll::PollFd::new(stdout.get_ref().as_fd(), nix::poll::PollFlags::empty())];
    assert_eq!(nix::poll::poll(&mut hang_up, nix::poll::PollTimeout::from(6500u16)), Ok(0));
    let mut all = Vec::new();
    stdout.read_to_end(&mut all).unwrap();
    assert_eq!(all.iter().filter(|byte| **byte == b'a').count(), 2_000_000);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_reader_that_stands_still_does_not_hold_up_an_end_that_was_asked_for() {
    let project = Project::new("web: probe fill a 2000000 + wait\n");
    let (mut child, mut stdout) = unread(&project);
    stdout.read_exact(&mut [0; 1]).unwrap();
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::SIGTERM).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(libc::SIGTERM));
}
