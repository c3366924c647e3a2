//! Where the types find each other under an engine: what `GANGER_ADDRESS_…` and `GANGER_URL_…` are there.

use super::format::FindsBy;
use super::names;
use super::options::ExportOptions;
use super::stack::{ExportedStack, ExportedType};
use crate::plan::Plan;
use crate::plan::addresses::{Addresses, local_address, name_of_address, name_of_url};

/// Where the types of `plan` find each other.
pub(crate) fn addresses(plan: &Plan, options: &ExportOptions) -> Addresses {
    // What is wrong is reported by the export itself.
    let Ok(stack) = ExportedStack::of(plan, options) else { return Addresses::Local };
    Addresses::Elsewhere(
        stack.kinds.iter().filter_map(|kind| Some((kind.name.clone(), address(&stack, kind)?))).collect(),
    )
}

/// The host and port of a type, if they are known beforehand.
pub(super) fn address(stack: &ExportedStack<'_>, kind: &ExportedType<'_>) -> Option<String> {
    let port = kind.port?;
    match stack.options.format.details().finds {
        FindsBy::Port => Some(local_address(port)),
        FindsBy::TypeName => Some(format!("{}:{port}", kind.name)),
        FindsBy::Service => kind.is_exposed.then(|| format!("{}:80", names::label(stack, kind))),
        FindsBy::Nothing => None,
    }
}

/// The variables of addresses that a command names and that the engine does not have.
pub(super) fn unknown(stack: &ExportedStack<'_>) -> Vec<String> {
    let unknown = stack.kinds.iter().filter(|kind| address(stack, kind).is_none());
    unknown
        .flat_map(|kind| [name_of_address(kind.name), name_of_url(kind.name)])
        .filter(|name| stack.all().any(|other| other.names(name)))
        .collect()
}
