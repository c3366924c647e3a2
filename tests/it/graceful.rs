//! Promised: a stop lets real programs finish what they have in hand, on pipes and on terminals; nothing is left, and no
//! process gets SIGHUP.
//!
//! `benches/graceful` drives them and has them all (`benches/graceful.d/catalogue.py`); here are those that
//! `.ci/packages-graceful` and its neighbours install.

use serde_json::Value;

use crate::harness::{Project, are_there, python_has};

/// Each of these programs, on both surfaces: `SIGTERM` to ganger, `ganger stop`, `ganger restart`.
const WAYS: [&str; 3] = ["SIGTERM", "stop", "restart"];

/// What is wrong in a cell of the table, if anything is.
fn fault(cell: &Value) -> Option<String> {
    let is_finished = cell["finished"] == Value::Bool(true);
    let has_left = cell["left"].as_array().is_none_or(|left| !left.is_empty());
    let is_hung_up = cell.get("hangups").is_some_and(|count| count != 0);
    (!is_finished || has_left || is_hung_up).then(|| format!("{cell:#}"))
}

/// Runs the bench with these programs; `more` are further arguments of it.
fn all_finish(programs: &[&str], more: &[&str]) {
    let project = Project::empty();
    let seen = project.path().join("seen.json");
    let build = format!("ganger={}", env!("CARGO_BIN_EXE_ganger"));
    // Patience that no busy machine uses up: half of the grace has to be more than a second of work.
    let mut command = project.command(&["python3", concat!(env!("CARGO_MANIFEST_DIR"), "/benches/graceful")]);
    command.args(["--ganger", &build, "--runner", "ganger", "--grace", "60", "--limit", "100", "--json"]);
    command.arg(&seen).args(more);
    command.args(WAYS.iter().flat_map(|way| ["--way", way]));
    command.args(programs.iter().flat_map(|program| ["--only", program]));
    // npm has its cache and its settings there.
    let output = command.env("HOME", project.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let seen: Value = serde_json::from_slice(&std::fs::read(seen).unwrap()).unwrap();
    let cells = seen["cells"].as_array().unwrap();
    let stopped = cells.iter().filter(|cell| cell.get("hangups").is_none()).count();
    assert_eq!(stopped, programs.len() * 2 * WAYS.len(), "{seen:#}");
    let faults: Vec<String> = cells.iter().filter_map(fault).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn shell_lines_and_scripts_finish_their_job_and_none_is_hung_up() {
    if are_there(&["python3", "bash", "make", "node", "strace"]) {
        let lines = ["`a && b`", "`a; b`", "`a \\| b`", "`a & wait`"];
        let scripts = ["bash start.sh", "bash start.sh, trap", "bash start.sh, trap and wait"];
        all_finish(&[&lines[..], &scripts, &["wrapper in Python", "make"]].concat(), &["--jobs", "6"]);
    }
}

#[test]
fn servers_in_python_answer_the_open_request() {
    if python_has(&["gunicorn", "uvicorn"]) {
        all_finish(&["gunicorn sync", "gunicorn gthread", "uvicorn"], &["--no-hangups"]);
    }
}

#[test]
fn workers_finish_the_job_in_hand() {
    if python_has(&["celery", "redis", "packaging"]) && are_there(&["redis-server", "sidekiq"]) {
        all_finish(&["celery prefork", "sidekiq"], &["--no-hangups"]);
    }
}

#[test]
fn node_behind_a_launcher_answers_the_open_request() {
    if are_there(&["node", "npm", "npx"]) {
        all_finish(&["node, `$PORT`", "node, `A=b` and `>`", "npm run", "npx"], &["--no-hangups"]);
    }
}

#[test]
fn puma_and_nginx_answer_the_open_request() {
    if are_there(&["puma", "nginx"]) {
        all_finish(&["puma, 2 workers", "nginx, stop-signal QUIT"], &["--no-hangups"]);
    }
}
