//! `ganger env`.

use super::ambient::Ambient;
use super::args;
use super::failure::Failure;
use super::print;
use super::settings::Said;
use crate::exit::Outcome;

/// Prints the environment.
///
/// # Errors
///
/// All that is wrong with the project.
pub fn run(_env: args::Env, _said: Said<'_>, _ambient: &Ambient) -> Result<Outcome, Failure> {
    print::and_succeed(b"")
}
