//! Why there can be no plan.

use thiserror::Error;

use super::ports::PortError;
use crate::location::{Diagnostic, Location};
use crate::name::TypeName;
use crate::procfile::Procfile;
use crate::suggestion::nearest;

/// Why there can be no plan. The place is kept beside it: see [`Error::at`].
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum Error {
    /// A type that the Procfile does not have.
    #[error("{file} has no type `{name}`")]
    UnknownType {
        /// What was asked for.
        name: String,
        /// The Procfile.
        file: String,
        /// What was meant, or what there is.
        hint: String,
    },
    /// The instances cannot all have a port.
    #[error(transparent)]
    Port(#[from] PortError),
    /// As many instances do not fit into a stack with fixed ports.
    #[error(
        "so many do not fit: ports of two types are {step} apart, and those of a running stack do not move"
    )]
    Apart {
        /// From one type's ports to the next one's.
        step: u16,
    },
    /// A PORT in the environment or in a .env file that is none. Its value is not shown: it may come from
    /// a .env file.
    #[error("PORT is not a number from 1 to 65535")]
    PortValue,
    /// A variable that app.json requires and nothing sets.
    #[error("{name} is required, and nothing sets it{}", description.as_ref().map(|d| format!(" ({d})")).unwrap_or_default())]
    Unset {
        /// Its name.
        name: String,
        /// What the project says about it.
        description: Option<String>,
        /// Whether Heroku would make up a secret for it.
        generated: bool,
    },
    /// `--release` without a `release` line.
    #[error("{file} has no `release` line that could run first")]
    NoRelease {
        /// The Procfile.
        file: String,
    },
    /// Types that wait for each other.
    #[error("these wait for each other: {path}")]
    Circle {
        /// `a → b → a`.
        path: String,
    },
    /// A type that needs a PORT, and none are given out.
    #[error("no ports are given out (--no-port), and this needs the PORT of `{name}`")]
    Portless {
        /// Its name.
        name: String,
    },
    /// A variable that should have a port to listen on.
    #[error("{name} is no port from 1 to 65535")]
    NoPortIn {
        /// Its name.
        name: String,
    },
    /// More than one `release`.
    #[error("`release` runs once, not {count} times")]
    ReleaseOften {
        /// How often it was asked for.
        count: u32,
    },
}

impl Error {
    /// That `procfile` has no type called `name`.
    pub(crate) fn unknown_type(name: &str, procfile: &Procfile) -> Self {
        let known = || procfile.entries.iter().map(|entry| entry.name.as_str());
        let hint = match nearest(name, known()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if procfile.entries.is_empty() => "there is no line `NAME: COMMAND` to name a type".into(),
            None => format!("its types are {}", listed(known())),
        };
        Self::UnknownType { name: name.into(), file: procfile.file.to_string(), hint }
    }

    /// The way out.
    fn hint(&self) -> String {
        match self {
            Self::UnknownType { hint, .. } => hint.clone(),
            Self::Port(PortError::NoRoom { .. }) => {
                "choose a lower base with -p, run fewer instances, or give out no ports with --no-port".into()
            }
            Self::Port(PortError::Step { fitting, .. }) => {
                format!("leave --port-step out, or use one from {} to {}", fitting.start(), fitting.end())
            }
            Self::Apart { .. } => "stop it with `ganger down`, and start it with this formation".into(),
            Self::PortValue => "set it to a number such as 5000, or take it away; -p wins over it".into(),
            Self::Unset { name, generated: true, .. } => {
                format!("make one up in .env: echo \"{name}=$(openssl rand -hex 32)\" >> .env")
            }
            Self::Unset { name, generated: false, .. } => format!("set it in .env: {name}=…"),
            Self::NoRelease { .. } => "leave --release out, or add a line `release: COMMAND`".into(),
            Self::ReleaseOften { .. } => "use --release".into(),
            Self::Circle { .. } => "take one of them out of `after`".into(),
            Self::NoPortIn { name } => {
                format!("set it in .env ({name}=5432), or write the number: listen:5432")
            }
            Self::Portless { .. } => "leave --no-port out, or choose another sign of being ready".into(),
        }
    }

    /// The error as it is shown, at `place`.
    pub(crate) fn at(&self, place: &Location) -> Diagnostic {
        Diagnostic {
            location: place.clone(),
            message: self.to_string(),
            hint: Some(self.hint()),
            excerpt: None,
        }
    }
}

/// The first names, as many as a line holds.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const MOST: usize = 10;
    let all: Vec<_> = names.collect();
    let shown = all[..all.len().min(MOST)].join(", ");
    if all.len() > MOST { format!("{shown} and {} more", all.len() - MOST) } else { shown }
}

/// `name` as a type of `procfile`: its index.
pub(super) fn index_of(name: &str, procfile: &Procfile) -> Result<usize, Error> {
    let found = procfile.entries.iter().position(|entry| entry.name.as_str() == name);
    found.ok_or_else(|| Error::unknown_type(name, procfile))
}

/// The type called `name`.
pub(super) fn type_named(name: &str, procfile: &Procfile) -> Result<TypeName, Error> {
    index_of(name, procfile).map(|index| procfile.entries[index].name.clone())
}
