//! What was asked for on the command line besides flags: which types, and how many of each.

use std::path::PathBuf;

use indexmap::IndexMap;

use crate::config::Settings;
use crate::dotenv::Assignment;
use crate::location::Diagnostic;
use crate::procfile::Procfile;

/// The words after `start`: `web worker`, `web=2 worker=1`, `web=2,worker=1`, or none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// What types not named run (`all=1`); `None`: not at all.
    pub all: Option<u32>,
    /// The types named, in the order of the words, and how many of each; `None`: as many as the
    /// formation says, or one.
    pub types: IndexMap<String, Option<u32>>,
}

impl Selection {
    /// The words as a selection.
    ///
    /// # Errors
    ///
    /// A word that is no type's name, or a count that is none; the place is the word itself.
    pub fn parse<S: AsRef<str>>(_words: &[S]) -> Result<Self, Vec<Diagnostic>> {
        Ok(Self::default())
    }
}

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
