//! Findings, and the document that is made of them.

use indexmap::IndexMap;
use serde::Serialize;

use super::code::{Code, Factor, Status};
use super::observation::{Measurement, Observation};
use crate::config::Located;
use crate::location::Location;
use crate::text::harmless;

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Of which kind.
    pub code: &'static Code,
    /// Where.
    pub location: Location,
    /// What was seen, one sentence without a full stop. No value of a variable is in it.
    pub message: String,
    /// Why ganger.toml silences it.
    pub silenced: Option<String>,
}

impl Finding {
    pub(super) fn new(code: &'static Code, location: Location, message: String) -> Self {
        Self { code, location, message, silenced: None }
    }
}

/// What `doctor --json` prints: docs/schema/doctor.json.
#[derive(Debug, Serialize)]
pub(crate) struct DoctorReport<'a> {
    schema: u8,
    broken: usize,
    warnings: usize,
    silenced: usize,
    /// What was measured of each instance; nothing where no stack was run.
    #[serde(skip_serializing_if = "Option::is_none")]
    live: Option<Vec<Measurement<'a>>>,
    /// One for each factor that is looked at.
    pub factors: Vec<FactorReport<'a>>,
}

/// A factor.
#[derive(Debug, Serialize)]
pub(crate) struct FactorReport<'a> {
    /// Its number: `VII`.
    pub factor: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The worst of its findings that are not silenced.
    pub status: Status,
    /// Its findings.
    pub findings: Vec<ReportedFinding<'a>>,
    /// What was measured, a clause.
    #[serde(skip)]
    measured: Option<String>,
    /// What the run did not show, a sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_seen: Vec<String>,
}

/// A finding.
#[derive(Debug, Serialize)]
pub(crate) struct ReportedFinding<'a> {
    /// Its code.
    pub code: &'static str,
    /// Warning or broken.
    pub status: Status,
    /// The file.
    pub file: &'a str,
    /// Its line, from 1.
    pub line: Option<u32>,
    /// What was seen.
    pub message: &'a str,
    /// The way out.
    pub hint: &'static str,
    /// Why it is silenced.
    pub silenced: Option<&'a str>,
}

/// Marks the findings that ganger.toml silences.
pub(crate) fn silence(findings: &mut [Finding], silenced: &IndexMap<String, Located<String>>) {
    for finding in findings {
        finding.silenced = silenced.get(finding.code.name).map(|reason| reason.value.clone());
    }
}

impl<'a> DoctorReport<'a> {
    /// The report of these factors; with what was `seen` of a stack, if one was run. A factor of which nothing can be seen is
    /// listed as such.
    pub(crate) fn new(
        factors: &[Factor],
        findings: &'a [Finding],
        seen: Option<&'a Observation>,
        is_visible: impl Fn(Factor) -> bool,
    ) -> Self {
        let report = |factor: &Factor| {
            let mut report = FactorReport::new(*factor, findings, is_visible(*factor));
            if let Some(seen) = seen {
                report.measured = seen.figures().filter(|_| *factor == Factor::Disposability);
                report.not_seen = seen.gaps(*factor);
            }
            report
        };
        let factors: Vec<_> = factors.iter().map(report).collect();
        let all = || factors.iter().flat_map(|factor| &factor.findings);
        let count = |status| all().filter(|each| each.silenced.is_none() && each.status == status).count();
        Self {
            schema: 1,
            live: seen.map(|seen| seen.instances.iter().map(Measurement::from).collect()),
            broken: count(Status::Broken),
            warnings: count(Status::Warning),
            silenced: all().filter(|each| each.silenced.is_some()).count(),
            factors,
        }
    }

    /// Whether something is broken.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken > 0
    }

    /// For people: a line for each factor, two for each finding, and the counts.
    pub(crate) fn text(&self) -> String {
        let mut lines = Vec::new();
        for factor in &self.factors {
            let measured = factor.measured.as_ref().map(|what| format!(": {what}")).unwrap_or_default();
            let status = factor.status.word();
            lines.push(format!("{:<5}{:<21}{status}{measured}", factor.factor, factor.name));
            for finding in &factor.findings {
                let line = finding.line.map(|line| format!(":{line}")).unwrap_or_default();
                let place = format!("{}{line}", finding.file);
                let word = finding.silenced.map_or(finding.status.word(), |_| "silenced");
                let line = format!("     {word}: {place}: {} [{}]", finding.message, finding.code);
                // A name of a file may hold the end of a line.
                lines.push(line.replace(['\n', '\r'], "?"));
                let reason = finding.silenced.map(|reason| format!("       reason: {reason}"));
                lines.push(reason.unwrap_or_else(|| format!("       {}", finding.hint)));
            }
            lines.extend(factor.not_seen.iter().map(|what| format!("     not seen: {what}")));
        }
        let ending = if self.warnings == 1 { "" } else { "s" };
        let counts = (self.broken, self.warnings, self.silenced);
        lines.push(format!("{} broken, {} warning{ending}, {} silenced\n", counts.0, counts.1, counts.2));
        harmless(&lines.join("\n")).into_owned()
    }
}

impl<'a> FactorReport<'a> {
    fn new(factor: Factor, findings: &'a [Finding], is_visible: bool) -> Self {
        let of_it: Vec<&Finding> = findings.iter().filter(|finding| finding.code.factor == factor).collect();
        let least = if is_visible { Status::Ok } else { Status::NotSeen };
        let heard = of_it.iter().filter(|finding| finding.silenced.is_none());
        let status = heard.map(|finding| finding.code.status).fold(least, Status::max);
        let (number, name) = factor.words();
        let findings = of_it.into_iter().map(|finding| ReportedFinding {
            code: finding.code.name,
            status: finding.code.status,
            file: &finding.location.file,
            line: finding.location.line,
            message: &finding.message,
            hint: finding.code.hint,
            silenced: finding.silenced.as_deref(),
        });
        let findings = findings.collect();
        Self { factor: number, name, status, findings, measured: None, not_seen: Vec::new() }
    }
}
