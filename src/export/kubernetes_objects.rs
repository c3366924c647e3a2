//! What objects of Kubernetes have in common, and those that stand beside a Deployment: Service, Ingress, Kustomization, and
//! the context of an ordinary user.

use super::bundle_builder::{Bundle, BundleBuilder};
use super::document::Document;
use super::encode::yaml;
use super::script;
use super::stack::{ExportedStack, ExportedType};
use crate::config::{Located, Resource};

pub(super) fn object(
    stack: &ExportedStack<'_>,
    of: (&str, &str),
    name: impl Into<Document>,
    labels: Document,
) -> Document {
    let (version, kind) = of;
    let about_it = Document::map()
        .with("name", name)
        .with_some("namespace", stack.options.namespace.as_deref())
        .with("labels", labels);
    Document::map().with("apiVersion", version).with("kind", kind).with("metadata", about_it)
}

pub(super) fn common_labels(stack: &ExportedStack<'_>) -> Document {
    Document::map().with("app.kubernetes.io/name", stack.options.app.as_str())
}

/// The labels of an object of a type: those of <https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels>.
pub(super) fn labels_of(stack: &ExportedStack<'_>, label: &str) -> Document {
    selector_of(stack, label)
        .with("app.kubernetes.io/part-of", stack.options.app.as_str())
        .with("app.kubernetes.io/managed-by", "ganger")
}

/// The labels by which a type's pods are found. They cannot be changed in a Deployment.
pub(super) fn selector_of(stack: &ExportedStack<'_>, label: &str) -> Document {
    let component = label.strip_prefix(&format!("{}-", stack.options.app)).unwrap_or(label);
    common_labels(stack).with("app.kubernetes.io/component", component)
}

/// What leads to a type that is exposed.
pub(super) fn service(stack: &ExportedStack<'_>, kind: &ExportedType<'_>, label: &str) -> Option<Document> {
    kind.port.filter(|_| kind.is_exposed)?;
    let port = Document::map().with("name", "http").with("port", 80_i64).with("targetPort", "http");
    let spec = Document::map().with("selector", selector_of(stack, label)).with("ports", vec![port]);
    Some(object(stack, ("v1", "Service"), label, labels_of(stack, label)).with("spec", spec))
}

/// What leads from the host that `expose` names to the Service.
pub(super) fn ingress(stack: &ExportedStack<'_>, kind: &ExportedType<'_>, label: &str) -> Option<Document> {
    let host = kind.host.filter(|_| kind.port.is_some() && kind.is_exposed)?;
    let port = Document::map().with("number", 80_i64);
    let service = Document::map().with("name", label).with("port", port);
    let path = Document::map()
        .with("path", "/")
        .with("pathType", "Prefix")
        .with("backend", Document::map().with("service", service));
    let rule = Document::map().with("host", host).with("http", Document::map().with("paths", vec![path]));
    let spec = Document::map().with("rules", vec![rule]);
    let labels = labels_of(stack, label);
    Some(object(stack, ("networking.k8s.io/v1", "Ingress"), label, labels).with("spec", spec))
}

/// `{requests, limits}` of a container.
pub(super) fn resources(kind: &ExportedType<'_>) -> Option<Document> {
    let set = kind.deployment.filter(|_| kind.has_resources())?;
    let resources = Document::map().with_some("requests", quantities(&set.requests));
    Some(resources.with_some("limits", quantities(&set.limits)))
}

fn quantities(list: &[Located<Resource>]) -> Option<Document> {
    (!list.is_empty()).then(|| {
        list.iter().fold(Document::map(), |map, of| map.with(&of.value.name, of.value.quantity.as_str()))
    })
}

