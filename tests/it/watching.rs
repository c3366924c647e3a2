//! Promised: a type whose files change starts again, once a burst and only for files that matter; a loop is noticed;
//! an instance that fails is restarted as configured, and one that exits with 0 is not.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::harness::{Project, Running, can, holds};

fn project(toml: &str) -> Project {
    let project = Project::new("web: probe print up + wait\n").file("ganger.toml", toml);
    std::fs::create_dir_all(project.path().join("src")).unwrap();
    project
}

/// Writes this file, and checks that the next restart is for it and for nothing else. The kernel tells changes in their
/// order: what happened before has led to no restart.
fn is_the_next_restart(running: &mut Running, project: &Project, name: &str) {
    project.write(name, "something else");
    let line = running.line("changed: restarting");
    assert_eq!(line, format!("ganger | {name} changed: restarting web.1"));
    running.line("| up");
}

fn end(running: Running) -> Vec<String> {
    running.signal(Signal::SIGTERM);
    running.end().1
}

fn starts(said: &[String]) -> usize {
    said.iter().filter(|line| line.contains("web.1 started")).count()
}

#[test]
fn a_thousand_files_in_a_burst_are_one_restart_and_reading_is_none() {
    assert!(holds(a_burst_is_one_restart), "this machine never writes a thousand files in one burst");
}

/// Whether the files came as one burst: a busy machine may leave the writer waiting for longer than the quiet that ends one.
fn a_burst_is_one_restart() -> bool {
    let project = project("[process.web]\nwatch = [\"src\"]\n");
    let mut running = project.start(&["--no-port"]);
    running.line("| up");
    let is_burst = write_a_thousand(&project);
    let line = running.line(" changed: restarting web.1");
    if !is_burst {
        end(running);
        return false;
    }
    assert!(line.starts_with("ganger | src/") && line.contains(" and 999 more changed"), "{line}");
    running.line("| up");
    for number in 0..1000 {
        std::fs::read(project.path().join(format!("src/{number}.py"))).unwrap();
    }
    is_the_next_restart(&mut running, &project, "src/last.py");
    assert_eq!(starts(&end(running)), 3);
    true
}

/// Whether no pause between two of them was longer than half of the quiet that ends a burst of so many files: a tenth of a second,
/// and as much more for every four, up to a second (`readiness/burst.rs`).
fn write_a_thousand(project: &Project) -> bool {
    let mut latest = Instant::now();
    let mut is_burst = true;
    for number in 0..1000 {
        project.write(&format!("src/{number}.py"), "x");
        let quiet = Duration::from_millis(100) * (1 + number / 4).min(10);
        is_burst &= latest.elapsed() <= quiet / 2;
        latest = Instant::now();
    }
    is_burst
}

#[test]
fn what_git_ignores_and_packages_are_not_watched() {
    let project = project("[process.web]\nwatch = \".\"\n").file(".gitignore", "*.log\n");
    for folder in ["node_modules/x", ".git", "late"] {
        std::fs::create_dir_all(project.path().join(folder)).unwrap();
    }
    let mut running = project.start(&["--no-port"]);
    running.line("| up");
    let ignored = [
        "node_modules/x/a.js",
        ".git/index",
        "src/development.log",
        "src/.a.swp",
        "late/node_modules/y/b.js",
    ];
    for name in ignored {
        project.write(name, "x");
    }
    is_the_next_restart(&mut running, &project, "src/seen.py");
    project.write(".gitignore", "*.tmp\n");
    running.line("ganger | .gitignore changed: restarting web.1");
    running.line("| up");
    // The new rules count.
    project.write("src/new.tmp", "x");
    is_the_next_restart(&mut running, &project, "src/development.log");
    end(running);
}

