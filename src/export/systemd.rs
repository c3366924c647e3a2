//! Units for systemd: a target, one service an instance, a socket where it is handed one, and a oneshot for
//! `release`.
//!
//! systemd.service(5), systemd.socket(5), systemd.exec(5), systemd.kill(5); `Type=exec` asks for systemd 240, the `:`
//! before a command for 244.

use std::net::{Ipv6Addr, SocketAddr};

use super::bundle_builder::{BundleBuilder, holds_values, refers};
use super::document::Document;
use super::environment_file;
use super::options::ExportFormat;
use super::readiness::{self, CarriedReadiness};
use super::resources::Resources;
use super::script::{comment, install_values, staying, values_file};
use super::stack::{ExportedStack, ExportedType, about};
use super::systemd_words::{plain, quoted};
use super::units::{
    self, about_unit, can_tell_readiness, instance_name, signal, slice, span, target_name, unit_name,
    with_ends,
};
use crate::name::InstanceName;
use crate::plan::spec::{OutsideCheck, Spec};

/// The folders that `ProtectSystem=full` makes read-only: a stack that lives in one of them may write there.
const PROTECTED: [&str; 4] = ["/usr", "/boot", "/efi", "/etc"];

/// Writes the units of `stack`.
pub(super) fn write(stack: &ExportedStack<'_>, bundle: &mut BundleBuilder) {
    if stack.root.trim() != stack.root || stack.root.ends_with('\\') {
        let hint = Some("name the one that it has there: --working-directory DIR".to_owned());
        bundle.errors.push(about(stack.root, "systemd takes no folder with a blank at its end", hint));
    }
    let values = values(stack, bundle);
    bundle.file(target_name(stack), target(stack));
    for kind in stack.all() {
        for spec in &kind.instances {
            let mut unit = unit(stack, kind, spec, &values);
            bundle.set(stack.options, kind, &mut unit);
            units::write(stack, unit_name(stack, &spec.name), &unit, bundle);
            if let Some(socket) = socket(stack, spec) {
                bundle.file(socket_name(stack, &spec.name), socket);
            }
        }
    }
    if let Some((release, spec)) = stack.release.as_ref().and_then(|of| Some((of, *of.instances.first()?))) {
        let mut unit = unit(stack, release, spec, &values);
        bundle.set(stack.options, release, &mut unit);
        let systemctl = if is_user(stack) { ":systemctl --user" } else { ":+systemctl" };
        let unit = units::upgrade(stack, unit, systemctl);
        units::write(stack, format!("{}-upgrade.service", stack.options.app), &unit, bundle);
    }
    if !is_user(stack) && stack.options.user.is_none() {
        bundle.unsupported("the programs run as root: --user names another user");
    }
    readiness::unsupported(
        stack,
        &CarriedReadiness { order: true, sign: can_tell_readiness, liveness: false, socket: true },
        bundle,
    );
    if refers(stack) {
        bundle.bundle.secrets = Some(if is_user(stack) {
            format!("install -D -m 600 /dev/stdin ~/.config/{}/env", stack.options.app)
        } else {
            install_values(stack, None)
        });
    }
    if holds_values(stack) {
        bundle.unsupported(
            "secrecy: who may ask systemd (systemctl show) sees values that stand in a unit; without \
             --secrets inline they lie in a file of their own",
        );
    }
}

fn target(stack: &ExportedStack<'_>) -> String {
    if is_user(stack) {
        let linger = "# It runs while its user is logged in; `loginctl enable-linger` makes it start at boot and stay.\n";
        return units::target(stack, "default.target", linger);
    }
    units::target(stack, "multi-user.target", "")
}

fn is_user(stack: &ExportedStack<'_>) -> bool {
    stack.options.format == ExportFormat::SystemdUser
}

/// The values as words of `Environment=`, where they stand in the units.
fn values(stack: &ExportedStack<'_>, bundle: &mut BundleBuilder) -> Vec<String> {
    // A file of values has to be UTF-8 too (`load_env_file` in systemd's src/basic/env-file.c).
    let texts = bundle.texts(stack, environment_file::check_name, |_| None);
    if !holds_values(stack) {
        return Vec::new();
    }
    texts.into_iter().map(|(name, value)| quoted(&format!("{name}={value}"))).collect()
}

/// One service.
fn unit(stack: &ExportedStack<'_>, kind: &ExportedType<'_>, spec: &Spec, values: &[String]) -> Document {
    let (mut requires, mut after) = (Vec::new(), Vec::new());
    if !is_user(stack) {
        after.push("network.target".to_owned());
    }
    if spec.service.listen.is_some() {
        requires.push(socket_name(stack, &spec.name));
        after.push(socket_name(stack, &spec.name));
    }
    let about_unit = about_unit(stack, kind, spec, (requires, after));
    Document::map().with("Unit", about_unit).with("Service", service(stack, kind, spec, values))
}

