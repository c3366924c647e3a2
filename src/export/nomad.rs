//! Jobs for Nomad, as JSON (developer.hashicorp.com/nomad/api-docs/json-jobs): not HCL, which has an
//! interpolation of its own under the one at run time.

use std::time::Duration;

use super::bundle_builder::{BundleBuilder, holds_values, refers};
use super::document::Document;
use super::encode::json;
use super::nomad_words::{delimiters, is_interpolated};
use super::options::RestartPolicy;
use super::readiness::{self, CarriedReadiness};
use super::resources::Resources;
use super::stack::{ExportedStack, ExportedType, about};
use super::{environment_file, names, reachable, script};
use crate::plan::environment::{PORT, PS};
use crate::plan::spec::OutsideCheck;

/// The most bytes that a Nomad Variable may hold, names and values together.
const LARGEST_VARIABLE: usize = 64 << 10;

/// What Nomad gives a task that asks for nothing, in MHz and MiB: written, so that it is seen and can be set.
const RESOURCES: [(&str, i64); 2] = [("CPU", 100), ("MemoryMB", 300)];

/// Where the command lies in a task's folder, where it cannot stand in the job.
const COMMAND_FILE: &str = "local/command";

/// Writes the jobs of `stack`: one that serves, and one for each type that runs once. In a job of services that would be started
/// again elsewhere.
pub(super) fn write(stack: &ExportedStack<'_>, bundle: &mut BundleBuilder) {
    let values = values(stack, bundle);
    if holds_values(stack) {
        for variable in stack
            .values
            .iter()
            .filter(|variable| std::str::from_utf8(variable.value).is_ok_and(is_interpolated))
        {
            bundle.refuse(stack, variable, "its value has a ${…}, in whose place Nomad puts something else");
        }
    }
    if stack.options.image.is_none() && is_interpolated(stack.root) {
        bundle.errors.push(about(stack.root, "Nomad would put something in place of ${…}", None));
    }
    let app = &stack.options.app;
    for once in stack.all().filter(|kind| kind.is_once) {
        let (name, groups) = (job_name(stack, once), vec![group(stack, once, &values, bundle)]);
        bundle.file_with_values(stack, format!("{name}.json"), job(stack, &name, "batch", groups));
        bundle.unsupported(format!("nothing waits for {name}: run that job first, to its end"));
    }
    let serving: Vec<_> = stack.kinds.iter().filter(|kind| !kind.is_once).collect();
    if !serving.is_empty() {
        let groups = serving.into_iter().map(|kind| group(stack, kind, &values, bundle)).collect();
        bundle.file_with_values(stack, format!("{app}.json"), job(stack, app, "service", groups));
    }
    bundle.unsupported("PS counts from 0 there: web.0 is the first");
    names::lose_signals(
        stack,
        |kind| stack.options.image.is_some() && script::is_heard(kind.stop_signal),
        bundle,
    );
    readiness::unsupported(
        stack,
        &CarriedReadiness { sign: can_tell_readiness, ..CarriedReadiness::NOTHING },
        bundle,
    );
    if stack.options.image.is_some() {
        reachable::report(stack, bundle);
    }
    if stack.options.image.is_none() && stack.kinds.iter().any(|kind| kind.port.is_some()) {
        bundle.unsupported(
            "ports are Nomad's choice, and GANGER_PORT_… are not set: without --image all share the host",
        );
    }
    if refers(stack) {
        bundle.bundle.secrets = Some(put_values(stack));
    }
}

/// Whether Nomad can tell that this type is ready.
fn can_tell_readiness(kind: &ExportedType<'_>) -> bool {
    match kind.service.probe.outside() {
        OutsideCheck::Runs => true,
        // A check belongs to a service.
        OutsideCheck::Port(None) | OutsideCheck::Http(_) => kind.is_exposed,
        OutsideCheck::Port(Some(_))
        | OutsideCheck::Nothing
        | OutsideCheck::Command(_)
        | OutsideCheck::Notify => false,
    }
}

/// The specification of the Nomad Variable that holds the values.
pub(super) fn variables(stack: &ExportedStack<'_>, bundle: &mut BundleBuilder) -> String {
    let values = values(stack, bundle);
    let items = values.into_iter().fold(Document::map(), |map, (name, value)| map.with(name, value));
    json(&Document::map().with("Path", path(&stack.options.app)).with("Items", items))
}

/// What lies under the path of a job only its own tasks may read, so that each has the values under its own.
fn path(job: &str) -> String {
    format!("nomad/jobs/{job}")
}

/// The job that a type is in.
fn job_name(stack: &ExportedStack<'_>, kind: &ExportedType<'_>) -> String {
    if kind.is_once { stack.name_of(kind) } else { stack.options.app.clone() }
}

