//! Ctrl-Z and what takes it back, as the monitor passes them on. Pure.
//!
//! The worker suspends the stack and then itself; the monitor stops when it sees that. SIGCONT is passed on only then: of two
//! signals that are pending at once, the worker could handle SIGCONT first, and would stay suspended.

use crate::signal::Signal;

/// A suspension that is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Suspension {
    /// None is.
    #[default]
    None,
    /// SIGTSTP was passed on, and the worker has not suspended the stack yet.
    Requested,
    /// The same, and SIGCONT has come since.
    Withdrawn,
}

/// What the monitor does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SuspensionStep {
    /// Nothing.
    Nothing,
    /// Send this signal to the worker.
    Send(Signal),
    /// Stop, as the worker has.
    Stop,
}

impl Suspension {
    /// SIGTSTP came.
    pub(super) fn request(&mut self) -> SuspensionStep {
        match std::mem::replace(self, Self::Requested) {
            Self::None => SuspensionStep::Send(Signal::SUSPEND),
            Self::Requested | Self::Withdrawn => SuspensionStep::Nothing,
        }
    }

    /// SIGCONT came. To a worker that is stopped it goes at once; the kernel drops a SIGTSTP that is pending there.
    pub(super) fn withdraw(&mut self, is_worker_stopped: bool) -> SuspensionStep {
        if *self == Self::None || is_worker_stopped {
            *self = Self::None;
            return SuspensionStep::Send(Signal::CONTINUE);
        }
        *self = Self::Withdrawn;
        SuspensionStep::Nothing
    }

    /// The worker has suspended the stack, and cannot stop itself: the first process of a namespace is not stopped by signals
    /// from inside (pid_namespaces(7)).
    pub(super) fn on_confirmed(&mut self) -> SuspensionStep {
        match self {
            Self::None => SuspensionStep::Nothing,
            Self::Requested => SuspensionStep::Send(Signal::STOP),
            Self::Withdrawn => self.resume(),
        }
    }

    /// The worker has stopped. Where no suspension is under way another process has stopped it, and the monitor goes on: it could
    /// not end the worker otherwise.
    pub(super) fn on_worker_stopped(&mut self) -> SuspensionStep {
        match self {
            Self::None => SuspensionStep::Nothing,
            Self::Requested => {
                *self = Self::None;
                SuspensionStep::Stop
            }
            Self::Withdrawn => self.resume(),
        }
    }

    fn resume(&mut self) -> SuspensionStep {
        *self = Self::None;
        SuspensionStep::Send(Signal::CONTINUE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STOP: SuspensionStep = SuspensionStep::Stop;
    const NOTHING: SuspensionStep = SuspensionStep::Nothing;

    fn send(signal: Signal) -> SuspensionStep {
        SuspensionStep::Send(signal)
    }

    #[test]
    fn the_monitor_stops_when_the_worker_has_and_passes_sigcont_on() {
        let mut suspension = Suspension::None;
        assert_eq!(suspension.request(), send(Signal::SUSPEND));
        assert_eq!(suspension.request(), NOTHING);
        assert_eq!(suspension.on_worker_stopped(), STOP);
        assert_eq!(suspension.withdraw(true), send(Signal::CONTINUE));
    }

    #[test]
    fn in_a_namespace_the_worker_is_stopped_once_it_has_suspended_the_stack() {
        let mut suspension = Suspension::None;
        suspension.request();
        assert_eq!(suspension.on_confirmed(), send(Signal::STOP));
        assert_eq!(suspension.on_worker_stopped(), STOP);
    }

    #[test]
    fn sigcont_during_a_suspension_waits_for_the_worker() {
        for confirm in [Suspension::on_worker_stopped, Suspension::on_confirmed] {
            let mut suspension = Suspension::None;
            suspension.request();
            assert_eq!(suspension.withdraw(false), NOTHING);
            assert_eq!(confirm(&mut suspension), send(Signal::CONTINUE));
            assert_eq!(suspension, Suspension::None);
        }
        let mut suspension = Suspension::None;
        suspension.request();
        suspension.withdraw(false);
        assert_eq!(suspension.request(), NOTHING);
        assert_eq!(suspension.on_worker_stopped(), STOP);
    }

    #[test]
    fn a_worker_that_another_process_stopped_is_continued_and_not_followed() {
        let mut suspension = Suspension::None;
        assert_eq!(suspension.on_worker_stopped(), NOTHING);
        assert_eq!(suspension.on_confirmed(), NOTHING);
        suspension.request();
        assert_eq!(suspension.withdraw(true), send(Signal::CONTINUE));
        assert_eq!(suspension, Suspension::None);
    }
}
