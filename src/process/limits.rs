//! The limit of open files: ours is raised as far as we may, the children's stays what it was.

use std::io;

use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};
use thiserror::Error;

/// What ganger itself holds beside one descriptor an instance: standard streams, event loop, signals,
/// life-line, the exit of the worker, the silent input, the writer's copy, and the few that a scan of /proc needs.
const OWN: u64 = 24;

/// More instances than the limit has descriptors for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "{instances} instances need {need} open files, and the limit is {limit} (too many open files): raise it with \
     `ulimit -Hn {need}`, or start fewer"
)]
pub struct TooFewOpenFiles {
    instances: usize,
    need: u64,
    limit: rlim_t,
}

/// The limit as it was given to us, soft and hard.
#[derive(Clone, Copy, Debug)]
pub struct OpenFiles {
    soft: rlim_t,
    hard: rlim_t,
}

impl OpenFiles {
    /// The limit as it is now.
    ///
    /// # Errors
    /// As getrlimit(2).
    pub fn inherited() -> io::Result<Self> {
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
        Ok(Self { soft, hard })
    }

    /// Raises our own soft limit to the hard one. A refusal leaves what we had, and [`OpenFiles::check`] tells
    /// whether that is enough.
    #[must_use]
    pub fn raised(self) -> Self {
        match setrlimit(Resource::RLIMIT_NOFILE, self.hard, self.hard) {
            Ok(()) => self,
            Err(_) => Self { hard: self.soft, ..self },
        }
    }

    /// Runs `make` with the soft limit that we were given, so that the process it makes has that one:
    /// programs that use select(2) must not see descriptors over 1023 become possible.
    pub fn with_inherited<T>(self, make: impl FnOnce() -> T) -> T {
        if self.soft == self.hard {
            return make();
        }
        let _ = setrlimit(Resource::RLIMIT_NOFILE, self.soft, self.hard);
        let result = make();
        let _ = setrlimit(Resource::RLIMIT_NOFILE, self.hard, self.hard);
        result
    }

    /// Whether this many instances can have their streams.
    ///
    /// # Errors
    /// They cannot.
    pub fn check(self, instances: usize) -> Result<(), TooFewOpenFiles> {
        let (need, limit) = (instances as u64 + OWN, self.hard);
        if need <= limit { Ok(()) } else { Err(TooFewOpenFiles { instances, need, limit }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_too_low_is_known_before_anything_starts() {
        let limit = OpenFiles { soft: 64, hard: 64 };
        assert_eq!(limit.check(40), Ok(()));
        let refused = limit.check(100).unwrap_err().to_string();
        assert!(refused.contains("need 124 open files, and the limit is 64"), "{refused}");
    }
}
