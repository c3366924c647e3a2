//! Promise: real files are read as their index says (names in order of the file, or the line of the first
//! mistake), and a command of theirs that is run without a shell gets the words that a shell would give it.
//!
//! The files belong to others and are not kept here. They are looked for in `GANGER_CORPUS`, else in
//! `../shared/corpus`; where there are none, these tests say so and pass.

// Says to clippy that all of the file is a test, not its `#[test]` functions only.
#![cfg(test)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ganger::parts::dotenv::{self, EnvSource};
use ganger::parts::procfile;
use ganger::parts::shell::{is_replaced, simple_words};
use serde::Deserialize;

use crate::harness::say_skipped;
use crate::shell::{shells, words_of_a_shell};

#[derive(Deserialize)]
struct File {
    file: String,
    expect: Expect,
}

#[derive(Deserialize)]
struct Expect {
    names: Option<Vec<String>>,
    error: Option<Mistake>,
}

#[derive(Deserialize)]
struct Mistake {
    line: Option<u32>,
}

/// The files of that kind with their bytes, or nothing, and that is said.
fn corpus(kind: &str) -> Vec<(File, Vec<u8>)> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    #[expect(clippy::disallowed_methods, reason = "a test's own switch")]
    let folder = std::env::var_os("GANGER_CORPUS").map_or_else(beside, PathBuf::from).join(kind);
    let Ok(index) = std::fs::read(folder.join("index.json")) else {
        say_skipped(&format!("a corpus at {} (GANGER_CORPUS)", folder.display()));
        return Vec::new();
    };
    let files: Vec<File> = serde_json::from_slice(&index).unwrap();
    assert!(!files.is_empty());
    files
        .into_iter()
        .map(|file| {
            let bytes = std::fs::read(folder.join(&file.file)).unwrap();
            (file, bytes)
        })
        .collect()
}

#[test]
fn real_procfiles_are_read_as_the_index_says() {
    for (file, bytes) in corpus("procfiles") {
        let parsed = procfile::parse(&file.file, &bytes);
        let line = parsed.errors.first().map(|error| error.location.line);
        assert_eq!(line, file.expect.error.map(|error| error.line), "{}: {:?}", file.file, parsed.errors);
        if let Some(names) = file.expect.names {
            let read: Vec<String> =
                parsed.procfile.entries.iter().map(|entry| entry.name.to_string()).collect();
            assert_eq!(read, names, "{}", file.file);
        }
    }
}

#[test]
fn real_env_files_are_read_as_the_index_says() {
    for (file, bytes) in corpus("dotenv") {
        let parsed = dotenv::parse(&[EnvSource { file: &file.file, bytes: &bytes }], &|_| None);
        let line = parsed.errors.first().map(|error| error.location.line);
        assert_eq!(line, file.expect.error.map(|error| error.line), "{}: {:?}", file.file, parsed.errors);
        if let Some(names) = file.expect.names {
            let read: BTreeSet<String> = parsed.assignments.into_iter().map(|each| each.name).collect();
            assert_eq!(read, names.into_iter().collect(), "{}", file.file);
        }
    }
}

#[test]
fn the_words_of_real_commands_are_those_of_a_shell() {
    let shells = shells();
    let mut simple = 0;
    for (file, bytes) in corpus("procfiles") {
        for entry in procfile::parse(&file.file, &bytes).procfile.entries {
            let Some(words) = simple_words(&entry.command) else {
                continue;
            };
            simple += 1;
            for shell in &shells {
                assert_eq!(words_of_a_shell(shell, &entry.command), words, "{shell}, {}", file.file);
            }
        }
    }
    println!("{simple} commands need no shell");
}

#[test]
fn most_real_commands_that_need_a_shell_replace_it() {
    let (mut needed, mut stays) = (0, Vec::new());
    for (file, bytes) in corpus("procfiles") {
        for entry in procfile::parse(&file.file, &bytes).procfile.entries {
            needed += usize::from(simple_words(&entry.command).is_none());
            if !is_replaced(&entry.command) {
                stays.push(format!("{}: {}", file.file, entry.command));
            }
        }
    }
    println!("{needed} commands need a shell; it stays in front of {}:", stays.len());
    println!("{}", stays.join("\n"));
    assert!(stays.len() * 5 <= needed, "{stays:#?}");
}
