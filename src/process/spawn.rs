//! Making an instance's process: a session of its own, clean signals, and just the descriptors it should have.
//!
//! By posix_spawn(3), which glibc and musl build on vfork: the cost does not grow with our memory, and no
//! code of ours runs between fork and exec. What it cannot do is not needed: the directory is ours already, and
//! a limit is set around the call. On a terminal the session has another leader (`super::session`); where none can be
//! had, the program leads it, and has the terminal as its own when it opens it.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::signal::SigSet;
use nix::sys::stat::Mode;

use super::calls::FIRST_PASSED;
use super::limits::OpenFiles;
use super::pipe::pipe;
use super::program::{self, MissingProgram, Program};
use super::pty;
use super::pty::WindowSize;
use super::session::{LedChild, Sessions};
use super::signals::Inherited;
use super::tree::note;
use crate::exit::{FAILED, NOT_EXECUTABLE, NOT_FOUND};
use crate::machine::SpawnFailure;
use crate::plan::entries::EnvEntries;
use crate::plan::spec::{Environment, Spec};

/// Our end of what an instance says.
#[derive(Debug)]
pub enum ChildStream {
    /// The read end of the pipe that is its standard output and standard error: one, so that their order
    /// is kept.
    Pipe(OwnedFd),
    /// Our end of its pseudo-terminal.
    Terminal(OwnedFd),
}

/// What was made.
#[derive(Debug)]
pub struct SpawnedChild {
    /// The process, which leads a group of the same number.
    pub pid: i32,
    /// Its session: of the same number too, or that of a leader which [`Spawner::end_sessions`] ends.
    pub session: i32,
    /// What it says.
    pub stream: ChildStream,
}

/// What one process is given besides what its spec says.
// Without Debug, which would print values of variables.
#[derive(Default)]
pub struct ChildResources {
    /// Variables that win over all others of the same name.
    pub variables: Vec<(Vec<u8>, Vec<u8>)>,
    /// A socket that it finds as descriptor 3, with its own id in LISTEN_PID (sd_listen_fds(3)).
    pub listener: Option<Rc<OwnedFd>>,
}

/// Makes instances' processes, all in the same way.
// Without Debug, as ChildResources.
pub struct Spawner {
    limit: OpenFiles,
    defaults: SigSet,
    terminal: Option<WindowSize>,
    /// An empty pipe that stays open: standard input of all processes without a terminal. Programs that end at the
    /// end of their input (watchers do) keep running.
    silence: (OwnedFd, OwnedFd),
    shared: SharedEnvironment,
    /// `None` where programs lead their sessions themselves.
    sessions: Option<Sessions>,
}

/// The part of the environment that all instances share, as execve wants it.
#[derive(Default)]
struct SharedEnvironment {
    source: Arc<[(Vec<u8>, Vec<u8>)]>,
    strings: Vec<CString>,
}

impl Spawner {
    /// A spawner that gives each instance a pseudo-terminal of this size, or a pipe if `None`.
    ///
    /// # Errors
    /// EMFILE and the like, from pipe(2).
    pub fn new(
        limit: OpenFiles,
        inherited: &Inherited,
        terminal: Option<WindowSize>,
        sessions: Option<Sessions>,
    ) -> io::Result<Self> {
        Ok(Self {
            limit,
            defaults: inherited.defaults(),
            terminal,
            silence: pipe()?,
            shared: SharedEnvironment::default(),
            sessions,
        })
    }

    /// Nothing is left in these sessions: leaders that were made for them end.
    pub fn end_sessions(&mut self, ended: &[i32]) {
        self.sessions.iter_mut().for_each(|sessions| sessions.end(ended));
    }

    /// Whether this process serves only the making of others, and is none of an instance.
    pub fn has(&self, pid: i32) -> bool {
        self.sessions.as_ref().is_some_and(|sessions| sessions.has(pid))
    }

    /// A child was reaped, which may be one of these.
    pub fn on_reaped(&mut self, pid: i32) {
        self.sessions.iter_mut().for_each(|sessions| sessions.on_reaped(pid));
    }

    /// The size for the pseudo-terminals made from now on.
    pub fn set_size(&mut self, size: WindowSize) {
        self.terminal = self.terminal.map(|_| size);
    }

