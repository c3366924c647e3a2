//! What instances have of their surroundings: the servers to which they are connected, variables, and programs of the user.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::trial::{Interrupted, TrialStack};
use crate::cli::project::Project;
use crate::doctor::admin::NEEDED;
use crate::doctor::backing::{ConfigVariable, is_named, may_be_service};
use crate::doctor::dependencies::is_tool;
use crate::plan::Plan;
use crate::plan::spec::Environment;
use crate::process::open_files::program_files;
use crate::process::ports_in_use::{Listeners, OpenConnections};
use crate::process::tree::{Process, environment_of, is_shell, variable_of, with_descendants};

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

/// The folders of a home into which users install programs by hand. Version managers have others, with the runtime.
const HOME_FOLDERS: [&str; 10] = [
    "bin",
    ".local/bin",
    ".npm-global/bin",
    "go/bin",
    ".cargo/bin",
    ".yarn/bin",
    ".bun/bin",
    ".deno/bin",
    ".composer/vendor/bin",
    ".config/composer/vendor/bin",
];

/// What each instance has now, by its name.
///
/// # Errors
/// A signal came.
pub(super) fn look(
    stack: &mut TrialStack,
    project: &Project,
    plan: &Plan,
) -> Result<HashMap<String, Surroundings>, Interrupted> {
    let (running, processes) = (stack.running()?, stack.processes());
    let environment = plan.environment_of_command();
    let pids = || processes.iter().map(|process| process.pid);
    let own_ports = Listeners::now().ports_of(pids());
    let connections = OpenConnections::now();
    // The other ends of connections within the stack, whose listener may be closed.
    let own_ends = connections.local_ends_of(pids());
    let config = variables(project, &environment);
    let of_instance = |pid: i32| {
        let programs = programs(&processes, pid);
        let environments: Vec<Vec<u8>> = programs.iter().copied().filter_map(environment_of).collect();
        let own = environments.iter().flat_map(|of| of.split(|byte| *byte == 0)).filter_map(entry);
        let own: Vec<ConfigVariable> = own.collect();
        let tree = with_descendants(HashSet::from([pid]), &processes);
        Surroundings {
            servers: connections
                .servers_of(tree)
                .into_iter()
                .filter(|server| {
                    let is_own = server.ip().is_loopback() && own_ports.contains(&server.port())
                        || own_ends.contains(server);
                    !is_own && may_be_service(*server) && !is_named(*server, config.iter().chain(&own))
                })
                .collect(),
            own_variables: own_variables(&environments, &environment),
            home_programs: home_programs(&programs, &environment),
        }
    };
    Ok(running.into_iter().map(|(name, pid)| (name, of_instance(pid))).collect())
}

/// The process of an instance; where it is a shell, those that it has started: what programs start has surroundings of their own.
fn programs(processes: &[Process], pid: i32) -> Vec<i32> {
    let own = processes.iter().find(|process| process.pid == pid);
    let children: Vec<i32> = processes
        .iter()
        .filter(|process| process.parent == pid && own.is_some_and(|own| is_shell(own.pid)))
        .map(|process| process.pid)
        .collect();
    if children.is_empty() { vec![pid] } else { children }
}

/// The variables of the stack, and those of other files of the same kind (`.env.local`), which its programs may read themselves.
fn variables(project: &Project, environment: &Environment) -> Vec<ConfigVariable> {
    let assigned: HashSet<&str> = project.assignments.iter().map(|of| of.name.as_str()).collect();
    let of_stack = environment.variables().map(|(name, value)| {
        let name = lossy(name);
        ConfigVariable { is_of_project: assigned.contains(name.as_str()), name, value: lossy(value) }
    });
    let files = fs::read_dir(&project.root).into_iter().flatten().flatten();
    let files = files.filter(|file| file.file_name().as_bytes().starts_with(b".env."));
    let texts = files.filter_map(|file| fs::read(file.path()).ok());
    let of_files =
        texts.flat_map(|text| text.split(|byte| *byte == b'\n').filter_map(entry).collect::<Vec<_>>());
    of_stack.chain(of_files).collect()
}

/// `NAME=VALUE`.
fn entry(text: &[u8]) -> Option<ConfigVariable> {
    let text = lossy(text);
    let (name, value) = text.split_once('=')?;
    Some(ConfigVariable { name: name.to_owned(), value: value.to_owned(), is_of_project: false })
}

fn own_variables(environments: &[Vec<u8>], shared: &Environment) -> BTreeSet<String> {
    // One that has the shared value may be the program, and the others what a script started beside it.
    NEEDED
        .iter()
        .filter(|name| {
            !environments.is_empty()
                && environments.iter().all(|environment| {
                    let value = variable_of(environment, name.as_bytes());
                    value.is_some() && value != shared.get(name.as_bytes())
                })
        })
        .map(|name| (*name).to_owned())
        .collect()
}

/// The programs of an instance that lie in such a folder of the user's home.
fn home_programs(programs: &[i32], environment: &Environment) -> BTreeSet<String> {
    let home = environment.get(b"HOME").map(|home| PathBuf::from(OsStr::from_bytes(home)));
    // A container has `/` for users that it does not know.
    let Some(home) = home.filter(|home| home.is_absolute() && home.parent().is_some()) else {
        return BTreeSet::new();
    };
    // The kernel shows a program by its real path.
    let homes = [fs::canonicalize(&home).unwrap_or_else(|_| home.clone()), home];
    let files = programs.iter().copied().flat_map(program_files).filter(|file| {
        let folder = file.parent().unwrap_or(Path::new("/"));
        homes.iter().any(|home| HOME_FOLDERS.iter().any(|of| folder == home.join(of)))
    });
    let names = files.filter_map(|file| Some(file.file_name()?.to_string_lossy().into_owned()));
    names.filter(|name| !is_tool(name)).collect()
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
