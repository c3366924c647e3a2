//! A restart in which there is never one less: one more of each type is started first, then one instance after the
//! other is restarted, each when the one before is ready, and the one too many goes.
//!
//! Not two processes of one instance at once: everything here knows an instance by its index, its mark and its
//! name, and would take the new one for the old.

use std::collections::VecDeque;

use super::instance::Instance;
use super::state::{Intent, State};
use super::transition::Transition;

/// A restart of this kind under way.
#[derive(Clone, Debug)]
pub(super) struct RollingRestart {
    /// Those who are there for the time being.
    extras: Vec<usize>,
    /// Who is still to be restarted.
    queue: VecDeque<usize>,
    /// Who is being restarted, and how many lives it had before.
    current: Option<(usize, u32)>,
}

/// How far an instance is with a new life.
enum RollProgress {
    Ready,
    OnItsWay,
    Failed,
}

fn progress(instance: &Instance, generation: u32) -> RollProgress {
    let is_new = instance.generation > generation;
    if is_new && instance.ready.is_some() {
        return RollProgress::Ready;
    }
    let is_over = match instance.state {
        State::Idle | State::Ended | State::Clearing | State::Purging => !instance.will_start(),
        // Who is stopped as not ready in time has failed already.
        State::Stopping | State::Killing => instance.is_late,
        State::Starting | State::Running => false,
    };
    if is_over { RollProgress::Failed } else { RollProgress::OnItsWay }
}

impl RollingRestart {
    /// Whether this one is still to be restarted, or being restarted.
    pub(super) fn is_about(&self, index: usize) -> bool {
        self.queue.contains(&index) || self.current.is_some_and(|(current, _)| current == index)
    }
}

impl Transition<'_> {
    /// These instances are to be restarted in this way, with the help of those extras, which start now.
    pub(super) fn begin_roll(&mut self, instances: &[usize], extras: Vec<usize>) {
        let queue = instances.iter().copied().collect();
        self.machine.rolls.push(RollingRestart { extras, queue, current: None });
    }

    /// Takes the next step of each such restart that can go on.
    pub(super) fn roll(&mut self) {
        for mut roll in std::mem::take(&mut self.machine.rolls) {
            if self.machine.shutdown.is_none() && self.take_steps(&mut roll) {
                self.machine.rolls.push(roll);
            }
        }
    }

    /// As many steps as can be taken now; whether there will be more.
    fn take_steps(&mut self, roll: &mut RollingRestart) -> bool {
        let all = &self.machine.instances;
        let of_extras = || roll.extras.iter().map(|index| progress(&all[*index], 0));
        if roll.current.is_none() && of_extras().any(|progress| matches!(progress, RollProgress::Failed)) {
            return self.break_off(roll);
        }
        if roll.current.is_none() && of_extras().any(|progress| matches!(progress, RollProgress::OnItsWay)) {
            return true;
        }
        loop {
            match roll.current.map(|(index, generation)| progress(&self.machine.instances[index], generation))
            {
                Some(RollProgress::OnItsWay) => return true,
                Some(RollProgress::Failed) => return self.break_off(roll),
                Some(RollProgress::Ready) | None => roll.current = None,
            }
            let Some(next) = roll.queue.pop_front() else {
                self.retire_extra(roll);
                return false;
            };
            let instance = &self.machine.instances[next];
            // Whom somebody has stopped or scaled away meanwhile stays so.
            if instance.intent != Intent::Down && !instance.is_retired {
                roll.current = Some((next, instance.generation));
                self.want(next, true);
            }
        }
    }

    /// A new life is of no use: those who have not been restarted are left as they are.
    fn break_off(&mut self, roll: &RollingRestart) -> bool {
        for index in roll.queue.iter().copied().chain(roll.current.map(|(index, _)| index)) {
            let reason = "a new instance did not become ready, so the rest is as it was".to_owned();
            self.machine.instances[index].failure.get_or_insert(reason);
        }
        self.retire_extra(roll);
        false
    }

    fn retire_extra(&mut self, roll: &RollingRestart) {
        for extra in &roll.extras {
            self.retire(*extra);
        }
        self.is_answer_due = true;
    }
}
