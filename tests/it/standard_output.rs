//! Promised: standard output that takes no more ends every command in one way, that of a filter. A reader that closed
//! it is SIGPIPE (141 in a shell), without a word; any other error is said, with status 125.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::PipeWriter;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use ganger::parts::cli::usage;

use crate::folder::Folder;
use crate::harness::{Ports, Project, holds};

const FULL: &str = "error: cannot write to standard output: No space left on device (os error 28)\n";

/// What prints without a stack.
const WITHOUT_A_STACK: [&[&str]; 33] = [
    &["--help"],
    &["-h"],
    &["--version"],
    &["help", "start"],
    &["start", "--help"],
    &["version"],
    &["man"],
    &["skill"],
    &["skill", "--agents"],
    &["completions", "bash"],
    &["completions", "zsh"],
    &["check"],
    &["check", "--json"],
    &["doctor"],
    &["doctor", "--json"],
    &["env"],
    &["env", "web", "--explain"],
    &["env", "--json"],
    &["env", "--show-values"],
    &["ps", "--json"],
    &["ls", "--json"],
    &["port", "web", "--json"],
    &["export", "systemd"],
    &["export", "systemd-user"],
    &["export", "launchd"],
    &["export", "supervisord"],
    &["export", "runit"],
    &["export", "s6"],
    &["export", "compose", "--image", "shop:1"],
    &["export", "kubernetes", "--image", "shop:1"],
    &["export", "nomad", "--image", "shop:1"],
    &["export", "procfile"],
    &["export", "runit", "-o", "there", "--diff"],
];

/// What prints about a stack that runs; each leaves it running but for the last.
const WITH_A_STACK: [&[&str]; 18] = [
    &["start", "-D"],
    &["ps"],
    &["ps", "--json"],
    &["ls"],
    &["logs"],
    &["logs", "--json"],
    &["logs", "-f"],
    &["logs", "-f", "--json"],
    &["wait", "web", "--for", "up", "--json"],
    &["restart", "web"],
    &["stop", "web"],
    &["start", "web"],
    &["kill", "-s", "WINCH", "web"],
    &["scale"],
    &["scale", "web=1"],
    &["port", "web"],
    &["port", "web", "--json"],
    &["down"],
];

/// What prints nothing of its own: it becomes the command, needs a terminal, or answers requests.
const SILENT: [&str; 5] = ["run", "exec", "attach", "mcp", "ui"];

/// A pipe that has lost its reader.
fn closed() -> PipeWriter {
    std::io::pipe().unwrap().1
}

fn is_ended_by_sigpipe(mut command: Command, words: &[&str]) {
    let ran = command.stdout(closed()).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.signal(), Some(libc::SIGPIPE), "{words:?}: {} {said}", ran.status);
    assert!(!said.contains("error"), "{words:?}: {said}");
}

fn says_that_the_disk_is_full(mut command: Command, words: &[&str]) {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ran = command.stdout(full).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(125), "{words:?}: {said}");
    assert!(said.ends_with(FULL), "{words:?}: {said}");
}

#[test]
fn every_subcommand_is_in_the_tables() {
    let command = usage::command();
    let known: BTreeSet<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    let rows = WITHOUT_A_STACK.iter().chain(&WITH_A_STACK).map(|words| words[0]);
    let tried: BTreeSet<&str> = rows.chain(SILENT).filter(|word| !word.starts_with('-')).collect();
    assert_eq!(&tried - &BTreeSet::from(["help"]), known);
}

#[test]
fn a_command_without_a_stack_ends_as_a_filter_does() {
    let folder = Folder::with(&[("Procfile", "web: sleep 60\n"), (".env", "A=1\n")]);
    for words in WITHOUT_A_STACK {
        is_ended_by_sigpipe(folder.command(words), words);
        says_that_the_disk_is_full(folder.command(words), words);
    }
}

#[test]
fn a_command_about_a_stack_does_its_work_and_ends_as_a_filter_does() {
    let ports = Ports::claim();
    for ends in [is_ended_by_sigpipe, says_that_the_disk_is_full] {
        let stack = Project::new("web: probe print up + trap TERM bye 0 + wait\n");
        for words in WITH_A_STACK {
            let mut command = stack.ganger(words);
            command.env("GANGER_PORT", ports.base());
            ends(command, words);
            if words.starts_with(&["start", "-D"]) {
                assert_eq!(stack.run(&["wait", "web", "--for", "log=^up$"]).0, 0);
            }
        }
        assert_eq!(stack.run(&["ps"]).0, 3, "`down` did its work");
    }
}

#[test]
fn a_follower_ends_with_its_reader_though_no_line_comes() {
    let stack = Project::new("web: probe print up + wait\n");
    assert_eq!(stack.run(&["start", "-D", "--no-port"]).0, 0);
    for words in [&["logs", "-f"][..], &["logs", "-f", "--json"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        let mut command = stack.ganger(words);
        command.stdin(Stdio::null()).stdout(writer);
        let mut follower = command.spawn().unwrap();
        drop(command);
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(reader), &mut line).unwrap();
        assert!(line.contains("up"), "{line}");
        let has_ended = holds(|| follower.try_wait().unwrap().is_some());
        let _ = follower.kill();
        assert!(has_ended, "{words:?} goes on without its reader");
        assert_eq!(follower.wait().unwrap().signal(), Some(libc::SIGPIPE), "{words:?}");
    }
    assert_eq!(stack.run(&["down"]).0, 0);
}
