//! Files for Quadlet, the generator of podman that makes units of them: a container an instance, a network, and a target.
//!
//! podman-systemd.unit(5) and podman-run(1). What Quadlet has a key for since podman 5 only stands in `PodmanArgs=`, as a key
//! that it does not know makes it leave out the whole unit; `Notify=healthy` is podman 5's, and earlier ones take it for `false`.

use std::time::Duration;

use super::bundle_builder::{BundleBuilder, holds_values, refers};
use super::document::Document;
use super::readiness::{self, CarriedReadiness};
use super::resources::Resources;
use super::script;
use super::stack::{ExportedStack, ExportedType};
use super::systemd_words::{plain, quoted};
use super::units::{
    self, about_unit, can_tell_readiness, instance_name, signal, slice, span, target_name, with_ends,
};
use super::{environment_file, names, reachable};
use crate::plan::environment::PS;
use crate::plan::spec::{OutsideCheck, Spec};

/// The most bytes that podman keeps as a secret (`maxSecretSize` of containers/common).
const LARGEST_SECRET: usize = 512_000 - 1;

/// How much later than podman systemd gives up on a stop.
const MARGIN: Duration = Duration::from_secs(10);

/// How long a start may take where nothing else says so: podman-systemd.unit(5) advises as much.
const PULL: Duration = Duration::from_mins(15);

/// Writes the files of `stack`.
pub(super) fn write(stack: &ExportedStack<'_>, bundle: &mut BundleBuilder) {
    let image = names::image(stack, bundle);
    let values = values(stack, bundle);
    let app = &stack.options.app;
    // Both the system's manager and a user's own have it.
    bundle.file(target_name(stack), units::target(stack, "default.target", ""));
    let network = Document::map().with("Network", Document::map().with("NetworkName", app.as_str()));
    units::write(stack, format!("{app}.network"), &network, bundle);
    for kind in stack.all() {
        for spec in &kind.instances {
            let mut unit = unit(stack, kind, spec, container(stack, kind, spec, image, &values));
            bundle.set(stack.options, kind, &mut unit);
            // Quadlet makes a service of the same name of it.
            let file = format!("{}.container", instance_name(stack, &spec.name));
            units::write(stack, file, &unit, bundle);
            if kind.is_release() {
                write_upgrade(stack, unit, bundle);
            }
        }
        if kind.instances.len() > 1 {
            let name = kind.name;
            bundle.unsupported(format!(
                "{name}: all have the same PORT, each in a network of its own; on the host each has its own"
            ));
        }
    }
    names::lose_signals(stack, |kind| script::is_heard(kind.stop_signal), bundle);
    readiness::unsupported(
        stack,
        &CarriedReadiness { order: true, sign: can_tell_readiness, liveness: false, socket: false },
        bundle,
    );
    reachable::report(stack, bundle);
    if refers(stack) {
        bundle.bundle.secrets = Some("sudo sh".to_owned());
    }
}

/// Commands that put the values among podman's secrets, one each.
pub(super) fn secrets(stack: &ExportedStack<'_>, bundle: &mut BundleBuilder) -> String {
    let mut text = script::header(stack) + "set -e\n";
    for (name, value) in values(stack, bundle).iter().filter(|(_, value)| !value.is_empty()) {
        let (value, secret) = (script::quote(value), secret(stack, name));
        text += &format!("printf %s {value} | podman secret create --replace {secret} - >/dev/null\n");
    }
    text
}

/// `shop-DATABASE_URL`.
fn secret(stack: &ExportedStack<'_>, name: &str) -> String {
    format!("{}-{name}", stack.options.app)
}

/// The values that can be handed on.
fn values<'a>(stack: &ExportedStack<'a>, bundle: &mut BundleBuilder) -> Vec<(&'a str, &'a str)> {
    let is_inline = holds_values(stack);
    bundle.texts(stack, environment_file::check_name, |value| {
        if is_inline {
            // `podman run --env` drops the first of the two (tried with 5.4).
            value.contains("\r\n").then_some("its value has a carriage return before a line break")
        } else {
            (value.len() > LARGEST_SECRET).then_some("its value is larger than a secret of podman")
        }
    })
}

/// The unit that is never started by itself. `systemctl` asks the manager that runs it: a user's own sets XDG_RUNTIME_DIR.
fn write_upgrade(stack: &ExportedStack<'_>, unit: Document, bundle: &mut BundleBuilder) {
    let systemctl = ":/bin/sh -c \"exec systemctl ${XDG_RUNTIME_DIR:+--user} \\\"$@\\\"\" systemctl";
    let mut unit = units::upgrade(stack, unit, systemctl);
    if let Document::Map(sections) = &mut unit
        && let Some(Document::Map(container)) = sections.get_mut("Container")
    {
        container.insert("ContainerName".to_owned(), format!("{}-upgrade", stack.options.app).into());
    }
    units::write(stack, format!("{}-upgrade.container", stack.options.app), &unit, bundle);
}

