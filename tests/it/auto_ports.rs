//! Promised: with `--port auto` a folder has the same ports again while they are free, and two folders have different ones.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::harness::{Ports, Project, Running};

/// Two types that do not listen: the first bases are those of all tests.
const SILENT: &str = "web: probe wait\nworker: probe print armed + wait\n";
/// The same, and the first one listens on its PORT.
const SERVING: &str = "web: python3 -m http.server $PORT\nworker: probe print armed + wait\n";

/// Starts it with the ports that are kept in this folder.
fn start(project: &Project, state: &Path) -> Running {
    let mut command = project.ganger(&["start", "-p", "auto"]);
    command.env("XDG_STATE_HOME", state);
    Running::start(command)
}

/// Where its ports begin, and the line that tells it.
fn base(running: &mut Running) -> (u16, String) {
    let line = running.line("ports begin at ");
    let number = line.split("ports begin at ").nth(1).unwrap();
    let end = number.find(|character: char| !character.is_ascii_digit()).unwrap();
    (number[..end].parse().unwrap(), line)
}

fn down(project: &Project, running: Running) {
    assert_eq!(project.run(&["down"]).0, 0);
    running.end();
}

fn file(state: &Path) -> PathBuf {
    state.join("ganger/ports.json")
}

/// Writes other ports into the file: those of the n-th stack in it begin at the n-th of these.
fn keep(state: &Path, bases: &[u16]) {
    let text = std::fs::read(file(state)).unwrap();
    let mut ranges: Vec<Value> = serde_json::from_slice(&text).unwrap();
    assert_eq!(ranges.len(), bases.len());
    for (range, base) in ranges.iter_mut().zip(bases) {
        (range["base"], range["last"]) = (json!(base), json!(base + 199));
    }
    std::fs::write(file(state), serde_json::to_vec(&ranges).unwrap()).unwrap();
}

#[test]
fn a_folder_has_the_same_ports_again_while_they_are_free() {
    let (project, ports) = (Project::new(SILENT), Ports::claim());
    let state = project.state();
    let mut first = start(&project, &state);
    let (begin, line) = base(&mut first);
    let url = format!("; web.1 is at http://localhost:{begin}");
    assert!(
        line.ends_with(&url) && line.contains(", as at the next start here if they are free then"),
        "{line}"
    );
    down(&project, first);
    assert_eq!(std::fs::metadata(file(&state)).unwrap().permissions().mode() & 0o777, 0o600);
    // Ports that no other test has.
    let claimed: u16 = ports.base().parse().unwrap();
    keep(&state, &[claimed]);
    project.write("Procfile", SERVING);
    let mut second = start(&project, &state);
    assert_eq!(base(&mut second).0, claimed);
    second.line(&format!("web.1 ready on http://localhost:{claimed}"));
    down(&project, second);
    // The second port is in use: another base, which is kept from then on.
    let taken = TcpListener::bind(("127.0.0.1", claimed + 100)).unwrap();
    project.write("Procfile", SILENT);
    let mut third = start(&project, &state);
    third.line(&format!("port {} is in use by ", claimed + 100));
    assert_ne!(base(&mut third).0, claimed);
    down(&project, third);
    drop(taken);
    // Without it nothing is kept and nothing is told.
    let mut plain = project.start(&["-p", &ports.base()]);
    plain.line("worker.1 | armed");
    assert_eq!(project.run(&["down"]).0, 0);
    let (_, lines) = plain.end();
    assert!(!lines.iter().any(|line| line.contains("ports begin at")), "{lines:#?}");
}

#[test]
fn two_folders_have_different_ports_also_where_one_of_them_is_down() {
    let (one, other, ports) = (Project::new(SILENT), Project::new(SILENT), Ports::claim());
    let state = one.state();
    let (mut first, mut second) = (start(&one, &state), start(&other, &state));
    let (of_one, of_other) = (base(&mut first).0, base(&mut second).0);
    assert!(of_one.abs_diff(of_other) >= 200, "{of_one} {of_other}");
    down(&one, first);
    down(&other, second);
    let mut kept: Vec<Value> = serde_json::from_slice(&std::fs::read(file(&state)).unwrap()).unwrap();
    let root = one.path().canonicalize().unwrap();
    let is_one_first = kept.remove(0)["root"] == root.to_str().unwrap();
    let claimed: u16 = ports.base().parse().unwrap();
    let bases = [claimed, claimed + 200];
    keep(&state, &bases);
    let [base_of_one, base_of_other] = if is_one_first { bases } else { [bases[1], bases[0]] };
    // Each has its own, whichever is started first, and though the other one's are free.
    let mut second = start(&other, &state);
    assert_eq!(base(&mut second).0, base_of_other);
    down(&other, second);
    let mut first = start(&one, &state);
    assert_eq!(base(&mut first).0, base_of_one);
    down(&one, first);
}

#[test]
fn the_ports_of_a_stack_that_has_just_started_are_not_given_to_another_one() {
    // Nothing listens yet.
    let one = Project::new("web: echo \"PORT is $PORT.\" && probe wait\nworker: probe wait\n");
    let other = Project::new("web: echo \"PORT is $PORT.\" && probe wait\n");
    let runtime = tempfile::tempdir().unwrap();
    let start = |project: &Project, arguments: &[&str], told: &str| {
        let mut command = project.ganger(arguments);
        command.env("XDG_RUNTIME_DIR", runtime.path());
        let mut running = Running::start(command);
        running.line(told);
        let line = running.line("PORT is ");
        let port = line.rsplit_once(' ').unwrap().1.trim_end_matches('.').parse::<u16>().unwrap();
        (running, port)
    };
    let (first, port) = start(&one, &["start"], "web.1 started");
    let root = one.path().canonicalize().unwrap();
    let told = format!("in use by the stack that starts in {}", root.display());
    let (second, moved) = start(&other, &["start"], &told);
    assert!(moved > port + 100, "{moved} is none of {port}, {}", port + 100);
    second.signal(Signal::SIGTERM);
    second.end();
    // Ports that are asked for are given, with a warning.
    let run = |arguments: &[&str]| {
        let output = other.ganger(arguments).env("XDG_RUNTIME_DIR", runtime.path()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let err = run(&["start", "-D", "-p", &(port + 100).to_string()]);
    assert!(err.contains(&format!("port {} of web.1 is {told} ", port + 100)), "{err}");
    run(&["down"]);
    first.signal(Signal::SIGTERM);
    first.end();
}
