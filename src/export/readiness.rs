//! Start order and readiness, and the warning where an engine has nothing for them.

use super::bundle_builder::BundleBuilder;
use super::stack::{ExportedStack, ExportedType};

/// What an engine has for `after`, `ready` and `listen`; nothing, unless its format says so.
pub(super) struct CarriedReadiness {
    /// Whether it lets a program wait for others.
    pub(super) order: bool,
    /// Whether it can ask for the sign that this type gives when it is ready.
    pub(super) sign: fn(&ExportedType<'_>) -> bool,
    /// Whether it asks, as long as a program runs, whether it still lives.
    pub(super) liveness: bool,
    /// Whether it hands a bound socket to a program.
    pub(super) socket: bool,
}

impl CarriedReadiness {
    /// An engine that starts programs and asks no more.
    pub(super) const NOTHING: Self = Self { order: false, sign: |_| false, liveness: false, socket: false };
}

/// Says what the engine does not take over of how the types are looked after. One sentence each, however many types.
pub(super) fn unsupported(stack: &ExportedStack<'_>, carried: &CarriedReadiness, bundle: &mut BundleBuilder) {
    let mut say = |sentence: &str, concerned: Vec<String>| {
        if !concerned.is_empty() {
            bundle.unsupported(format!("{sentence}: {}", concerned.join(", ")));
        }
    };
    let names = |is_concerned: fn(&&ExportedType<'_>) -> bool| -> Vec<String> {
        stack.all().filter(is_concerned).map(|kind| kind.name.to_string()).collect()
    };
    if !carried.order {
        // The release is a matter of its own: each format says what it does with it.
        let waiting = stack
            .all()
            .filter_map(|kind| {
                let before: Vec<&str> =
                    stack.before(kind).filter(|of| !of.is_release()).map(|of| of.name.as_str()).collect();
                (!before.is_empty()).then(|| format!("{} for {}", kind.name, before.join(" and ")))
            })
            .collect();
        say("no type waits for another there (`after`)", waiting);
    }
    say(
        "nothing asks there whether these are ready (`ready`)",
        stack
            .all()
            .filter(|kind| kind.is_to_be_ready() && !(carried.sign)(kind))
            .map(|kind| format!("{} ({})", kind.name, kind.service.probe.form()))
            .collect(),
    );
    if !carried.liveness {
        let asked = names(|kind| kind.service.liveness.is_some() && !kind.is_once);
        say("nothing asks there whether these still live (`liveness` of app.json)", asked);
    }
    if !carried.socket {
        let handed = names(|kind| kind.service.listen.is_some());
        say("these are handed no socket there and have to bind their PORT (`listen`)", handed);
    }
    let watched = names(|kind| !kind.service.watch.is_empty());
    say("a change of files restarts none of these there (`watch`)", watched);
}
