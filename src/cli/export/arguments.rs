//! What can be typed after `ganger export`, beside the flags of settings (src/config/table/exports.rs).

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use crate::export::options::ExportFormat;

/// `ganger export`.
#[derive(Args, Debug)]
pub(crate) struct ExportArgs {
    /// The engine that the files are for
    #[arg(value_enum)]
    pub format: ExportFormat,
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
            Self::Quadlet => "Containers for podman's generator of units",
            Self::Kubernetes => "Deployments, Services, a Job",
            Self::Nomad => "Jobs as JSON",
            Self::Procfile => "For Heroku, Dokku and buildpacks",
        };
        Some(PossibleValue::new(self.as_str()).help(help))
    }
}
