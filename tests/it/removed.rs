//! The files by which a stack is found are removed while it runs, or lie where a client does not look: never two stacks in one
//! root without a word.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::PathBuf;

use ganger::parts::process::tree::is_stopped;
use nix::sys::signal::Signal;

use crate::harness::{Project, Running, holds};

const STACK: &str = "web: probe trap TERM bye 0 + wait\n";

fn started() -> (Project, Running) {
    let project = Project::new(STACK);
    let running = project.start_until(&["--no-port", "-t", "1"], &["| ready"]);
    (project, running)
}

fn files(project: &Project) -> Vec<PathBuf> {
    let folder = std::fs::read_dir(project.runtime().join("ganger"));
    folder.into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

fn file(project: &Project, extension: &str) -> PathBuf {
    let found = files(project).into_iter().find(|path| path.extension().is_some_and(|it| it == extension));
    found.unwrap_or_else(|| panic!("no {extension}"))
}

/// The name that both halves of the stack hold in the kernel.
fn name(project: &Project) -> SocketAddr {
    let key = file(project, "lock").file_stem().unwrap().to_str().unwrap().to_owned();
    SocketAddr::from_abstract_name(format!("ganger-{}-{key}", nix::unistd::geteuid())).unwrap()
}

/// It answers `ps`, ready or not yet.
fn is_found(project: &Project) {
    let answer = project.run(&["ps"]);
    assert!(matches!(answer.0, 0 | 5), "{answer:?}");
}

/// It answers, a second start says that it runs, and `down` ends it and leaves no file.
fn is_reachable(project: &Project, running: Running) {
    let pid = running.pid();
    let (status, document) = project.json(&["ps", "--json"]);
    assert!(matches!(status, 0 | 5));
    assert_eq!(document["pid"], pid);
    let (status, _, err) = project.run(&["start"]);
    assert_eq!(status, 1, "{err}");
    assert!(err.starts_with(&format!("error: a stack runs here already (pid {pid})")), "{err}");
    assert_eq!(project.run(&["down"]).0, 0);
    assert_eq!(running.end().0.code(), Some(0));
    assert_eq!(files(project), Vec::<PathBuf>::new());
}

#[test]
fn a_folder_a_socket_or_a_lock_that_is_removed_comes_back() {
    let removals: [fn(&Project) -> std::io::Result<()>; 4] = [
        |project| std::fs::remove_dir_all(project.runtime().join("ganger")),
        |project| std::fs::remove_file(file(project, "socket")),
        |project| std::fs::remove_file(file(project, "lock")),
        |project| std::fs::rename(project.runtime().join("ganger"), project.runtime().join("elsewhere")),
    ];
    for remove in removals {
        let (project, mut running) = started();
        remove(&project).unwrap();
        is_found(&project);
        running.line("the control socket was removed, and made again in");
        is_reachable(&project, running);
    }
}

#[test]
fn down_waits_for_the_monitor_where_the_lock_was_removed() {
    let (project, running) = started();
    let name = name(&project);
    std::fs::remove_file(file(&project, "lock")).unwrap();
    assert_eq!(project.run(&["down"]).0, 0);
    UnixDatagram::bind_addr(&name).expect("the name that the monitor holds is free");
    assert_eq!(running.end().0.code(), Some(0));
}

#[test]
fn where_the_session_is_over_the_socket_moves_to_tmp() {
    let (project, mut running) = started();
    // At once: while its files are removed one by one, the stack would make them again in the same place.
    let removed = tempfile::tempdir().unwrap();
    std::fs::rename(project.runtime(), removed.path().join("runtime")).unwrap();
    is_found(&project);
    let line =
        format!("the control socket was removed, and made again in /tmp/ganger-{}", nix::unistd::geteuid());
    running.line(&line);
    is_reachable(&project, running);
}

#[test]
fn a_suspended_stack_without_its_socket_is_found_by_its_marks() {
    let (project, mut running) = started();
    running.signal(Signal::SIGTSTP);
    assert!(holds(|| is_stopped(running.pid()) && is_stopped(running.worker())));
    std::fs::remove_dir_all(project.runtime().join("ganger")).unwrap();
    let pid = running.pid();
    for command in [&["start"][..], &["ps"], &["down", "--json"]] {
        let (status, _, err) = project.run(command);
        assert_eq!(status, 4, "{command:?}: {err}");
        assert!(err.starts_with(&format!("error: the stack here is suspended (pid {pid})")), "{err}");
    }
    running.signal(Signal::SIGCONT);
    running.line("the control socket was removed, and made again in");
    is_reachable(&project, running);
}

#[test]
fn a_stack_is_found_whatever_the_runtime_folder_of_the_client_is() {
    let (project, running) = started();
    let elsewhere = tempfile::tempdir().unwrap();
    for runtime in [None, Some(elsewhere.path())] {
        let run = |words: &[&str]| {
            let mut command = project.ganger(words);
            command.env_remove("XDG_RUNTIME_DIR");
            command.envs(runtime.map(|runtime| ("XDG_RUNTIME_DIR", runtime)));
            let output = command.output().unwrap();
            (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
        };
        assert!(matches!(run(&["ps"]).0, Some(0 | 5)));
        let (status, err) = run(&["start"]);
        assert_eq!(status, Some(1), "{err}");
        assert!(err.starts_with("error: a stack runs here already"), "{err}");
    }
    is_reachable(&project, running);
}

#[test]
fn a_name_that_any_process_holds_keeps_no_stack_from_starting() {
    let (project, running) = started();
    let name = name(&project);
    assert_eq!(project.run(&["down"]).0, 0);
    running.end();
    let held = UnixDatagram::bind_addr(&name).unwrap();
    let running = project.start_until(&["--no-port"], &["| ready"]);
    drop(held);
    is_reachable(&project, running);
}

#[test]
fn a_stack_of_which_the_folder_is_removed_is_reached_by_its_path() {
    let project = Project::new("");
    std::fs::create_dir(project.path().join("tree")).unwrap();
    project.write("tree/Procfile", STACK);
    assert_eq!(project.run(&["start", "-D", "--no-port", "-d", "tree"]).0, 0);
    std::fs::remove_dir_all(project.path().join("tree")).unwrap();
    let (status, out, err) = project.run(&["ps", "-d", "tree"]);
    assert!(matches!(status, 0 | 5) && out.contains("web.1"), "{err}");
    assert_eq!(project.run(&["down", "-d", "tree"]).0, 0);
    let (status, _, err) = project.run(&["down", "-d", "tree"]);
    assert!(status == 1 && err.contains("tree: no such directory"), "{err}");
}

#[test]
fn a_stack_in_a_folder_of_which_the_path_is_not_utf_8_is_found_and_listed() {
    let project = Project::new("");
    let folder = project.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9"));
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("Procfile"), STACK).unwrap();
    let run = |words: &[&str]| project.ganger(words).current_dir(&folder).output().unwrap();
    assert_eq!(run(&["start", "-D", "--no-port"]).status.code(), Some(0));
    let listed = String::from_utf8(run(&["ls"]).stdout).unwrap();
    assert!(listed.contains("caf"), "{listed}");
    assert_eq!(run(&["down"]).status.code(), Some(0));
}
