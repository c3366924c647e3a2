//! The plan of a stack that starts, beside other stacks, and with `--port auto` the ports that are kept for it.

use std::cell::OnceCell;
use std::io;
use std::ops::RangeInclusive;
use std::os::unix::net::UnixListener;

use super::failure::Failure;
use super::project::Project;
use super::system_env::SystemEnv;
use crate::config::BasePort;
use crate::control::address::{Address, Claim};
use crate::control::assigned_ports::AssignedPorts;
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
    let others = OnceCell::new();
    let assigned = |port| {
        let runtime = system.runtime_folder();
        let others = others.get_or_init(|| AssignedPorts::of_others(address, runtime.as_deref()));
        AssignedPorts::holder(others, port)
    };
    let mut plan =
        project.plan_start(selection, run, (kept.as_ref(), &assigned), system).map_err(Failure::Refused)?;
    if let (Some(file), Some(ports)) = (file, ports(&plan)) {
        let base = *ports.start();
        let kept = match file.and_then(|file| file.keep(base, *ports.end())) {
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

/// Tells other starts which ports the plan gives out, where the address is ours.
pub(crate) fn assign(place: Option<&mut io::Result<(Claim, UnixListener)>>, plan: &Plan, project: &Project) {
    if let (Some(Ok((claim, _))), Some(ports)) = (place, ports(plan)) {
        claim.assign(ports, &project.root);
    }
}

/// The ports that the plan gives out, up to the next hundred: `scale` gives out those in between.
fn ports(plan: &Plan) -> Option<RangeInclusive<u16>> {
    let base = plan.base_port?;
    let last = plan.instances.iter().filter_map(|spec| spec.port).max()?;
    Some(base..=base.saturating_add((last - base) / DEFAULT_STEP * DEFAULT_STEP + (DEFAULT_STEP - 1)))
}
