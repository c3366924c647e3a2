//! The plan of a stack that starts, and with `--port auto` the ports that are kept for it.

use super::failure::Failure;
use super::project::Project;
use super::system_env::SystemEnv;
use crate::config::BasePort;
use crate::control::address::Address;
use crate::control::kept_ports::KeptPortsFile;
use crate::plan::Plan;
use crate::plan::addresses::local_url;
use crate::plan::options::Selection;
use crate::plan::ports::DEFAULT_STEP;
use crate::plan::spec::ProbePort;

/// The plan. With `--port auto` it has the ports of the last start here, if they are free.
///
/// # Errors
///
/// All that is wrong with the project.
pub(crate) fn plan(
    (project, address): (&Project, &Address),
    selection: &Selection,
    run: &str,
    system: &SystemEnv,
) -> Result<Plan, Failure> {
    let is_auto = project.settings.port.as_ref().is_some_and(|port| port.value == BasePort::Auto);
    let file = is_auto.then(|| KeptPortsFile::open(address, &project.root, system.state_folder().as_deref()));
    let kept = file.as_ref().and_then(|file| Some(file.as_ref().ok()?.ports()));
    let mut plan = project.plan_start(selection, run, kept.as_ref(), system).map_err(Failure::Refused)?;
    let last = plan.instances.iter().filter_map(|spec| spec.port).max();
    if let (Some(file), Some(base), Some(last)) = (file, plan.base_port, last) {
        // Up to the next hundred: `scale` gives out the ports in between.
        let last = base.saturating_add((last - base) / DEFAULT_STEP * DEFAULT_STEP + (DEFAULT_STEP - 1));
        let kept = match file.and_then(|file| file.keep(base, last)) {
            Ok(()) => ", as at the next start here if they are free then".into(),
            Err(error) => format!(", and are not kept for the next start: {error}"),
        };
        let first = plan
            .instances
            .iter()
            .find(|spec| spec.service.probe.port() == ProbePort::Own || spec.service.listen.is_some())
            .and_then(|spec| Some((&spec.name, spec.port?)));
        let url = first.map(|(name, port)| format!("; {name} is at {}", local_url(port)));
        plan.notes.push(format!("ports begin at {base}{kept}{}", url.unwrap_or_default()));
    }
    Ok(plan)
}
