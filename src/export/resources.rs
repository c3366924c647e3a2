//! How much of a machine an instance takes, as numbers: the quantities of Kubernetes in the units of other engines.

use super::bundle_builder::BundleBuilder;
use super::document::Document;
use super::stack::{ExportedStack, ExportedType};
use crate::config::{DeploymentSettings, Located, Resource};

/// What is asked for a type, as far as an engine with cgroups has it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Resources {
    /// The most processors, at least a thousandth of one.
    pub(super) cpu_limit: Option<f64>,
    /// The most bytes.
    pub(super) memory_limit: Option<u64>,
    /// The bytes that it has in any case.
    pub(super) memory_request: Option<u64>,
}

impl Resources {
    /// What ganger.toml asks for.
    pub(super) fn of(kind: &ExportedType<'_>) -> Self {
        let Some(set) = kind.deployment else { return Self::default() };
        Self {
            cpu_limit: amount(&set.limits, "cpu").map(|processors| processors.max(0.001)),
            memory_limit: amount(&set.limits, "memory").map(whole),
            memory_request: amount(&set.requests, "memory").map(whole),
        }
    }

    /// `section`, of a unit, with what systemd.resource-control(5) has for it.
    pub(super) fn in_unit(self, section: Document) -> Document {
        section
            .with_some(
                "CPUQuota",
                self.cpu_limit.map(|of| format!("{}%", whole((of * 100.0).round()).max(1))),
            )
            .with_some("MemoryLow", self.memory_request.map(|of| of.to_string()))
            .with_some("MemoryMax", self.memory_limit.map(|of| of.to_string()))
    }

    /// `deploy` of a service of Compose; `None`: nothing is asked for.
    pub(super) fn in_compose(self) -> Option<Document> {
        let limits = Document::map()
            .with_some("cpus", self.cpu_limit.map(|of| of.to_string()))
            .with_some("memory", self.memory_limit.map(|of| of.to_string()));
        let reservations = Document::map().with_some("memory", self.memory_request.map(|of| of.to_string()));
        let resources = Document::map()
            .with_some("limits", limits.unless_empty())
            .with_some("reservations", reservations.unless_empty());
        resources.unless_empty().map(|resources| Document::map().with("resources", resources))
    }
}

/// Reports what is set and that the engine does not have.
pub(super) fn report(stack: &ExportedStack<'_>, bundle: &mut BundleBuilder) {
    let Some(carried) = stack.options.format.details().resources else { return };
    let kinds: Vec<String> = stack
        .all()
        .filter_map(|kind| {
            let mut names = kind.deployment.map(names).unwrap_or_default();
            names.retain(|name| !carried.contains(&name.as_str()));
            names.extend(kind.scale().map(|_| "scale".to_owned()));
            (!names.is_empty()).then(|| format!("{} ({})", kind.name, names.join(", ")))
        })
        .collect();
    if !kinds.is_empty() {
        bundle.unsupported(format!("what these ask for is not to be had there: {}", kinds.join(", ")));
    }
}

/// `requests.cpu`, `limits.memory`: what is set.
fn names(set: &DeploymentSettings) -> Vec<String> {
    [names_in("requests", &set.requests), names_in("limits", &set.limits)].concat()
}

fn names_in(table: &str, list: &[Located<Resource>]) -> Vec<String> {
    list.iter().map(|resource| format!("{table}.{}", resource.value.name)).collect()
}

/// How much of `name` is in `list`: processors, or bytes.
fn amount(list: &[Located<Resource>], name: &str) -> Option<f64> {
    list.iter().find(|resource| resource.value.name == name).map(|resource| resource.value.amount())
}

/// Rounded up: a limit of part of a byte is one of a byte.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a quantity has no sign; `as` saturates"
)]
fn whole(amount: f64) -> u64 {
    amount.ceil() as u64
}
