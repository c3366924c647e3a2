//! Signals by number and by name.

use std::fmt;
use std::ops::RangeInclusive;

use nix::sys::signal::Signal as Known;

/// A signal's number. Not nix's enum: that one has no real-time signals, and a child may die of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Signal(pub i32);

impl Signal {
    /// The numbers that there can be; 0 is kill(2)'s question whether a process is there. From 32 on they are real-time.
    pub const NUMBERS: RangeInclusive<i32> = 1..=64;

    /// Hang-up: the terminal is gone.
    pub const HANGUP: Self = Self(libc::SIGHUP);
    /// Ctrl-C.
    pub const INTERRUPT: Self = Self(libc::SIGINT);
    /// Ctrl-\.
    pub const QUIT: Self = Self(libc::SIGQUIT);
    /// A write that no reader will take.
    pub const PIPE: Self = Self(libc::SIGPIPE);
    /// The polite request to end.
    pub const TERMINATE: Self = Self(libc::SIGTERM);
    /// The end that cannot be caught.
    pub const KILL: Self = Self(libc::SIGKILL);
    /// The stop that cannot be caught.
    pub const STOP: Self = Self(libc::SIGSTOP);
    /// Go on after a stop.
    pub const CONTINUE: Self = Self(libc::SIGCONT);
    /// Ctrl-Z.
    pub const SUSPEND: Self = Self(libc::SIGTSTP);
    /// The terminal has another size.
    pub const RESIZE: Self = Self(libc::SIGWINCH);
    /// For the program's own use.
    pub const USER1: Self = Self(libc::SIGUSR1);
    /// For the program's own use.
    pub const USER2: Self = Self(libc::SIGUSR2);
    /// A child changed its state.
    pub const CHILD: Self = Self(libc::SIGCHLD);

    /// The signal of that name: `TERM`, `SIGTERM`, `term` or `15`.
    pub fn named(text: &str) -> Option<Self> {
        if let Ok(number) = text.parse::<i32>() {
            return Self::NUMBERS.contains(&number).then_some(Self(number));
        }
        let upper = text.to_ascii_uppercase();
        let full = if upper.starts_with("SIG") { upper } else { format!("SIG{upper}") };
        full.parse::<Known>().ok().map(|known| Self(known as i32))
    }

    /// Whether ganger takes it as a request to stop: every signal whose default action ends a process (signal(7)), but
    /// for those that a program is meant to define (SIGUSR1, SIGUSR2), those that only report a failed write (SIGPIPE,
    /// SIGXFSZ), and faults, after which a program cannot go on.
    pub fn is_stop_request(self) -> bool {
        #[cfg(target_os = "linux")]
        const OF_LINUX: [i32; 3] = [libc::SIGIO, libc::SIGPWR, libc::SIGSTKFLT];
        #[cfg(not(target_os = "linux"))]
        const OF_LINUX: [i32; 0] = [];
        Self::STOP_REQUESTS.contains(&self.0) || OF_LINUX.contains(&self.0)
    }

    const STOP_REQUESTS: [i32; 11] = [
        libc::SIGHUP,
        libc::SIGINT,
        libc::SIGQUIT,
        libc::SIGTERM,
        libc::SIGALRM,
        libc::SIGVTALRM,
        libc::SIGPROF,
        libc::SIGXCPU,
        libc::SIGABRT,
        libc::SIGTRAP,
        libc::SIGSYS,
    ];

    /// nix's word for it; `None` for a real-time signal.
    pub fn known(self) -> Option<Known> {
        Known::try_from(self.0).ok()
    }

    /// All names that [`Signal::named`] knows, for suggestions.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Known::iterator().map(Known::as_str)
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.known() {
            Some(known) => f.pad(known.as_str()),
            None => f.pad(&format!("signal {}", self.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_named_as_kill_names_it() {
        for text in ["TERM", "SIGTERM", "term", "15"] {
            assert_eq!(Signal::named(text), Some(Signal::TERMINATE), "{text}");
        }
        for text in ["", "0", "65", "TREM", "-9"] {
            assert_eq!(Signal::named(text), None, "{text}");
        }
    }

    #[test]
    fn a_real_time_signal_is_shown_by_its_number() {
        assert_eq!(Signal(34).to_string(), "signal 34");
        assert_eq!(Signal(9).to_string(), "SIGKILL");
    }
}