fn service(stack: &ExportedStack<'_>, kind: &ExportedType<'_>, spec: &Spec, values: &[String]) -> Document {
    let own = stack.own(spec);
    let own = own
        .iter()
        .map(|variable| quoted(&format!("{}={}", variable.name, String::from_utf8_lossy(variable.value))));
    let environment: Vec<String> = own.chain(values.iter().cloned()).collect();
    let file = if is_user(stack) {
        // `%h` is the user's home; nothing else of the path has a `%`.
        format!("%h/.config/{}/env", stack.options.app)
    } else {
        values_file(stack)
    };
    let kind_of_start = kind_of_start(spec);
    let service = Document::map()
        .with("Type", kind_of_start)
        // Where a shell stays in front of the program, it is not the first process that says so.
        .with_some("NotifyAccess", (kind_of_start == "notify").then_some("all"))
        // Else a restart of one service would run the release again.
        .with_some("RemainAfterExit", spec.once.then_some("yes"))
        .with_some("User", stack.options.user.as_deref().filter(|_| !is_user(stack)).map(plain))
        .with("WorkingDirectory", plain(stack.root))
        .with("Environment", environment)
        .with_some("EnvironmentFile", refers(stack).then_some(file))
        .with("ExecStart", start(kind, &plain(&stack.options.shell)))
        .with_some("ExecStartPost", waiting(stack, spec))
        // Where a shell stays in front of the program, the signal has to reach both.
        .with("KillMode", if kind.is_replaced { "mixed" } else { "control-group" })
        .with("KillSignal", signal(kind))
        .with("TimeoutStopSec", span(kind.grace));
    let service = Resources::of(kind)
        .in_unit(with_ends(service, kind, spec))
        .with("SyslogIdentifier", instance_name(stack, &spec.name))
        .with("Slice", slice(stack));
    hardened(stack, service)
}

/// Where a shell stays in front of the program, it is the main process, and when that has ended systemd sends the stop signal to all that is
/// left once more (`service_enter_stop_post` in its src/core/service.c): a main process that stays until all have ended keeps it from that.
fn start(kind: &ExportedType<'_>, shell: &str) -> String {
    let command = quoted(&kind.text);
    match staying(kind, "\"$0\" -c \"$1\"") {
        Some(script) => format!(":/bin/sh -c {} {shell} {command}", quoted(&script)),
        None => format!(":{shell} -c {command}"),
    }
}

/// What systemd takes for the end of the start.
fn kind_of_start(spec: &Spec) -> &'static str {
    if spec.once {
        "oneshot"
    } else if spec.service.probe.outside() == OutsideCheck::Notify {
        "notify"
    } else {
        "exec"
    }
}

/// Until this has ended a unit is `activating`, and those after it wait.
fn waiting(stack: &ExportedStack<'_>, spec: &Spec) -> Option<String> {
    let OutsideCheck::Command(command) = spec.service.probe.outside() else { return None };
    let shell = plain(&stack.options.shell);
    // The command is a word of its own, so that it may be any.
    let wait = quoted("until \"$0\" -c \"$1\"; do sleep 1; done");
    (!spec.once).then(|| format!(":{shell} -c {wait} {shell} {}", quoted(command)))
}

fn socket_name(stack: &ExportedStack<'_>, name: &InstanceName) -> String {
    format!("{}.socket", instance_name(stack, name))
}

/// The unit of the socket that an instance is handed: of the same name, so that systemd passes it to the service.
fn socket(stack: &ExportedStack<'_>, spec: &Spec) -> Option<String> {
    let (address, port) = (spec.service.listen?, spec.port?);
    // Without an address: all of both families.
    let everywhere = Ipv6Addr::UNSPECIFIED;
    let stream =
        if address == everywhere { port.to_string() } else { SocketAddr::new(address, port).to_string() };
    Some(format!(
        "{}\n[Unit]\nDescription={app} {name}\nPartOf={}\n\n[Socket]\nListenStream={stream}\n",
        comment(stack),
        target_name(stack),
        app = stack.options.app,
        name = spec.name,
    ))
}

/// `service` with what takes nothing from a program that only serves. Not `NoNewPrivileges=`, nor what
/// implies it: programs that call sudo, ping or sendmail would fail, and only then. A user's own manager
/// can do none of this.
fn hardened(stack: &ExportedStack<'_>, service: Document) -> Document {
    if is_user(stack) {
        return service;
    }
    let is_protected = PROTECTED.iter().any(|folder| {
        stack.root.strip_prefix(*folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    service.with_some("ProtectSystem", (!is_protected).then_some("full")).with("ProtectControlGroups", "yes")
}
