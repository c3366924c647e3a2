//! A notice as a line.

use std::fmt;

use super::Notice;
use super::words::{Elapsed, FileList, FollowUp, LastLines, NameList, ServedAt, WaitingNames};

/// What is not gone of what an instance started: so many processes, or, for 0, what no look has seen.
fn left(count: usize) -> String {
    match count {
        0 => "what it started may not be".into(),
        1 => "1 process that it started is not".into(),
        _ => format!("{count} processes that it started are not"),
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started { process, pid, port: Some(port) } => {
                write!(f, "{process} started (pid {pid}, port {port})")
            }
            Self::Started { process, pid, port: None } => write!(f, "{process} started (pid {pid})"),
            Self::Exited { process, exit, lived, again, awaits_change, .. } => {
                write!(f, "{process} {exit} after {}{}", Elapsed(*lived), FollowUp(*again, *awaits_change))
            }
            Self::Ready { process, url, port, took } => {
                write!(f, "{process} ready{} after {}", ServedAt(url.as_deref(), *port), Elapsed(*took))
            }
            Self::NotReady { process, reason, within } => {
                write!(f, "{process} is not ready within {}: {reason}: stopping it", Elapsed(*within))
            }
            Self::Awaited { process, reason, waiting } => {
                write!(f, "{} for {process}: {reason}", WaitingNames(waiting))
            }
            Self::Changed { path, others, processes } => {
                write!(
                    f,
                    "{} changed: restarting {}",
                    FileList(path.as_deref(), *others),
                    NameList(processes)
                )
            }
            Self::GivenUp { process, failures, lines } => {
                write!(f, "{process} is given up after {failures} failures in a row{}", LastLines(lines))
            }
            Self::Failed { process, exit, lived, lines } => {
                write!(f, "{process} {exit} after {}{}", Elapsed(*lived), LastLines(lines))
            }
            Self::CannotStart { process, program, reason, .. } => {
                write!(f, "{process} cannot start: {program}: {reason}")
            }
            Self::Leftovers { process, count } => {
                write!(f, "{process} is gone, but {}: stopping", left(*count))
            }
            Self::Stopping { reason, grace } => {
                write!(f, "{reason}: stopping all (grace {})", Elapsed(*grace))
            }
            Self::Killing { process: Some(process), reason } => write!(f, "{reason}: killing {process}"),
            Self::Killing { process: None, reason } => write!(f, "{reason}: killing all that is left"),
            Self::Survivor { pid, name, reason } => write!(f, "cannot end {name} (pid {pid}): {reason}"),
            Self::Ended { process, exit, lived } => {
                write!(f, "{process} ended first: {exit} after {}", Elapsed(*lived))
            }
            Self::Lost { lines: 1 } => f.write_str("1 line was forgotten before it could be read"),
            Self::Lost { lines } => write!(f, "{lines} lines were forgotten before they could be read"),
            Self::Hook { process, hook, text } => write!(f, "{hook} of {process}: {text}"),
            Self::Info { text } | Self::Answer { text } => f.write_str(text),
            Self::Waiting { process, here } => {
                let attach = if *here { "a" } else { "ganger attach" };
                let enter = if *here { " and Enter" } else { "" };
                write!(f, "{process} waits for keys: `{attach} {process}`{enter} gives it yours")
            }
            Self::Warning { text } => write!(f, "warning: {text}"),
            Self::Forwarded { signal } => write!(f, "{signal} passed on to all"),
        }
    }
}
