//! Service folders for s6: `run`, `finish`, `down-signal`, `timeout-kill`, and a logger.
//! skarnet.org/software/s6/servicedir.html

use super::bundle_builder::{BundleBuilder, holds_values, refers};
use super::options::RestartPolicy;
use super::readiness::{self, CarriedReadiness};
use super::script::{KEEP_GROUP, Script, end_group, header, install_values, quote, run_by_hand};
use super::stack::{ExportedStack, ExportedType};
use crate::plan::spec::Spec;

/// The status of `finish` that says "do not start it again", since s6 2.2.
const STAY_DOWN: u8 = 125;

/// Writes the service folders of `stack`.
pub(super) fn write(stack: &ExportedStack<'_>, bundle: &mut BundleBuilder) {
    bundle.refuse_settings(stack);
    let through =
        stack.options.user.as_ref().map(|user| format!("s6-setuidgid {} ", quote(user))).unwrap_or_default();
    let script = Script { first: KEEP_GROUP, through, waits: false };
    for kind in stack.all() {
        for spec in &kind.instances {
            let folder = format!("{}-{}-{}", stack.options.app, spec.name.kind, spec.name.number);
            let text = script.text(stack, kind, spec, bundle);
            bundle.program(format!("{folder}/run"), text, holds_values(stack));
            bundle.file(format!("{folder}/down-signal"), format!("{}\n", kind.stop_signal.0));
            // In milliseconds; 0 would be never.
            bundle.file(format!("{folder}/timeout-kill"), format!("{}\n", kind.grace.as_millis().max(1)));
            bundle.program(format!("{folder}/log/run"), log(stack, spec), false);
            if spec.once {
                bundle.file(format!("{folder}/down"), "");
                run_by_hand("s6", &format!("{folder}/run"), kind, bundle);
            }
            bundle.program(format!("{folder}/finish"), finish(stack, kind), false);
            // In milliseconds; `finish` itself ends after the grace.
            let limit = u64::try_from(kind.grace.as_millis()).unwrap_or(u64::MAX).saturating_add(5000);
            bundle.file(format!("{folder}/timeout-finish"), format!("{limit}\n"));
        }
    }
    readiness::unsupported(stack, &CarriedReadiness::NOTHING, bundle);
    if refers(stack) {
        bundle.bundle.secrets = Some(install_values(stack, None));
    }
}

fn log(stack: &ExportedStack<'_>, spec: &Spec) -> String {
    let folder = format!("/var/log/{}/{}", stack.options.app, spec.name);
    format!("{}mkdir -p {folder} && exec s6-log T {folder}\n", header(stack))
}

/// What runs when the first process has ended, the only one that s6 signals: stops the others of its group within the grace.
/// Its first argument is the status.
fn finish(stack: &ExportedStack<'_>, kind: &ExportedType<'_>) -> String {
    let last = match kind.restart {
        None | Some(RestartPolicy::Always) => String::new(),
        Some(RestartPolicy::OnFailure) => format!("[ \"$1\" != 0 ] || exit {STAY_DOWN}\n"),
        Some(RestartPolicy::Never) => format!("exit {STAY_DOWN}\n"),
    };
    format!("{}{}{last}", header(stack), end_group(kind, ""))
}
