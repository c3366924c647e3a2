//! A file for Docker Compose, by the Compose specification (github.com/compose-spec/compose-spec).

use std::time::Duration;

use super::bundle_builder::{BundleBuilder, holds_values, refers};
use super::document::Document;
use super::encode::yaml;
use super::options::RestartPolicy;
use super::readiness::{self, CarriedReadiness};
use super::resources::Resources;
use super::stack::{ExportedStack, ExportedType};
use super::{compose_values, names, reachable, script};
use crate::plan::spec::OutsideCheck;

/// Writes the file of `stack`.
pub(super) fn write(stack: &ExportedStack<'_>, bundle: &mut BundleBuilder) {
    let image = names::image(stack, bundle);
    let values = bundle.texts(stack, compose_values::check_name, |_| None);
    let mut services = Document::map();
    for kind in stack.all() {
        let mut service = service(stack, kind, image, &values);
        bundle.set(stack.options, kind, &mut service);
        services = services.with(kind.name.as_str(), service);
        what_is_lost(kind, bundle);
    }
    names::lose_signals(stack, |kind| script::is_heard(kind.stop_signal), bundle);
    readiness::unsupported(
        stack,
        &CarriedReadiness { order: true, sign: can_tell_readiness, liveness: false, socket: false },
        bundle,
    );
    reachable::report(stack, bundle);
    let document = Document::map().with("name", stack.options.app.as_str()).with("services", services);
    let text = format!("{}\n{}", script::comment(stack), yaml(&document));
    bundle.file_with_values(stack, "compose.yaml", text);
    if refers(stack) {
        let file = values_file(stack);
        bundle.bundle.secrets = Some(format!("install -m 600 /dev/stdin {file}"));
        let otherwise: Vec<&str> = values
            .iter()
            .filter(|(_, value)| compose_values::podman_differs(value))
            .map(|(name, _)| *name)
            .collect();
        if !otherwise.is_empty() {
            bundle.unsupported(format!(
                "podman-compose would read {} otherwise than docker compose; --secrets inline is read alike",
                otherwise.join(", ")
            ));
        }
    }
}

/// Whether Compose can tell that this type is ready.
fn can_tell_readiness(kind: &ExportedType<'_>) -> bool {
    matches!(kind.service.probe.outside(), OutsideCheck::Runs | OutsideCheck::Command(_))
}

/// The file of values, beside compose.yaml. Not `.env`: compose reads that one for itself.
fn values_file(stack: &ExportedStack<'_>) -> String {
    format!("{}.env", stack.options.app)
}

fn service(
    stack: &ExportedStack<'_>,
    kind: &ExportedType<'_>,
    image: &str,
    values: &[(&str, &str)],
) -> Document {
    let count = kind.instances.len();
    let command: Vec<Document> =
        script::in_container(stack, kind, kind.stop_signal).into_iter().map(literal).collect();
    let port = kind.port.filter(|_| kind.is_exposed).map(|port| port.to_string());
    let after = stack.before(kind).fold(None, |after: Option<Document>, before| {
        let condition = Document::map().with("condition", condition(stack, before));
        Some(after.unwrap_or_else(Document::map).with(before.name.as_str(), condition))
    });
    Document::map()
        .with("image", literal(image))
        .with("command", command)
        .with("environment", environment(stack, kind, values))
        .with_some("env_file", refers(stack).then(|| vec![values_file(stack)]))
        .with_some("user", stack.options.user.as_deref().map(literal))
        // As process 1 a program would have no default action for the stop signal, and have to reap orphans.
        .with("init", true)
        .with("restart", restart(kind))
        .with(
            "stop_signal",
            kind.stop_signal.known().map_or_else(|| kind.stop_signal.0.to_string(), |s| s.as_str().into()),
        )
        .with("stop_grace_period", span(kind.grace))
        .with_some("scale", (count > 1).then(|| i64::try_from(count).unwrap_or(i64::MAX)))
        // Several instances cannot have the same port of the host.
        .with_some("ports", port.clone().filter(|_| count == 1).map(|port| vec![format!("{port}:{port}")]))
        .with_some("expose", port.filter(|_| count > 1).map(|port| vec![port]))
        .with_some("depends_on", after)
        .with_some("deploy", Resources::of(kind).in_compose())
        .with_some("healthcheck", health(stack, kind))
}

/// What has to be true of a type before those that wait for it start.
fn condition(stack: &ExportedStack<'_>, kind: &ExportedType<'_>) -> &'static str {
    if kind.is_once {
        "service_completed_successfully"
    } else if health(stack, kind).is_some() {
        "service_healthy"
    } else {
        "service_started"
    }
}

/// How docker asks whether an instance is ready. An image need not have a program that connects to a port, so only a
/// command can be asked.
fn health(stack: &ExportedStack<'_>, kind: &ExportedType<'_>) -> Option<Document> {
    let OutsideCheck::Command(command) = kind.service.probe.outside() else { return None };
    if kind.is_once {
        return None;
    }
    let test = ["CMD", &stack.options.shell, "-c", command].map(literal).to_vec();
    Some(
        Document::map()
            .with("test", test)
            // `start_interval`, which would ask more often before it is ready, stops the stack on Docker before 25.
            .with("interval", "5s")
            .with_some("start_period", kind.service.ready_within.map(span)),
    )
}

/// PORT and its kin, and the values where they stand in the file. PS only where it is one name.
fn environment(stack: &ExportedStack<'_>, kind: &ExportedType<'_>, values: &[(&str, &str)]) -> Document {
    let mut environment = Document::map();
    for variable in stack.own_in_network(kind) {
        if variable.name != crate::plan::environment::PS || kind.instances.len() == 1 {
            environment =
                environment.with(variable.name, String::from_utf8_lossy(variable.value).into_owned());
        }
    }
    if holds_values(stack) {
        for (name, value) in values {
            environment = environment.with(name, literal(value));
        }
    }
    environment
}

/// `text` as compose leaves it alone: it puts variables in for `$` in every value of the file.
fn literal(text: impl AsRef<str>) -> Document {
    Document::Text(text.as_ref().replace('$', "$$"))
}

fn restart(kind: &ExportedType<'_>) -> &'static str {
    match kind.restart {
        Some(RestartPolicy::Never) => "no",
        Some(RestartPolicy::OnFailure) => "on-failure",
        Some(RestartPolicy::Always) => "always",
        // It comes back after a reboot, and stays down when it was stopped by hand.
        None => "unless-stopped",
    }
}

fn span(duration: Duration) -> String {
    match duration.subsec_millis() {
        0 => format!("{}s", duration.as_secs()),
        _ => format!("{}ms", duration.as_millis()),
    }
}

fn what_is_lost(kind: &ExportedType<'_>, bundle: &mut BundleBuilder) {
    let (name, count) = (kind.name, kind.instances.len());
    if count > 1 {
        bundle.unsupported(format!("{name}: PS is not set, as {count} instances share one service"));
        bundle.unsupported(format!("{name}: all have the same PORT, each in a network of its own"));
    }
    if count > 1 && kind.is_exposed {
        bundle.unsupported(format!(
            "{name}: no port of the host leads to {count} instances; put a proxy in front"
        ));
    }
}
