//! What instances have of their surroundings: the servers to which they are connected, variables, and programs of the user.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsStr;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::trial::{ANSWER, Interrupted, TrialStack};
use crate::control::protocol::Request;
use crate::doctor::admin::NEEDED;
use crate::doctor::backing::{is_named, may_be_service};
use crate::plan::Plan;
use crate::plan::spec::Environment;
use crate::process::open_files::program_files;
use crate::process::ports_in_use::{Listeners, servers_of};
use crate::process::tree::{children_of_shell, environment_of, pids_of_tree, variable_of};

/// What an instance has.
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    /// The servers to which it is connected, and that no variable names.
    pub servers: BTreeSet<SocketAddr>,
    /// The variables of [`NEEDED`] of which it has another value than a one-off command.
    pub own_variables: BTreeSet<String>,
    /// The programs that it runs from the user's own folders, by their names.
    pub home_programs: BTreeSet<String>,
}

/// Programs that interpret others: what lies beside one was installed with it, and how is not to be seen from here.
const RUNTIMES: [&str; 12] =
    ["python3", "python", "node", "ruby", "php", "java", "go", "cargo", "elixir", "dotnet", "deno", "bun"];

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
        home_programs: home_programs(pid, &plan.root, &environment),
    };
    let rows = status.iter().flat_map(|status| &status.instances);
    Ok(rows.filter_map(|row| Some((row.name.clone(), of_instance(row.pid?)))).collect())
}

/// Of the program of an instance, and of what a shell in front of it has started: what these start may well have others.
fn own_variables(pid: i32, shared: &Environment) -> BTreeSet<String> {
    let mut own = BTreeSet::new();
    for environment in programs(pid).filter_map(environment_of) {
        let has_own = |name: &&&str| {
            let value = variable_of(&environment, name.as_bytes());
            value.is_some() && value != shared.get(name.as_bytes())
        };
        own.extend(NEEDED.iter().filter(has_own).map(|name| (*name).to_owned()));
    }
    own
}

/// The programs of an instance that lie in the home folder of the user, outside of the project, and beside no runtime.
fn home_programs(pid: i32, root: &Path, environment: &Environment) -> BTreeSet<String> {
    let Some(home) = environment.get(b"HOME").map(OsStr::from_bytes).map(Path::new) else {
        return BTreeSet::new();
    };
    let is_own = |folder: &Path| {
        folder.starts_with(home)
            && !folder.starts_with(root)
            && !RUNTIMES.iter().any(|runtime| folder.join(runtime).exists())
    };
    let files = programs(pid).flat_map(program_files);
    let names =
        files.filter(|file| file.parent().is_some_and(is_own)).map(|file| file.file_name().map(lossy_name));
    names.flatten().collect()
}

/// The process of an instance, and those that it has started if it is a shell.
fn programs(pid: i32) -> impl Iterator<Item = i32> {
    children_of_shell(pid).into_iter().chain([pid])
}

fn lossy_name(name: &OsStr) -> String {
    name.to_string_lossy().into_owned()
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
