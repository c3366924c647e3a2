//! Objects for Kubernetes: a Deployment a type, a Service where others connect, a Job for `release`, and
//! a reference to a Secret.

use base64::Engine;
use base64::prelude::BASE64_STANDARD as STANDARD;

use super::bundle_builder::{BundleBuilder, File, holds_values, refers};
use super::checksum::sha256;
use super::document::Document;
use super::encode::yaml;
use super::environment_file::is_part_of_name;
use super::format::KUSTOMIZATION;
use super::kubernetes_objects::{
    common_labels, ingress, kustomization, labels_of, object, report_resources, resources, scaling, security,
    selector_of, service,
};
use super::kubernetes_probes::{self as probes, probe};
use super::options::RestartPolicy;
use super::readiness::{self, CarriedReadiness};
use super::script::whole_seconds;
use super::stack::{ExportedStack, ExportedType, ExportedVariable, about};
use super::{names, reachable, script};
use crate::plan::environment::PS;
use crate::plan::spec::OutsideCheck;
use crate::signal::Signal;

/// The most bytes that a Secret may hold (`MaxSecretSize`).
const LARGEST_SECRET: usize = 1 << 20;

/// Seconds until every proxy of a cluster has left out an instance that is to be stopped. Requests arrive meanwhile.
const LINGER: u64 = 5;

/// Writes the objects of `stack`, one file a type.
pub(super) fn write(stack: &ExportedStack<'_>, bundle: &mut BundleBuilder) {
    let image = names::image(stack, bundle);
    let labels = names::labels(stack, bundle);
    let secret = secret(stack, bundle);
    if holds_values(stack) {
        let file =
            File { path: format!("{}-env.yaml", stack.options.app), bytes: secret.into_bytes(), mode: 0o600 };
        bundle.bundle.files.push(file);
    }
    let security = security(stack, bundle);
    for (kind, label) in stack.all().zip(&labels) {
        let pod = pod(stack, kind, label, (image, security.as_ref()));
        let mut object =
            if kind.is_once { job(stack, label, pod) } else { deployment(stack, kind, label, pod) };
        bundle.set(stack.options, kind, &mut object);
        let mut text = format!("{}\n{}", script::comment(stack), yaml(&object));
        let beside = [service(stack, kind, label), ingress(stack, kind, label)];
        for mut object in beside.into_iter().flatten().chain(scaling(stack, kind, label)) {
            bundle.set_beside(stack.options, Some(kind), &mut object);
            text += "---\n";
            text += &yaml(&object);
        }
        // kubectl applies a folder's files in the order of their names: what is needed first comes first.
        let path = if kind.is_once { format!("0-{label}.yaml") } else { format!("{label}.yaml") };
        bundle.file(path, text);
        what_is_lost(kind, bundle);
    }
    if stack.options.kustomize {
        let base = kustomization(stack, &bundle.bundle);
        bundle.file(KUSTOMIZATION, base);
    }
    what_the_stack_loses(stack, bundle);
    report_resources(stack, bundle);
    if refers(stack) {
        // On the server's side, so that no annotation keeps a copy of the values.
        bundle.bundle.secrets = Some("kubectl apply --server-side -f -".into());
    }
}

/// What is not carried over of the stack as a whole.
fn what_the_stack_loses(stack: &ExportedStack<'_>, bundle: &mut BundleBuilder) {
    names::lose_signals(stack, |kind| script::is_heard(kind.stop_signal), bundle);
    readiness::unsupported(
        stack,
        &CarriedReadiness { sign: can_tell_readiness, liveness: true, ..CarriedReadiness::NOTHING },
        bundle,
    );
    reachable::report(stack, bundle);
    for job in stack.all().filter(|kind| kind.is_once) {
        bundle.unsupported(format!(
            "nothing in these files waits for the Job of {}: apply it first, and wait for it (docs/export.md)",
            job.name
        ));
    }
    let hidden = |has_probe: bool| -> Vec<&str> {
        let without_service =
            stack.kinds.iter().filter(|kind| !kind.is_exposed && kind.port.is_some() && !kind.is_once);
        let of_them = without_service.filter(|kind| probe(stack, kind).is_some() == has_probe);
        of_them.map(|kind| kind.name.as_str()).collect()
    };
    let (without_both, without_service) = (hidden(false), hidden(true));
    if !without_both.is_empty() {
        let names = without_both.join(", ");
        bundle.unsupported(format!(
            "no Service and no probe for {names}: nothing says that they listen; --expose does"
        ));
    }
    if !without_service.is_empty() {
        let names = without_service.join(", ");
        bundle.unsupported(format!(
            "no Service for {names}: nothing says that they listen on PORT; --expose does"
        ));
    }
    bundle.unsupported(
        "PS is the pod's name there, not web.1, and PORT is the same for all instances of a type",
    );
}