/// What puts the values where the jobs look for them.
fn put_values(stack: &ExportedStack<'_>) -> String {
    let namespace = stack.options.namespace.as_ref();
    let namespace = namespace.map(|name| format!("-namespace={} ", script::quote(name))).unwrap_or_default();
    let put = format!("nomad var put {namespace}-force -in=json -");
    let once = stack.all().filter(|kind| kind.is_once).map(|kind| job_name(stack, kind));
    let once: Vec<String> = once.collect();
    if once.is_empty() {
        return put;
    }
    // No value begins a line as the path does.
    format!(
        "(values=$(cat); for job in {} {}; do printf '%s\\n' \"$values\" | sed \"/^  \\\"Path\\\": /s,jobs/[^\\\"]*,jobs/$job,\" | {put}; done)",
        stack.options.app,
        once.join(" ")
    )
}

fn values<'a>(stack: &ExportedStack<'a>, bundle: &mut BundleBuilder) -> Vec<(&'a str, &'a str)> {
    let is_file = !holds_values(stack);
    let because = "its value holds a control character, which Nomad's file of variables cannot";
    let values = bundle.texts(stack, environment_file::check_name, |value| {
        (is_file && value.contains(is_unwritable)).then_some(because)
    });
    let size: usize = values.iter().map(|(name, value)| name.len() + value.len()).sum();
    if size > LARGEST_VARIABLE && !holds_values(stack) {
        let message = format!("the values have {size} bytes; a Nomad Variable holds {LARGEST_VARIABLE}");
        bundle.errors.push(about("environment", message, Some("move the largest into a file".into())));
    }
    values
}

/// Whether go-envparse, which reads the values, has no way to write this control character.
fn is_unwritable(c: char) -> bool {
    c.is_ascii_control() && !matches!(c, '\n' | '\t' | '\u{7f}')
}

fn job(stack: &ExportedStack<'_>, name: &str, kind: &str, groups: Vec<Document>) -> String {
    let job = Document::map()
        .with("ID", name)
        .with("Name", name)
        .with_some("Namespace", stack.options.namespace.as_deref())
        .with("Type", kind)
        .with("Datacenters", vec!["*"])
        .with("TaskGroups", groups);
    json(&Document::map().with("Job", job))
}

/// A type: a group of as many allocations as there are instances, with one task.
fn group(
    stack: &ExportedStack<'_>,
    kind: &ExportedType<'_>,
    values: &[(&str, &str)],
    bundle: &mut BundleBuilder,
) -> Document {
    let has_port = kind.port.is_some() && !kind.is_once;
    let inside = kind.port.filter(|_| stack.options.image.is_some()).map(i64::from);
    let port = Document::map().with("Label", "http").with_some("To", inside);
    let network = Document::map()
        .with_some("Mode", stack.options.image.as_ref().map(|_| "bridge"))
        .with("DynamicPorts", vec![port]);
    let kind_of_check = match kind.service.probe.outside() {
        OutsideCheck::Http(path) => Document::map().with("Type", "http").with("Path", path),
        OutsideCheck::Runs
        | OutsideCheck::Port(_)
        | OutsideCheck::Nothing
        | OutsideCheck::Command(_)
        | OutsideCheck::Notify => Document::map().with("Type", "tcp"),
    };
    let check = kind_of_check
        .with("PortLabel", "http")
        .with("Interval", nanoseconds(Duration::from_secs(10)))
        .with("Timeout", nanoseconds(Duration::from_secs(2)));
    let service = Document::map()
        .with("Name", stack.name_of(kind))
        .with("PortLabel", "http")
        .with("Provider", "nomad")
        .with("Checks", vec![check]);
    let count = i64::try_from(kind.instances.len()).unwrap_or(i64::MAX);
    let mut group = Document::map()
        .with("Name", kind.name.as_str())
        .with("Count", count)
        .with_some("RestartPolicy", restart(kind))
        .with_some("Networks", has_port.then(|| vec![network]))
        .with_some("Services", kind.is_exposed.then(|| vec![service]))
        .with("Tasks", vec![task(stack, kind, values)]);
    bundle.set(stack.options, kind, &mut group);
    group
}

fn task(stack: &ExportedStack<'_>, kind: &ExportedType<'_>, values: &[(&str, &str)]) -> Document {
    let is_file = is_interpolated(&kind.text);
    let (first, arguments) = command(stack, kind, is_file);
    let has_image = stack.options.image.is_some();
    let config = Document::map()
        .with_some("image", stack.options.image.as_deref())
        // As process 1 a program would have no default action for the stop signal, and have to reap orphans.
        .with_some("init", has_image.then_some(true))
        .with("command", first)
        .with("args", arguments)
        .with_some("ports", (has_image && kind.port.is_some() && !kind.is_once).then(|| vec!["http"]));
    let templates = templates(stack, kind, is_file);
    let signal = kind.stop_signal.known().map_or("SIGTERM", |known| known.as_str());
    Document::map()
        .with("Name", kind.name.as_str())
        .with("Driver", if has_image { "docker" } else { "raw_exec" })
        .with_some("User", stack.options.user.as_deref())
        .with("Config", config)
        .with("Env", environment(stack, kind, values))
        .with_some("Templates", (!templates.is_empty()).then_some(templates))
        .with("Resources", resources(kind))
        .with("KillSignal", signal)
        .with("KillTimeout", nanoseconds(kind.grace))
}

