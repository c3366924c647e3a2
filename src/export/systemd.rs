//! Units for systemd: a target, one service an instance, a socket where it is handed one, and a oneshot for
//! `release`.
//!
//! systemd.service(5), systemd.socket(5), systemd.exec(5), systemd.kill(5); `Type=exec` asks for systemd 240, the `:`
//! before a command for 244.

use std::net::{Ipv6Addr, SocketAddr};
use std::time::Duration;

use super::bundle_builder::{BundleBuilder, holds_values, refers};
use super::document::Document;
use super::options::{ExportFormat, RestartPolicy};
use super::readiness::{self, CarriedReadiness};
use super::script::{comment, install_values, values_file};
use super::stack::{ExportedStack, ExportedType, ExportedVariable, about};
use super::systemd_words::{plain, quoted};
use super::{environment_file, sections};
use crate::exit::Exit;
use crate::name::InstanceName;
use crate::plan::spec::{OutsideCheck, Probe, Spec};

/// How long systemd waits before it starts a program again.
const DELAY: &str = "1s";

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
            write_unit(stack, unit_name(stack, &spec.name), &unit, bundle);
            if let Some(socket) = socket(stack, spec) {
                bundle.file(socket_name(stack, &spec.name), socket);
            }
        }
    }
    if let Some(release) = &stack.release {
        write_upgrade(stack, release, &values, bundle);
    }
    if !is_user(stack) && stack.options.user.is_none() {
        bundle.unsupported("the programs run as root: --user names another user");
    }
    let sign = |kind: &ExportedType<'_>| kind.service.probe.is_timer() || is_asked(&kind.service.probe);
    readiness::unsupported(
        stack,
        &CarriedReadiness { order: true, sign, liveness: false, socket: true },
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

/// The values as words of `Environment=`, where they stand in the units.
fn values(stack: &ExportedStack<'_>, bundle: &mut BundleBuilder) -> Vec<String> {
    let usable: Vec<ExportedVariable<'_>> = stack
        .values
        .iter()
        .filter(|variable| environment_file::check_name(stack, variable, bundle))
        .copied()
        .collect();
    // A file of values has to be UTF-8 too (`load_env_file` in systemd's src/basic/env-file.c).
    let texts = bundle.texts(stack, &usable, |_| None);
    if !holds_values(stack) {
        return Vec::new();
    }
    texts.into_iter().map(|(name, value)| quoted(&format!("{name}={value}"))).collect()
}

/// A unit that is never started by itself: it runs the release and, when that has succeeded, restarts the others. A restart of
/// the target stops them first.
fn write_upgrade(
    stack: &ExportedStack<'_>,
    release: &ExportedType<'_>,
    values: &[String],
    bundle: &mut BundleBuilder,
) {
    let Some(spec) = release.instances.first() else { return };
    let mut unit = unit(stack, release, spec, values);
    bundle.set(stack.options, release, &mut unit);
    let Document::Map(mut sections) = unit else { return };
    let about_unit = Document::map()
        .with("Description", format!("{} upgrade: the release, then a restart", stack.options.app));
    sections.insert("Unit".to_owned(), about_unit);
    if let Some(Document::Map(service)) = sections.get_mut("Service") {
        let others =
            stack.kinds.iter().flat_map(|kind| &kind.instances).map(|spec| unit_name(stack, &spec.name));
        let (manager, rights) = if is_user(stack) { ("--user ", ":") } else { ("", ":+") };
        let restart = format!("{rights}systemctl {manager}restart {}", others.collect::<Vec<_>>().join(" "));
        // So that the next start runs it again.
        service.shift_remove("RemainAfterExit");
        service.insert("ExecStartPost".to_owned(), restart.into());
        service.insert("SyslogIdentifier".to_owned(), format!("{}-upgrade", stack.options.app).into());
    }
    write_unit(stack, format!("{}-upgrade.service", stack.options.app), &Document::Map(sections), bundle);
}

fn write_unit(stack: &ExportedStack<'_>, name: String, unit: &Document, bundle: &mut BundleBuilder) {
    match sections::text(unit, "=") {
        Ok(text) => bundle.file_with_values(stack, name, format!("{}\n{text}", comment(stack))),
        Err(error) => bundle.errors.push(about("--set", error.to_string(), None)),
    }
}

/// The slice of all services: its stop returns when they have stopped, that of the target at once. `-` would be a level
/// of slices.
fn slice(stack: &ExportedStack<'_>) -> String {
    format!("ganger-{}.slice", stack.options.app.replace('-', "_"))
}

fn target_name(stack: &ExportedStack<'_>) -> String {
    format!("{}.target", stack.options.app)
}

/// `shop-web.1.service`; a release runs once and has no number.
fn unit_name(stack: &ExportedStack<'_>, name: &InstanceName) -> String {
    format!("{}-{name}.service", stack.options.app)
}

fn target(stack: &ExportedStack<'_>) -> String {
    let units: Vec<String> =
        stack.all().flat_map(|kind| &kind.instances).map(|spec| unit_name(stack, &spec.name)).collect();
    let wanted_by = if is_user(stack) { "default.target" } else { "multi-user.target" };
    let wants: String = units.iter().map(|unit| format!("Wants={unit}\n")).collect();
    let linger =
        "# It runs while its user is logged in; `loginctl enable-linger` makes it start at boot and stay.\n";
    format!(
        "{}\n{}[Unit]\nDescription={}\n{wants}\n[Install]\nWantedBy={wanted_by}\n",
        comment(stack),
        if is_user(stack) { linger } else { "" },
        stack.options.app
    )
}

/// One service.
fn unit(stack: &ExportedStack<'_>, kind: &ExportedType<'_>, spec: &Spec, values: &[String]) -> Document {
    let units = |of: &ExportedType<'_>| -> Vec<String> {
        of.instances.iter().map(|spec| unit_name(stack, &spec.name)).collect()
    };
    let (mut requires, mut after) = (Vec::new(), Vec::new());
    if !is_user(stack) {
        after.push("network.target".to_owned());
    }
    if spec.service.listen.is_some() {
        requires.push(socket_name(stack, &spec.name));
        after.push(socket_name(stack, &spec.name));
    }
    for before in stack.before(kind) {
        after.extend(units(before));
        // What has to have succeeded. For all others `after` is an order of starting, no bond for life.
        if before.is_once {
            requires.extend(units(before));
        }
    }
    let about_unit = Document::map()
        .with("Description", format!("{} {}", stack.options.app, spec.name))
        .with("PartOf", target_name(stack))
        .with_some("Requires", (!requires.is_empty()).then_some(requires))
        .with_some("After", (!after.is_empty()).then_some(after))
        // ganger's supervisors do not give up on a stack that runs for good: a database may be away for an hour.
        .with_some("StartLimitIntervalSec", (!spec.once).then_some("0"));
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
    let shell = plain(&stack.options.shell);
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
        .with("ExecStart", format!(":{shell} -c {}", quoted(&kind.text)))
        .with_some("ExecStartPost", waiting(stack, spec))
        // Where a shell stays in front of the program, the signal has to reach both.
        .with("KillMode", if kind.is_replaced { "mixed" } else { "control-group" })
        .with("KillSignal", signal(kind))
        // The status of a program that ends as asked, where it is a shell's or one of its own: no failure.
        .with_some(
            "SuccessExitStatus",
            (!spec.once).then(|| i64::from(Exit::Signal(kind.stop_signal).status())),
        )
        .with("TimeoutStopSec", span(kind.grace));
    let service = match (spec.once, kind.restart) {
        (true, _) => service.with("TimeoutStartSec", "infinity"),
        (false, restart) => {
            let limit = spec.service.ready_within.filter(|_| is_asked(&spec.service.probe));
            let service = service.with_some("TimeoutStartSec", limit.map(span));
            let word = match restart {
                Some(RestartPolicy::Never) => "no",
                None | Some(RestartPolicy::OnFailure) => "on-failure",
                Some(RestartPolicy::Always) => "always",
            };
            service.with("Restart", word).with("RestartSec", DELAY)
        }
    };
    let service = service
        .with("SyslogIdentifier", format!("{}-{}", stack.options.app, spec.name))
        .with("Slice", slice(stack));
    hardened(stack, service)
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

/// Whether the start is over only when this sign is there.
fn is_asked(probe: &Probe) -> bool {
    matches!(probe.outside(), OutsideCheck::Command(_) | OutsideCheck::Notify)
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
    format!("{}-{name}.socket", stack.options.app)
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
    let lies_in = |folder: &&str| {
        stack.root.strip_prefix(*folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if is_user(stack) {
        return service;
    }
    let is_protected = PROTECTED.iter().any(lies_in);
    service.with_some("ProtectSystem", (!is_protected).then_some("full")).with("ProtectControlGroups", "yes")
}

fn is_user(stack: &ExportedStack<'_>) -> bool {
    stack.options.format == ExportFormat::SystemdUser
}

/// The stop signal by its name, or its number where it has none.
fn signal(kind: &ExportedType<'_>) -> String {
    kind.stop_signal.known().map_or_else(|| kind.stop_signal.0.to_string(), |known| known.as_str().to_owned())
}

/// A time span. Never 0, which systemd takes for forever.
fn span(duration: Duration) -> String {
    match duration.subsec_millis() {
        0 if duration.as_secs() > 0 => format!("{}s", duration.as_secs()),
        _ => format!("{}ms", duration.as_millis().max(1)),
    }
}
