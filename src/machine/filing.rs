//! How an instance is filed in the sets.

use std::sync::Arc;
use std::time::Duration;

use super::dependency::DependencyState;
use super::instance::Instance;
use super::state::{Intent, State};
use crate::name::TypeName;
use crate::plan::spec::Spec;

/// What the sets have to know of one instance. The default is that of one that is in no set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one for each set, which do not depend on each other")]
pub(super) struct Filing {
    pub(super) due: Option<DueInstance>,
    pub(super) is_running: bool,
    pub(super) is_starting: bool,
    pub(super) is_clearing: bool,
    /// Whether it has ended for a restart.
    pub(super) is_ended_for_restart: bool,
    pub(super) is_up: bool,
    pub(super) is_unfinished: bool,
    pub(super) deadline: Option<Duration>,
    pub(super) dependency: DependencyState,
    /// The types that it came after, as long as it is not down.
    pub(super) uses: Option<Arc<[TypeName]>>,
    /// Its port, while it is being stopped. One that is handed a socket shares the port, and holds up no other.
    pub(super) held_port: Option<u16>,
}

/// An instance that is down and waits for its turn to start: all on which it depends whether it can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DueInstance {
    pub(super) after: Arc<[TypeName]>,
    pub(super) has_run: bool,
    pub(super) is_requested: bool,
}

impl Filing {
    /// How this instance is to be filed.
    pub(super) fn of(index: usize, instance: &Instance, spec: &Spec) -> Self {
        let is_down = instance.state.is_down();
        let next = instance.next.as_deref().unwrap_or(spec);
        let is_stopped = !is_down && instance.intent != Intent::Up && spec.service.listen.is_none();
        Self {
            due: (is_down && instance.is_due).then(|| DueInstance {
                after: Arc::clone(&next.after),
                has_run: instance.generation > 0,
                is_requested: instance.is_requested,
            }),
            is_running: instance.state == State::Running,
            is_starting: instance.state == State::Starting,
            is_clearing: instance.state.is_clearing(),
            is_ended_for_restart: is_down && instance.intent == Intent::Restart,
            is_up: !is_down,
            is_unfinished: !instance.is_finished(),
            deadline: instance.deadline(),
            dependency: DependencyState::of_instance(index, spec.once, instance),
            uses: (!is_down).then(|| Arc::clone(&spec.after)),
            held_port: spec.port.filter(|_| is_stopped),
        }
    }

    /// The types that it waits for or came after.
    pub(super) fn dependencies(&self) -> impl Iterator<Item = &TypeName> {
        let waits_for = self.due.iter().flat_map(|due| due.after.iter());
        waits_for.chain(self.uses.iter().flat_map(|uses| uses.iter()))
    }
}
