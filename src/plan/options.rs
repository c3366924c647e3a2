//! What was asked for on the command line besides flags: which types, and how many of each.

use std::path::PathBuf;

use super::selection::Selection;
use crate::config::Settings;
use crate::dotenv::Assignment;
use crate::procfile::Procfile;

/// All that a plan is made of. Reading it is the caller's work: a plan touches nothing outside.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// What runs.
    pub procfile: &'a Procfile,
    /// The .env files' lines in order, a later file's after an earlier one's.
    pub dotenv: &'a [Assignment],
    /// The environment that ganger was given, in its order; of a name that stands there twice the first
    /// counts, as for `getenv`.
    pub ambient: &'a [(Vec<u8>, Vec<u8>)],
    /// Flags over variables over files, merged with [`Settings::or`].
    pub settings: &'a Settings,
    /// The words after `start`.
    pub selection: &'a Selection,
    /// Where commands run: an absolute path.
    pub root: &'a PathBuf,
    /// The mark of this run, put into every instance's environment as `GANGER_RUN`; `None`: no mark
    /// (`check`, `env`, `run`).
    pub run: Option<&'a str>,
}
