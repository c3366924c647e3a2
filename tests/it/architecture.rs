//! The house stands as docs/architecture.md draws it: layers import downward only, siblings do not name each
//! other, files stay small, and unsafe code stands in one file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The rooms of each layer, from the bottom. A room may name the rooms of every lower layer, and itself.
const LAYERS: [&[&str]; 7] = [
    &["duration", "exit", "location", "name", "notice", "signal", "suggestion", "text"],
    &["config", "dotenv", "escapes", "formation", "procfile", "shell"],
    &["plan"],
    &["machine"],
    &["control", "export", "output", "process", "watch"],
    &["supervisor"],
    &["cli"],
];

/// Edges between rooms of one layer that are wanted, each with its reason.
const BESIDE: [(&str, &str, &str); 7] = [
    ("notice", "exit", "a notice tells how a process ended"),
    ("notice", "name", "a notice names an instance"),
    ("notice", "signal", "a notice names a signal"),
    ("exit", "signal", "a process ends by a signal"),
    ("text", "location", "an excerpt is of a place"),
    ("config", "formation", "a configuration holds a formation"),
    ("control", "process", "a socket lies in the folder of the traces, under the key of its root"),
];

/// All files below `folder` whose names end like this.
pub(crate) fn files_below(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut unread = vec![folder.to_path_buf()];
    let mut found = Vec::new();
    while let Some(place) = unread.pop() {
        for entry in std::fs::read_dir(place).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                unread.push(path);
            } else if path.extension().is_some_and(|extension| extension == ending) {
                found.push(path);
            }
        }
    }
    found
}

/// Each source file, with the room that it belongs to.
fn sources() -> Vec<(String, PathBuf)> {
    let house = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let room = |path: &Path| {
        let inside = path.strip_prefix(&house).unwrap();
        let room = inside.components().next().unwrap().as_os_str().to_str().unwrap();
        room.trim_end_matches(".rs").to_string()
    };
    files_below(&house, "rs").into_iter().map(|path| (room(&path), path)).collect()
}

/// The rooms that a file names by `crate::room` or `crate::{room, other::…}`, comments left out.
fn named(text: &str) -> Vec<String> {
    let code: String =
        text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    let mut rooms = Vec::new();
    for rest in code.split("crate::").skip(1) {
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut word = String::new();
            for character in group.chars() {
                match character {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => rooms.push(std::mem::take(&mut word)),
                    other if depth == 0 => word.push(other),
                    _ => {}
                }
            }
            rooms.push(word);
        } else {
            rooms.push(rest.to_string());
        }
    }
    let first = |text: String| -> String {
        text.trim()
            .chars()
            .take_while(|character| character.is_ascii_alphanumeric() || *character == '_')
            .collect()
    };
    rooms.into_iter().map(first).filter(|room| !room.is_empty()).collect()
}

#[test]
fn a_group_of_imports_is_seen_room_by_room() {
    assert_eq!(
        named("use crate::{exit, plan::{self, spec}};\nlet x = crate::signal::Signal::KILL; // crate::cli"),
        ["exit", "plan", "signal"]
    );
}

#[test]
fn layers_import_downward_only() {
    let layer: BTreeMap<&str, usize> = LAYERS
        .iter()
        .enumerate()
        .flat_map(|(height, rooms)| rooms.iter().map(move |room| (*room, height)))
        .collect();
    let mut wrong = Vec::new();
    for (room, path) in sources() {
        if room == "lib" || room == "main" {
            continue;
        }
        let height =
            layer.get(room.as_str()).unwrap_or_else(|| panic!("{room} is in no layer: add it to the table"));
        for other in named(&std::fs::read_to_string(&path).unwrap()) {
            let allowed = other == room
                || layer.get(other.as_str()).is_some_and(|other| other < height)
                || BESIDE.iter().any(|(from, to, _)| *from == room && *to == other);
            if !allowed {
                wrong.push(format!("{}: {room} names {other}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_stay_small() {
    let mut long = Vec::new();
    for (_, path) in sources() {
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        if lines > 400 {
            long.push(format!("{}: {lines}", path.display()));
        }
    }
    assert!(long.is_empty(), "over 400 lines:\n{}", long.join("\n"));
}

#[test]
fn unsafe_code_stands_in_one_file() {
    let is_unsafe = |text: &str| {
        let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
        code.into_iter()
            .any(|line| ["unsafe {", "unsafe fn", "unsafe impl"].iter().any(|word| line.contains(word)))
    };
    let with: Vec<PathBuf> = sources()
        .into_iter()
        .filter(|(_, path)| is_unsafe(&std::fs::read_to_string(path).unwrap()))
        .map(|(_, path)| path)
        .collect();
    assert_eq!(with.len(), 1, "{with:?}");
    assert!(with[0].ends_with("process/calls.rs"));
}

#[test]
fn main_only_hands_over() {
    let main = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/main.rs")).unwrap();
    assert!(main.lines().count() <= 15);
}
