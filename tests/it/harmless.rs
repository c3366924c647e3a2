//! Promised: no text of others (a word of the command line, a variable, a file) makes a terminal do anything. What a
//! shell reads from `env` is byte for byte what was set.

use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;

use ganger::parts::cli::usage;
use ganger::parts::config::setting::Takes;
use ganger::parts::config::table;

use crate::folder::Folder;
use crate::harness::Project;

/// Clears the screen, rings, goes back, clears by an 8-bit control, turns the direction: each of them is seen.
const HOSTILE: &str = "\u{1b}[2J\u{7}\r\u{9b}2J\u{202e}";

/// What of a text a terminal would obey, but for colours.
fn obeyed(text: &str) -> Vec<char> {
    let without_colours = regex_lite::Regex::new("\u{1b}\\[[0-9;]*m").unwrap().replace_all(text, "");
    let is_obeyed = |c: &char| c.is_control() && !['\n', '\t'].contains(c) || *c == '\u{202e}';
    without_colours.chars().filter(is_obeyed).collect()
}

/// Runs ganger as on a terminal with colours; what it says.
fn said(folder: &Folder, words: &[&str]) -> String {
    let mut command = folder.command(words);
    let ran = command.env("FORCE_COLOR", "1").stdin(Stdio::null()).output().unwrap();
    assert!(!ran.status.success(), "{words:?}");
    String::from_utf8([ran.stdout, ran.stderr].concat()).unwrap()
}

#[test]
fn no_word_of_the_command_line_does_anything_to_the_terminal() {
    // Without a Procfile nothing can start.
    let folder = Folder::with(&[]);
    let joined = |flag: &str| format!("{flag}={HOSTILE}");
    let mut tried = 0;
    for subcommand in usage::command().get_subcommands() {
        let name = subcommand.get_name();
        if name == "completions" || name == "help" {
            continue;
        }
        let mut all: Vec<Vec<String>> = vec![vec![HOSTILE.into()], vec![format!("--{HOSTILE}")]];
        for argument in subcommand.get_arguments().filter(|argument| argument.get_action().takes_values()) {
            all.extend(argument.get_long().map(|long| vec![joined(&format!("--{long}")), "web".into()]));
        }
        for words in all {
            let words: Vec<&str> = std::iter::once(name).chain(words.iter().map(String::as_str)).collect();
            let silent = ["man", "version"].contains(&name) && words.len() == 1;
            assert!(!silent);
            let text = said(&folder, &words);
            assert_eq!(obeyed(&text), [], "{words:?}: {text:?}");
            tried += 1;
        }
    }
    assert!(tried > 100, "{tried} tried");
    let text = said(&folder, &[HOSTILE]);
    assert_eq!(obeyed(&text), [], "{text:?}");
    assert!(text.contains("'␛[2J␇␍\u{fffd}2J\u{fffd}'"), "what was typed is shown: {text:?}");
}

#[test]
fn no_variable_of_ours_does_anything_to_the_terminal() {
    let mut tried = 0;
    for setting in table::all().filter(|setting| setting.takes != Takes::Nothing) {
        let name = setting.variable_name();
        // `mcp` reads requests until its input ends, and looks at no setting itself.
        for command in setting.flags.iter().flat_map(|flag| flag.commands).filter(|of| **of != "mcp") {
            let words: &[&str] = if *command == "run" { &["run", "no-such"] } else { &[command] };
            let text = said(&Folder::with(&[]).variable(&name, HOSTILE), words);
            assert_eq!(obeyed(&text), [], "{name} {words:?}: {text:?}");
            tried += 1;
        }
    }
    assert!(tried > 30, "{tried} tried");
}

#[test]
fn no_file_does_anything_to_the_terminal() {
    let wrong = format!("web {HOSTILE}\n{HOSTILE}: a\nweb: a\nweb: {HOSTILE}\n");
    for (name, text) in [
        ("Procfile", wrong.as_str()),
        (".env", &format!("A='{HOSTILE}\n")),
        (".env", &format!("{HOSTILE}=1\n")),
        ("ganger.toml", &format!("{HOSTILE}\n")),
        ("ganger.toml", "\"\\u001b[2J\\u0007\\u009b\" = 1\nrestart = \"\\u001b[2J\"\n"),
        ("app.json", &format!("{{\"formation\":{{\"{HOSTILE}\":{{\"quantity\":1}}}}")),
        ("app.json", "{\"formation\":{\"\\u001b[2J\\u009b\":{\"quantity\":\"\\u001b[2J\"}}}"),
        (".foreman", &format!("port: {HOSTILE}\n")),
    ] {
        let folder = Folder::with(&[("Procfile", "web: a\n"), (name, text)]);
        // What is wrong with an app.json is of interest to a deployment only.
        let words: &[&str] = if name == "app.json" { &["check", "--app-json"] } else { &["check"] };
        let text = said(&folder, words);
        assert_eq!(obeyed(&text), [], "{name}: {text:?}");
    }
}

#[test]
fn a_value_is_shown_harmlessly_on_a_terminal_and_given_to_a_shell_as_it_is() {
    let project = Project::new("web: true\n").file(".env", "CLEAR=\"a\u{1b}[2J\u{9b}b\"\nPLAIN='a b'\n");
    let (_, text) = project.on_terminal(&["env", "--show-values"], (24, 80)).end();
    assert!(text.contains(r"CLEAR=$'a\033[2J\302\233b'"), "{text:?}");
    // And a shell reads both.
    let ganger = env!("CARGO_BIN_EXE_ganger");
    let script = format!("eval \"$({ganger} env --show-values)\"; printf %s \"$CLEAR\"");
    let direct = project.command(&["sh", "-c", &script]).output().unwrap();
    assert_eq!(direct.stdout, "a\u{1b}[2J\u{9b}b".as_bytes());
    let bytes = project
        .ganger(&["env", "--show-values", "--all"])
        .env("BYTES", std::ffi::OsStr::from_bytes(b"\xff"))
        .output()
        .unwrap();
    assert!(bytes.stdout.windows(10).any(|part| part == b"BYTES='\xff'\n"), "{bytes:?}");
    if let Ok(shown) = project.command(&["bash", "-c", r"printf %s $'a\033[2J\302\233b'"]).output() {
        assert_eq!(shown.stdout, direct.stdout);
    }
}
