//! `ganger logs`: the log of the running stack, as `start` prints it.

use std::io;
use std::ops::ControlFlow;
use std::os::fd::AsFd;

use jiff::Timestamp;
use serde::Serialize;

use super::args::LogsArgs;
use super::failure::Failure;
use super::system_env::{StdStream, SystemEnv};
use super::{print, stack};
use crate::config::{ColorChoice, Settings};
use crate::control::client::ServerMessage;
use crate::control::protocol::{LogLine, LogsWanted, LostLines, Request, SCHEMA, Status};
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
pub fn run(logs: LogsArgs, given: &Settings, system: &SystemEnv) -> Result<Outcome, Failure> {
    let (mut client, status) = stack::look(given, system)?;
    if let Ok(output) = io::stdout().as_fd().try_clone_to_owned() {
        client.set_output(output);
    }
    let mut printer = Printer::new(given, &status, system);
    // A document has its end, so what is followed comes in lines.
    let is_document = stack::is_json(given) && !logs.follow;
    let mut document = LogsDocument { schema: SCHEMA, root: &status.root, lost: 0, lines: Vec::new() };
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

/// docs/schema/logs.json.
#[derive(Serialize)]
struct LogsDocument<'a> {
    schema: u32,
    root: &'a str,
    /// The lines that were dropped from the history while it was read.
    lost: u64,
    lines: Vec<LogLine>,
}

impl LogsDocument<'_> {
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
    /// The speakers' names, by their index.
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
        let mut kinds: Vec<String> = status.instances.iter().map(|row| row.r#type.clone()).collect();
        kinds.dedup();
        let names: Vec<String> = status.instances.iter().map(|row| row.name.clone()).collect();
        let options = OutputOptions {
            format,
            color: system.colors(StdStream::Output, ColorChoice::Auto),
            terminal: system.output_is_terminal,
            quiet: false,
            log_sources: names.iter().filter_map(|name| log_source(&mut kinds, name)).collect(),
            history: None,
            clock: clock::wall,
        };
        Self { names, kinds, rows: Rows::new(options), printed: Ok(()) }
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

/// `web.1` as a speaker; `kinds` are the types by the order of their colours.
fn log_source(kinds: &mut Vec<String>, name: &str) -> Option<LogSource> {
    let (word, number) = name.rsplit_once('.')?;
    let name = InstanceName { kind: TypeName::new(word)?, number: number.parse().ok()? };
    let kind = kinds.iter().position(|kind| kind == word).unwrap_or_else(|| {
        kinds.push(word.to_owned());
        kinds.len() - 1
    });
    Some(LogSource { name, kind })
}