    /// Makes the process of this instance, in our current directory.
    ///
    /// # Errors
    /// [`SpawnFailure`]: the program is not there (127), cannot be run (126), or the system has no room (125).
    pub fn spawn(&mut self, spec: &Spec, extra: &ChildResources) -> Result<SpawnedChild, SpawnFailure> {
        let failed = |MissingProgram { program, reason, status }| SpawnFailure {
            program,
            reason: format!("{reason} ({})", spec.place),
            status,
        };
        let mut program =
            program::of_command(&spec.command, spec.environment.get(b"PATH")).map_err(failed)?;
        if extra.listener.is_some() {
            program = program.with_own_pid_in("LISTEN_PID");
        }
        self.make(&program, spec, extra).map_err(|error| {
            let program = program.path.display().to_string();
            failed(describe(program, error))
        })
    }

    fn make(
        &mut self,
        program: &Program,
        spec: &Spec,
        extra: &ChildResources,
    ) -> Result<SpawnedChild, Errno> {
        let Some(size) = self.terminal else {
            let (ours, theirs) = pipe().map_err(number)?;
            let mut actions = passing(extra)?;
            actions.add_dup2(self.silence.0.as_raw_fd(), 0)?;
            actions.add_dup2(theirs.as_raw_fd(), 1)?;
            actions.add_dup2(theirs.as_raw_fd(), 2)?;
            let pid = self.run(program, &spec.environment, &extra.variables, &actions)?;
            return Ok(SpawnedChild { pid, session: pid, stream: ChildStream::Pipe(ours) });
        };
        let (master, path) = pty::open(size).map_err(number)?;
        if let Some(led) = self.lead(program, spec, extra, &path) {
            let LedChild { pid, session } = led?;
            note(pid);
            return Ok(SpawnedChild { pid, session, stream: ChildStream::Terminal(master) });
        }
        let mut actions = passing(extra)?;
        actions.add_open(0, &path, OFlag::O_RDWR, Mode::empty())?;
        actions.add_dup2(0, 1)?;
        actions.add_dup2(0, 2)?;
        let pid = self.run(program, &spec.environment, &extra.variables, &actions)?;
        Ok(SpawnedChild { pid, session: pid, stream: ChildStream::Terminal(master) })
    }

    /// Makes the process in a session with another leader, if that can be had.
    fn lead(
        &mut self,
        program: &Program,
        spec: &Spec,
        extra: &ChildResources,
        terminal: &Path,
    ) -> Option<Result<LedChild, Errno>> {
        let sessions = self.sessions.as_mut()?;
        let entries = entries(&extra.variables);
        let environment = self.shared.with(&spec.environment, &extra.variables, &entries);
        let listener = extra.listener.as_deref();
        match sessions.start(terminal, program, &environment, listener) {
            Some(Err(Errno::ENOEXEC)) => {
                sessions.start(terminal, &program.as_script(), &environment, listener)
            }
            other => other,
        }
    }

    /// Makes a process that runs this command by a shell in the environment of an instance, and whose output is dropped.
    /// Its id is its group's and its session's too.
    ///
    /// # Errors
    /// As posix_spawn(3).
    pub fn spawn_without_output(&mut self, command: &str, environment: &Environment) -> Result<i32, Errno> {
        let mut actions = PosixSpawnFileActions::init()?;
        for (descriptor, flags) in [(0, OFlag::O_RDONLY), (1, OFlag::O_WRONLY), (2, OFlag::O_WRONLY)] {
            actions.add_open(descriptor, "/dev/null", flags, Mode::empty())?;
        }
        self.run(&Program::of_shell(command), environment, &[], &actions)
    }

    /// Makes a process that runs this command by a shell in this environment. Its id is its group's and its session's too; with
    /// it come our ends of its standard input, and of its standard output and standard error, which are one pipe.
    ///
    /// # Errors
    /// As pipe(2) and posix_spawn(3).
    pub fn spawn_hook(
        &mut self,
        command: &str,
        environment: &Environment,
    ) -> io::Result<(i32, OwnedFd, OwnedFd)> {
        let ((stdin, input), (output, stdout)) = (pipe()?, pipe()?);
        let mut actions = PosixSpawnFileActions::init()?;
        for (descriptor, end) in [(0, &stdin), (1, &stdout), (2, &stdout)] {
            actions.add_dup2(end.as_raw_fd(), descriptor)?;
        }
        let pid = self.run(&Program::of_shell(command), environment, &[], &actions)?;
        Ok((pid, input, output))
    }

