//! What the machine asks the shell around it to do.

use std::rc::Rc;

use super::lifecycle::Lifecycle;
use super::request::{RequestResult, Ticket};
use super::target::Target;
use crate::notice::Notice;
use crate::plan::spec::Spec;
use crate::signal::{Reach, Signal};

/// One thing to do. Instances are named by their index, which never changes.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// From now on this instance has this spec. The index one past the last is a new instance.
    Enroll(usize, Rc<Spec>),
    /// Make the process of this instance, and answer with `Spawned` or `SpawnFailed`.
    Spawn(usize),
    /// Probe this instance until it is ready, and answer with `Ready`.
    Probe(usize),
    /// Look at this instance, which is not ready in time, and answer with `Inspected`.
    Inspect(usize),
    /// Send the stop signal, then SIGCONT, to the main processes: the program, and where a shell stays in front of it, the shell
    /// and its foreground children.
    Stop(Target),
    /// Send the stop signal to each process of the tree that has not had it yet, unless a main process still lives.
    StopRest(Target),
    /// Send the stop signal to each process of the tree that has not had it yet.
    StopAll(Target),
    /// Send SIGKILL to the whole tree.
    Kill(Target),
    /// Scan for the processes that are left, and answer with `Scanned`, `PartlyScanned` or `AllGone`.
    Scan,
    /// Print this after the remaining output of the instance.
    ReportExit(usize, Notice),
    /// Print this now.
    Notify(Notice),
    /// Run the hook that is set for this, and pass it on to clients that follow the stack.
    Report(usize, Lifecycle),
    /// Report which processes of this tree could not be ended.
    ReportSurvivors(Target),
    /// Send this signal to the main processes of this instance, or to its whole group.
    Signal(usize, Signal, Reach),
    /// Answer a request.
    Answer(Ticket, RequestResult),
    /// Send a signal to the main processes of every instance.
    Forward(Signal),
    /// Suspend every process of the stack as Ctrl-Z does, and then ganger itself.
    Suspend,
    /// Continue every process of the stack.
    Resume,
    /// Pass on the new size of the terminal.
    Resize,
}

impl Action {
    /// Whether it ends processes, sooner or later.
    pub(crate) fn is_end(&self) -> bool {
        matches!(self, Self::Stop(_) | Self::StopRest(_) | Self::StopAll(_) | Self::Kill(_))
    }
}
