//! `ganger skill`: what an agent should know about ganger, as files that agents read.

use clap::Args;

use super::failure::Failure;
use super::print;
use crate::exit::Outcome;

/// The skill: front matter, then what to do.
const SKILL: &str = include_str!("skill.md");

/// The same as a paragraph for a file of instructions.
const PARAGRAPH: &str = include_str!("agents.md");

/// `ganger skill`.
#[derive(Args, Debug)]
pub(crate) struct SkillArgs {
    /// Print a paragraph for AGENTS.md instead
    #[arg(long)]
    pub agents: bool,
}

/// Prints SKILL.md, or the paragraph.
///
/// # Errors
///
/// That standard output cannot be written to.
pub(crate) fn run(skill: &SkillArgs) -> Result<Outcome, Failure> {
    print::and_succeed(if skill.agents { PARAGRAPH } else { SKILL }.as_bytes())
}
