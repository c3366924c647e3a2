//! Jobs for Nomad, as JSON (developer.hashicorp.com/nomad/api-docs/json-jobs): not HCL, which has an
//! interpolation of its own under the one at run time.

use std::time::Duration;

use super::bundle_builder::{BundleBuilder, holds_values, refers};
use super::document::Document;
use super::encode::json;
use super::environment_file;
use super::nomad_words::{delimiters, is_interpolated};
use super::options::RestartPolicy;
use super::readiness::{self, CarriedReadiness};
use super::stack::{ExportedStack, ExportedType, ExportedVariable, about};
use crate::plan::environment::{PORT, PS};
use crate::plan::spec::OutsideCheck;

/// The most bytes that a Nomad Variable may hold, names and values together.
const LARGEST_VARIABLE: usize = 64 << 10;

/// Where the command lies in a task's folder, where it cannot stand in the job.
const COMMAND_FILE: &str = "local/command";

/// Writes the jobs of `stack`: one that serves, and one that runs `release`.
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
    if let Some(release) = &stack.release {
        let groups = vec![group(stack, release, &values, bundle)];
        bundle.file_with_values(
            stack,
            format!("{app}-release.json"),
            job(&format!("{app}-release"), "batch", groups),
        );
        bundle.unsupported(format!("nothing waits for {app}-release: run that job first, to its end"));
    }
    if !stack.kinds.is_empty() {
        let groups = stack.kinds.iter().map(|kind| group(stack, kind, &values, bundle)).collect();
        bundle.file_with_values(stack, format!("{app}.json"), job(app, "service", groups));
    }
    bundle.unsupported("PS counts from 0 there: web.0 is the first");
    let sign = |kind: &ExportedType<'_>| match kind.care.probe.outside() {
        OutsideCheck::Runs => true,
        // A check belongs to a service.
        OutsideCheck::Port(None) | OutsideCheck::Http(_) => kind.is_exposed,
        OutsideCheck::Port(Some(_))
        | OutsideCheck::Nothing
        | OutsideCheck::Command(_)
        | OutsideCheck::Notify => false,
    };
    readiness::unsupported(stack, &CarriedReadiness { sign, ..CarriedReadiness::NOTHING }, bundle);
    if stack.options.image.is_none() && stack.kinds.iter().any(|kind| kind.port.is_some()) {
        bundle.unsupported(
            "ports are Nomad's choice, and GANGER_PORT_… are not set: without --image all share the host",
        );
    }
    if refers(stack) {
        bundle.bundle.secrets = Some("nomad var put -force -in=json -".into());
    }
}

/// The specification of the Nomad Variable that holds the values.
pub(super) fn variables(stack: &ExportedStack<'_>, bundle: &mut BundleBuilder) -> String {
    let values = values(stack, bundle);
    let items = values.into_iter().fold(Document::map(), |map, (name, value)| map.with(name, value));
    json(&Document::map().with("Path", path(stack)).with("Items", items))
}

/// A job and its tasks may read what lies under their own path.
fn path(stack: &ExportedStack<'_>) -> String {
    format!("nomad/jobs/{}", stack.options.app)
}

fn values<'a>(stack: &ExportedStack<'a>, bundle: &mut BundleBuilder) -> Vec<(&'a str, &'a str)> {
    let usable: Vec<ExportedVariable<'a>> = stack
        .values
        .iter()
        .filter(|variable| environment_file::check_name(stack, variable, bundle))
        .copied()
        .collect();
    // go-envparse, which reads the values, has no way to write other control characters.
    let is_none = |c: char| c.is_ascii_control() && !matches!(c, '\n' | '\t' | '\u{7f}');
    let is_file = !holds_values(stack);
    let because = "its value holds a control character, which Nomad's file of variables cannot";
    let values =
        bundle.texts(stack, &usable, |value| (is_file && value.contains(is_none)).then_some(because));
    let size: usize = values.iter().map(|(name, value)| name.len() + value.len()).sum();
    if size > LARGEST_VARIABLE && !holds_values(stack) {
        let message = format!("the values have {size} bytes; a Nomad Variable holds {LARGEST_VARIABLE}");
        bundle.errors.push(about("environment", message, Some("move the largest into a file".into())));
    }
    values
}

fn job(name: &str, kind: &str, groups: Vec<Document>) -> String {
    let job = Document::map()
        .with("ID", name)
        .with("Name", name)
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
    let kind_of_check = match kind.care.probe.outside() {
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
    let shell = stack.options.shell.as_str();
    let is_file = is_interpolated(&kind.text);
    let enter = if stack.options.image.is_none() {
        format!("cd {} && ", super::script::quote(stack.root))
    } else {
        String::new()
    };
    let command: Vec<Document> = if is_file {
        // `$(cat …)` cuts line breaks at the end only, and a command has none there.
        let read = format!("{enter}exec \"$0\" -c \"$(cat \"$NOMAD_TASK_DIR/command\")\"");
        ["-c", &read, shell].map(Document::from).to_vec()
    } else if enter.is_empty() {
        ["-c", &kind.text].map(Document::from).to_vec()
    } else {
        let read = format!("{enter}exec \"$0\" -c \"$1\"");
        ["-c", &read, shell, &kind.text].map(Document::from).to_vec()
    };
    let first = if is_file || !enter.is_empty() { "/bin/sh" } else { shell };
    let config = Document::map()
        .with_some("image", stack.options.image.as_deref())
        .with("command", first)
        .with("args", command)
        .with_some(
            "ports",
            (stack.options.image.is_some() && kind.port.is_some() && !kind.is_once).then(|| vec!["http"]),
        );
    let templates = templates(stack, kind, is_file);
    let signal = kind.stop_signal.known().map_or("SIGTERM", |known| known.as_str());
    Document::map()
        .with("Name", kind.name.as_str())
        .with("Driver", if stack.options.image.is_some() { "docker" } else { "raw_exec" })
        .with_some("User", stack.options.user.as_deref())
        .with("Config", config)
        .with("Env", environment(stack, kind, values))
        .with_some("Templates", (!templates.is_empty()).then_some(templates))
        .with("KillSignal", signal)
        .with("KillTimeout", nanoseconds(kind.grace))
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
            path(stack)
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
    for variable in kind.instances.first().map(|first| stack.own(first)).unwrap_or_default() {
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
