//! What stands before the text of a row: `12:00:00 web.1 | `.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use thiserror::Error;

use super::palette::{paint, paint_failure};
use crate::name::InstanceName;
use crate::notice::Notice;

/// What stands before ganger's own lines.
const OWN: &str = "ganger";

/// A source of lines in the stream, apart from ganger itself.
#[derive(Clone, Debug)]
pub struct LogSource {
    /// `web.1`.
    pub name: InstanceName,
    /// The index of its type in the Procfile, which decides its colour.
    pub kind: usize,
}

/// Why rows cannot be stamped by a format.
#[derive(Debug, Error)]
pub enum TimestampError {
    /// It would break the line.
    #[error("a time stamp must stay on its line")]
    Newline,
    /// It has a directive that does not exist.
    #[error(transparent)]
    Directive(#[from] jiff::Error),
}

/// When a row was read, as `strftime` and a time zone say it.
#[derive(Clone, Debug)]
pub struct TimestampFormat {
    format: String,
    zone: TimeZone,
}

impl TimestampFormat {
    /// What `--timestamps` without a format means.
    pub const DEFAULT: &'static str = "%H:%M:%S";

    /// Rows stamped by `format` (strftime's letters) in `zone`.
    ///
    /// # Errors
    /// The format has a directive that does not exist, or would break the line.
    pub fn new(format: &str, zone: TimeZone) -> Result<Self, TimestampError> {
        let epoch = strtime::format(format, &Timestamp::UNIX_EPOCH.to_zoned(zone.clone()))?;
        if epoch.contains('\n') {
            Err(TimestampError::Newline)
        } else {
            Ok(Self { format: format.into(), zone })
        }
    }

    /// `now`, formatted.
    fn format(&self, now: Timestamp) -> String {
        // It was tried in `new`; a year that cannot be formatted is no reason to lose the line.
        strtime::format(&self.format, &now.to_zoned(self.zone.clone())).unwrap_or_default()
    }
}

/// The prefixes of all sources, as bytes ready to be copied.
#[derive(Debug)]
pub(super) struct Prefixes {
    log_sources: Vec<LogSource>,
    /// One label a source, and ganger's own at the end.
    labels: Vec<Box<[u8]>>,
    /// Columns of the longest name.
    longest: usize,
    timestamps: Option<TimestampFormat>,
    /// The time stamp of the moment, with the blank after it; empty without time stamps.
    stamp: String,
    shown: bool,
    color: bool,
    /// Where stamp and label are joined.
    head: Vec<u8>,
}

impl Prefixes {
    /// Prefixes for these sources; with `shown` off there are none but the time stamps.
    pub(super) fn new(
        log_sources: Vec<LogSource>,
        shown: bool,
        color: bool,
        timestamps: Option<TimestampFormat>,
    ) -> Self {
        let mut prefixes = Self {
            log_sources,
            labels: Vec::new(),
            longest: OWN.len(),
            timestamps,
            stamp: String::new(),
            shown,
            color,
            head: Vec::new(),
        };
        prefixes.build();
        prefixes
    }

    /// One more source. If it has the longest name, all labels are built again.
    pub(super) fn add(&mut self, log_source: LogSource) {
        let name = log_source.name.to_string();
        let label = self.label(Some(log_source.kind), &name);
        self.log_sources.push(log_source);
        if name.len() > self.longest {
            self.build();
        } else {
            let own = self.labels.len().saturating_sub(1);
            self.labels.insert(own, label);
        }
    }

    /// The moment of what follows. Formatted here, once for a chunk, not for every line: jiff takes 140 ns,
    /// a line 7.
    pub(super) fn at(&mut self, now: Timestamp) {
        if let Some(timestamps) = &self.timestamps {
            self.stamp = timestamps.format(now);
            self.stamp.push(' ');
        }
    }

    /// What stands before the rows of a source (`None`: ganger's own).
    pub(super) fn head(&mut self, log_source: Option<usize>) -> &[u8] {
        let label = match log_source {
            Some(index) => self.labels.get(index),
            None => self.labels.last(),
        }
        .map_or(&[][..], |label| label);
        if self.timestamps.is_none() {
            return label;
        }
        self.head.clear();
        self.head.extend_from_slice(self.stamp.as_bytes());
        self.head.extend_from_slice(label);
        &self.head
    }

