//! Property lists for launchd of macOS, one an instance. launchd.plist(5).

use super::bundle_builder::{BundleBuilder, holds_values, refers};
use super::document::Document;
use super::environment_file::{check_name, check_shell_name};
use super::options::RestartPolicy;
use super::readiness::{self, CarriedReadiness};
use super::script::{comment, install_values, values_file, whole_seconds};
use super::stack::{ExportedStack, ExportedType};
use super::{names, plist, stack};
use crate::plan::spec::Spec;
use crate::signal::Signal;

/// Reads the values, then runs the command: launchd has no file of variables. `$0` is the file, `$1` the
/// shell and `$2` the command, so that nothing of theirs is part of this text.
const READ_VALUES: &str = "set -a && . \"$0\" && set +a && exec \"$1\" -c \"$2\"";

/// Writes the property lists of `stack`.
pub(super) fn write(stack: &ExportedStack<'_>, bundle: &mut BundleBuilder) {
    let values = if holds_values(stack) {
        bundle.texts(stack, check_name, plist::refuses)
    } else {
        for variable in &stack.values {
            check_shell_name(stack, variable, bundle);
        }
        Vec::new()
    };
    if plist::refuses(stack.root).is_some() {
        bundle.errors.push(stack::about(stack.root, "XML cannot hold this folder's name", None));
    }
    let mut names: Vec<(String, &ExportedType<'_>)> = Vec::new();
    for kind in stack.all() {
        if plist::refuses(&kind.text).is_some() {
            let because = "its command holds a control character, which XML cannot";
            bundle.refuse_kind(stack, kind, because, "move the command into a script");
        }
        // macOS' file system takes `web` and `Web` for the same file.
        let lower = kind.name.as_str().to_ascii_lowercase();
        if let Some((_, other)) = names.iter().find(|(name, _)| *name == lower) {
            let because = format!("macOS does not tell it from `{}`", other.name);
            bundle.refuse_kind(stack, kind, &because, "rename one of the two");
        }
        names.push((lower, kind));
        for spec in &kind.instances {
            let mut document = list(stack, kind, spec, &values);
            bundle.set(stack.options, kind, &mut document);
            let text = plist::text(&document, comment(stack).trim_start_matches("# "));
            bundle.file_with_values(stack, format!("{}.plist", label(stack, spec)), text);
        }
        what_is_lost(stack, kind, bundle);
    }
    names::lose_signals(stack, |_| false, bundle);
    readiness::unsupported(stack, &CarriedReadiness::NOTHING, bundle);
    if refers(stack) {
        // install(1) of macOS makes no folders.
        let command = install_values(stack, stack.options.user.as_deref()).replace("install -D", "install");
        bundle.bundle.secrets =
            Some(format!("(sudo mkdir -p {}/{}; {command})", stack.options.etc, stack.options.app));
    }
}

/// `local.shop.web.1`: labels are names of domains, backwards.
fn label(stack: &ExportedStack<'_>, spec: &Spec) -> String {
    format!("local.{}.{}", stack.options.app, spec.name)
}

fn list(
    stack: &ExportedStack<'_>,
    kind: &ExportedType<'_>,
    spec: &Spec,
    values: &[(&str, &str)],
) -> Document {
    let own = stack.own(spec);
    let mut environment = own.iter().fold(Document::map(), |map, variable| {
        map.with(variable.name, String::from_utf8_lossy(variable.value).into_owned())
    });
    for (name, value) in values {
        environment = environment.with(name, *value);
    }
    let shell = stack.options.shell.as_str();
    let words = if refers(stack) {
        let file = values_file(stack);
        ["/bin/sh", "-c", READ_VALUES, &file, shell, &kind.text].map(Document::from).to_vec()
    } else {
        [shell, "-c", &kind.text].map(Document::from).to_vec()
    };
    let log = format!("/var/log/{}-{}.log", stack.options.app, spec.name);
    let again = match kind.restart {
        Some(RestartPolicy::Never) => Document::from(false),
        None | Some(RestartPolicy::OnFailure) => Document::map().with("SuccessfulExit", false),
        Some(RestartPolicy::Always) => Document::from(true),
    };
    let grace = whole_seconds(kind.grace);
    Document::map()
        .with("Label", label(stack, spec))
        .with("ProgramArguments", words)
        .with("WorkingDirectory", stack.root)
        .with("EnvironmentVariables", environment)
        .with_some("UserName", stack.options.user.as_deref())
        .with("RunAtLoad", !spec.once)
        .with("KeepAlive", again)
        // Whole seconds; 0 would be forever.
        .with("ExitTimeOut", i64::try_from(grace.max(1)).unwrap_or(i64::MAX))
        .with("StandardOutPath", log.as_str())
        .with("StandardErrorPath", log)
}

fn what_is_lost(stack: &ExportedStack<'_>, kind: &ExportedType<'_>, bundle: &mut BundleBuilder) {
    if kind.stop_signal != Signal::TERMINATE {
        bundle.unsupported(format!(
            "{}: launchd stops with SIGTERM only, not with {}",
            kind.name, kind.stop_signal
        ));
    }
    for spec in kind.instances.iter().filter(|spec| spec.once) {
        bundle.unsupported(format!(
            "launchd has no order: `sudo launchctl kickstart system/{}` runs {}",
            label(stack, spec),
            kind.name
        ));
    }
}
