//! What can be chosen for an export.

/// Where the values of .env go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Secrets {
    /// Nowhere: the files refer to a place that a command fills.
    #[default]
    Reference,
    /// Into the files, which only their owner can read.
    Inline,
    /// What that command reads, and nothing else.
    Only,
}

impl Secrets {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Reference, Self::Inline, Self::Only];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::Inline => "inline",
            Self::Only => "only",
        }
    }
}

/// Whether the engine's own validator is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CheckMode {
    /// It is not.
    #[default]
    Never,
    /// It is; without one the files are written all the same.
    IfThere,
    /// It is; without one nothing is written.
    Require,
}
