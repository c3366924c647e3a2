//! A file for supervisord's `conf.d`, and a run script for each instance.
//!
//! The values do not stand in the file: its `environment=` cannot hold a value with both quotes or a line
//! break, ` ;` begins a comment even inside of quotes, and `%` means something. A script has none of that.
//! supervisord.org/configuration.html; `supervisor/options.py` of 4.2.5.

use super::bundle_builder::{BundleBuilder, holds_values, refers};
use super::document::Document;
use super::options::RestartPolicy;
use super::readiness::{self, CarriedReadiness};
use super::script::{Script, comment, install_values, quote, run_by_hand, whole_seconds};
use super::stack::{ExportedStack, ExportedType, about};
use super::{sections, stack};
use crate::plan::spec::Spec;

/// Writes the configuration and scripts of `stack`.
pub(super) fn write(stack: &ExportedStack<'_>, bundle: &mut BundleBuilder) {
    let app = &stack.options.app;
    let script = Script { first: "", through: String::new(), waits: true };
    let mut document = Document::map();
    for kind in stack.all() {
        let mut programs = Vec::new();
        for spec in &kind.instances {
            let name = format!("{app}-{}", spec.name);
            let mut program = Document::map().with("program", program(stack, kind, spec));
            // `--set program.stdout_logfile=…` reaches each one.
            bundle.set(stack.options, kind, &mut program);
            if let Document::Map(mut entries) = program
                && let Some(program) = entries.shift_remove("program")
            {
                document = document.with(&format!("program:{name}"), program);
            }
            let text = script.text(stack, kind, spec, bundle);
            bundle.program(script_path(stack, spec), text, holds_values(stack));
            programs.push(name);
        }
        // A group a type: of those whose group differs, `supervisorctl update` restarts all.
        let group = Document::map().with("programs", programs.join(","));
        document = document.with(&format!("group:{}", stack.name_of(kind)), group);
        what_is_lost(stack, kind, bundle);
    }
    match sections::text(&document, "=") {
        Ok(text) => {
            // First, as that is what is looked for.
            let file = super::bundle_builder::File {
                path: format!("{app}.conf"),
                bytes: format!("{}\n{text}", comment(stack)).into_bytes(),
                mode: 0o644,
            };
            bundle.bundle.files.insert(0, file);
        }
        Err(error) => bundle.errors.push(stack::about("--set", error.to_string(), None)),
    }
    readiness::unsupported(stack, &CarriedReadiness::NOTHING, bundle);
    if refers(stack) {
        bundle.bundle.secrets = Some(install_values(stack, stack.options.user.as_deref()));
    }
    if let Some(user) = stack.options.user.as_ref().filter(|user| user.contains(['%', ';', '\n', ' '])) {
        bundle.errors.push(about(&format!("--user {user}"), "supervisord takes no such name", None));
    }
}

/// `shop/web.1`, beside the configuration.
fn script_path(stack: &ExportedStack<'_>, spec: &Spec) -> String {
    format!("{}/{}", stack.options.app, spec.name)
}

fn program(stack: &ExportedStack<'_>, kind: &ExportedType<'_>, spec: &Spec) -> Document {
    // `%(here)s` is the folder of the file; supervisord splits the line as a POSIX shell would.
    let command = format!("/bin/sh {}", quote(&format!("%(here)s/{}", script_path(stack, spec))));
    let again = match kind.restart {
        Some(RestartPolicy::Never) => "false",
        None | Some(RestartPolicy::OnFailure) => "unexpected",
        Some(RestartPolicy::Always) => "true",
    };
    let grace = whole_seconds(kind.grace);
    let signal = kind.stop_signal.known().map_or("TERM", |known| known.as_str().trim_start_matches("SIG"));
    Document::map()
        .with("command", command)
        .with_some("user", stack.options.user.as_deref())
        // supervisord would not wait for its end.
        .with_some("autostart", spec.once.then_some("false"))
        .with("autorestart", again)
        .with_some("startsecs", spec.once.then_some("0"))
        .with("stopsignal", signal)
        .with("stopwaitsecs", grace.max(1).to_string())
        // As ganger does it: to every process of the instance.
        .with("stopasgroup", "true")
        .with("killasgroup", "true")
        .with("redirect_stderr", "true")
}

/// The signals that supervisord takes.
const SIGNALS: [&str; 8] =
    ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGSTOP"];

fn what_is_lost(stack: &ExportedStack<'_>, kind: &ExportedType<'_>, bundle: &mut BundleBuilder) {
    if let (true, Some(spec)) = (kind.is_once, kind.instances.first()) {
        run_by_hand("supervisord", &format!("sh {}", script_path(stack, spec)), kind, bundle);
    }
    let known = kind.stop_signal.known().map(nix::sys::signal::Signal::as_str);
    if !known.is_some_and(|name| SIGNALS[..7].contains(&name)) {
        bundle.unsupported(format!(
            "{}: supervisord cannot stop with {}; it is TERM",
            kind.name, kind.stop_signal
        ));
    }
}
