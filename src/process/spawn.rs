//! Making an instance's process: a session of its own, clean signals, and just the descriptors it should have.
//!
//! By posix_spawn(3), which glibc and musl build on vfork: the cost does not grow with our memory, and no
//! code of ours runs between fork and exec. What it cannot do is not needed: the directory is ours already,
//! a limit is set around the call, and a session leader that opens a terminal has it as its own.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::signal::SigSet;
use nix::sys::stat::Mode;

use super::calls::Size;
use super::limits::OpenFiles;
use super::pipe::pipe;
use super::program::{self, Missing, Program};
use super::pty;
use super::signals::Inherited;
use crate::exit::{FAILED, NOT_EXECUTABLE, NOT_FOUND};
use crate::machine::Failure;
use crate::plan::entries::Entries;
use crate::plan::spec::{Environment, Spec};

/// Our end of what an instance says.
#[derive(Debug)]
pub enum Stream {
    /// The read end of the pipe that is its standard output and standard error: one, so that their order
    /// is kept.
    Pipe(OwnedFd),
    /// Its pseudo-terminal.
    Terminal {
        /// Our end.
        master: OwnedFd,
        /// Where its own end can be opened.
        path: PathBuf,
    },
}

/// What was made.
#[derive(Debug)]
pub struct Made {
    /// The process, which leads a group and a session of the same number.
    pub pid: i32,
    /// What it says.
    pub stream: Stream,
}

/// What one process is given besides what its spec says.
#[derive(Debug, Default)]
pub struct Extra {
    /// Variables that win over all others of the same name.
    pub variables: Vec<(Vec<u8>, Vec<u8>)>,
    /// A socket that it finds as descriptor 3, with its own id in LISTEN_PID (sd_listen_fds(3)).
    pub listener: Option<Rc<OwnedFd>>,
}

/// The first descriptor that is passed on: SD_LISTEN_FDS_START.
const FIRST_PASSED: i32 = 3;

/// Makes instances' processes, all in the same way.
#[derive(Debug)]
pub struct Spawner {
    limit: OpenFiles,
    defaults: SigSet,
    terminal: Option<Size>,
    /// An empty pipe that stays open: standard input of all who have no terminal. Programs that end at the
    /// end of their input (watchers do) keep running.
    silence: (OwnedFd, OwnedFd),
    shared: SharedEnvironment,
}

/// The part of the environment that all instances share, as execve wants it.
#[derive(Debug, Default)]
struct SharedEnvironment {
    source: Arc<[(Vec<u8>, Vec<u8>)]>,
    strings: Vec<CString>,
}

impl Spawner {
    /// A spawner that gives each instance a pseudo-terminal of this size, or a pipe if `None`.
    ///
    /// # Errors
    /// EMFILE and the like, from pipe(2).
    pub fn new(limit: OpenFiles, inherited: &Inherited, terminal: Option<Size>) -> io::Result<Self> {
        Ok(Self {
            limit,
            defaults: inherited.defaults(),
            terminal,
            silence: pipe()?,
            shared: SharedEnvironment::default(),
        })
    }

    /// The size for the pseudo-terminals made from now on.
    pub fn set_size(&mut self, size: Size) {
        self.terminal = self.terminal.map(|_| size);
    }

    /// Makes the process of this instance, in our current directory.
    ///
    /// # Errors
    /// [`Failure`]: the program is not there (127), cannot be run (126), or the system has no room (125).
    pub fn spawn(&mut self, spec: &Spec, extra: &Extra) -> Result<Made, Failure> {
        let failed = |Missing { program, reason, status }| Failure {
            program,
            reason: format!("{reason} ({})", spec.place),
            status,
        };
        let mut program =
            program::of_command(&spec.command, spec.environment.get(b"PATH")).map_err(failed)?;
        if extra.listener.is_some() {
            program = program.with_own_pid_in("LISTEN_PID");
        }
        let made = self.stream().and_then(|(stream, mut actions, theirs)| {
            if let Some(listener) = &extra.listener {
                actions.add_dup2(listener.as_raw_fd(), FIRST_PASSED)?;
            }
            let pid = self.run(&program, &spec.environment, &extra.variables, &actions)?;
            drop(theirs);
            Ok(Made { pid, stream })
        });
        made.map_err(|error| {
            let program = program.path.display().to_string();
            failed(describe(program, error))
        })
    }

