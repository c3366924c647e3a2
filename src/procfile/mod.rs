//! Reading a Procfile: `NAME: COMMAND`, one a line. docs/grammar.md has the whole grammar.

pub(crate) mod made;
mod mistake;
mod parse;
mod parsed;

pub use parse::parse;
pub use parsed::Entry;
pub(crate) use parsed::{LONGEST_COMMAND, MOST_ENTRIES};
pub(crate) use parsed::{ParsedProcfile, Procfile};

#[cfg(test)]
mod tests;