    /// Makes a process that leads its session. `extra` wins over what is in the environment.
    fn run(
        &mut self,
        program: &Program,
        environment: &Environment,
        extra: &[(Vec<u8>, Vec<u8>)],
        actions: &PosixSpawnFileActions,
    ) -> Result<i32, Errno> {
        let entries = entries(extra);
        let environment = self.shared.with(environment, extra, &entries);
        let mut attributes = PosixSpawnAttr::init()?;
        attributes.set_sigmask(&SigSet::empty())?;
        attributes.set_sigdefault(&self.defaults)?;
        attributes.set_flags(
            PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK
                | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF
                | PosixSpawnFlags::from_bits_retain(i32::from(SETSID)),
        )?;
        let make = |program: &Program| {
            self.limit.with_inherited(|| {
                posix_spawn(&program.path, actions, &attributes, &program.arguments, &environment)
            })
        };
        let pid = match make(program) {
            Err(Errno::ENOEXEC) => make(&program.as_script())?,
            other => other?,
        };
        note(pid.as_raw());
        Ok(pid.as_raw())
    }
}

/// What a child does to have what is passed on to it.
fn passing(extra: &ChildResources) -> Result<PosixSpawnFileActions, Errno> {
    let mut actions = PosixSpawnFileActions::init()?;
    if let Some(listener) = &extra.listener {
        actions.add_dup2(listener.as_raw_fd(), FIRST_PASSED)?;
    }
    Ok(actions)
}

/// POSIX_SPAWN_SETSID (POSIX.1-2024): nix has no word for it yet.
#[cfg(target_os = "linux")]
const SETSID: i16 = libc::POSIX_SPAWN_SETSID;
/// macOS has the same flag under another number.
#[cfg(not(target_os = "linux"))]
const SETSID: i16 = 0x0400;

impl SharedEnvironment {
    /// All of an environment for execve. `extra`, which is `entries` too, wins over what is in it.
    fn with<'a>(
        &'a mut self,
        environment: &'a Environment,
        extra: &[(Vec<u8>, Vec<u8>)],
        entries: &'a EnvEntries,
    ) -> Vec<&'a CStr> {
        self.refresh(environment);
        let shared = self
            .strings
            .iter()
            .filter(|string| {
                extra.iter().all(|(name, _)| {
                    let rest = string.as_bytes().strip_prefix(name.as_slice());
                    rest.is_none_or(|rest| rest.first() != Some(&b'='))
                })
            })
            .map(CString::as_c_str);
        shared.chain(environment.own.iter()).chain(entries.iter()).collect()
    }

    fn refresh(&mut self, environment: &Environment) {
        if !Arc::ptr_eq(&self.source, &environment.shared) {
            self.source = Arc::clone(&environment.shared);
            self.strings = entries(&self.source).iter().map(CStr::to_owned).collect();
        }
    }
}

fn entries(variables: &[(Vec<u8>, Vec<u8>)]) -> EnvEntries {
    variables.iter().map(|(name, value)| (name, value)).collect()
}

/// What can be done about an error of posix_spawn, and the exit status that stands for it. The program
/// itself was found, so ENOENT means its interpreter. All others are failures of the system (125).
const HINTS: [(Errno, &str, u8); 7] = [
    (Errno::ENOENT, ": its interpreter (the first line, after #!) is missing", NOT_FOUND),
    (Errno::E2BIG, ": the command and its environment are too long for the system", NOT_EXECUTABLE),
    (Errno::EACCES, "", NOT_EXECUTABLE),
    (Errno::ENOEXEC, "", NOT_EXECUTABLE),
    (Errno::EAGAIN, ": the limit of processes is reached (ulimit -u, or the cgroup's pids.max)", FAILED),
    (Errno::EMFILE, ": the limit of open files is reached (ulimit -n)", FAILED),
    (Errno::ENFILE, ": the limit of open files of the whole system is reached", FAILED),
];

fn describe(program: String, error: Errno) -> MissingProgram {
    let known = HINTS.iter().find(|(known, ..)| *known == error);
    let (hint, status) = known.map_or(("", FAILED), |(_, hint, status)| (*hint, *status));
    MissingProgram { program, reason: format!("{}{hint}", io::Error::from(error)), status }
}

/// The number of an error that std has wrapped.
#[expect(clippy::needless_pass_by_value, reason = "it stands behind map_err")]
fn number(error: io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO))
}
