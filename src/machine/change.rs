//! A stack that becomes another one while it runs: instances come, go, or are something else from their next
//! life on.
//!
//! An index is an instance for ever. Who leaves is *retired*: it is stopped, and has no say any more in when
//! and how the stack ends; who comes back under the same name has its old index. So nothing that knows an
//! instance by its index (output, genealogy, open requests) can take one for another. Reusing indices would
//! save a few hundred bytes a name.

use std::rc::Rc;

use super::instance::Instance;
use super::request::{InstanceRequest, Operation, RequestResult};
use super::state::Intent;
use super::target::Target;
use super::transition::Transition;
use super::{Action, Machine};
use crate::plan::spec::{Policy, Spec};

/// What becomes of the stack, all at once; answered once, when all are where they should be.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What is wished of instances that are in the stack already, and what the answer carries.
    pub request: InstanceRequest,
    /// What these instances are from their next life on. The index one past the last is a new instance, the
    /// next one after it too, and so on. Who is new, or was retired, joins the stack and starts; who is down
    /// takes it at once.
    pub specs: Vec<(usize, Spec)>,
    /// Who leaves the stack.
    pub retired: Vec<usize>,
    /// Who decides about the end from now on; `None`: as before.
    pub policy: Option<Policy>,
}

impl Transition<'_> {
    pub(super) fn on_change(&mut self, change: Change) {
        let Change { request, specs, retired, policy } = change;
        if self.machine.shutdown.is_some() {
            self.actions.push(Action::Answer(request.ticket, RequestResult::Ending));
            return;
        }
        if let Some(policy) = policy {
            self.machine.policy = Policy { seed: self.machine.policy.seed, ..policy };
        }
        let (mut awaited, mut extras) = (Vec::new(), Vec::new());
        for (index, spec) in specs {
            if self.take_spec(index, Rc::new(spec)) {
                extras.push(index);
                awaited.push(self.machine.awaited(index, Operation::Start));
                self.want(index, false);
            }
        }
        awaited.extend(self.operation(request.operation, &request.instances));
        if request.operation == Operation::Roll {
            self.begin_roll(&request.instances, extras);
        }
        for index in retired {
            if index < self.machine.instances.len() {
                awaited.push(self.machine.awaited(index, Operation::Stop));
                self.retire(index);
            }
        }
        let grace = self.machine.longest_grace();
        self.machine.orphans.set_grace(grace);
        self.machine.is_emptied = self.machine.is_idle();
        self.machine.open(request.ticket, awaited);
    }

    /// Makes this the spec of an instance, new or known; whether it joins the stack with it.
    fn take_spec(&mut self, index: usize, spec: Rc<Spec>) -> bool {
        let count = self.machine.instances.len();
        if index > count {
            return false;
        }
        if index == count {
            let mut instance = Instance::new(spec.grace);
            instance.is_due = false;
            self.machine.instances.push(instance);
            self.machine.specs.push(Rc::clone(&spec));
            self.actions.push(Action::Enroll(index, spec));
            return true;
        }
        let instance = &mut self.machine.instances[index];
        instance.next = Some(spec);
        let joins = std::mem::take(&mut instance.is_retired);
        if instance.state.is_down() {
            self.adopt(index);
        }
        joins
    }

    /// What it is to be in its next life, it is from now on.
    pub(super) fn adopt(&mut self, index: usize) {
        let instance = &mut self.machine.instances[index];
        if let Some(spec) = instance.next.take() {
            instance.set_grace(spec.grace);
            self.machine.specs[index] = Rc::clone(&spec);
            self.actions.push(Action::Enroll(index, spec));
        }
    }

    pub(super) fn retire(&mut self, index: usize) {
        self.want_down(index);
        self.machine.instances[index].is_retired = true;
        self.machine.ends.retain(|ended| *ended != index);
    }
}

impl Machine {
    /// The longest grace of all who are in the stack.
    pub(super) fn longest_grace(&self) -> std::time::Duration {
        let all = self.specs.iter().zip(&self.instances);
        // One that is leaving may still need it.
        let present = all.filter(|(_, instance)| !(instance.is_retired && instance.state.is_down()));
        present.map(|(spec, _)| spec.grace).max().unwrap_or_default()
    }

    /// The ports of those who are being stopped: where ports have moved, the next to have one waits for it.
    pub(super) fn ports_being_left(&self) -> Vec<u16> {
        let all = self.specs.iter().zip(&self.instances);
        // Who is handed a socket shares it, and leaves it to the others.
        let own = all.filter(|(spec, _)| spec.care.listen.is_none());
        let leaving = own.filter(|(_, one)| !one.state.is_down() && one.intent != Intent::Up);
        leaving.filter_map(|(spec, _)| spec.port).collect()
    }

    /// The port of an instance in its next life.
    pub(super) fn next_port(&self, index: usize) -> Option<u16> {
        self.instances[index].next.as_ref().unwrap_or(&self.specs[index]).port
    }

    /// Whether nobody of the stack runs or is about to. Who is leaving does not count.
    fn is_idle(&self) -> bool {
        let mut present = self.instances.iter().filter(|instance| !instance.is_retired);
        present.all(|instance| instance.state.is_down() && !instance.is_due)
    }

    pub(super) fn at(&mut self, target: Target) -> &mut Instance {
        match target {
            Target::Instance(index) => &mut self.instances[index],
            Target::Orphans => &mut self.orphans,
        }
    }
}
