//! Reading .env files: `NAME=value`, with quotes, comments and `$NAME`. docs/grammar.md has the grammar.
//!
//! The parser is ours and not dotenvy's: that one prints values in its errors, knows no lines, reads the
//! environment of the process while it parses, drops text after `$` in passwords and swallows lines after an
//! apostrophe. It is our [`second_reader`] instead.

mod expansion;
mod parsed;
mod reader;
mod report;
pub(crate) mod second_reader;
mod statement;
mod tokens;

pub(crate) use parsed::LONGEST_VARIABLE;
pub(crate) use parsed::ParsedEnv;
pub use parsed::{Assignment, EnvSource};
pub use reader::parse;
pub(crate) use reader::{Precedence, parse_by};

#[cfg(test)]
mod tests;