    /// A line of this notice as it stands behind the prefix: in red, if an instance failed.
    pub(super) fn paint<'a>(&self, notice: &Notice, line: &'a str) -> Cow<'a, str> {
        if self.color && notice.is_failure() { paint_failure(line).into() } else { line.into() }
    }

    /// Columns that it takes on a screen.
    pub(super) fn width(&self, now: Timestamp) -> usize {
        let stamp = self.timestamps.as_ref().map_or(0, |t| t.format(now).chars().count() + 1);
        stamp + if self.shown { self.longest + " | ".len() } else { 0 }
    }

    /// Columns before the text of the moment.
    pub(super) fn columns(&self) -> usize {
        self.stamp.chars().count() + if self.shown { self.longest + " | ".len() } else { 0 }
    }

    fn build(&mut self) {
        let names: Vec<String> =
            self.log_sources.iter().map(|log_source| log_source.name.to_string()).collect();
        self.longest = names.iter().map(String::len).max().unwrap_or(0).max(OWN.len());
        let all = self.log_sources.iter().zip(&names);
        let mut labels: Vec<_> =
            all.map(|(log_source, name)| self.label(Some(log_source.kind), name)).collect();
        labels.push(self.label(None, OWN));
        self.labels = labels;
    }

    fn label(&self, kind: Option<usize>, name: &str) -> Box<[u8]> {
        if !self.shown {
            return Box::default();
        }
        let name = format!("{name:width$} |", width = self.longest);
        let name = if self.color { paint(kind, &name) } else { name };
        (name + " ").into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::TypeName;

    fn log_sources() -> Vec<LogSource> {
        let name = |kind, number| InstanceName { kind: TypeName::new(kind).unwrap(), number };
        vec![LogSource { name: name("web", 1), kind: 0 }, LogSource { name: name("worker", 12), kind: 1 }]
    }

    fn head(prefixes: &mut Prefixes, log_source: Option<usize>) -> String {
        String::from_utf8(prefixes.head(log_source).to_vec()).unwrap()
    }

    #[test]
    fn names_are_padded_to_the_longest() {
        let mut plain = Prefixes::new(log_sources(), true, false, None);
        assert_eq!(head(&mut plain, Some(0)), "web.1     | ");
        assert_eq!(head(&mut plain, Some(1)), "worker.12 | ");
        assert_eq!(head(&mut plain, None), "ganger    | ");
        assert_eq!(plain.width(Timestamp::UNIX_EPOCH), 12);
        assert_eq!(
            head(&mut Prefixes::new(log_sources()[..1].into(), true, false, None), Some(0)),
            "web.1  | "
        );
    }

    #[test]
    fn a_later_speaker_with_a_longer_name_widens_all() {
        let mut plain = Prefixes::new(log_sources()[..1].into(), true, false, None);
        plain.add(log_sources()[1].clone());
        assert_eq!(head(&mut plain, Some(0)), "web.1     | ");
        assert_eq!(head(&mut plain, None), "ganger    | ");
        plain.add(log_sources()[0].clone());
        assert_eq!(head(&mut plain, Some(2)), "web.1     | ");
        assert_eq!(head(&mut plain, None), "ganger    | ");
    }

    #[test]
    fn a_time_stamp_comes_first_and_without_colour() {
        let stamps = TimestampFormat::new(TimestampFormat::DEFAULT, TimeZone::UTC).unwrap();
        let mut colored = Prefixes::new(log_sources(), true, true, Some(stamps.clone()));
        colored.at(Timestamp::from_second(3661).unwrap());
        assert_eq!(head(&mut colored, Some(0)), "01:01:01 \x1b[36mweb.1     |\x1b[0m ");
        assert_eq!(colored.width(Timestamp::UNIX_EPOCH), 21);
        let mut bare = Prefixes::new(log_sources(), false, true, Some(stamps));
        bare.at(Timestamp::UNIX_EPOCH);
        assert_eq!(head(&mut bare, None), "00:00:00 ");
    }

    #[test]
    fn a_format_that_cannot_work_is_refused() {
        assert!(TimestampFormat::new("%H:%", TimeZone::UTC).is_err());
        assert!(TimestampFormat::new("%H%n%M", TimeZone::UTC).is_err());
    }
}
