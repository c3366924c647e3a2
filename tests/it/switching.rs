//! Promise: a project that starts under another runner, or with its own dotenv library, starts here unedited.

// Says to clippy that all of the file is a test, not its `#[test]` functions only.
#![cfg(test)]

use crate::folder::Folder;

/// What a program sees of these variables.
fn values(folder: &Folder, arguments: &[&str], names: &[&str]) -> String {
    let print: String = names.iter().map(|name| format!("[${{{name}-}}]")).collect();
    let ran = folder.run(&[&["run"], arguments, &["sh", "-c", &format!("printf %s \"{print}\"")]].concat());
    assert_eq!(ran.status, 0, "{}", ran.err);
    ran.out
}

#[test]
fn app_json_of_a_deployment_neither_stops_nor_configures_a_local_start() {
    let text = r#"{"name": "shop", "formation": {"web": {"quantity": 1, "size": "basic"}, "js": {"quantity": 0}}, "env": {
        "SECRET_KEY_BASE": {"generator": "secret"}, "SERVE_FILES": {"required": true}, "OPT": {"required": false},
        "RAILS_ENV": "production", "SERVICE_URL": {"value": "https://shop.example"}, "CONCURRENCY": {"value": 2}}}"#;
    let lines = "web: echo web-$RAILS_ENV-\njs: echo js-$SERVICE_URL-\ncss: echo css-$CONCURRENCY-\n";
    let folder = Folder::with(&[("Procfile.dev", lines), ("app.json", text)]);
    let ran = folder.run(&["start", "-f", "Procfile.dev", "--exit-on", "never"]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    for line in ["web-", "js-", "css-"] {
        assert!(
            ran.out.contains(&format!("| {line}-")) || ran.out.contains(&format!("| {line}\n")),
            "{}",
            ran.out
        );
    }
    let names = ["RAILS_ENV", "SERVICE_URL", "CONCURRENCY"];
    assert_eq!(values(&folder, &["-f", "Procfile.dev"], &names), "[][][]");
    // What it is about is still to be had, and said.
    let checked = folder.run(&["check", "-f", "Procfile.dev"]);
    assert_eq!(checked.status, 0);
    assert!(checked.err.contains("what is not set here: SECRET_KEY_BASE, SERVE_FILES"), "{}", checked.err);
    let strict = folder.run(&["check", "-f", "Procfile.dev", "--app-json"]);
    assert_eq!(strict.status, 1);
    assert!(strict.err.contains("SECRET_KEY_BASE is required, and nothing sets it"), "{}", strict.err);
    let folder = folder.file(".env", b"SECRET_KEY_BASE=x\nSERVE_FILES=y\n").variable("GANGER_APP_JSON", "1");
    assert_eq!(values(&folder, &["-f", "Procfile.dev"], &names), "[production][https://shop.example][2]");
}

#[test]
fn counts_and_health_checks_of_app_json_serve_a_local_start_and_nothing_else_does() {
    let text = r#"{"formation": {"web": {"quantity": 2}, "job": {"quantity": 1}}, "env": {"MODE": "production", "KEY": {"required": true}},
        "healthchecks": {"web": [{"type": "startup", "command": ["test", "-e", "up"]}]}}"#;
    let folder =
        Folder::with(&[("Procfile", "web: touch up; exec sleep 99\njob: sleep 99\n"), ("app.json", text)]);
    let words =
        ["exec", "--no-port", "--with", "job", "--", "sh", "-c", "printf \"[${MODE-}]\"; ganger ps --json"];
    let path = std::path::Path::new(env!("CARGO_BIN_EXE_ganger")).parent().unwrap();
    let path = format!("{}:{}", path.display(), std::env::var("PATH").unwrap());
    let output = folder.command(&words).env("PATH", path).output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let (mode, document) = out.split_at(2);
    assert_eq!((output.status.code().unwrap() % 5, mode), (0, "[]"), "{out}");
    let document: serde_json::Value = serde_json::from_str(document).unwrap();
    let rows: Vec<(&str, &str)> = document["instances"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["name"].as_str().unwrap(), row["ready_by"].as_str().unwrap()))
        .collect();
    assert_eq!(rows, [("web.1", "command"), ("web.2", "command"), ("job.1", "alive")]);
}

#[test]
fn an_app_json_of_another_program_is_passed_over() {
    let expo = "{\n  // app of the shop\n  \"expo\": {\"name\": \"shop\", \"slug\": \"shop\",},\n}\n";
    let folder = Folder::with(&[("Procfile", "web: echo here\n"), ("app.json", expo)]);
    let ran = folder.run(&["start"]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    assert!(ran.out.contains("| here\n"), "{}", ran.out);
    let broken = folder.file("app.json", b"{\"formation\": {\"web\": {\"quantity\": 2}},");
    let checked = broken.run(&["check"]);
    assert_eq!(checked.status, 0);
    assert!(
        checked.err.contains("this is not JSON"),
        "what may have been meant is a warning: {}",
        checked.err
    );
}

#[test]
fn env_files_that_other_readers_read_are_read() {
    let text = "DB_USER: shop\nDB_PASSWORD: \"moss\"\nJ=\"{\"a\":\"b\"}\"\nROOT=/srv\nDATA=\"${ROOT:?error}/data\"\n\
                FLAG=${ROOT:+yes}\nV='Let\\'s go'\nP=\"C:\\dir\\\"\nQ=1\n";
    let folder = Folder::with(&[("Procfile", "web: true\n"), ("x.env", text)]);
    let checked = folder.run(&["check", "-e", "x.env"]);
    assert_eq!((checked.status, checked.err.as_str()), (0, ""));
    let names = ["DB_USER", "DB_PASSWORD", "J", "DATA", "FLAG", "V", "P", "Q"];
    let seen = values(&folder, &["-e", "x.env"], &names);
    assert_eq!(seen, "[shop][moss][{\"a\":\"b\"}][/srv/data][yes][Let's go][C:\\dir\\][1]");
}

#[test]
fn a_password_with_a_dollar_keeps_its_text_and_that_is_a_warning() {
    let folder = Folder::with(&[("Procfile", "web: true\n"), (".env", "P=password$m3a\nQ=${m3a}x\n")]);
    assert_eq!(values(&folder, &[], &["P", "Q"]), "[password$m3a][x]");
    let err = folder.run(&["check"]).err;
    assert!(err.contains("P has a name after `$` that is not set: it stays as it is written"), "{err}");
    assert!(!err.contains("password"), "{err}");
}

#[test]
fn a_variable_that_an_env_file_requires_is_reported_with_its_message() {
    let folder =
        Folder::with(&[("Procfile", "web: true\n"), (".env", "A=1\nB=\"${KEY:?ask $A for one}\"\n")]);
    let ran = folder.run(&["start"]);
    assert_eq!(ran.status, 1);
    assert!(ran.err.contains("B requires KEY, which is not set: ask … for one"), "{}", ran.err);
    assert_eq!(values(&folder.variable("KEY", "k"), &[], &["B"]), "[k]");
}

#[test]
fn dotenvy_is_of_interest_beside_a_cargo_toml_only() {
    let folder = Folder::with(&[("Procfile", "web: true\n"), (".env", "A=it's\n")]);
    assert_eq!(folder.run(&["check"]).err, "");
    let folder = folder.file("Cargo.toml", b"");
    assert!(folder.run(&["check"]).err.contains("dotenvy"));
}
