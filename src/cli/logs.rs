//! `ganger logs`: the log of the running stack, or of the last run, as `start` prints it.

use std::io;
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::args::LogsArgs;
use super::failure::Failure;
use super::system_env::{StdStream, SystemEnv};
use super::{last_run, print, report, stack};
use crate::config::{ColorChoice, Settings};
use crate::control::client::ServerMessage;
use crate::control::protocol::{LogLine, LogsWanted, LostLines, Request, RunEnd, SCHEMA, Status};
use crate::control::request;
use crate::exit::{self, Outcome};
use crate::name::{InstanceName, TypeName};
use crate::notice::Notice;
use crate::output::{LogSource, OutputOptions, RowFormat, Rows};
use crate::supervisor::clock;

/// Rows that are printed together.
const BATCH: usize = 32 << 10;

/// Prints the lines.
///
/// # Errors
///
/// No stack runs here, nothing has that name, or standard output is closed.
pub(crate) fn run(logs: LogsArgs, given: &Settings, system: &SystemEnv) -> Result<Outcome, Failure> {
    if logs.last {
        return print_last(&logs, given, system);
    }
    let (mut client, status) = match stack::look(given, system) {
        Err(failure) if failure.last_run().is_some() => {
            print_last(&logs, given, system)?;
            return Ok(Outcome::Status(exit::NOTHING_RUNS));
        }
        looked => looked?,
    };
    if let Ok(output) = io::stdout().as_fd().try_clone_to_owned() {
        client.set_output(output);
    }
    let mut printer = Printer::new(given, &status, system);
    // A document has its end, so what is followed comes in lines.
    let is_document = stack::is_json(given) && !logs.follow;
    let mut document = LogsDocument::of(&status);
    let wanted = LogsWanted {
        names: logs.names,
        lines: logs.lines,
        since_seconds: logs.since,
        follow: logs.follow,
        grep: logs.grep,
    };
    let heard = client.listen(Request::Logs(wanted), |heard| match heard {
        ServerMessage::Line { line, .. } if is_document => document.add(line),
        ServerMessage::Lost(lost) if is_document => document.miss(lost),
        ServerMessage::Line { line, is_more_there } => printer.print(&line, is_more_there),
        ServerMessage::Lost(lost) => printer.miss(lost),
    });
    printer.flush();
    printer.printed?;
    heard.map_err(|error| stack::unanswered(error, exit::SUCCESS))?;
    if is_document {
        print::json(&document)?;
    }
    Ok(Outcome::Status(exit::SUCCESS))
}

/// Prints the lines of the run that has ended last, and on standard error how it ended.
fn print_last(logs: &LogsArgs, given: &Settings, system: &SystemEnv) -> Result<Outcome, Failure> {
    let address = stack::find(given, system)?;
    let file = last_run::file(&address, system);
    // A stack that runs and does not answer runs too.
    let is_running = !matches!(stack::reach(&address), Ok(None));
    let Some(run) = (if is_running { file.read_before() } else { file.read() }) else {
        let message = "no run that has ended is recorded here";
        return Err(Failure::sentence(exit::NOTHING_RUNS, message, None));
    };
    let named: Vec<&str> = run.status.named(&logs.names).map(|row| row.name.as_str()).collect();
    if named.is_empty() && !logs.names.is_empty() {
        let message = format!("the last run had no type or instance called `{}`", logs.names.join(", "));
        let near = logs.names.first().and_then(|name| run.status.nearest(name));
        let hint = near.map(|near| format!("did you mean `{near}`?"));
        return Err(Failure::sentence(exit::REFUSED, message, hint));
    }
    report::line(&format!(
        "{} {}",
        if is_running { "the run before" } else { "no stack runs here; the last run" },
        last_run::how_it_ended(&run)
    ));
    let since = logs.since.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let since = since.and_then(|span| clock::wall().checked_sub(span).ok());
    let pattern = logs.grep.as_deref().and_then(|text| request::pattern(text).ok());
    let is_wanted = |line: &LogLine| {
        (logs.names.is_empty() || named.contains(&line.process.as_str()))
            && since.is_none_or(|since| line.time.parse().is_ok_and(|time: Timestamp| time >= since))
            && pattern.as_ref().is_none_or(|found| found.is_match(&String::from_utf8_lossy(&line.payload.0)))
    };
    let mut lines: Vec<LogLine> = run.lines.iter().filter(|line| is_wanted(line)).cloned().collect();
    if let Some(count) = logs.lines {
        lines.drain(..lines.len().saturating_sub(count as usize));
    }
    if stack::is_json(given) {
        print::json(&LogsDocument { lines, ..LogsDocument::of(&run.status) })?;
        return Ok(Outcome::Status(exit::SUCCESS));
    }
    let mut printer = Printer::new(given, &run.status, system);
    // Those that are left are not printed when the reader is gone.
    let _ = lines.iter().try_for_each(|line| printer.print(line, true));
    printer.flush();
    printer.printed?;
    Ok(Outcome::Status(exit::SUCCESS))
}

