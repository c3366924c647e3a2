//! How the stack is started: the project's own settings, and those that keep it apart.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::folder::TrialFolder;
use super::trial::TrialStack;
use crate::cli::failure::Failure;
use crate::cli::flags::GivenFlag;
use crate::cli::project::Project;
use crate::cli::system_env::SystemEnv;
use crate::config::{BasePort, Located};
use crate::control::address::Address;
use crate::exit;
use crate::plan::Plan;
use crate::plan::options::RELEASE;
use crate::plan::ports::{KeptPorts, Layout, choose};
use crate::process::ports_in_use;

/// Where its ports begin: above those of servers, and below those of outgoing connections. A stack that is started meanwhile has
/// the default ones for itself.
const FIRST_PORT: u16 = 20_000;

/// What the user wants of the run.
pub(in crate::cli::doctor) struct TrialOptions<'a> {
    /// The flags of the project.
    pub flags: &'a [GivenFlag],
    /// How long an instance may take to be ready.
    pub ready_within: Duration,
    /// Whether a `release` line runs first.
    pub release: bool,
    /// Whether the Procfile is one for development, of which one instance each is all that is meant.
    pub is_for_development: bool,
}

/// Starts the stack of `project`; with the plan of it.
///
/// # Errors
///
/// What is wrong with the project, or no process can be made.
pub(super) fn trial(
    project: &Project,
    options: &TrialOptions<'_>,
    system: &SystemEnv,
) -> Result<(TrialStack, Plan), Failure> {
    let planned = |project: &Project| project.plan(system).map_err(Failure::Refused);
    let base = free_base(project, &planned(project)?)?;
    let mut moved = project.clone();
    if let Some(base) = base {
        moved.settings.port = Some(Located::given(BasePort::At(base), "--port"));
    }
    if options.release && project.entry(RELEASE.as_ref()).is_some() {
        moved.settings.release = Some(Located::given(true, "--release"));
    }
    let plan = planned(&moved)?;
    let folder = TrialFolder::new().map_err(|error| cannot_start(&error))?;
    let name = format!("doctor-{}", SystemEnv::mark());
    let root = std::fs::canonicalize(&project.root).unwrap_or_else(|_| project.root.clone());
    let address = Address::new(&root, Some(&name), Some(folder.path()));
    let mut command = Command::new(std::env::current_exe().map_err(|error| cannot_start(&error))?);
    command.args(words(project, options, folder.path()));
    command.arg(format!("--name={name}"));
    command.args(base.map(|base| format!("--port={base}")));
    command.env("XDG_RUNTIME_DIR", folder.path());
    // Its notices are what is read here.
    command.env("GANGER_QUIET", "false").env_remove("GANGER_DETACH").env_remove("GANGER_WAIT");
    let grace = plan.instances.iter().map(|spec| spec.grace).max().unwrap_or_default();
    let stack = TrialStack::start(command, address, folder, grace).map_err(|error| cannot_start(&error))?;
    Ok((stack, plan))
}

fn cannot_start(error: &io::Error) -> Failure {
    Failure::Failed(format!("the stack cannot be started: {error}"))
}

/// `start` with the flags of the project, and with those that keep the run apart and watched.
fn words(project: &Project, options: &TrialOptions<'_>, folder: &Path) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec!["start".into()];
    words.extend(
        options
            .flags
            .iter()
            .filter(|flag| flag.setting.flag_of("start").is_some() && flag.setting.name != "port")
            .flat_map(GivenFlag::words),
    );
    for word in
        ["--json", "--no-keep", "--no-hooks", "--pty=never", "--exit-on=never", "--restart=on-failure"]
    {
        words.push(word.into());
    }
    words.push(format!("--die-with-parent={}", std::process::id()).into());
    let has_release = project.entry(RELEASE.as_ref()).is_some();
    if options.release && has_release {
        words.push("--release".into());
    } else if has_release {
        // A flag takes the place of the list in a file.
        let listed = project.settings.except.iter().map(|type_name| type_name.value.as_str());
        words.extend(listed.chain([RELEASE]).map(|type_name| format!("--except={type_name}").into()));
    }
    if project.settings.log_dir.is_some() {
        let mut flag = OsString::from("--log-dir=");
        flag.push(folder.join("log"));
        words.push(flag);
    }
    words
}

/// The first port with which all instances have a free one, with one instance more of each type; `None` with `--no-port`.
fn free_base(project: &Project, plan: &Plan) -> Result<Option<u16>, Failure> {
    let Some(step) = plan.port_step else { return Ok(None) };
    let given = match project.typed.port.as_ref().map(|given| &given.value) {
        Some(BasePort::At(base)) => Some(*base),
        Some(BasePort::Auto) | None => None,
    };
    let spread = SystemEnv::mark().bytes().map(u16::from).sum::<u16>() % 100;
    let base = given.unwrap_or(FIRST_PORT + 100 * spread);
    let counts = plan.processes.iter().map(|of| if of.count == 0 { 0 } else { of.count + 1 }).collect();
    let layout = Layout::new(base, Some(step), counts)
        .map_err(|error| Failure::sentence(exit::REFUSED, error.to_string(), None))?;
    let choice = choose(layout, Some(&KeptPorts::default()), ports_in_use::holder);
    Ok(Some(choice.layout.base))
}
