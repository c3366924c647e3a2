//! Promise: both readers agree with every conformance vector (tests/conformance/*.json), which says for each
//! input what is read, or the line of the first mistake. Where a vector names the lines worth a warning,
//! these are the lines with a warning.

// Says to clippy that all of the file is a test, not its `#[test]` functions only.
#![cfg(test)]

use std::collections::BTreeMap;
use std::collections::HashMap;

use ganger::parts::dotenv::{self, EnvSource};
use ganger::parts::location::Diagnostic;
use ganger::parts::procfile;
use serde::Deserialize;

#[derive(Deserialize)]
struct Vector {
    name: String,
    input: Option<String>,
    input_hex: Option<String>,
    inputs: Option<Vec<String>>,
    #[serde(default)]
    env: HashMap<String, String>,
    expect: Expect,
    #[serde(default)]
    agreed_by: Vec<String>,
}

#[derive(Deserialize)]
struct Expect {
    processes: Option<Vec<Process>>,
    values: Option<BTreeMap<String, String>>,
    warn_lines: Option<Vec<u32>>,
    error: Option<Mistake>,
}

#[derive(Clone, Debug, Deserialize, PartialEq)]
struct Process {
    name: String,
    command: String,
    line: u32,
}

#[derive(Deserialize)]
struct Mistake {
    line: Option<u32>,
    file: Option<usize>,
}

impl Vector {
    fn files(&self) -> Vec<Vec<u8>> {
        if let Some(inputs) = &self.inputs {
            return inputs.iter().map(|input| input.clone().into_bytes()).collect();
        }
        let hex = |text: &String| {
            (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
        };
        vec![self.input_hex.as_ref().map_or_else(|| self.input.clone().unwrap().into_bytes(), hex)]
    }
}

/// Reports all vectors that do not hold, at once.
fn hold(json: &str, check: impl Fn(&Vector) -> Result<(), String>) {
    let vectors: Vec<Vector> = serde_json::from_str(json).unwrap();
    assert!(!vectors.is_empty());
    let broken: Vec<String> = vectors
        .iter()
        .filter_map(|vector| check(vector).err().map(|why| format!("{}: {why}", vector.name)))
        .collect();
    assert!(broken.is_empty(), "{} of {} do not hold:\n{}", broken.len(), vectors.len(), broken.join("\n"));
}

fn first_place(errors: &[Diagnostic]) -> Option<(String, Option<u32>)> {
    errors.first().map(|error| (error.location.file.to_string(), error.location.line))
}

#[test]
fn the_procfile_vectors_hold() {
    hold(include_str!("../conformance/procfile.json"), |vector| {
        let parsed = procfile::parse("Procfile", &vector.files()[0]);
        let place = first_place(&parsed.errors).map(|(_, line)| line);
        let expected = vector.expect.error.as_ref().map(|mistake| mistake.line);
        if place != expected {
            return Err(format!("wanted an error at {expected:?}, got {place:?}: {:?}", parsed.errors));
        }
        let entries = parsed.procfile.entries.iter().map(|entry| Process {
            name: entry.name.to_string(),
            command: entry.command.to_string(),
            line: entry.line,
        });
        match &vector.expect.processes {
            Some(processes) if !entries.clone().eq(processes.iter().cloned()) => {
                Err(format!("got {:?}", entries.collect::<Vec<_>>()))
            }
            _ => Ok(()),
        }
    });
}

#[test]
fn the_dotenv_vectors_hold() {
    hold(include_str!("../conformance/dotenv.json"), |vector| {
        let files = vector.files();
        let names: Vec<String> = (1..=files.len()).map(|number| number.to_string()).collect();
        let sources: Vec<EnvSource<'_>> =
            names.iter().zip(&files).map(|(file, bytes)| EnvSource { file, bytes }).collect();
        let parsed = dotenv::parse(&sources, &|name| vector.env.get(name).map(|v| v.clone().into_bytes()));
        let place = first_place(&parsed.errors);
        let expected =
            vector.expect.error.as_ref().map(|error| (error.file.unwrap_or(1).to_string(), error.line));
        if place != expected {
            return Err(format!("wanted an error at {expected:?}, got {place:?}: {:?}", parsed.errors));
        }
        let values: BTreeMap<String, String> = parsed
            .assignments
            .into_iter()
            .map(|assignment| (assignment.name, String::from_utf8(assignment.value).unwrap()))
            .collect();
        if vector.expect.values.as_ref().is_some_and(|expected| *expected != values) {
            return Err(format!("got {values:?}"));
        }
        let lines: Vec<u32> = parsed.warnings.iter().filter_map(|warning| warning.location.line).collect();
        match &vector.expect.warn_lines {
            Some(expected) if *expected != lines => {
                Err(format!("warnings at {lines:?}: {:?}", parsed.warnings))
            }
            None if vector.expect.error.is_none() && !lines.is_empty() => {
                Err(format!("unasked warnings: {:?}", parsed.warnings))
            }
            _ => Ok(()),
        }
    });
}

#[test]
fn dotenvy_disagrees_exactly_where_the_vectors_say_so() {
    hold(include_str!("../conformance/dotenv.json"), |vector| {
        // Where the runner's environment or several files matter, dotenvy was not asked or asks another one.
        if vector.expect.error.is_some() || vector.inputs.is_some() || !vector.env.is_empty() {
            return Ok(());
        }
        let bytes = &vector.files()[0];
        let source = EnvSource { file: ".env", bytes };
        let parsed = dotenv::parse(&[source], &|_| None);
        let disagreements = dotenv::second_reader::disagreements(&source, &parsed.assignments);
        let agrees = vector.agreed_by.iter().any(|parser| parser == "dotenvy");
        if agrees == disagreements.is_empty() { Ok(()) } else { Err(format!("{disagreements:?}")) }
    });
}
