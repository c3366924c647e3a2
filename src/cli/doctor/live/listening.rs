//! Where the instances listen.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::trial::{ANSWER, Interrupted, LOOK, TrialStack};
use crate::control::protocol::{InstanceStatus, Request, Status};
use crate::doctor::observation::Listening;
use crate::machine::ready::LISTENS_WITHIN;
use crate::plan::spec::Spec;
use crate::process::ports_in_use::{Listeners, holder};
#[cfg(target_os = "linux")]
use crate::process::proc_net::is_loopback_only;
use crate::process::tree::{Process, with_descendants};

/// Where each instance listens, by its name. One that runs and does not listen on its PORT yet has [`LISTENS_WITHIN`] for it: a
/// server may open another port first.
///
/// # Errors
/// A signal came.
pub(super) fn look(
    stack: &mut TrialStack,
    specs: &[&Spec],
) -> Result<HashMap<String, Listening>, Interrupted> {
    let until = stack.now() + LISTENS_WITHIN;
    loop {
        let Some(status) = stack.ask(Request::Status, ANSWER)? else { return Ok(HashMap::new()) };
        let found = of_instances(&status, &stack.processes());
        let is_open = |spec: &&&Spec| {
            let listening = found.get(&spec.name.to_string());
            listening.is_none_or(|of| spec.port.is_none_or(|port| of.ports.contains(&port)))
        };
        // Only of a `web` it is said that it does not.
        let is_late = stack.now() >= until;
        if is_late || specs.iter().filter(|spec| spec.name.kind.as_str() == "web").all(|spec| is_open(&spec))
        {
            return Ok(found);
        }
        stack.wait_until(LOOK, |_| false)?;
    }
}

/// Where they listen now. What cannot be told for certain is left out.
fn of_instances(status: &Status, processes: &[Process]) -> HashMap<String, Listening> {
    let listeners = Listeners::now();
    let mut unclaimed = listeners.server_ports_of(processes.iter().map(|process| process.pid));
    let mut found: Vec<(&InstanceStatus, BTreeSet<u16>)> = Vec::new();
    for row in &status.instances {
        let Some(pid) = row.pid else { continue };
        let tree = with_descendants(HashSet::from([pid]), processes);
        let ports: BTreeSet<u16> = listeners.server_ports_of(tree).into_iter().collect();
        unclaimed.retain(|port| !ports.contains(port));
        found.push((row, ports));
    }
    let listening = |(row, mut ports): (&InstanceStatus, BTreeSet<u16>)| {
        // A daemon of the instance, which is known by its mark, or a socket that ganger has bound for it.
        ports.extend(row.url.as_ref().and_then(|_| row.serving_port()));
        let has_own = row.port.is_some_and(|port| ports.contains(&port));
        // Another process may listen for it: one that has left its tree, or a container.
        let is_certain = has_own || unclaimed.is_empty() && row.port.and_then(holder).is_none();
        let is_loopback = has_own && row.port.and_then(is_loopback_only) == Some(true);
        (is_certain && cfg!(target_os = "linux"))
            .then(|| (row.name.clone(), Listening { ports, is_loopback }))
    };
    found.into_iter().filter_map(listening).collect()
}

/// Not known on this system.
#[cfg(not(target_os = "linux"))]
fn is_loopback_only(_port: u16) -> Option<bool> {
    None
}
