//! A namespace of process ids for the stack (pid_namespaces(7)): the kernel ends every process in it when its
//! first process, the worker, is gone. It is the only thing that holds when both of the pair are killed
//! within the same few milliseconds.
//!
//! Never done unasked: process ids are others inside, and without root it needs a user namespace, in which
//! sudo and other set-uid programs do not work.

#[cfg(target_os = "linux")]
pub(crate) use linux::{begin, enter};
#[cfg(not(target_os = "linux"))]
pub(crate) use other::{begin, enter};

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::io;

    use nix::errno::Errno;
    use nix::mount::{MsFlags, mount};
    use nix::sched::{CloneFlags, unshare};
    use nix::unistd::{getegid, geteuid};

    /// Makes the next child of this process the first one of a new namespace. To be called while there is a
    /// single thread.
    ///
    /// # Errors
    /// The message for the user: the system does not allow it.
    pub(crate) fn begin() -> io::Result<()> {
        let (user, group) = (geteuid(), getegid());
        match unshare(CloneFlags::CLONE_NEWPID) {
            Ok(()) => return Ok(()),
            Err(Errno::EPERM) => {}
            Err(error) => return Err(refused("unshare", &error.into())),
        }
        unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWPID)
            .map_err(|error| refused("unshare", &error.into()))?;
        // User and group stay the same: only these ids exist inside (user_namespaces(7)).
        fs::write("/proc/self/setgroups", "deny").map_err(|error| refused("/proc/self/setgroups", &error))?;
        fs::write("/proc/self/uid_map", format!("{user} {user} 1"))
            .map_err(|error| refused("/proc/self/uid_map", &error))?;
        fs::write("/proc/self/gid_map", format!("{group} {group} 1"))
            .map_err(|error| refused("/proc/self/gid_map", &error))
    }

    /// In the first process of the namespace: a /proc that shows it, for this process and its children only.
    ///
    /// # Errors
    /// As [`begin`].
    pub(crate) fn enter() -> io::Result<()> {
        unshare(CloneFlags::CLONE_NEWNS).map_err(|error| refused("unshare", &error.into()))?;
        // What is mounted inside must not appear outside.
        let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
        mount(None::<&str>, "/", None::<&str>, private, None::<&str>)
            .map_err(|error| refused("mount", &error.into()))?;
        let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
        mount(Some("proc"), "/proc", Some("proc"), flags, None::<&str>)
            .map_err(|error| refused("mount /proc", &error.into()))
    }

    fn refused(call: &str, error: &io::Error) -> io::Error {
        let text = format!(
            "--isolate is not possible here ({call}: {error}): allow user namespaces, run as root, or leave it out"
        );
        io::Error::new(error.kind(), text)
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    use std::io;

    /// Always refused.
    ///
    /// # Errors
    /// Always.
    pub(crate) fn begin() -> io::Result<()> {
        Err(io::Error::other("--isolate needs Linux: leave it out"))
    }

    /// Never called.
    ///
    /// # Errors
    /// None.
    pub(crate) fn enter() -> io::Result<()> {
        Ok(())
    }
}
