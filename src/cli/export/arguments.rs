//! What can be typed after `ganger export`.

use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum, ValueHint};

use crate::export::options::{ExportFormat, RestartPolicy, Secrets};

/// `ganger export`.
#[derive(Args, Debug)]
pub struct ExportArgs {
    /// The engine that the files are for
    #[arg(value_enum)]
    pub format: ExportFormat,
    /// How the files are made and where they go.
    #[command(flatten)]
    pub asked: EnvDelivery,
}

/// How the files are made and where they go.
#[derive(Args, Debug)]
pub struct EnvDelivery {
    /// Write files into this folder, not to standard output
    ///
    /// All of them or none. Files that an earlier export wrote there and that are stale are removed; files
    /// that it did not write, or that were changed since, are never touched.
    #[arg(short = 'o', long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub output: Option<PathBuf>,
    /// Show what would change in DIR, and change nothing
    ///
    /// The status is 1 if anything would change. Values are not shown.
    #[arg(long)]
    pub diff: bool,
    /// Ask the engine's own validator first, and write nothing that it refuses
    ///
    /// The status is 1 then, and 3 if there is no validator here; with `require` it is 1 then too, and nothing is written.
    #[arg(long, value_name = "WHEN", value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "if-there")]
    pub check: Option<CheckMode>,
    /// What the stack is called there; else as its folder
    #[arg(long, value_name = "NAME")]
    pub app: Option<String>,
    /// Where the project lies on the machine that it runs on; else as here
    ///
    /// An absolute path, which need not be there yet. Containers have the working folder of their image.
    #[arg(long, value_name = "DIR", value_parser = absolute)]
    pub working_directory: Option<PathBuf>,
    /// The container image (compose, kubernetes, nomad)
    #[arg(long, value_name = "IMAGE")]
    pub image: Option<String>,
    /// The user that programs run as
    #[arg(long, value_name = "USER", value_hint = ValueHint::Username)]
    pub user: Option<String>,
    /// The types that listen on their PORT
    ///
    /// They get a Service, a published port and a probe. Without it: `web`, and types whose command names
    /// PORT.
    #[arg(long, value_name = "TYPE", value_delimiter = ',')]
    pub expose: Vec<String>,
    /// What the engine does when a program ends
    ///
    /// Without it, the engine's own habit: docs/export.md has them.
    #[arg(long, value_name = "WHEN", value_enum)]
    pub restart: Option<RestartPolicy>,
    /// Where values of .env go
    ///
    /// `reference`, without it: the files refer to a place, and the command that fills it is printed.
    /// `inline`: into the files, for their owner only. `only`: what that command reads, and nothing else.
    #[arg(long, value_name = "WHERE", value_enum)]
    pub secrets: Option<Secrets>,
    /// Change one value: `[TYPE:]KEY.KEY=VALUE`
    ///
    /// VALUE is JSON, or text if it is none; `null` takes the key away. docs/export.md has the shape that the
    /// keys lead into.
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
}

/// An absolute path.
fn absolute(text: &str) -> Result<PathBuf, &'static str> {
    let path = PathBuf::from(text);
    if path.is_absolute() { Ok(path) } else { Err("it is no absolute path, which begins with /") }
}

/// A value as it is typed, and what `--help` says of it.
fn typed(word: &'static str, help: &'static str) -> PossibleValue {
    PossibleValue::new(word).help(help)
}

impl ValueEnum for ExportFormat {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Self::Systemd => "Units for the system's manager",
            Self::SystemdUser => "Units for your own manager",
            Self::Launchd => "Property lists of macOS",
            Self::Supervisord => "A file for conf.d, and run scripts",
            Self::Runit | Self::S6 => "Service folders",
            Self::Compose => "compose.yaml",
            Self::Kubernetes => "Deployments, Services, a Job",
            Self::Nomad => "Jobs as JSON",
            Self::Procfile => "For Heroku, Dokku and buildpacks",
        };
        Some(typed(self.as_str(), help))
    }
}

impl ValueEnum for Secrets {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Reference, Self::Inline, Self::Only]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Reference => typed("reference", "Nowhere: the files refer to them"),
            Self::Inline => typed("inline", "Into the files, mode 0600"),
            Self::Only => typed("only", "Alone, for the command that is printed"),
        })
    }
}

/// What `--check` does where there is no validator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CheckMode {
    /// Write all the same; the status is 3
    IfThere,
    /// Refuse
    Require,
}

impl ValueEnum for RestartPolicy {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Self::Never => "Nothing",
            Self::OnFailure => "It starts again if its status is not 0",
            Self::Always => "It starts again",
        };
        Some(typed(self.as_str(), help))
    }
}
