//! What units have in common, whether systemd reads them or podman's generator makes them from other files: names, the target,
//! the order, the end of a program, and the unit that replaces a stack.

use std::time::Duration;

use super::bundle_builder::BundleBuilder;
use super::document::Document;
use super::options::RestartPolicy;
use super::script::comment;
use super::sections;
use super::stack::{ExportedStack, ExportedType, about};
use crate::exit::Exit;
use crate::name::InstanceName;
use crate::plan::spec::{OutsideCheck, Probe, Spec};

/// How long systemd waits before it starts a program again.
const DELAY: &str = "1s";

/// The slice of all services: its stop returns when they have stopped, that of the target at once. `-` would be a level
/// of slices.
pub(super) fn slice(stack: &ExportedStack<'_>) -> String {
    format!("ganger-{}.slice", stack.options.app.replace('-', "_"))
}

pub(super) fn target_name(stack: &ExportedStack<'_>) -> String {
    format!("{}.target", stack.options.app)
}

/// `shop-web.1`: what an instance is called among all that the manager runs.
pub(super) fn instance_name(stack: &ExportedStack<'_>, name: &InstanceName) -> String {
    format!("{}-{name}", stack.options.app)
}

/// `shop-web.1.service`.
pub(super) fn unit_name(stack: &ExportedStack<'_>, name: &InstanceName) -> String {
    format!("{}.service", instance_name(stack, name))
}

/// The unit that starts and stops all others: a part of `wanted_by`, with a line of `note` for its reader. Its start fails where the
/// release fails, without which nothing else starts: the status tells.
pub(super) fn target(stack: &ExportedStack<'_>, wanted_by: &str, note: &str) -> String {
    let mut wants = String::new();
    for kind in stack.all() {
        for unit in kind.instances.iter().map(|spec| unit_name(stack, &spec.name)) {
            wants += &if kind.is_release() {
                format!("Requires={unit}\nAfter={unit}\n")
            } else {
                format!("Wants={unit}\n")
            };
        }
    }
    format!(
        "{}\n{note}[Unit]\nDescription={}\n{wants}\n[Install]\nWantedBy={wanted_by}\n",
        comment(stack),
        stack.options.app
    )
}

/// `[Unit]` of an instance that needs the units `needed`, and starts after those in `later` too.
pub(super) fn about_unit(
    stack: &ExportedStack<'_>,
    kind: &ExportedType<'_>,
    spec: &Spec,
    (needed, later): (Vec<String>, Vec<String>),
) -> Document {
    let units = |of: &ExportedType<'_>| -> Vec<String> {
        of.instances.iter().map(|spec| unit_name(stack, &spec.name)).collect()
    };
    let (mut requires, mut after) = (needed, later);
    for before in stack.before(kind) {
        after.extend(units(before));
        // What has to have succeeded. For all others `after` is an order of starting, no bond for life.
        if before.is_once {
            requires.extend(units(before));
        }
    }
    Document::map()
        .with("Description", format!("{} {}", stack.options.app, spec.name))
        .with("PartOf", target_name(stack))
        .with_some("Requires", (!requires.is_empty()).then_some(requires))
        .with_some("After", (!after.is_empty()).then_some(after))
        // ganger's supervisors do not give up on a stack that runs for good: a database may be away for an hour.
        .with_some("StartLimitIntervalSec", (!spec.once).then_some("0"))
}

/// `service` with what happens when its program ends, and how long it may take to start.
pub(super) fn with_ends(service: Document, kind: &ExportedType<'_>, spec: &Spec) -> Document {
    if spec.once {
        return service.with("TimeoutStartSec", "infinity");
    }
    let limit = spec.service.ready_within.filter(|_| is_asked(&spec.service.probe));
    let word = match kind.restart {
        Some(RestartPolicy::Never) => "no",
        None | Some(RestartPolicy::OnFailure) => "on-failure",
        Some(RestartPolicy::Always) => "always",
    };
    service
        // The status of a program that ends as asked, where it is a shell's or one of its own: no failure.
        .with("SuccessExitStatus", i64::from(Exit::Signal(kind.stop_signal).status()))
        .with_some("TimeoutStartSec", limit.map(span))
        .with("Restart", word)
        .with("RestartSec", DELAY)
}

/// Whether the start is over only when this sign is there.
fn is_asked(probe: &Probe) -> bool {
    matches!(probe.outside(), OutsideCheck::Command(_) | OutsideCheck::Notify)
}

/// Whether systemd can tell that this type is ready.
pub(super) fn can_tell_readiness(kind: &ExportedType<'_>) -> bool {
    kind.service.probe.is_timer() || is_asked(&kind.service.probe)
}

/// `unit`, which runs the release, as one that is never started by itself: it restarts the others when the release has succeeded. A
/// restart of the target stops them first.
pub(super) fn upgrade(stack: &ExportedStack<'_>, unit: Document, systemctl: &str) -> Document {
    let Document::Map(mut sections) = unit else { return unit };
    let about_unit = Document::map()
        .with("Description", format!("{} upgrade: the release, then a restart", stack.options.app));
    sections.insert("Unit".to_owned(), about_unit);
    if let Some(Document::Map(service)) = sections.get_mut("Service") {
        let others =
            stack.kinds.iter().flat_map(|kind| &kind.instances).map(|spec| unit_name(stack, &spec.name));
        let restart = format!("{systemctl} restart {}", others.collect::<Vec<_>>().join(" "));
        // So that the next start runs it again.
        service.shift_remove("RemainAfterExit");
        service.insert("ExecStartPost".to_owned(), restart.into());
        service.insert("SyslogIdentifier".to_owned(), format!("{}-upgrade", stack.options.app).into());
    }
    Document::Map(sections)
}

/// One more file of `bundle`, from sections.
pub(super) fn write(stack: &ExportedStack<'_>, name: String, unit: &Document, bundle: &mut BundleBuilder) {
    match sections::text(unit, "=") {
        Ok(text) => bundle.file_with_values(stack, name, format!("{}\n{text}", comment(stack))),
        Err(error) => bundle.errors.push(about("--set", error.to_string(), None)),
    }
}

/// The stop signal by its name, or its number where it has none.
pub(super) fn signal(kind: &ExportedType<'_>) -> String {
    kind.stop_signal.known().map_or_else(|| kind.stop_signal.0.to_string(), |known| known.as_str().to_owned())
}

/// A time span. Never 0, which systemd takes for forever.
pub(super) fn span(duration: Duration) -> String {
    match duration.subsec_millis() {
        0 if duration.as_secs() > 0 => format!("{}s", duration.as_secs()),
        _ => format!("{}ms", duration.as_millis().max(1)),
    }
}
