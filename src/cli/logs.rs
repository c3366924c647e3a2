//! `ganger logs`: what the running stack has said, as `start` prints it.

use std::ops::ControlFlow;

use jiff::Timestamp;

use super::ambient::{Ambient, Stream};
use super::args::Logs;
use super::failure::Failure;
use super::settings::Said;
use super::{print, stack};
use crate::config::When;
use crate::control::protocol::{Line, LogsWanted, Request, Status};
use crate::exit::{self, Outcome};
use crate::name::{InstanceName, TypeName};
use crate::output::{Format, Options, Rows, Speaker};
use crate::supervisor::clock;

/// Rows that are printed together.
const BATCH: usize = 32 << 10;

/// Prints the lines.
///
/// # Errors
///
/// Nothing runs here, nobody has that name, or standard output is closed.
pub fn run(logs: Logs, said: Said<'_>, ambient: &Ambient) -> Result<Outcome, Failure> {
    let mut client = stack::connect(&logs.stack, said, ambient)?;
    let status = stack::ask(&mut client, Request::Status)?;
    let (names, rows) = rows(&logs, &status, ambient);
    let mut printer = Printer { names, rows, printed: Ok(()) };
    let wanted = LogsWanted {
        names: logs.names,
        lines: logs.lines,
        since_seconds: logs.since,
        follow: logs.follow,
        grep: logs.grep,
    };
    let heard =
        client.listen(Request::Logs(wanted), |line, is_more_there| printer.print(&line, is_more_there));
    printer.flush();
    printer.printed?;
    heard.map_err(|error| stack::unanswered(error, exit::SUCCESS))?;
    Ok(Outcome::Status(exit::SUCCESS))
}

/// What makes rows of lines, and whose the speakers are.
fn rows(logs: &Logs, status: &Status, ambient: &Ambient) -> (Vec<String>, Rows) {
    let mut kinds: Vec<&str> = status.instances.iter().map(|row| row.r#type.as_str()).collect();
    kinds.dedup();
    let (names, speakers) = status
        .instances
        .iter()
        .filter_map(|row| {
            let kind = kinds.iter().position(|kind| *kind == row.r#type)?;
            let name = InstanceName { kind: TypeName::new(&row.r#type)?, number: row.number };
            Some((row.name.clone(), Speaker { name, kind }))
        })
        .unzip();
    let format = if logs.stack.json {
        Format::Json
    } else {
        Format::Text { prefix: !logs.no_prefix, timestamps: None }
    };
    let options = Options {
        format,
        color: ambient.colors(Stream::Output, When::Auto),
        terminal: false,
        quiet: false,
        speakers,
        history: None,
        clock: clock::wall,
    };
    (names, Rows::new(options))
}

struct Printer {
    names: Vec<String>,
    rows: Rows,
    printed: Result<(), Failure>,
}

impl Printer {
    fn print(&mut self, line: &Line, is_more_there: bool) -> ControlFlow<()> {
        let speaker = self.names.iter().position(|name| *name == line.process).unwrap_or(usize::MAX);
        let time = line.time.parse().unwrap_or(Timestamp::UNIX_EPOCH);
        let mut text = line.bytes();
        text.push(b'\n');
        if self.rows.chunk(speaker, time, &text).len() >= BATCH || !is_more_there {
            self.flush();
        }
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
