//! `--check`: what the engine's own validator says, where there is one on this machine.

use std::io;
use std::path::Path;
use std::process::Command;

use crate::cli::failure::Failure;
use crate::cli::report;
use crate::exit::{self, Outcome};
use crate::export::Bundle;
use crate::export::options::Format;

/// A program that can say whether files are right.
struct Validator {
    program: &'static str,
    /// Before the files.
    arguments: &'static [&'static str],
    /// Which of the files it reads.
    reads: fn(&str) -> bool,
}

/// The validators of a format, the best first.
fn validators(format: Format) -> &'static [Validator] {
    const fn validator(
        program: &'static str,
        arguments: &'static [&'static str],
        reads: fn(&str) -> bool,
    ) -> Validator {
        Validator { program, arguments, reads }
    }
    let is_unit: fn(&str) -> bool = |path| path.ends_with(".service") || path.ends_with(".target");
    const SYSTEM: &[&str] = &["verify", "--man=no"];
    const USER: &[&str] = &["verify", "--man=no", "--user"];
    const KUBERNETES: [Validator; 2] = [
        validator("kubeconform", &["-strict"], |_| true),
        validator("kubernetes-validate", &["--strict"], |_| true),
    ];
    const COMPOSE: [Validator; 3] = [
        validator("docker", &["compose", "config", "--quiet", "--no-env-resolution", "-f"], |_| true),
        validator("check-jsonschema", &["--builtin-schema", "vendor.compose-spec"], |_| true),
        validator("podman-compose", &["-f"], |_| true),
    ];
    let _ = is_unit;
    match format {
        Format::Systemd => const { &[validator("systemd-analyze", SYSTEM, is_unit_file)] },
        Format::SystemdUser => const { &[validator("systemd-analyze", USER, is_unit_file)] },
        Format::Launchd => const { &[validator("plutil", &["-lint"], |_| true)] },
        Format::Compose => const { &COMPOSE },
        Format::Kubernetes => const { &KUBERNETES },
        Format::Nomad => const { &[validator("nomad", &["job", "validate", "-json"], |_| true)] },
        Format::Runit | Format::S6 | Format::Supervisord => const { &[validator("sh", &["-n"], is_script)] },
        Format::Procfile => &[],
    }
}
