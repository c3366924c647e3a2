//! Service folders for runit: `run`, `log/run`, and `control/t` for the stop signal. runsv(8), chpst(8).

use super::bundle_builder::{BundleBuilder, holds_values, refers};
use super::options::RestartPolicy;
use super::readiness::{self, CarriedReadiness};
use super::script::{
    KEEP_GROUP, Script, end_group, header, install_values, quote, run_by_hand, whole_seconds,
};
use super::stack::{ExportedStack, ExportedType};
use crate::plan::spec::Spec;

/// Writes the service folders of `stack`.
pub(super) fn write(stack: &ExportedStack<'_>, bundle: &mut BundleBuilder) {
    bundle.refuse_settings(stack);
    let user = stack.options.user.as_ref().map(|user| format!("-u {} ", quote(user))).unwrap_or_default();
    // A group of its own, so that the stop signal can reach every process of the instance.
    let script = Script { first: KEEP_GROUP, through: format!("chpst -P {user}"), waits: false };
    for kind in stack.all() {
        for spec in &kind.instances {
            let folder = folder(stack, spec);
            let text = script.text(stack, kind, spec, bundle);
            bundle.program(format!("{folder}/run"), text, holds_values(stack));
            bundle.program(format!("{folder}/control/t"), control(stack, kind), false);
            bundle.program(format!("{folder}/log/run"), log(stack, spec), false);
            if spec.once {
                bundle.file(format!("{folder}/down"), "");
            }
            bundle.program(format!("{folder}/finish"), finish(stack, kind), false);
        }
        if let (true, Some(spec)) = (kind.is_once, kind.instances.first()) {
            run_by_hand("runit", &format!("{}/run", folder(stack, spec)), kind, bundle);
        }
    }
    let grace = stack.kinds.iter().map(|kind| kind.grace).max().unwrap_or_default();
    bundle.unsupported(format!(
        "runit does not kill after a grace by itself: `sv -w {} force-stop …` does",
        whole_seconds(grace)
    ));
    readiness::unsupported(stack, &CarriedReadiness::NOTHING, bundle);
    if refers(stack) {
        // Read before the user changes: root's alone.
        bundle.bundle.secrets = Some(install_values(stack, None));
    }
}

/// `shop-web-1`: the folder's name is what `sv` takes.
fn folder(stack: &ExportedStack<'_>, spec: &Spec) -> String {
    format!("{}-{}-{}", stack.options.app, spec.name.kind, spec.name.number)
}

/// What `sv down` and `sv term` run in place of a TERM to one process: the type's own signal, to the group. `finish` knows then that it
/// has been sent. If it fails, runsv sends TERM.
fn control(stack: &ExportedStack<'_>, kind: &ExportedType<'_>) -> String {
    let signal = kind.stop_signal.0;
    format!(
        "{}: >supervise/asked\nkill -{signal} \"-$(cat supervise/group)\" || {{ rm supervise/asked; exit 1; }}\n",
        header(stack)
    )
}

fn log(stack: &ExportedStack<'_>, spec: &Spec) -> String {
    let folder = format!("/var/log/{}/{}", stack.options.app, spec.name);
    format!("{}mkdir -p {folder} && exec svlogd -tt {folder}\n", header(stack))
}

/// What runs when the first process has ended, the only one that runit waits for: stops the others of its group, if they have not been
/// asked, within the grace. Its first argument is the status. runit starts it again in any case unless it was told to stay down.
fn finish(stack: &ExportedStack<'_>, kind: &ExportedType<'_>) -> String {
    let group = end_group(kind, "[ ! -e supervise/asked ] && ");
    let stay_down = "exec sv down \"$PWD\"\n";
    let last = match kind.restart {
        None | Some(RestartPolicy::Always) => String::new(),
        Some(RestartPolicy::OnFailure) => format!("[ \"$1\" != 0 ] || {stay_down}"),
        Some(RestartPolicy::Never) => stay_down.to_owned(),
    };
    format!("{}{group}rm -f supervise/asked\n{last}", header(stack))
}
