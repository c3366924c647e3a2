//! Factor XI: logs go to standard output.

use super::code;
use super::command::Step;
use super::facts::{Facts, code_lines, line_of};
use super::observation::Observation;
use super::processes::{has_ending, is_in_passing_folder, of_files, of_written};
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

/// Folders whose files are the streams of a process.
const STREAMS: [&str; 3] = ["/dev/fd/", "/proc/self/fd/", "/proc/1/fd/"];

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
    let mut found = of_files(facts, seen, is_log, &code::LOG_WRITTEN);
    if found.is_empty() {
        found.extend(of_written(facts, seen, |file| is_log(&file.name), &code::LOG_WRITTEN));
    }
    found
}

fn is_log(file: &str) -> bool {
    // What a database numbers is no log of an application (LevelDB's 000003.log).
    let stem = file.rsplit('/').next().and_then(|name| name.strip_suffix(".log"));
    stem.is_some_and(|stem| stem.contains(|c: char| !c.is_ascii_digit())) && !is_in_passing_folder(file)
}

pub(super) fn examine(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    for (entry, steps) in facts.runs() {
        let name = &entry.name;
        // What a step before the last writes is what it makes, unless it is called a log.
        let last = steps.len().saturating_sub(1);
        let files = steps.iter().enumerate().flat_map(|(index, step)| {
            let option = step.option(&OPTIONS).map(str::to_owned);
            let written = step.outputs.iter().cloned().chain(option).chain(file_of_tee(step));
            written.filter(move |file| index == last || has_ending(file, &["log"]))
        });
        for file in files.filter(|file| !file.starts_with('$') && !file.contains(['(', ')'])) {
            match file.as_str() {
                "-" | "/dev/stdout" | "/dev/stderr" | "/dev/tty" => {}
                file if STREAMS.iter().any(|folder| file.starts_with(folder)) => {}
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
            let handler =
                HANDLERS.iter().find(|handler| line.contains(**handler) && !line.contains("/dev/std"))?;
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

fn file_of_tee(step: &Step) -> Option<String> {
    let (program, arguments) = step.program()?;
    (program == "tee").then(|| arguments.iter().find(|word| !word.starts_with('-')).cloned())?
}
