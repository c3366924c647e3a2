//! The command lines of other runners: under their names, by a link, ganger takes them; a few of their words it always takes.
//!
//! [`table`] has a list for each of them: word or flag, and ours. [`words`] makes a command line of ganger from one of theirs,
//! [`variables`] settings of `OVERMIND_…` and `HIVEMIND_…`. docs/migrating.md lists the table.

pub(crate) mod peer;
pub(crate) mod table;
pub(crate) mod tips;
pub(crate) mod variables;
pub(crate) mod words;
