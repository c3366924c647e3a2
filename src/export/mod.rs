//! The same formation for an engine that runs it for good: a plan goes in, files come out as values.
//!
//! Nothing here reads or writes anything: [`crate::cli`] does. Each format is one file that knows its
//! engine; what they share is the `stack` (what is to run, in the words that engines use), the
//! [`document`] (a tree that becomes YAML, JSON, a property list or sections) and the `script` (a run
//! script for those engines that start programs and know no values).
//!
//! The rule for all of them: a value arrives byte for byte, or is refused by the name of its variable.
//! docs/export.md and docs/export tell what each engine can carry.

#![expect(
    clippy::format_push_string,
    clippy::format_collect,
    reason = "writing to a String cannot fail, and `write!` would have us say so at each line"
)]

mod bundle_builder;
mod checksum;
mod compose;
mod compose_values;
pub(crate) mod difference;
pub(crate) mod document;
mod encode;
mod environment_file;
pub(crate) mod folder;
pub(crate) mod format;
mod kubernetes;
mod kubernetes_objects;
mod kubernetes_probes;
mod launchd;
mod names;
mod nomad;
mod nomad_words;
pub(crate) mod options;
mod plist;
mod procfile;
mod quadlet;
mod reachable;
mod readiness;
pub(crate) mod removal;
mod resources;
mod runit;
mod s6;
mod script;
mod sections;
mod stack;
mod supervisord;
mod systemd;
mod systemd_words;
mod units;
mod urls;

pub use bundle_builder::{Bundle, File};
pub(crate) use names::app_name;
pub(crate) use script::quote;
pub(crate) use urls::addresses;

use bundle_builder::BundleBuilder;
use options::{ExportFormat, ExportOptions, Secrets};
use stack::ExportedStack;

use crate::location::Diagnostic;
use crate::plan::Plan;

/// The files that hand `plan` on, or, with [`Secrets::Only`], the one that holds its values.
///
/// The plan should have been made without the shell's environment: what it holds of it is taken for what the
/// project sets.
///
/// # Errors
///
/// All that the format cannot express, each with its place and never with a value.
pub fn export(plan: &Plan, options: &ExportOptions) -> Result<Bundle, Vec<Diagnostic>> {
    let stack = ExportedStack::of(plan, options)?;
    let mut bundle = BundleBuilder::default();
    names::check_app(&stack, &mut bundle);
    if options.secrets == Secrets::Only {
        values_only(&stack, &mut bundle);
        return bundle.finish();
    }
    match options.format {
        ExportFormat::Systemd | ExportFormat::SystemdUser => systemd::write(&stack, &mut bundle),
        ExportFormat::Launchd => launchd::write(&stack, &mut bundle),
        ExportFormat::Supervisord => supervisord::write(&stack, &mut bundle),
        ExportFormat::Runit => runit::write(&stack, &mut bundle),
        ExportFormat::S6 => s6::write(&stack, &mut bundle),
        ExportFormat::Compose => compose::write(&stack, &mut bundle),
        ExportFormat::Quadlet => quadlet::write(&stack, &mut bundle),
        ExportFormat::Kubernetes => kubernetes::write(&stack, &mut bundle),
        ExportFormat::Nomad => nomad::write(&stack, &mut bundle),
        ExportFormat::Procfile => procfile::write(&stack, &mut bundle),
    }
    bundle.refuse_unknown_objects(options);
    for name in urls::unknown(&stack) {
        bundle.unsupported(format!("{name} is not set there: no address of the type is known beforehand"));
    }
    resources::report(&stack, &mut bundle);
    if options.format != ExportFormat::Kubernetes {
        for (kind, host) in stack.kinds.iter().filter_map(|kind| Some((kind.name, kind.host?))) {
            bundle
                .unsupported(format!("{kind}: nothing there leads from {host} to it; put a proxy in front"));
        }
    }
    bundle.finish()
}

/// What the command of [`Bundle::secrets`] reads.
fn values_only(stack: &ExportedStack<'_>, bundle: &mut BundleBuilder) {
    let (app, format) = (&stack.options.app, stack.options.format.as_str());
    let (path, bytes) = match stack.options.format {
        ExportFormat::Systemd | ExportFormat::SystemdUser => {
            bundle.texts(stack, |_, _, _| true, |_| None);
            (format!("{app}.{format}.env"), environment_file::text(stack, bundle))
        }
        ExportFormat::Launchd | ExportFormat::Supervisord | ExportFormat::Runit | ExportFormat::S6 => {
            for variable in &stack.values {
                environment_file::check_shell_name(stack, variable, bundle);
            }
            (format!("{app}.{format}.env"), environment_file::text(stack, bundle))
        }
        ExportFormat::Compose => (format!("{app}.env"), compose_values::text(stack, bundle).into_bytes()),
        ExportFormat::Quadlet => (format!("{app}-secrets.sh"), quadlet::secrets(stack, bundle).into_bytes()),
        ExportFormat::Kubernetes => {
            (format!("{app}-env.yaml"), kubernetes::secret(stack, bundle).into_bytes())
        }
        ExportFormat::Nomad => {
            (format!("{app}-variables.json"), nomad::variables(stack, bundle).into_bytes())
        }
        ExportFormat::Procfile => (format!("{app}.config"), procfile::config(stack)),
    };
    bundle.bundle.files.push(File { path, bytes, mode: 0o600 });
}
