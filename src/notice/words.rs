//! Pieces of the sentences.

use std::fmt;
use std::time::Duration;

use crate::name::InstanceName;

/// What follows an end: a start after this time, or with the next change of a file.
pub(super) struct FollowUp(pub(super) Option<Duration>, pub(super) bool);

impl fmt::Display for FollowUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self(Some(wait), _) => write!(f, ", starts again in {}", Elapsed(*wait)),
            Self(None, true) => f.write_str(", starts again when a file changes"),
            Self(None, false) => Ok(()),
        }
    }
}

/// The last lines of an instance, below the sentence that they belong to.
pub(super) struct LastLines<'a>(pub(super) &'a [String]);

impl fmt::Display for LastLines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.is_empty() {
            f.write_str("; its last lines:")?;
        }
        self.0.iter().try_for_each(|line| write!(f, "\n    {line}"))
    }
}

/// Where an instance serves: by its URL, or on a port.
pub(super) struct ServedAt<'a>(pub(super) Option<&'a str>, pub(super) Option<u16>);

impl fmt::Display for ServedAt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self(Some(url), _) => write!(f, " on {url}"),
            Self(None, Some(port)) => write!(f, " on port {port}"),
            Self(None, None) => Ok(()),
        }
    }
}

/// One file by its name, and how many more.
pub(super) struct FileList<'a>(pub(super) Option<&'a str>, pub(super) usize);

impl fmt::Display for FileList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self(None, _) => f.write_str("many files"),
            Self(Some(path), 0) => f.write_str(path),
            Self(Some(path), others) => write!(f, "{path} and {others} more"),
        }
    }
}

/// `web.1, web.2 and 7 more`.
pub(super) struct NameList<'a>(pub(super) &'a [InstanceName]);

impl fmt::Display for NameList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 4;
        let names: Vec<String> = self.0.iter().take(MOST).map(ToString::to_string).collect();
        f.write_str(&names.join(", "))?;
        match self.0.len().saturating_sub(MOST) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// `web.1, web.2 and 7 more wait`.
pub(super) struct WaitingNames<'a>(pub(super) &'a [InstanceName]);

impl fmt::Display for WaitingNames<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", NameList(self.0), if self.0.len() == 1 { "waits" } else { "wait" })
    }
}

/// A time span for display: `3.2 s`, `4 min 2 s`, `2 h 5 min`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Elapsed(pub Duration);

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.0.as_secs();
        match whole {
            0..60 if self.0.subsec_nanos() == 0 => write!(f, "{whole} s"),
            0..60 => write!(f, "{:.1} s", self.0.as_secs_f64()),
            60..3600 => write!(f, "{} min {} s", whole / 60, whole % 60),
            _ => write!(f, "{} h {} min", whole / 3600, whole / 60 % 60),
        }
    }
}