/// Whether Kubernetes can tell that this type is ready.
fn can_tell_readiness(kind: &ExportedType<'_>) -> bool {
    !matches!(kind.service.probe.outside(), OutsideCheck::Notify | OutsideCheck::Nothing)
}

/// The Secret with the values.
pub(super) fn secret(stack: &ExportedStack<'_>, bundle: &mut BundleBuilder) -> String {
    let values = bundle.texts(stack, check_name, |_| None);
    let size: usize = values.iter().map(|(name, value)| name.len() + value.len()).sum();
    if size > LARGEST_SECRET {
        let message = format!("the values have {size} bytes; a Secret holds {LARGEST_SECRET}");
        bundle.errors.push(about("environment", message, Some("move the largest into a file".into())));
    }
    let (plain, encoded): (Vec<_>, Vec<_>) =
        values.into_iter().partition(|(_, value)| value.chars().all(is_printable));
    let plain = plain.into_iter().fold(Document::map(), |map, (name, value)| map.with(name, value));
    let encoded = encoded
        .into_iter()
        .fold(Document::map(), |map, (name, value)| map.with(name, STANDARD.encode(value)));
    let labels = common_labels(stack).with("app.kubernetes.io/managed-by", "ganger");
    let mut object = object(stack, ("v1", "Secret"), secret_name(stack), labels)
        .with("type", "Opaque")
        .with_some("data", encoded.unless_empty())
        .with_some("stringData", plain.unless_empty());
    bundle.set_beside(stack.options, None, &mut object);
    format!("{}\n{}", script::comment(stack), yaml(&object))
}

