//! Promised: a stack of commands or of scripts of package.json needs no Procfile; in a sub-folder of a repository the project above is
//! found and named; a named type brings those with it that it comes after.

use crate::folder::{Folder, same_as_before};
use crate::harness::{Ports, write_program};

/// `npm run NAME`, as far as these tests need it.
const NPM: &str = "#!/bin/sh\necho \"runs $2 on $PORT\"\n";
const PACKAGE: &str = r#"{"name": "shop", "scripts": {"dev:js": "x", "dev:css": "y", "lint": "z"}}"#;

fn lines(out: &str, text: &str) -> Vec<String> {
    let mut lines: Vec<String> = out
        .lines()
        .filter(|line| line.contains(text))
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    lines.sort();
    lines
}

#[test]
fn scripts_of_a_package_are_a_stack() {
    let folder = Folder::with(&[("package.json", PACKAGE)]);
    for program in ["npm", "pnpm"] {
        write_program(&folder.path().join(program), NPM);
    }
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let run = |folder: &Folder, words: &[&str]| {
        let output = folder.command(words).env("PATH", &path).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let ports = Ports::claim();
    let out = run(&folder, &["start", "--npm", "dev:*", "--exit-on", "never", "-p", &ports.base()]);
    let line = |name, index| format!("{name}.1 | runs dev:{name} on {}", ports.at(index, 1));
    assert_eq!(lines(&out, "| runs"), [line("css", 1), line("js", 0)]);
    let out = run(&folder, &["check", "--npm", "dev:*,lint"]);
    assert!(out.contains("lint") && out.contains("npm run dev:js"), "{out}");
    let out = run(&folder.file("pnpm-lock.yaml", b""), &["check", "--npm", "lint"]);
    assert!(out.contains("pnpm run lint"), "{out}");
}

#[test]
fn commands_of_the_command_line_are_a_stack() {
    let folder = Folder::with(&[(".env", "MODE=dev\n")]);
    let words = [
        "start",
        "--exit-on",
        "never",
        "-p",
        "7100",
        "--",
        "printf '%s\\n' first,$MODE",
        "A=1 echo $PORT",
        "echo two",
    ];
    let ran = folder.run(&words);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    assert_eq!(lines(&ran.out, "| first,dev"), ["printf.1 | first,dev"]);
    assert_eq!(lines(&ran.out, "| 7200"), ["echo.1 | 7200"]);
    assert_eq!(lines(&ran.out, "| two"), ["echo-2.1 | two"]);
    assert_eq!(
        folder
            .run(&["start", "echo-2", "--exit-on", "never", "--", "echo a", "echo b"])
            .out
            .matches("| b")
            .count(),
        1
    );
}

#[test]
fn in_a_sub_folder_the_project_above_is_used_and_named() {
    let folder = Folder::with(&[
        (".git/HEAD", ""),
        ("Procfile", "web: echo in $PWD with $MODE\n"),
        (".env", "MODE=dev\n"),
        ("app/deep/x", ""),
        ("other/.git/HEAD", ""),
    ]);
    let run = |below: &str, words: &[&str]| {
        let output = folder.command(words).current_dir(folder.path().join(below)).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    let (status, out, err) = run("app/deep", &["start"]);
    assert_eq!(status, 0, "{err}");
    let here = folder.path().display();
    assert!(out.contains(&format!("in {here} with dev")), "{out}");
    assert_eq!(err, format!("ganger: the project of {here} is used\n"));
    // Where it lies the line would tell nothing.
    assert_eq!(run(".", &["check"]).2, "");
    assert_eq!(run("other", &["check"]).0, 1, "it is another repository");
    assert_eq!(run("app", &["check", "-d", "."]).0, 1, "a folder that is named is the one");
    assert_eq!(run("app", &["ps"]).0, 3);
}

#[test]
fn a_named_type_brings_those_that_it_comes_after() {
    let folder = Folder::with(&[
        ("Procfile", "web: echo web\nother: echo other\napi: sleep 9\ndb: sleep 9\n"),
        (
            "ganger.toml",
            "no-port = true\n[process.web]\nafter = \"api\"\n[process.api]\nafter = \"db\"\nready = \"cmd:true\"\n[process.db]\nready = \"cmd:true\"\n",
        ),
    ]);
    let started = |words: &[&str]| {
        let ran = folder.run(&[&["start"], words].concat());
        let line = |line: &str| Some(line.split_once("| ")?.1.split_once(".1 started")?.0.to_owned());
        (ran.out.lines().filter_map(line).collect::<Vec<_>>(), ran.out)
    };
    let (types, out) = started(&["web"]);
    assert_eq!(types, ["db", "api", "web"], "{out}");
    assert!(out.contains("db is run too, as a named type comes after it (--no-deps leaves it out)"), "{out}");
    assert_eq!(started(&["web", "--no-deps"]).0, ["web"]);
    assert_eq!(started(&["other"]).0, ["other"]);
    assert_eq!(started(&["web", "-x", "api"]).0, ["web", "db"]);
}

#[test]
fn mistakes_about_them_are_told_with_the_way_out() {
    let folder = Folder::with(&[
        ("package.json", PACKAGE),
        ("Procfile", "web: source env && server --port \\$PORT\n"),
        ("A", "web: true\n"),
    ]);
    let text = folder.transcript(&[
        "check",
        "start -f A -f Procfile",
        "check --npm dev.*",
        "check --npm lint -f A",
        "start -f A -- true",
    ]);
    same_as_before("without_procfile.txt", &text);
}
