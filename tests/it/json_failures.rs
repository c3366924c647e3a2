//! Promised: with `--json` a command that fails prints one document too, with a code, the message, and where an instance is the
//! cause its name, status and latest lines.

use clap::Command;
use ganger::parts::cli::usage;
use serde_json::Value;

use crate::harness::Project;
use crate::schema::check;

/// Runs it; its exit status and the `error` of the document.
fn error(project: &Project, words: &[&str]) -> (i32, Value) {
    let (status, out, err) = project.run(words);
    let document: Value =
        serde_json::from_str(&out).unwrap_or_else(|wrong| panic!("{words:?}: {wrong}: {out}{err}"));
    let is_of_stack = document.get("instances").is_some();
    check(if is_of_stack { "docs/schema/status.json" } else { "docs/schema/error.json" }, &document);
    let message = document["error"]["message"].as_str().unwrap();
    assert!(err.contains(message.lines().next().unwrap()), "{words:?}: {message}: {err}");
    (status, document["error"].clone())
}

#[test]
fn every_command_without_a_stack_has_a_document() {
    let project = Project::new("web: probe wait\n");
    for words in [
        &["ps"][..],
        &["logs"],
        &["restart"],
        &["stop", "web"],
        &["scale", "web=2"],
        &["kill", "web"],
        &["wait", "web"],
        &["port", "web"],
        &["down"],
    ] {
        let (status, error) = error(&project, &[words, &["--json"]].concat());
        assert_eq!((status, &error["code"]), (3, &"nothing_runs".into()), "{words:?}");
    }
}

#[test]
fn every_command_with_a_wrong_name_or_argument_has_a_document() {
    let project = Project::new("web: probe print up + wait\n");
    assert_eq!(project.run(&["start", "-D", "--no-port"]).0, 0);
    for (words, status, code) in [
        (&["logs", "nope"][..], 1, "unknown_name"),
        (&["restart", "nope"], 1, "unknown_name"),
        (&["stop", "nope"], 1, "unknown_name"),
        (&["kill", "nope"], 1, "unknown_name"),
        (&["wait", "nope"], 1, "unknown_name"),
        (&["port", "nope"], 1, "unknown_name"),
        (&["port", "web"], 1, "failed"),
        (&["scale", "nope=2"], 1, "unknown_name"),
        (&["wait", "web", "--for", "exited", "-t", "10ms"], 124, "timed_out"),
        (&["wait", "web", "--for", "log=never", "-t", "10ms"], 124, "timed_out"),
        (&["start", "-D"], 1, "already_running"),
        (&["start", "nope"], 1, "unknown_name"),
        (&["wait", "--nope"], 2, "usage"),
        (&["logs", "-n", "x"], 2, "usage"),
    ] {
        let (code_of, error) = error(&project, &[words, &["--json"]].concat());
        assert_eq!((code_of, &error["code"]), (status, &code.into()), "{words:?}: {error}");
    }
    assert_eq!(project.run(&["down"]).0, 0);
}

#[test]
fn a_start_that_fails_has_the_instance_its_status_and_its_lines() {
    let project = Project::new("web: probe print boom + exit 3\n");
    let (status, error) = error(&project, &["start", "-D", "--wait", "--json", "--no-port"]);
    assert_eq!((status, &error["code"]), (3, &"failed".into()), "{error}");
    assert_eq!((&error["process"], &error["exit_status"]), (&"web.1".into(), &3.into()), "{error}");
    assert_eq!(error["lines"][0]["text"], "boom", "{error}");
}

#[test]
fn invalid_input_has_all_errors_in_one_document() {
    let project = Project::new("web: probe wait\n").file(".env", "A='\n").file("ganger.toml", "prot = 1\n");
    for words in [&["start", "--json"][..], &["start", "-D", "--json"], &["env", "--json"]] {
        let (status, error) = error(&project, words);
        assert_eq!((status, &error["code"]), (1, &"invalid_input".into()), "{words:?}");
        assert_eq!(error["errors"].as_array().unwrap().len(), 2, "{error}");
    }
    let (status, document) = project.json(&["check", "--json"]);
    assert_eq!((status, document["errors"].as_array().unwrap().len()), (1, 2));
    // The variable asks for it as the flag does; a command that prints no document has none.
    let ran = project.ganger(&["start"]).env("GANGER_JSON", "1").output().unwrap();
    assert!(ran.stdout.starts_with(b"{\"error\":{\"code\":\"invalid_input\""), "{ran:?}");
    assert_eq!(project.run(&["run", "no-such-program", "--json"]).1, "");
}

/// The subcommands with `--json`.
fn with_json() -> Vec<String> {
    let command = usage::command();
    let has_json = |command: &&Command| command.get_arguments().any(|flag| flag.get_long() == Some("json"));
    command.get_subcommands().filter(has_json).map(|command| command.get_name().to_owned()).collect()
}

/// Each of them where no project is, where its files are invalid, beside a stack (with a name that is none, where it takes names), and
/// with a flag that is none. Where it fails, one document has the error.
#[test]
fn every_command_has_a_document_for_every_failure() {
    let missing = Project::empty();
    let invalid = Project::new("web probe wait\n")
        .file(".env", "A='\n")
        .file("ganger.toml", "prot = 1\nport = \"x\"\n");
    let stack = Project::new("web: probe print up + wait\n");
    assert_eq!(stack.run(&["start", "-D", "--no-port"]).0, 0);
    let commands = with_json();
    assert!(commands.len() > 12, "{commands:?}");
    for command in &commands {
        let command = command.as_str();
        let words: &[&str] = match command {
            "logs" | "stop" | "kill" | "wait" | "port" | "restart" | "env" | "start" | "doctor" => &["nope"],
            "scale" => &["nope=2"],
            "down" => &["--name", "nope"],
            _ => &[],
        };
        let mut failed = 0;
        for project in [&missing, &invalid, &stack] {
            let (status, out, err) = project.run(&[&[command, "--json"], words].concat());
            let document: Value =
                serde_json::from_str(&out).unwrap_or_else(|_| panic!("{command}: {out}{err}"));
            let has_error = document.get("error").is_some()
                || document["errors"].as_array().is_some_and(|all| !all.is_empty());
            assert!(status == 0 || has_error || command == "ps", "{command}: {status}: {out}{err}");
            failed += usize::from(status != 0);
        }
        assert!(failed > 0 || command == "ls", "{command} never failed");
        let (status, error) = error(&stack, &[command, "--json", "--nope"]);
        assert_eq!((status, &error["code"]), (2, &"usage".into()), "{command}: {error}");
    }
    assert_eq!(stack.run(&["down"]).0, 0);
}
