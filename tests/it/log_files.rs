//! Promised: `--log-dir` writes each finished row with its time into a file of its instance, rotated by size, for its owner only; an
//! error is reported once and ends nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::harness::Project;

/// The rows of a file, without their times, which are checked.
fn rows(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let row = |line: &str| {
        let (time, row) = line.split_once(' ').unwrap_or_else(|| panic!("no time: {line:?}"));
        time.parse::<jiff::Timestamp>().unwrap_or_else(|error| panic!("{line:?}: {error}"));
        row.to_owned()
    };
    text.lines().map(row).collect()
}

#[test]
fn each_instance_has_a_file_which_its_next_run_continues() {
    // The one that ends the stack waits until the other has printed.
    let project = Project::new(
        "web: read pid < said || exec probe print one + bytes 74776f + exit 0\n\
         worker: probe print other + touch said + wait\n",
    );
    mkfifo(&project.path().join("said"), Mode::S_IRWXU).unwrap();
    let folder = project.path().join("deep/log");
    for _ in 0..2 {
        project.start(&["--no-port", "--log-dir", "deep/log", "--exit-on", "web"]).end();
    }
    assert_eq!(rows(&folder.join("web.1.log")), ["one", "two", "one", "two"]);
    assert!(rows(&folder.join("worker.1.log")).contains(&"other".to_owned()));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&folder.join("web.1.log"))), (0o700, 0o600));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
}

#[test]
fn a_folder_that_ganger_toml_names_is_in_the_root() {
    let project = Project::new("web: probe print up + exit 0\n").file("ganger.toml", "log-dir = \"log\"\n");
    let elsewhere = tempfile::tempdir().unwrap();
    let root = project.path().to_str().unwrap();
    let mut command = project.ganger(&["start", "-d", root, "--no-port"]);
    assert_eq!(command.current_dir(elsewhere.path()).output().unwrap().status.code(), Some(0));
    assert_eq!(rows(&project.path().join("log/web.1.log")), ["up"]);
}

#[test]
fn what_is_printed_after_the_terminal_is_gone_is_in_the_files_and_in_the_log() {
    let project = Project::new("web: probe trap TERM draining 0 + print up + wait\n");
    let folder = project.path().join("log");
    let mut screen = project.start_on_terminal(&["--color=never", "--log-dir", folder.to_str().unwrap()]);
    screen.shows("| ready");
    screen.close();
    screen.end();
    assert_eq!(rows(&project.path().join("log/web.1.log")), ["up", "ready", "draining"]);
    assert_eq!(project.run(&["logs", "--last", "--no-prefix"]).1, "up\nready\ndraining\n");
}

#[test]
fn what_is_printed_after_the_reader_has_left_is_in_the_files() {
    let project = Project::new("web: probe trap TERM draining 0 + print up + wait\n");
    let script = "\"$0\" start --log-dir log | { read started; read up; read ready; }";
    let ganger = env!("CARGO_BIN_EXE_ganger");
    assert!(project.command(&["/bin/sh", "-c", script, ganger]).status().unwrap().success());
    // The shell waits for both.
    assert_eq!(rows(&project.path().join("log/web.1.log")), ["up", "ready", "draining"]);
}

#[test]
fn a_flood_is_rotated_and_loses_nothing() {
    let project = Project::new("web: probe lines w 60000 + exit 0\n");
    let (status, _) = project.start(&["--no-port", "--log-dir", "log", "--log-size", "2M"]).end();
    assert_eq!(status.code(), Some(0));
    let folder = project.path().join("log");
    let names = ["web.1.log.4", "web.1.log.3", "web.1.log.2", "web.1.log.1", "web.1.log"];
    let there: Vec<_> = names.iter().map(|name| folder.join(name)).filter(|path| path.exists()).collect();
    assert!(there.len() > 1, "not rotated");
    for file in &there {
        assert!(fs::metadata(file).unwrap().len() <= 2 << 20, "{}", file.display());
    }
    let all: Vec<String> = there.iter().flat_map(|file| rows(file)).collect();
    assert_eq!(all.len(), 60_000, "a line is lost, or a file more was needed");
    for (number, row) in all.iter().enumerate() {
        assert!(row.starts_with(&format!("w:{number}:")), "{number}: {row}");
    }
}

#[test]
fn a_file_that_cannot_be_written_is_told_once_and_ends_nothing() {
    let project =
        Project::new("web: probe print one + lines w 1000 + trap HUP two 0 + wait\n").file("log", "");
    let warning = "web.1.log: Not a directory";
    let running = project.start_until(&["--no-port", "--log-dir", "log"], &[warning, "| ready"]);
    assert_eq!(project.run(&["kill", "-s", "HUP", "web"]).0, 0);
    let (status, lines) = running.end();
    assert_eq!(status.code(), Some(0));
    assert_eq!(lines.iter().filter(|line| line.contains("lines are missing")).count(), 1, "{lines:?}");
}