/// Whether YAML has this character without an escape, on a line (YAML 1.2.2, 5.1). kustomize and podman write a document once more
/// before they read it, and forget escapes and line breaks at an end.
fn is_printable(character: char) -> bool {
    matches!(character, ' '..='~' | '\u{a0}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..)
}

/// Whether a Secret can have a key of that name; else the variable is refused.
fn check_name(
    stack: &ExportedStack<'_>,
    variable: &ExportedVariable<'_>,
    bundle: &mut BundleBuilder,
) -> bool {
    let name = variable.name;
    // An environment takes no digit first, and would leave the key out without a word.
    let is_key = name.len() <= 253
        && name.bytes().all(is_part_of_name)
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.starts_with("..")
        && !name.is_empty()
        && name != ".";
    if !is_key {
        bundle.refuse(stack, variable, "a Secret has no key of that name");
    }
    is_key
}

fn secret_name(stack: &ExportedStack<'_>) -> String {
    format!("{}-env", stack.options.app)
}

fn deployment(stack: &ExportedStack<'_>, kind: &ExportedType<'_>, label: &str, pod: Document) -> Document {
    let count = i64::try_from(kind.instances.len()).unwrap_or(i64::MAX);
    let spec = Document::map()
        // Where the engine scales, an apply must not scale back.
        .with_some("replicas", kind.scale().is_none().then_some(count))
        .with("revisionHistoryLimit", 5_i64)
        .with("selector", Document::map().with("matchLabels", selector_of(stack, label)))
        // One of which there is one (a clock) is not doubled while it is replaced.
        .with_some(
            "strategy",
            (count == 1 && !kind.is_exposed && kind.scale().is_none())
                .then(|| Document::map().with("type", "Recreate")),
        )
        .with("template", pod);
    object(stack, ("apps/v1", "Deployment"), label, labels_of(stack, label)).with("spec", spec)
}

/// The Job of `release`. Its name follows from its image, command and ports, so that the same release runs once and a new
/// one is a new Job: a Job cannot be changed. It stays when it has ended, as the next apply would make it again otherwise.
fn job(stack: &ExportedStack<'_>, label: &str, pod: Document) -> Document {
    let sum = sha256(yaml(&pod).as_bytes());
    let room = 63 - 9;
    let name =
        format!("{}-{}", label.chars().take(room).collect::<String>().trim_end_matches('-'), &sum[..8]);
    let spec = Document::map().with("backoffLimit", 0_i64).with("template", pod);
    let mut object = object(stack, ("batch/v1", "Job"), name, labels_of(stack, label));
    // Argo CD applies the others when this one has succeeded. A hook would run at every sync.
    let wave = Document::map().with("argocd.argoproj.io/sync-wave", "-1");
    if let Document::Map(entries) = &mut object
        && let Some(Document::Map(metadata)) = entries.get_mut("metadata")
    {
        metadata.insert("annotations".to_owned(), wave);
    }
    object.with("spec", spec)
}

/// What runs the containers of a type: the image, and the contexts of pod and container.
type Image<'a> = (&'a str, Option<&'a (Document, Document)>);

fn pod(stack: &ExportedStack<'_>, kind: &ExportedType<'_>, label: &str, image: Image<'_>) -> Document {
    let linger = if lingers(kind) { LINGER } else { 0 };
    let grace = whole_seconds(kind.grace) + linger;
    let sum = Document::map().with("checksum/env", format!("sha256:{}", checksum(stack)));
    let about_it = Document::map()
        .with("labels", labels_of(stack, label))
        // So that pods are replaced when values change. A Job is not replaced, and its name would follow the values.
        .with_some("annotations", (!stack.values.is_empty() && !kind.is_once).then_some(sum));
    let spec = Document::map()
        // Else a Service `redis` would put REDIS_PORT=tcp://… into every pod.
        .with("enableServiceLinks", false)
        // As process 1 a program would have no default action for the stop signal, and have to reap orphans. Where a shell
        // stays, that one is process 1, as its signal for all must not reach other containers of the pod.
        .with_some("shareProcessNamespace", kind.is_replaced.then_some(true))
        .with_some("restartPolicy", kind.is_once.then_some("Never"))
        .with("terminationGracePeriodSeconds", i64::try_from(grace).unwrap_or(i64::MAX))
        .with_some("securityContext", image.1.map(|(pod, _)| pod.clone()))
        .with("containers", vec![container(stack, kind, label, image)]);
    Document::map().with("metadata", about_it).with("spec", spec)
}

fn container(stack: &ExportedStack<'_>, kind: &ExportedType<'_>, label: &str, image: Image<'_>) -> Document {
    let command: Vec<Document> =
        script::in_container(stack, kind, Signal::TERMINATE).into_iter().map(|word| literal(&word)).collect();
    let component = label.strip_prefix(&format!("{}-", stack.options.app)).unwrap_or(label);
    let port = kind.port.filter(|_| kind.is_exposed).map(i64::from);
    let reference = Document::map().with("secretRef", Document::map().with("name", secret_name(stack)));
    let container = Document::map()
        .with("name", component)
        .with("image", image.0)
        .with_some("securityContext", image.1.map(|(_, container)| container.clone()))
        .with("command", command)
        .with_some("resources", resources(kind))
        .with("env", environment(stack, kind))
        .with_some("envFrom", (!stack.values.is_empty()).then(|| vec![reference]))
        .with_some(
            "ports",
            port.map(|port| vec![Document::map().with("name", "http").with("containerPort", port)]),
        )
        .with_some("lifecycle", lingers(kind).then(|| Document::map().with("preStop", before_stop(stack))));
    probes::add(container, stack, kind)
}

/// Whether an instance goes on for a while when it is to be stopped: until no Service leads to it any more.
fn lingers(kind: &ExportedType<'_>) -> bool {
    kind.is_exposed && kind.port.is_some()
}

/// The pause before the stop signal. An image without `sleep` has none.
fn before_stop(stack: &ExportedStack<'_>) -> Document {
    let words = vec![stack.options.shell.clone(), "-c".to_owned(), format!("sleep {LINGER}")];
    Document::map().with("exec", Document::map().with("command", words))
}

/// PORT and its kin; what a Secret holds comes by reference, where nothing of it is expanded.
fn environment(stack: &ExportedStack<'_>, kind: &ExportedType<'_>) -> Vec<Document> {
    stack
        .own_in_network(kind)
        .into_iter()
        .map(|variable| {
            let entry = Document::map().with("name", variable.name);
            if variable.name == PS {
                let field = Document::map().with("fieldPath", "metadata.name");
                return entry.with("valueFrom", Document::map().with("fieldRef", field));
            }
            entry.with("value", literal(&String::from_utf8_lossy(variable.value)))
        })
        .collect()
}

/// `text` as it is: in commands and values `$(NAME)` is expanded, and `$$` stands for `$`. Where neither begins, `$` stays
/// alone, as `podman kube play` would take `$$PORT` as it is.
fn literal(text: &str) -> Document {
    let mut escaped = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        escaped.push(character);
        if character == '$' && matches!(characters.peek(), Some('$' | '(')) {
            escaped.push('$');
        }
    }
    Document::Text(escaped)
}

/// A sum over all values, by which a change of one can be seen.
fn checksum(stack: &ExportedStack<'_>) -> String {
    let mut all = Vec::new();
    for variable in &stack.values {
        all.extend_from_slice(variable.name.as_bytes());
        all.push(b'=');
        all.extend_from_slice(variable.value);
        all.push(0);
    }
    sha256(&all)
}

fn what_is_lost(kind: &ExportedType<'_>, bundle: &mut BundleBuilder) {
    let name = kind.name;
    if kind.stop_signal != Signal::TERMINATE && !script::is_heard(kind.stop_signal) {
        bundle.unsupported(format!(
            "{name}: {} has to be the image's STOPSIGNAL; Kubernetes sends what the image says",
            kind.stop_signal
        ));
    }
    let asked = kind.restart.filter(|restart| !kind.is_once && *restart != RestartPolicy::Always);
    if asked.is_some() {
        bundle.unsupported(format!("{name}: a Deployment starts its programs again in any case"));
    }
}