/// What a task takes. Processors are counted in MHz there, of which a quantity says nothing.
fn resources(kind: &ExportedType<'_>) -> Document {
    let (asked, mebibytes) = (Resources::of(kind), |bytes: u64| i64::try_from(bytes.div_ceil(1 << 20)).ok());
    let request = asked.memory_request.or(asked.memory_limit).and_then(mebibytes);
    let limit =
        asked.memory_limit.and_then(mebibytes).filter(|most| request.is_some_and(|least| *most > least));
    RESOURCES
        .iter()
        .fold(Document::map(), |map, (name, value)| map.with(name, *value))
        .with_some("MemoryMB", request)
        .with_some("MemoryMaxMB", limit)
}

/// The program and its arguments.
fn command(stack: &ExportedStack<'_>, kind: &ExportedType<'_>, is_file: bool) -> (String, Vec<String>) {
    let shell = stack.options.shell.clone();
    // `$(cat …)` cuts line breaks at the end only, and a command has none there.
    let read = "exec \"$0\" -c \"$(cat \"$NOMAD_TASK_DIR/command\")\"";
    let mut words = if stack.options.image.is_none() {
        let enter = format!("cd {} && ", script::quote(stack.root));
        if is_file {
            vec!["/bin/sh".to_owned(), "-c".to_owned(), format!("{enter}{read}"), shell]
        } else {
            let run = format!("{enter}exec \"$0\" -c \"$1\"");
            vec!["/bin/sh".to_owned(), "-c".to_owned(), run, shell, kind.text.clone()]
        }
    } else {
        let mut words = script::in_container(stack, kind, kind.stop_signal);
        if is_file && let Some(text) = words.last_mut() {
            read.clone_into(text);
            // `$0` of the text.
            words.push(shell);
        }
        words
    };
    (words.remove(0), words)
}

/// The values from the Nomad Variable, and the command where it cannot stand in the job.
fn templates(stack: &ExportedStack<'_>, kind: &ExportedType<'_>, is_file: bool) -> Vec<Document> {
    let mut templates = Vec::new();
    if refers(stack) {
        // What go-envparse, which reads the result, takes back in double quotes. Not `toJSON`: that one
        // writes `<` as `\u003c`, which go-envparse refuses.
        let escaped = r#"{{ .V | replaceAll "\\" "\\\\" | replaceAll "\"" "\\\"" | replaceAll "\n" "\\n" | replaceAll "\t" "\\t" }}"#;
        let text = format!(
            "{{{{ with nomadVar \"{}\" }}}}{{{{ range .Tuples }}}}{{{{ .K }}}}=\"{escaped}\"\n{{{{ end }}}}{{{{ end }}}}",
            path(&job_name(stack, kind))
        );
        templates.push(
            Document::map()
                .with("EmbeddedTmpl", text)
                .with("DestPath", "secrets/values.env")
                .with("Envvars", true)
                .with("ChangeMode", "restart"),
        );
    }
    if is_file {
        let (left, right) = delimiters(&kind.text);
        templates.push(
            Document::map()
                .with("EmbeddedTmpl", kind.text.as_str())
                .with("DestPath", COMMAND_FILE)
                .with("LeftDelim", left)
                .with("RightDelim", right)
                .with("ChangeMode", "noop"),
        );
    }
    templates
}

/// PORT and its kin, where Nomad's own variables are meant, and the values where they stand in the job.
fn environment(stack: &ExportedStack<'_>, kind: &ExportedType<'_>, values: &[(&str, &str)]) -> Document {
    let mut environment = Document::map();
    let has_image = stack.options.image.is_some();
    for variable in stack.own_in_network(kind) {
        let value = String::from_utf8_lossy(variable.value).into_owned();
        let value = match variable.name {
            PS if kind.is_once => Some(value),
            PS => Some(format!("{}.${{NOMAD_ALLOC_INDEX}}", kind.name)),
            PORT if has_image || kind.is_once => Some(value),
            PORT => Some("${NOMAD_PORT_http}".to_owned()),
            _ => has_image.then_some(value),
        };
        environment = environment.with_some(variable.name, value);
    }
    if holds_values(stack) {
        for (name, value) in values {
            environment = environment.with(name, *value);
        }
    }
    environment
}

/// What happens when a task ends; `None`: Nomad's own habit.
fn restart(kind: &ExportedType<'_>) -> Option<Document> {
    let attempts: i64 = match kind.restart {
        Some(RestartPolicy::Never) => 0,
        None | Some(RestartPolicy::OnFailure | RestartPolicy::Always) => return None,
    };
    Some(Document::map().with("Attempts", attempts).with("Mode", "fail"))
}

/// Nomad's JSON counts time in nanoseconds.
fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}