/// The file of one container.
fn unit(stack: &ExportedStack<'_>, kind: &ExportedType<'_>, spec: &Spec, container: Document) -> Document {
    let service = Document::map()
        .with_some("Type", spec.once.then_some("oneshot"))
        // Else a restart of one service would run the release again.
        .with_some("RemainAfterExit", spec.once.then_some("yes"))
        // podman sends the signal, waits and kills.
        .with("TimeoutStopSec", span(kind.grace + MARGIN))
        // An image may have to be pulled first. Where the sign that it is ready is awaited, that has its own.
        .with("TimeoutStartSec", span(PULL));
    let service = Resources::of(kind)
        .in_unit(with_ends(service, kind, spec))
        .with("SyslogIdentifier", instance_name(stack, &spec.name))
        .with("Slice", slice(stack));
    Document::map()
        .with("Unit", about_unit(stack, kind, spec, (Vec::new(), Vec::new())))
        .with("Container", container)
        .with("Service", service)
}

fn container(
    stack: &ExportedStack<'_>,
    kind: &ExportedType<'_>,
    spec: &Spec,
    image: &str,
    values: &[(&str, &str)],
) -> Document {
    let (user, group) =
        match stack.options.user.as_deref().map(|user| user.split_once(':').unwrap_or((user, ""))) {
            Some((user, group)) => (Some(user), Some(group).filter(|group| !group.is_empty())),
            None => (None, None),
        };
    let command = script::in_container(stack, kind, kind.stop_signal);
    let command: Vec<String> = command.iter().map(|word| word_of_run(word)).collect();
    let stop = format!("--stop-signal {} --stop-timeout {}", signal(kind), script::whole_seconds(kind.grace));
    // The port that the program listens on, and that of the host at which it is found.
    let port = spec.port.zip(kind.port).filter(|_| kind.is_exposed);
    let is_secret = |value: &str| refers(stack) && !value.is_empty();
    let secrets = values.iter().filter(|(_, value)| is_secret(value));
    let secrets: Vec<String> =
        secrets.map(|(name, _)| format!("{},type=env,target={name}", secret(stack, name))).collect();
    let container = Document::map()
        .with("Image", plain(image))
        .with("ContainerName", instance_name(stack, &spec.name))
        // By the name of the type all its instances are found.
        .with("Network", format!("{}.network:alias={}", stack.options.app, kind.name))
        .with_some("PublishPort", port.map(|(host, own)| format!("{host}:{own}")))
        .with_some("User", user.map(plain))
        .with_some("Group", group.map(plain))
        // As process 1 a program would have no default action for the stop signal, and have to reap orphans.
        .with("RunInit", "true")
        .with("Environment", environment(stack, kind, spec, values))
        .with_some("Secret", (!secrets.is_empty()).then_some(secrets))
        .with("PodmanArgs", stop)
        .with("Exec", command.join(" "));
    with_readiness(container, stack, kind)
}

/// `container` with what shows that it is ready: until then the unit is `activating`, and those after it wait.
fn with_readiness(container: Document, stack: &ExportedStack<'_>, kind: &ExportedType<'_>) -> Document {
    match kind.service.probe.outside() {
        _ if kind.is_once => container,
        OutsideCheck::Notify => container.with("Notify", "true"),
        OutsideCheck::Command(command) => {
            // As a list: a text that begins and ends with quotes would lose them.
            let words = serde_json::to_string(&[&*stack.options.shell, "-c", command]).unwrap_or_default();
            container
                .with("HealthCmd", in_a_unit(&words))
                .with("HealthInterval", "2s")
                .with_some("HealthStartPeriod", kind.service.ready_within.map(span))
                .with("Notify", "healthy")
        }
        OutsideCheck::Runs | OutsideCheck::Port(_) | OutsideCheck::Http(_) | OutsideCheck::Nothing => {
            container
        }
    }
}

/// PORT and its kin, the values where they stand in the file, and those that are empty, which no secret can be.
fn environment(
    stack: &ExportedStack<'_>,
    kind: &ExportedType<'_>,
    spec: &Spec,
    values: &[(&str, &str)],
) -> Vec<String> {
    let own = stack.own_in_network(kind).into_iter().map(|variable| match variable.name {
        // That of the first instance.
        PS => pair_of_run(PS, &spec.name.to_string()),
        name => pair_of_run(name, &String::from_utf8_lossy(variable.value)),
    });
    let shown = values.iter().filter(|(_, value)| holds_values(stack) || value.is_empty());
    own.chain(shown.map(|(name, value)| pair_of_run(name, value))).collect()
}

fn pair_of_run(name: &str, value: &str) -> String {
    word_of_run(&format!("{name}={value}"))
}

/// `text` as a word that podman is given: Quadlet reads the quotes, and writes the word into an `ExecStart=`, where systemd puts in
/// variables.
fn word_of_run(text: &str) -> String {
    quoted(text).replace('$', "$$")
}

/// `text` as a value that Quadlet writes into an `ExecStart=`.
fn in_a_unit(text: &str) -> String {
    plain(text).replace('$', "$$")
}
