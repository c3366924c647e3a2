//! `ganger doctor`: an application held against the twelve factors (<https://12factor.net>). Facts that were read go in,
//! findings come out; a file for each factor, and one entry in [`code`] for each kind of finding.
//!
//! A finding is true or it is not made: where a fact is not known (no git, no installed packages), nothing follows from it.
//! Facts are what was read of files, an observation is what was seen of a stack that ran.

mod admin;
mod backing;
mod build;
pub mod code;
mod codebase;
mod command;
mod concurrency;
mod config;
mod dependencies;
mod disposability;
pub(crate) mod facts;
mod imports;
mod logs;
pub(crate) mod observation;
mod parity;
mod port;
pub(crate) mod report;
mod secrets;
mod versions;

use code::Factor;
use facts::Facts;
use observation::Observation;
use report::Finding;

/// What a look at one factor finds.
type Check = fn(&Facts) -> Vec<Finding>;

/// The checks that need no running process. Factor VI cannot be seen in files.
const CHECKS: [(Factor, Check); 11] = [
    (Factor::Codebase, codebase::examine),
    (Factor::Dependencies, dependencies::examine),
    (Factor::Config, config::examine),
    (Factor::BackingServices, backing::examine),
    (Factor::BuildReleaseRun, build::examine),
    (Factor::PortBinding, port::examine),
    (Factor::Concurrency, concurrency::examine),
    (Factor::Disposability, disposability::examine),
    (Factor::DevProdParity, parity::examine),
    (Factor::Logs, logs::examine),
    (Factor::AdminProcesses, admin::examine),
];

/// What the run of a stack shows of one factor.
type LiveCheck = fn(&Facts, &Observation) -> Vec<Finding>;

/// The checks of a stack that ran.
const LIVE_CHECKS: [(Factor, LiveCheck); 2] =
    [(Factor::PortBinding, port::observe), (Factor::Disposability, disposability::observe)];

/// All findings in the files, in the order of the factors.
pub fn examine(facts: &Facts) -> Vec<Finding> {
    CHECKS.iter().flat_map(|(_, check)| check(facts)).collect()
}

/// What the run of a stack shows beyond the findings `in_files`, which are not made twice.
pub fn observe(facts: &Facts, seen: &Observation, in_files: &[Finding]) -> Vec<Finding> {
    // A port that the line fixes is the one on which its program listens.
    let is_known = |of: &Finding| {
        let has = |other: &Finding| other.code.factor == Factor::PortBinding && other.location == of.location;
        of.code.factor == Factor::PortBinding && in_files.iter().any(has)
    };
    let all = LIVE_CHECKS.iter().flat_map(|(_, check)| check(facts, seen));
    all.filter(|finding| !is_known(finding)).collect()
}

/// Whether a stack has to run for some of `factor` to be seen.
pub(crate) fn has_live_checks(factor: Factor) -> bool {
    LIVE_CHECKS.iter().any(|(of, _)| *of == factor)
}

/// Whether anything of `factor` can be seen in these files.
pub fn is_visible(factor: Factor, facts: &Facts) -> bool {
    let is_known = factor != Factor::Codebase || facts.repository.is_known();
    is_known && CHECKS.iter().any(|(of, _)| *of == factor)
}
