//! A change of the stack while it runs: instances are added, leave, or get another spec for their next generation.
//!
//! An index belongs to an instance for ever. An instance that leaves is *retired*: it is stopped, and how it ends does not count.
//! If one of the same name is added later, it has the same index. So all that knows an instance by its index (output, process
//! tracker, open requests) cannot take one for another. Reusing indices would save a few hundred bytes a name.

use std::rc::Rc;

use super::action::Action;
use super::facts::Facts;
use super::instance::FirstStart;
use super::open_requests::{self, AwaitedInstance};
use super::request::{InstanceRequest, Operation};
use super::stack::{Actions, Stack};
use crate::plan::spec::{Policy, Spec};

/// A change, made all at once; answered once, when all instances have reached what it asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The operation on instances that are in the stack already, and the ticket of the answer.
    pub request: InstanceRequest,
    /// The specs of these instances from their next generation on. The index one past the last is a new instance, the next one
    /// after it too, and so on. A new or retired instance joins the stack and starts; one that stands in for others joins it too; one
    /// that is down takes its spec at once. With [`Operation::Roll`] those that join stand in for the others.
    pub specs: Vec<(usize, Spec)>,
    /// The instances that leave the stack.
    pub retired: Vec<usize>,
    /// The policy from now on; `None` keeps the present one.
    pub policy: Option<Policy>,
}

impl Change {
    /// Begins the change, and keeps its request open until it is done.
    pub(super) fn begin(self, facts: &mut Facts, actions: &mut Actions) {
        let Facts { stack, rolls, requests, .. } = facts;
        let Self { request: InstanceRequest { ticket, operation, instances }, specs, retired, policy } = self;
        if let Some(policy) = policy {
            stack.policy = Policy { seed: stack.policy.seed, ..policy };
        }
        let ended = if operation.ends_instances() { instances.as_slice() } else { &[] };
        stack.hold_stops(&[ended, &retired].concat());
        let (mut awaited, mut added) = (Vec::new(), Vec::new());
        let is_roll = operation == Operation::Roll;
        for (index, spec) in specs {
            let stood_in = stack.instances.get(index).is_some_and(|instance| instance.is_stand_in);
            if set_spec(stack, index, Rc::new(spec), actions) {
                added.push(index);
                awaited.push(AwaitedInstance::new(stack, index, Operation::Start));
                stack.instances.edit(index, |instance| {
                    instance.is_stand_in = is_roll;
                    if !stood_in {
                        instance.first_start = FirstStart { due: actions.now, ..FirstStart::default() };
                    }
                });
                stack.request_up(index, false, actions);
            }
        }
        awaited.extend(open_requests::begin(stack, operation, &instances, actions));
        for index in retired {
            if index < stack.instances.len() {
                awaited.push(AwaitedInstance::new(stack, index, Operation::Stop));
                stack.retire(index, actions);
            }
        }
        let grace = stack.longest_grace();
        stack.orphans.set_grace(grace);
        stack.is_emptied = is_idle(stack);
        if is_roll {
            rolls.begin((ticket, added), &instances, stack, actions);
        } else {
            requests.open(ticket, awaited);
        }
    }
}

/// Sets the spec of an instance, new or known; whether the instance joins the stack with it.
fn set_spec(stack: &mut Stack, index: usize, spec: Rc<Spec>, actions: &mut Actions) -> bool {
    let count = stack.instances.len();
    if index > count {
        return false;
    }
    if index == count {
        stack.instances.push(Rc::clone(&spec));
        actions.push(Action::Enroll(index, spec));
        return true;
    }
    let joins = stack.instances.edit(index, |instance| {
        instance.next = Some(spec);
        let (was_retired, stood_in) = (instance.is_retired, instance.is_stand_in);
        (instance.is_retired, instance.is_stand_in) = (false, false);
        was_retired || stood_in
    });
    if stack.instances[index].state.is_down() {
        stack.use_next_spec(index, actions);
    }
    joins
}

/// Whether no instance runs or is due. Those that are leaving do not count.
fn is_idle(stack: &Stack) -> bool {
    let mut present = stack.instances.iter().filter(|instance| !instance.is_retired);
    present.all(|instance| instance.state.is_down() && !instance.is_due)
}