#[test]
fn a_checkout_of_a_branch_is_one_restart() {
    let git = |folder: &Path, words: &[&str]| {
        let set = ["-c", "user.name=x", "-c", "user.email=x", "-c", "init.defaultBranch=one"];
        let done = Command::new("git").args(set).args(words).current_dir(folder).output();
        done.is_ok_and(|output| output.status.success())
    };
    let project = project("[process.web]\nwatch = [\"*.py\"]\n");
    if !can("git", git(project.path(), &["init"])) {
        return;
    }
    for number in 0..400 {
        project.write(&format!("src/{number}.py"), "one");
    }
    assert!(git(project.path(), &["add", "."]) && git(project.path(), &["commit", "-m", "one"]));
    assert!(git(project.path(), &["checkout", "-b", "two"]));
    for number in 0..400 {
        project.write(&format!("src/{number}.py"), "two");
    }
    assert!(git(project.path(), &["commit", "-am", "two"]));
    let mut running = project.start(&["--no-port"]);
    running.line("| up");
    assert!(git(project.path(), &["checkout", "one"]));
    running.line(" changed: restarting web.1");
    running.line("| up");
    is_the_next_restart(&mut running, &project, "src/last.py");
    assert_eq!(starts(&end(running)), 3);
}

#[test]
fn a_type_that_writes_what_it_watches_is_restarted_a_few_times_and_reported() {
    let project = Project::new("web: echo $$ > state.py; probe print up + wait\n");
    let mut running = project.start(&["--no-port", "--watch", "web=*.py"]);
    let line = running.line("it seems to write that file itself");
    assert!(line.starts_with("ganger | warning: web.1 was restarted 4 times in a row"), "{line}");
    is_the_next_restart(&mut running, &project, "other.py");
    end(running);
}

#[test]
fn a_slip_in_a_watched_file_does_not_end_the_stack() {
    let project = Project::new("web: sh ./app.sh\n").file("app.sh", "echo up; exec sleep 99\n");
    let mut running = project.start(&["--no-port", "--watch", "web=app.sh"]);
    running.line("| up");
    project.write("app.sh", "exit 3\n");
    running.line("exited with status 3 after");
    project.write("app.sh", "echo again; exec sleep 99\n");
    running.line("| again");
    end(running);
}

#[test]
fn a_watched_tree_at_rest_causes_no_wake_up() {
    let project = Project::new("job: probe print up + wait\n");
    std::fs::create_dir_all(project.path().join("a/b/c")).unwrap();
    let mut running = project.start(&["--no-port", "--watch", "job=."]);
    running.line("| up");
    let pids = [running.pid(), running.worker()];
    assert!(holds(|| crate::rest::watch(&pids, Duration::from_millis(1500)) == 0));
    assert_eq!(crate::rest::watch(&pids, Duration::from_secs(3)), 0);
    end(running);
}

#[test]
fn a_failure_is_followed_by_a_restart_and_a_success_is_not() {
    let project = Project::new("web: test -e done && exit 0; touch done; exit 7\njob: probe wait\n");
    let running = project.start(&["--no-port", "--restart", "on-failure"]);
    let (status, said) = running.end();
    assert_eq!((status.code(), starts(&said)), (Some(0), 2), "{said:?}");
    assert!(said.iter().any(|line| line.contains("web.1 exited with status 7 after ")), "{said:?}");
    assert!(said.iter().any(|line| line.contains(", starts again in ")), "{said:?}");
}

#[test]
fn an_instance_that_fails_five_times_in_a_row_is_given_up_with_its_last_lines() {
    let project = Project::new("web: echo cannot go on; exit 7\njob: probe wait\n");
    let running = project.start(&["--no-port", "--restart", "web=on-failure"]);
    let (status, said) = running.end();
    assert_eq!((status.code(), starts(&said)), (Some(7), 5), "{said:?}");
    let given_up =
        said.iter().position(|line| line.contains("web.1 is given up after 5 failures in a row; its last"));
    assert_eq!(said[given_up.unwrap() + 1], "ganger |     cannot go on");
}
