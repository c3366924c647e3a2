//! Signals to instances: to their main processes, to what is left of their trees, and to whole groups in one call.

use std::collections::HashMap;

use nix::sys::signal::{SIGSTOP, raise};

use crate::machine::{Event, Target};
use crate::notice::Notice;
use crate::process::signalled::{Signalled, stop_sequence};
use crate::process::tree::main_processes::{SignalOrder, SignalPurpose};
use crate::process::tree::{self, Process, send_to, send_to_group};
use crate::signal::{Reach, Signal};
use crate::supervisor::actions::processes::Processes;

/// The stop of one instance, from its first signal to its next start.
#[derive(Clone, Debug, Default)]
struct InstanceStop {
    /// Which processes have it first, and which last.
    order: SignalOrder,
    /// Whether all of the tree gets the stop signal: half of the grace is over, or `stop-to` says so.
    is_for_all: bool,
}

/// The stops under way.
#[derive(Debug, Default)]
pub(super) struct StopSignals {
    instances: HashMap<usize, InstanceStop>,
    signalled: Signalled,
}

impl StopSignals {
    /// A new generation of this instance begins, with this process.
    pub(super) fn forget(&mut self, index: usize, pid: i32) {
        self.instances.remove(&index);
        self.signalled.forget(pid);
    }

    /// Sends the stop signal to the main processes.
    pub(super) fn stop(&mut self, target: Target, processes: &mut Processes) {
        let spec = target.instance().and_then(|index| Some((index, processes.specs.get(index)?)));
        let Some((index, spec)) = spec else { return self.stop_all(target, processes) };
        let (signal, reach) = (spec.stop_signal, spec.stop_to);
        self.instances.remove(&index);
        if reach == Reach::Group {
            return self.stop_all(target, processes);
        }
        let order = order_of(processes, index, (signal, SignalPurpose::Stop));
        self.signalled.stop(&order.mains, signal);
        self.instances.insert(index, InstanceStop { order, is_for_all: false });
    }

    /// Sends the stop signal to what is left of a tree, unless one of its main processes lives: a shell exits at once, and the
    /// program behind it may still be stopping its own children. The readers of a pipeline end at the end of their input.
    pub(super) fn stop_rest(&mut self, target: Target, processes: &mut Processes) {
        let members = processes.members(target);
        let stop = target.instance().map(|index| self.instances.entry(index).or_default());
        let due = match stop.filter(|stop| !stop.is_for_all) {
            Some(stop) => tree::due(&mut stop.order, &members),
            None => members.iter().collect(),
        };
        self.signalled.stop(due, stop_signal(processes, target));
    }

    /// Sends the stop signal to all of a tree. As long as no process of the group has had it, the group gets it in one call,
    /// which no fork can slip through; also where /proc does not show the members.
    pub(super) fn stop_all(&mut self, target: Target, processes: &mut Processes) {
        let signal = stop_signal(processes, target);
        let mut members = processes.members(target);
        let is_first = target.instance().is_none_or(|index| !self.instances.contains_key(&index));
        if let Some(index) = target.instance() {
            self.instances.entry(index).or_default().is_for_all = true;
        }
        if let Some(group) = processes.group(target).filter(|_| is_first || members.is_empty()) {
            for signal in stop_sequence(signal) {
                send_to_group(group, signal);
            }
            // Those of the group have had it.
            members.retain(|process| process.group != group || !self.signalled.is_first(process));
        }
        self.signalled.stop(&members, signal);
    }

    /// Sends a signal other than that of a stop: `ganger kill`, and signals that are passed on. Of one that ends the instance the order
    /// is kept, for what is left then.
    pub(super) fn send(&mut self, processes: &mut Processes, index: usize, signal: Signal, reach: Reach) {
        let Some(group) = processes.group(Target::Instance(index)) else { return };
        if reach == Reach::Group {
            return send_to_group(group, signal);
        }
        let stop_signal = processes.specs[index].stop_signal;
        let stops = [Signal::TERMINATE, Signal::INTERRUPT, Signal::QUIT, Signal::KILL, stop_signal];
        let purpose = if stops.contains(&signal) { SignalPurpose::Stop } else { SignalPurpose::Message };
        let order = order_of(processes, index, (signal, purpose));
        for process in &order.mains {
            let _ = send_to(process, signal);
        }
        if purpose == SignalPurpose::Stop {
            self.instances.entry(index).or_default().order = order;
        }
    }

    /// Sends a signal to the main processes of every instance that runs.
    pub(super) fn forward(&mut self, processes: &mut Processes, signal: Signal) {
        for index in processes.running() {
            self.send(processes, index, signal, Reach::Main);
        }
    }
}

fn stop_signal(processes: &Processes, target: Target) -> Signal {
    let spec = target.instance().and_then(|index| processes.specs.get(index));
    spec.map_or(Signal::TERMINATE, |spec| spec.stop_signal)
}

/// The order of a signal to an instance (see [`tree::order_of`]). A program that is no shell is known without a scan; also one that has
/// exited and is not reaped yet, and one that /proc does not show.
fn order_of(processes: &mut Processes, index: usize, signal: (Signal, SignalPurpose)) -> SignalOrder {
    let target = Target::Instance(index);
    let Some(own) = processes.group(target) else { return SignalOrder::default() };
    if tree::is_shell(own) {
        let order = tree::order_of(own, &processes.walked_members(target), signal);
        // A walk that failed has no members.
        if !order.mains.is_empty() {
            return order;
        }
    }
    SignalOrder::alone(Process::leader(own))
}

/// Sends a signal to every process of a tree.
fn send_to_tree(processes: &mut Processes, target: Target, signal: Signal) {
    let group = processes.group(target);
    if let Some(group) = group {
        send_to_group(group, signal);
    }
    for process in processes.members(target) {
        if group != Some(process.group) {
            let _ = send_to(&process, signal);
        }
    }
}

/// Sends SIGKILL to a tree. Orphans have the longest grace of all, so when theirs is over everything is killed.
pub(super) fn kill(processes: &mut Processes, target: Target) -> Vec<Event> {
    match target {
        Target::Orphans => processes.kill_all(),
        Target::Instance(index) => {
            send_to_tree(processes, target, Signal::KILL);
            processes.kill_orphans_of(index)
        }
    }
}

fn send_to_all(processes: &mut Processes, signal: Signal) {
    for target in (0..processes.specs.len()).map(Target::Instance).chain([Target::Orphans]) {
        send_to_tree(processes, target, signal);
    }
}

/// Continues every process of the stack.
pub(super) fn resume(processes: &mut Processes) {
    send_to_all(processes, Signal::CONTINUE);
}

/// Suspends every process of the stack, and then this one. The groups of instances are orphaned (POSIX XBD 3.264) and would
/// ignore SIGTSTP, so it is SIGSTOP. The monitor sees this process stop and stops itself; SIGCONT comes back through it.
///
/// # Errors
/// As raise(3).
pub(super) fn suspend(processes: &mut Processes) -> nix::Result<()> {
    send_to_all(processes, Signal::STOP);
    raise(SIGSTOP)
}

/// The processes of a tree that could not be ended.
pub(super) fn survivors(processes: &mut Processes, target: Target) -> Vec<Notice> {
    processes
        .members(target)
        .into_iter()
        .map(|process| {
            let reason = match send_to(&process, Signal::KILL) {
                Err(_) => "it runs as another user",
                Ok(()) => "SIGKILL does not end it: it hangs in the kernel",
            };
            Notice::Survivor { pid: process.pid, name: process.name, reason: reason.into() }
        })
        .collect()
}
