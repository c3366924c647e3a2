//! Why a setting or its value is refused.

use thiserror::Error;

/// A value that a setting cannot have. Displayed: the reason alone, for a message that has the value already.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct InvalidValue {
    /// The value, or the part of it that is wrong, cut to what a message holds.
    pub value: String,
    /// What is expected instead, or what is wrong.
    pub reason: String,
    /// The way out, where the reason does not have it.
    pub hint: Option<String>,
}

impl InvalidValue {
    /// `value` is refused for `reason`.
    pub fn new(value: &str, reason: impl Into<String>) -> Self {
        Self { value: cut(value), reason: reason.into(), hint: None }
    }

    /// With the way out.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The whole sentence: ``invalid value `70000` (expected a number from 1 to 65535, or auto)``.
    pub fn message(&self) -> String {
        format!("invalid value `{}` ({})", self.value, self.reason)
    }
}

/// A name in a file that sets nothing there.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum InvalidName {
    /// A known name is close to it.
    #[error("unknown setting `{name}` (did you mean `{near}`?)")]
    Near {
        /// The name.
        name: String,
        /// The known one.
        near: &'static str,
    },
    /// No known name is close to it.
    #[error("unknown setting `{name}`")]
    Unknown {
        /// The name.
        name: String,
        /// All that can be set there.
        known: Vec<&'static str>,
    },
    /// It is for the command line.
    #[error("`{name}` can only be given as a flag")]
    FlagOnly {
        /// The name.
        name: &'static str,
        /// Why.
        reason: &'static str,
    },
    /// It is for one type, and stands outside of a type's table.
    #[error("`{name}` is set for one type")]
    TypeOnly {
        /// The name.
        name: &'static str,
    },
    /// It is for the whole stack, and stands in a type's table.
    #[error("`{name}` is set for the whole stack, not for one type")]
    StackOnly {
        /// The name.
        name: &'static str,
    },
    /// It is about exports, and stands outside of their tables.
    #[error("`{name}` is set for exports")]
    ExportOnly {
        /// The name.
        name: &'static str,
    },
    /// It is not about exports, and stands in a table of them.
    #[error("`{name}` is set for the whole stack, not for exports")]
    NotOfExports {
        /// The name.
        name: &'static str,
    },
}

impl InvalidName {
    /// The way out, where the message does not have it.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Near { .. } => None,
            Self::Unknown { known, .. } => Some(format!("the settings are {}", known.join(", "))),
            Self::FlagOnly { name, reason } => Some(format!("use --{name}: {reason}")),
            Self::TypeOnly { .. } => Some("move it below [process.TYPE]".into()),
            Self::StackOnly { .. } | Self::NotOfExports { .. } => {
                Some("move it above the first [table]".into())
            }
            Self::ExportOnly { .. } => Some("move it below [export] or [export.FORMAT]".into()),
        }
    }
}

/// As much of `value` as a message holds.
pub(super) fn cut(value: &str) -> String {
    const MOST_SHOWN: usize = 40;
    match value.char_indices().nth(MOST_SHOWN) {
        Some((at, _)) => format!("{}…", &value[..at]),
        None => value.into(),
    }
}
