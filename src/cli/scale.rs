//! `ganger scale`: how many of each type run.

use super::args::ScaleArgs;
use super::failure::Failure;
use super::system_env::SystemEnv;
use super::{print, stack};
use crate::config::Settings;
use crate::control::protocol::{Request, Status};
use crate::exit::{self, Outcome};

/// Changes how many instances run; without words, or where all is as it should be, prints how many.
///
/// # Errors
///
/// Nothing runs here, there is no such type, or so many cannot be started.
pub(crate) fn run(scale: ScaleArgs, given: &Settings, system: &SystemEnv) -> Result<Outcome, Failure> {
    let status = stack::ask(given, system, Request::Scale { steps: scale.steps })?;
    if stack::is_json(given) || !status.instances.is_empty() {
        return stack::tell(&status, stack::is_json(given));
    }
    print::bytes(format!("{}\n", words(&status)).as_bytes())?;
    Ok(Outcome::Status(exit::SUCCESS))
}

/// `web=3 worker=2`: words that `scale` and `start` take.
fn words(status: &Status) -> String {
    let words = status.formation.iter().map(|(name, count)| format!("{name}={count}"));
    words.collect::<Vec<_>>().join(" ")
}
