//! A ganger on a terminal of its own, typed at and looked at.

use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use ganger::parts::process::pty;
use ganger::parts::process::pty::{WindowSize, set_window_size};
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::signal::SigSet;
use nix::sys::stat::Mode;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::{Mark, PATIENCE, search_path};

/// What to start.
pub(crate) struct Start<'a> {
    /// Where.
    pub folder: &'a Path,
    /// Its `$XDG_RUNTIME_DIR`.
    pub runtime: &'a Path,
    /// The subcommand and what follows it.
    pub arguments: &'a [&'a str],
    /// Rows and columns.
    pub size: (u16, u16),
}

/// A started ganger that leads a session with this terminal.
pub(crate) struct Screen {
    pid: Pid,
    master: Option<OwnedFd>,
    text: Vec<u8>,
    mark: Mark,
    before: String,
}

impl Screen {
    /// Starts it.
    pub(crate) fn start(start: &Start<'_>) -> Self {
        let mark = Mark::new();
        let (master, path) = pty::open(WindowSize { rows: start.size.0, columns: start.size.1 }).unwrap();
        let before = settings_of(&master);
        let mut actions = PosixSpawnFileActions::init().unwrap();
        actions.add_open(0, &path, OFlag::O_RDWR, Mode::empty()).unwrap();
        actions.add_dup2(0, 1).unwrap();
        actions.add_dup2(0, 2).unwrap();
        let mut attributes = PosixSpawnAttr::init().unwrap();
        attributes.set_sigdefault(&SigSet::all()).unwrap();
        let session = PosixSpawnFlags::from_bits_retain(i32::from(libc::POSIX_SPAWN_SETSID));
        attributes.set_flags(session | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF).unwrap();
        let folder = start.folder.to_str().unwrap();
        let (command, rest) = start.arguments.split_first().unwrap();
        let words = [env!("CARGO_BIN_EXE_ganger"), command, "-d", folder];
        let words = words.iter().chain(rest).map(|word| CString::new(*word).unwrap());
        let environment = [
            format!("PATH={}", search_path()),
            format!("XDG_RUNTIME_DIR={}", start.runtime.display()),
            format!("{}={}", Mark::NAME, mark.value()),
            "TERM=xterm".to_string(),
        ];
        let environment: Vec<CString> =
            environment.into_iter().map(|entry| CString::new(entry).unwrap()).collect();
        let words: Vec<CString> = words.collect();
        let _starting = super::one_start_at_a_time();
        let pid =
            posix_spawn(env!("CARGO_BIN_EXE_ganger"), &actions, &attributes, &words, &environment).unwrap();
        Self { pid, master: Some(master), text: Vec::new(), mark, before }
    }

    /// Types `keys`.
    pub(crate) fn type_keys(&self, keys: &[u8]) {
        let master = self.master.as_ref().expect("the terminal is closed");
        assert_eq!(nix::unistd::write(master, keys).unwrap(), keys.len());
    }

    /// Its pid.
    pub(crate) fn pid(&self) -> i32 {
        self.pid.as_raw()
    }

    /// Waits until the screen has shown `text`, after what was waited for before; all that came until then.
    pub(crate) fn shows(&mut self, text: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = find(&self.text, text.as_bytes()) {
                let seen: Vec<u8> = self.text.drain(..at + text.len()).collect();
                return String::from_utf8_lossy(&seen).into_owned();
            }
            assert!(self.read(end), "no {text:?} on the screen: {:?}", String::from_utf8_lossy(&self.text));
        }
    }

    fn read(&mut self, end: Instant) -> bool {
        let Some(master) = self.master.as_ref() else { return false };
        let left = end.saturating_duration_since(Instant::now());
        let mut wait = [PollFd::new(master.as_fd(), PollFlags::POLLIN)];
        if poll(&mut wait, PollTimeout::try_from(left).unwrap()).unwrap_or(0) == 0 {
            return false;
        }
        let mut buffer = [0; 4096];
        match nix::unistd::read(master, &mut buffer) {
            Ok(0) | Err(_) => false,
            Ok(count) => {
                self.text.extend(&buffer[..count]);
                true
            }
        }
    }

    /// Gives the terminal another size.
    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        let master = self.master.as_ref().expect("the terminal is closed");
        set_window_size(master.as_fd(), WindowSize { rows, columns }).unwrap();
    }

    /// The settings of the terminal, to be compared.
    pub(crate) fn settings(&self) -> String {
        settings_of(self.master.as_ref().expect("the terminal is closed"))
    }

    /// Whether the settings are as they were before the start.
    pub(crate) fn is_as_before(&self) -> bool {
        self.settings() == self.before
    }

    /// Closes the terminal, as closing its window does.
    pub(crate) fn close(&mut self) {
        self.master = None;
    }

    /// Everything of this start.
    pub(crate) fn mark(&self) -> &Mark {
        &self.mark
    }

    /// Sends a signal to ganger.
    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        nix::sys::signal::kill(self.pid, signal).unwrap();
    }

    /// Waits until ganger has stopped (Ctrl-Z) or ended.
    pub(crate) fn wait(&mut self) -> WaitStatus {
        let end = Instant::now() + PATIENCE;
        loop {
            let status = waitpid(self.pid, Some(WaitPidFlag::WNOHANG | WaitPidFlag::WUNTRACED)).unwrap();
            if status != WaitStatus::StillAlive {
                return status;
            }
            // Its output is read meanwhile, so that it can go on.
            let step = (Instant::now() + Duration::from_millis(10)).min(end);
            if !self.read(step) {
                let _ = poll(&mut [], PollTimeout::from(10u8));
            }
            assert!(Instant::now() < end, "it does not end: {:?}", String::from_utf8_lossy(&self.text));
        }
    }

    /// Waits for its end, and checks that nothing is left.
    pub(crate) fn end(mut self) -> (WaitStatus, String) {
        let status = self.wait();
        while self.read(Instant::now()) {}
        let left = self.mark.processes();
        assert!(left.is_empty(), "left behind: {left:?}");
        (status, String::from_utf8_lossy(&self.text).into_owned())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.mark.sweep();
        let _ = waitpid(self.pid, Some(WaitPidFlag::WNOHANG));
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

fn settings_of(terminal: &OwnedFd) -> String {
    let settings = nix::sys::termios::tcgetattr(terminal).unwrap();
    let flags = (settings.input_flags, settings.output_flags, settings.control_flags, settings.local_flags);
    format!("{flags:?}")
}
