//! Factor XI: logs go to standard output.

use super::code;
use super::command::Step;
use super::facts::{Facts, code_lines, line_of};
use super::observation::Observation;
use super::processes::{has_ending, of_files, of_written};
use super::report::Finding;

/// Options that name a file for the log.
const OPTIONS: [&str; 8] = [
    "--log-file",
    "--logfile",
    "--access-logfile",
    "--error-logfile",
    "--access-log",
    "--error-log",
    "--logto",
    "--log-path",
];

/// What writes a log into a file, as its library spells it.
const HANDLERS: [&str; 6] = [
    "logging.FileHandler(",
    "RotatingFileHandler(",
    "TimedRotatingFileHandler(",
    "transports.File(",
    "Logger.new(\"log/",
    "Logger.new('log/",
];

/// Log files that were written while a stack ran.
pub(super) fn observe(facts: &Facts, seen: &Observation) -> Vec<Finding> {
    let is_log = |file: &str| has_ending(file, &["log"]);
    let mut found = of_files(facts, seen, is_log, &code::LOG_WRITTEN);
    if found.is_empty() {
        found.extend(of_written(facts, seen, |file| is_log(&file.name), &code::LOG_WRITTEN));
    }
    found
}

pub(super) fn examine(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    for (entry, steps) in facts.runs() {
        let name = &entry.name;
        let tee = |step: &Step| {
            let (program, arguments) = step.program()?;
            (program == "tee").then(|| arguments.iter().find(|word| !word.starts_with('-')).cloned())?
        };
        let option = |step: &Step| step.option(&OPTIONS).map(str::to_owned);
        let files =
            steps.iter().flat_map(|step| step.outputs.iter().cloned().chain(option(step)).chain(tee(step)));
        for file in files.filter(|file| !file.starts_with('$')) {
            match file.as_str() {
                "-" | "/dev/stdout" | "/dev/stderr" | "/proc/1/fd/1" | "/proc/self/fd/1" => {}
                "/dev/null" => {
                    found.push(facts.at(
                        entry,
                        &code::LOG_DISCARDED,
                        format!("`{name}` writes to /dev/null"),
                    ));
                }
                _ => found.push(facts.at(
                    entry,
                    &code::LOG_TO_FILE,
                    format!("`{name}` writes to the file {file}"),
                )),
            }
        }
    }
    for (file, text) in facts.sources(&["py", "js", "ts", "mjs", "cjs", "rb"]) {
        let hit = code_lines(text).find_map(|(number, line)| {
            let handler = HANDLERS.iter().find(|handler| line.contains(**handler))?;
            Some((number, handler.trim_end_matches(['(', '"', '\''])))
        });
        if let Some((number, handler)) = hit {
            found.push(Finding::new(
                &code::LOG_HANDLER,
                line_of(file, number),
                format!("`{handler}` writes the log into a file"),
            ));
        }
    }
    found
}
