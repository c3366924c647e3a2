//! What the machine wants done.

use std::rc::Rc;

use super::request::{RequestResult, Ticket};
use super::target::Target;
use crate::notice::Notice;
use crate::plan::spec::Spec;
use crate::signal::{Reach, Signal};

/// One thing to do, in the order given. Instances are named by their index, which is theirs for ever.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// From now on this instance is what the spec says. The index one past the last is a new instance.
    Enroll(usize, Rc<Spec>),
    /// Make the instance's process and answer with `Spawned` or `SpawnFailed`.
    Spawn(usize),
    /// Find out when this instance is ready, and answer with `Ready`.
    Probe(usize),
    /// Send its stop signal, then SIGCONT, to its main processes: the program, and where a shell stays in front of it, the
    /// shell and its foreground children.
    Stop(Target),
    /// Send it to each process of its tree that has not had it yet, unless one of its main processes still lives.
    StopRest(Target),
    /// Send it to each process of its tree that has not had it yet.
    StopAll(Target),
    /// Send SIGKILL to its whole tree.
    Kill(Target),
    /// Look who is left and answer with `Scanned` (or `AllGone`).
    Scan,
    /// Print this after the instance's last words.
    ReportExit(usize, Notice),
    /// Print this now.
    Notify(Notice),
    /// Say which processes of this tree could not be ended.
    ReportSurvivors(Target),
    /// Send this signal to the main processes of this instance, or to its whole group.
    Signal(usize, Signal, Reach),
    /// Answer a request.
    Answer(Ticket, RequestResult),
    /// Send a signal to the main processes of every instance.
    Forward(Signal),
    /// Stop every process of the stack as Ctrl-Z does, and then ourselves.
    Suspend,
    /// Let every process of the stack go on.
    Resume,
    /// The terminal has another size: pass it on.
    Resize,
}
