//! Service folders for s6: `run`, `finish`, `down-signal`, `timeout-kill`, and a logger.
//! skarnet.org/software/s6/servicedir.html

use super::bundle_builder::{BundleBuilder, holds_values, refers};
use super::options::RestartPolicy;
use super::readiness::{self, CarriedReadiness};
use super::script::{Script, header, install_values, quote};
use super::stack::{ExportedStack, ExportedType};
use crate::plan::spec::Spec;

/// The status of `finish` that says "do not start it again", since s6 2.2.
const STAY_DOWN: u8 = 125;

/// Writes the service folders of `stack`.
pub(super) fn write(stack: &ExportedStack<'_>, bundle: &mut BundleBuilder) {
    bundle.refuse_settings(stack);
    let through =
        stack.options.user.as_ref().map(|user| format!("s6-setuidgid {} ", quote(user))).unwrap_or_default();
    let script = Script { first: "exec 2>&1\n", through };
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
                bundle.unsupported(format!(
                    "s6 has no order: `s6-svc -wD -o {folder}` runs {}, before the others are started",
                    kind.name
                ));
            }
            if let Some(text) = finish(stack, kind) {
                bundle.program(format!("{folder}/finish"), text, false);
            }
        }
        if !kind.is_replaced {
            bundle.unsupported(format!(
                "{}: a shell stays in front of the program, and s6 signals the shell alone; `exec` before the \
                 last command of the line mends that",
                kind.name
            ));
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

/// What runs when the program has ended; its first argument is the status.
fn finish(stack: &ExportedStack<'_>, kind: &ExportedType<'_>) -> Option<String> {
    match kind.restart {
        None | Some(RestartPolicy::Always) => None,
        Some(RestartPolicy::OnFailure) => {
            Some(format!("{}[ \"$1\" != 0 ] || exit {STAY_DOWN}\n", header(stack)))
        }
        Some(RestartPolicy::Never) => Some(format!("{}exit {STAY_DOWN}\n", header(stack))),
    }
}