    /// Makes a process that runs this command by a shell in the environment of an instance, and that nobody hears.
    /// Its id is its group's and its session's too.
    ///
    /// # Errors
    /// As posix_spawn(3).
    pub fn spawn_unheard(&mut self, command: &str, environment: &Environment) -> Result<i32, Errno> {
        let mut actions = PosixSpawnFileActions::init()?;
        for (descriptor, flags) in [(0, OFlag::O_RDONLY), (1, OFlag::O_WRONLY), (2, OFlag::O_WRONLY)] {
            actions.add_open(descriptor, "/dev/null", flags, Mode::empty())?;
        }
        self.run(&Program::of_shell(command), environment, &[], &actions)
    }

    /// `extra` wins over what is in the environment.
    fn run(
        &mut self,
        program: &Program,
        environment: &Environment,
        extra: &[(Vec<u8>, Vec<u8>)],
        actions: &PosixSpawnFileActions,
    ) -> Result<i32, Errno> {
        self.shared.refresh(environment);
        let extra_entries = entries(extra);
        let is_kept = |string: &&CString| {
            extra.iter().all(|(name, _)| {
                let rest = string.as_bytes().strip_prefix(name.as_slice());
                rest.is_none_or(|rest| rest.first() != Some(&b'='))
            })
        };
        let shared = self.shared.strings.iter().filter(is_kept).map(CString::as_c_str);
        let own = environment.own.iter().chain(extra_entries.iter());
        let environment: Vec<&CStr> = shared.chain(own).collect();
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
        Ok(pid.as_raw())
    }

    /// Our end, what the child does to have its own, and its end as long as it must be kept.
    fn stream(&self) -> Result<(Stream, PosixSpawnFileActions, Option<OwnedFd>), Errno> {
        let mut actions = PosixSpawnFileActions::init()?;
        if let Some(size) = self.terminal {
            let opened = pty::open(size);
            let (master, path) = opened.map_err(number)?;
            actions.add_open(0, &path, OFlag::O_RDWR, Mode::empty())?;
            actions.add_dup2(0, 1)?;
            actions.add_dup2(0, 2)?;
            return Ok((Stream::Terminal { master, path }, actions, None));
        }
        let (ours, theirs) = pipe().map_err(number)?;
        actions.add_dup2(self.silence.0.as_raw_fd(), 0)?;
        actions.add_dup2(theirs.as_raw_fd(), 1)?;
        actions.add_dup2(theirs.as_raw_fd(), 2)?;
        Ok((Stream::Pipe(ours), actions, Some(theirs)))
    }
}

/// POSIX_SPAWN_SETSID (POSIX.1-2024): nix has no word for it yet.
#[cfg(target_os = "linux")]
const SETSID: i16 = libc::POSIX_SPAWN_SETSID;
/// macOS has the same flag under another number.
#[cfg(not(target_os = "linux"))]
const SETSID: i16 = 0x0400;

impl SharedEnvironment {
    fn refresh(&mut self, environment: &Environment) {
        if !Arc::ptr_eq(&self.source, &environment.shared) {
            self.source = Arc::clone(&environment.shared);
            self.strings = entries(&self.source).iter().map(CStr::to_owned).collect();
        }
    }
}

fn entries(variables: &[(Vec<u8>, Vec<u8>)]) -> Entries {
    variables.iter().map(|(name, value)| (name, value)).collect()
}

/// What a person can do about an error of posix_spawn, and the exit status that stands for it. The program
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

fn describe(program: String, error: Errno) -> Missing {
    let known = HINTS.iter().find(|(known, ..)| *known == error);
    let (hint, status) = known.map_or(("", FAILED), |(_, hint, status)| (*hint, *status));
    Missing { program, reason: format!("{}{hint}", io::Error::from(error)), status }
}

/// The number of an error that std has wrapped.
#[expect(clippy::needless_pass_by_value, reason = "it stands behind map_err")]
fn number(error: io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO))
}