/// docs/schema/logs.json.
#[derive(Serialize)]
struct LogsDocument<'a> {
    schema: u32,
    root: &'a str,
    /// The lines that were dropped from the history while it was read.
    lost: u64,
    /// How the run ended that has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<&'a RunEnd>,
    lines: Vec<LogLine>,
}

impl<'a> LogsDocument<'a> {
    fn of(status: &'a Status) -> Self {
        let (root, ended) = (status.root.as_str(), status.ended.as_deref());
        Self { schema: SCHEMA, root, lost: 0, ended, lines: Vec::new() }
    }

    fn add(&mut self, line: LogLine) -> ControlFlow<()> {
        self.lines.push(line);
        ControlFlow::Continue(())
    }

    fn miss(&mut self, lost: LostLines) -> ControlFlow<()> {
        self.lost += lost.lines;
        ControlFlow::Continue(())
    }
}

/// Makes rows of lines, in which each type has its colour.
struct Printer {
    /// The names of the sources, by their index.
    names: Vec<String>,
    kinds: Vec<String>,
    rows: Rows,
    printed: Result<(), Failure>,
}

impl Printer {
    fn new(given: &Settings, status: &Status, system: &SystemEnv) -> Self {
        let format = if stack::is_json(given) {
            RowFormat::Json
        } else {
            RowFormat::Text { prefix: given.prefix.unwrap_or(true), timestamps: None }
        };
        // Those that do not run too: their places are counted for the colours of `start`.
        let mut kinds: Vec<String> = status.formation.keys().cloned().collect();
        let names: Vec<String> = status.instances.iter().map(|row| row.name.clone()).collect();
        let options = OutputOptions {
            format,
            color: system.colors(StdStream::Output, ColorChoice::Auto),
            terminal: system.output_is_terminal,
            quiet: false,
            raw: given.raw.unwrap_or(false),
            log_sources: names.iter().filter_map(|name| log_source(&mut kinds, name)).collect(),
            history: None,
            clock: clock::wall,
        };
        let mut rows = Rows::new(options);
        rows.resize(system.columns);
        Self { names, kinds, rows, printed: Ok(()) }
    }

    fn print(&mut self, line: &LogLine, is_more_there: bool) -> ControlFlow<()> {
        let index = self.index(&line.process);
        let time = line.time.parse().unwrap_or(Timestamp::UNIX_EPOCH);
        let mut text = line.payload.0.clone();
        text.push(b'\n');
        if self.rows.chunk(index, time, &text).len() >= BATCH || !is_more_there {
            self.flush();
        }
        self.go_on()
    }

    /// Prints a notice about missing lines in their place.
    fn miss(&mut self, lost: LostLines) -> ControlFlow<()> {
        self.rows.notice(&Notice::Lost { lines: lost.lines }, clock::wall());
        self.flush();
        self.go_on()
    }

    /// The index of the instance of a line. Instances may have been added since the status was asked for.
    fn index(&mut self, name: &str) -> usize {
        if let Some(index) = self.names.iter().position(|known| known == name) {
            return index;
        }
        let Some(log_source) = log_source(&mut self.kinds, name) else { return usize::MAX };
        self.rows.add(log_source);
        self.names.push(name.to_owned());
        self.names.len() - 1
    }

    fn go_on(&self) -> ControlFlow<()> {
        if self.printed.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn flush(&mut self) {
        let batch = self.rows.chunk(usize::MAX, Timestamp::UNIX_EPOCH, b"");
        if self.printed.is_ok() && !batch.is_empty() {
            self.printed = print::bytes(batch);
        }
        batch.clear();
    }
}

/// `web.1` as a source; `kinds` are the types by the order of their colours.
fn log_source(kinds: &mut Vec<String>, name: &str) -> Option<LogSource> {
    let (word, number) = name.rsplit_once('.')?;
    let name = InstanceName { kind: TypeName::new(word)?, number: number.parse().ok()? };
    let kind = kinds.iter().position(|kind| kind == word).unwrap_or_else(|| {
        kinds.push(word.to_owned());
        kinds.len() - 1
    });
    Some(LogSource { name, kind })
}