/// What changes the number of pods by their load, and keeps one away from them at a time when machines are drained.
pub(super) fn scaling(stack: &ExportedStack<'_>, kind: &ExportedType<'_>, label: &str) -> Vec<Document> {
    let Some(scale) = kind.scale() else { return Vec::new() };
    let labels = || labels_of(stack, label);
    let target = Document::map().with("apiVersion", "apps/v1").with("kind", "Deployment").with("name", label);
    let average =
        Document::map().with("type", "Utilization").with("averageUtilization", i64::from(scale.cpu));
    let metric = Document::map()
        .with("type", "Resource")
        .with("resource", Document::map().with("name", "cpu").with("target", average));
    let spec = Document::map()
        .with("scaleTargetRef", target)
        .with("minReplicas", i64::from(scale.min))
        .with("maxReplicas", i64::from(scale.max))
        .with("metrics", vec![metric]);
    let scaler =
        object(stack, ("autoscaling/v2", "HorizontalPodAutoscaler"), label, labels()).with("spec", spec);
    let selector = Document::map().with("matchLabels", selector_of(stack, label));
    let spec = Document::map().with("maxUnavailable", 1_i64).with("selector", selector);
    let budget = object(stack, ("policy/v1", "PodDisruptionBudget"), label, labels()).with("spec", spec);
    // Where there may be one instance, a budget that lets one be away says nothing.
    if scale.min > 1 { vec![scaler, budget] } else { vec![scaler] }
}

/// Reports the types that say nothing of what they take, and those that cannot be scaled without it.
pub(super) fn report_resources(stack: &ExportedStack<'_>, bundle: &mut BundleBuilder) {
    let names = |is_it: fn(&&ExportedType<'_>) -> bool| -> Vec<&str> {
        stack.all().filter(is_it).map(|kind| kind.name.as_str()).collect()
    };
    let without = names(|kind| !kind.has_resources());
    if !without.is_empty() {
        let names = without.join(", ");
        bundle
            .unsupported(format!("no `resources` for {names}: `requests` and `limits` below [process.TYPE]"));
    }
    for kind in stack.all().filter(|kind| kind.scale().is_some() && !asks_for_cpu(kind)) {
        bundle.unsupported(format!(
            "{}: its load is measured against `requests = {{ cpu = … }}`, which is not set",
            kind.name
        ));
    }
}

fn asks_for_cpu(kind: &ExportedType<'_>) -> bool {
    kind.deployment.is_some_and(|set| set.requests.iter().any(|request| request.value.name == "cpu"))
}

/// The base of overlays: all files of `bundle`.
pub(super) fn kustomization(stack: &ExportedStack<'_>, bundle: &Bundle) -> String {
    let files: Vec<&str> = bundle.files.iter().map(|file| file.path.as_str()).collect();
    let document = Document::map()
        .with("apiVersion", "kustomize.config.k8s.io/v1beta1")
        .with("kind", "Kustomization")
        .with("resources", files);
    format!("{}\n{}", script::comment(stack), yaml(&document))
}

/// The contexts of pod and container that a `restricted` namespace asks for, where the user is known by its number: the image may
/// know it by another name.
pub(super) fn security(
    stack: &ExportedStack<'_>,
    bundle: &mut BundleBuilder,
) -> Option<(Document, Document)> {
    let user = stack.options.user.as_deref()?;
    let (name, group) = user.split_once(':').map_or((user, None), |(name, group)| (name, Some(group)));
    let ids = (numeric_id(name), group.map(numeric_id));
    let (Some(id), group) = (ids.0, ids.1.flatten()) else {
        bundle.unsupported(format!(
            "a user is a number there (--user 1000 or 1000:1000), and `{user}` is none"
        ));
        return None;
    };
    let pod = Document::map()
        .with_some("runAsNonRoot", (id != 0).then_some(true))
        .with("runAsUser", id)
        .with_some("runAsGroup", group)
        .with("seccompProfile", Document::map().with("type", "RuntimeDefault"));
    let container = Document::map()
        .with("allowPrivilegeEscalation", false)
        .with("capabilities", Document::map().with("drop", vec!["ALL"]));
    Some((pod, container))
}

fn numeric_id(text: &str) -> Option<i64> {
    text.parse::<u32>().ok().map(i64::from)
}
