//! The source is as docs/architecture.md draws it: layers import downward only, rooms of one layer do not name each other, files
//! of a room import in one direction, files stay small, and unsafe code is in one file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

mod files;

use files::Files;
use ganger::parts::export::options::ExportFormat;

/// The rooms of each layer, from the bottom. A room may name the rooms of every lower layer.
const LAYERS: [&[&str]; 8] = [
    &["duration", "exit", "location", "name", "notice", "signal", "suggestion", "text"],
    &["config", "dotenv", "escapes", "formation", "procfile", "shell"],
    &["doctor", "plan"],
    &["machine"],
    &["control", "export", "output", "process", "watch"],
    &["supervisor", "ui"],
    &["cli"],
    &["parts"],
];

/// Imports between rooms of one layer that are allowed, each with its reason.
const BESIDE: [(&str, &str, &str); 7] = [
    ("notice", "exit", "a notice tells how a process ended"),
    ("notice", "name", "a notice names an instance"),
    ("notice", "signal", "a notice names a signal"),
    ("exit", "signal", "a process ends by a signal"),
    ("text", "location", "an excerpt is of a place"),
    ("config", "formation", "a configuration holds a formation"),
    ("control", "process", "a socket lies in the folder of the traces, under the key of its root"),
];

/// All files below `folder` with this extension.
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

fn house() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Each source file, with its room.
fn sources() -> Vec<(String, PathBuf)> {
    let house = house();
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
fn a_group_of_imports_is_split_into_rooms() {
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
fn paths_in_code_are_expanded() {
    let named = |code: &str| files::paths(code).iter().map(|path| path.join("::")).collect::<Vec<_>>();
    assert_eq!(
        named("use super::{a::{self, B}, c};\nlet x = crate::d::E::new(f::<G>());"),
        ["super::a", "super::a::B", "super::c", "crate::d::E::new"]
    );
}

/// A type that two files of a room need is in a file of its own; mod.rs lists the files.
#[test]
fn files_of_a_room_import_in_one_direction() {
    let circles = Files::read(&house()).circles();
    assert!(circles.is_empty(), "files that name each other: {circles:#?}");
}

#[test]
fn no_path_climbs_two_floors() {
    let climbs = |path: &Path| std::fs::read_to_string(path).unwrap().contains("super::super::");
    let wrong: Vec<PathBuf> =
        sources().into_iter().map(|(_, path)| path).filter(|path| climbs(path)).collect();
    assert!(wrong.is_empty(), "write `crate::…` instead of `super::super::…`: {wrong:?}");
}

/// The type of an inherent `impl` that begins on this line.
fn implemented(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("impl")?;
    let rest = match rest.strip_prefix('<') {
        Some(generics) => {
            let mut depth = 1;
            let end = generics.find(|character| {
                depth += i32::from(character == '<') - i32::from(character == '>');
                depth == 0
            })?;
            &generics[end + 1..]
        }
        None => rest,
    };
    let name = rest.strip_prefix(' ')?.split(['<', ' ']).next()?;
    (!rest.contains(" for ")).then_some(name)
}

#[test]
fn an_impl_is_told_from_that_of_a_trait() {
    assert_eq!(implemented("impl<'a, T: Into<u8>> Scanner<'a, T> {"), Some("Scanner"));
    assert_eq!(implemented("impl Transition<'_> {"), Some("Transition"));
    assert_eq!(implemented("impl From<Call> for Arrival {"), None);
}

#[test]
fn a_type_has_its_methods_in_two_files_at_most() {
    let mut files: BTreeMap<(String, String), BTreeSet<PathBuf>> = BTreeMap::new();
    for (room, path) in sources() {
        if path.iter().any(|part| part == "tests") {
            continue;
        }
        for name in std::fs::read_to_string(&path).unwrap().lines().filter_map(implemented) {
            files.entry((room.clone(), name.to_owned())).or_default().insert(path.clone());
        }
    }
    files.retain(|_, files| files.len() > 2);
    assert!(files.is_empty(), "give a part of it a value of its own: {files:#?}");
}

/// The files whose code, tests left out, has this path, beside `home`, which has the type.
fn files_with(path: &str, home: &str) -> Vec<String> {
    let has = |file: &PathBuf| {
        let text = std::fs::read_to_string(file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        // `Kind::A` is not in `Kind::AB`.
        let mut ends = code.match_indices(path).map(|(at, _)| &code[at + path.len()..]);
        ends.any(|rest| !rest.starts_with(|next: char| next.is_ascii_alphanumeric()))
    };
    let files = sources().into_iter().map(|(_, file)| file).filter(has);
    let files = files.map(|file| file.strip_prefix(house()).unwrap().to_str().unwrap().to_owned());
    let is_test = |file: &str| file.contains("/tests/") || file.ends_with("_tests.rs");
    let mut files: BTreeSet<String> = files.filter(|file| !is_test(file)).collect();
    files.insert(home.to_owned());
    files.into_iter().collect()
}

/// CONTRIBUTING.md has the recipe: a new kind of probe is added in these places alone, as no other one asks for the kind.
#[test]
fn a_kind_of_probe_is_named_in_three_files_at_most() {
    for kind in ["Alive", "Listen", "Http", "Log", "Command", "Notify"] {
        let mut files = files_with(&format!("Probe::{kind}"), "config/probe.rs");
        // It makes probes of another format, and asks for no kind.
        files.retain(|file| file != "config/app_json.rs");
        assert!((2..=3).contains(&files.len()), "Probe::{kind} is named in {files:?}");
    }
}

/// CONTRIBUTING.md has the recipe: the request, what the stack does with it, and the command that sends it (and a line of the console,
/// where it can be typed).
#[test]
fn a_request_is_answered_in_one_file() {
    for request in ["Start", "Stop", "Roll", "Restart", "Scale", "Kill", "Wait", "Events", "Logs", "Hold"] {
        let mut files = files_with(&format!("Request::{request}"), "control/request.rs");
        let sends = |file: &str| {
            let rooms = ["cli/", "supervisor/console/", "ui/"];
            rooms.iter().any(|room| file.starts_with(room)) || file == "control/lease.rs"
        };
        files.retain(|file| !sends(file));
        assert_eq!(files, ["control/request.rs", "supervisor/requests/router.rs"], "Request::{request}");
    }
}

/// CONTRIBUTING.md has the recipe: the table of formats, the list of what writes each, and the file that does.
#[test]
fn an_export_format_is_named_in_three_files_at_most() {
    for format in ExportFormat::ALL {
        let mut files = files_with(&format!("ExportFormat::{format:?}"), "export/format.rs");
        files.retain(|file| !["export/format.rs", "export/mod.rs"].contains(&file.as_str()));
        let is_own = |file: &String| {
            format.as_str().starts_with(file.trim_start_matches("export/").trim_end_matches(".rs"))
        };
        assert!(
            files.len() < 2 && files.iter().all(is_own),
            "ExportFormat::{format:?} is named in {files:?}"
        );
    }
}

#[test]
fn files_stay_small() {
    let mut long = Vec::new();
    for (_, path) in sources() {
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        if lines > 350 {
            long.push(format!("{}: {lines}", path.display()));
        }
    }
    assert!(long.is_empty(), "over 350 lines:\n{}", long.join("\n"));
}

#[test]
fn unsafe_code_is_in_one_file() {
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
fn main_only_calls_the_library() {
    let main = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/main.rs")).unwrap();
    assert!(main.lines().count() <= 15);
}
