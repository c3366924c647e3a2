//! What instances have beside their own program: the servers to which they are connected, and variables of their own.

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;

use super::trial::{ANSWER, Interrupted, TrialStack};
use crate::control::protocol::Request;
use crate::doctor::admin::NEEDED;
use crate::doctor::backing::{is_named, may_be_service};
use crate::plan::Plan;
use crate::plan::spec::Environment;
use crate::process::ports_in_use::{Listeners, servers_of};
use crate::process::tree::{children_of_shell, environment_of, pids_of_tree, variable_of};

/// What an instance has.
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    /// The servers to which it is connected, and that no variable names.
    pub servers: BTreeSet<SocketAddr>,
    /// The variables of [`NEEDED`] of which it has another value than a one-off command.
    pub own_variables: BTreeSet<String>,
}

/// What each instance has now, by its name.
///
/// # Errors
/// A signal came.
pub(super) fn look(
    stack: &mut TrialStack,
    plan: &Plan,
) -> Result<HashMap<String, Surroundings>, Interrupted> {
    let status = stack.ask(Request::Status, ANSWER)?;
    let environment = plan.environment_of_command();
    let own_ports = Listeners::now().server_ports_of(pids_of_tree(stack.monitor()));
    let variables: Vec<(String, String)> =
        environment.variables().map(|(name, value)| (lossy(name), lossy(value))).collect();
    let is_unnamed = |server: &SocketAddr| {
        let is_own = server.ip().is_loopback() && own_ports.contains(&server.port());
        let variables = variables.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        !is_own && may_be_service(*server) && !is_named(*server, variables)
    };
    let of_instance = |pid: i32| Surroundings {
        servers: servers_of(pids_of_tree(pid)).into_iter().filter(is_unnamed).collect(),
        own_variables: own_variables(pid, &environment),
    };
    let rows = status.iter().flat_map(|status| &status.instances);
    Ok(rows.filter_map(|row| Some((row.name.clone(), of_instance(row.pid?)))).collect())
}

/// Of the program of an instance, and of what a shell in front of it has started: what these start may well have others.
fn own_variables(pid: i32, shared: &Environment) -> BTreeSet<String> {
    let mut own = BTreeSet::new();
    for environment in children_of_shell(pid).into_iter().chain([pid]).filter_map(environment_of) {
        let has_own = |name: &&&str| {
            let value = variable_of(&environment, name.as_bytes());
            value.is_some() && value != shared.get(name.as_bytes())
        };
        own.extend(NEEDED.iter().filter(has_own).map(|name| (*name).to_owned()));
    }
    own
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
