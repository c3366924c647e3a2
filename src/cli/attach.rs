//! `ganger attach`: this terminal connected to that of an instance.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::wait::WaitPidFlag;

use super::args::AttachArgs;
use super::failure::Failure;
use super::keeper::{Kept, fork_keeper, unusable};
use super::stack;
use super::system_env::SystemEnv;
use crate::config::{DetachKeys, Settings};
use crate::control::attached_terminal::{AttachStep, AttachedTerminal};
use crate::control::client::Client;
use crate::control::session::AttachConnection;
use crate::control::terminal::{AttachWanted, TerminalInput};
use crate::exit::{self, Outcome};
use crate::process::pty::window_size;
use crate::process::reaper::wait_any;
use crate::process::signal_pipe::{ON_TERMINAL, SignalPipe};
use crate::process::terminal::{RawMode, guard, read_keys, show};
use crate::signal::Signal;

/// Answers that are shown before keys are looked for again: a flood must not hide Ctrl-].
const TURN: usize = 16;

/// Attaches until Ctrl-] is pressed or the stack ends.
///
/// # Errors
///
/// Standard input or output is no terminal; nothing runs here; the instance does not run, or has no terminal.
pub(crate) fn run(attach: AttachArgs, given: &Settings, system: &SystemEnv) -> Result<Outcome, Failure> {
    if !system.input_is_terminal || !system.output_is_terminal {
        return Err(Failure::sentence(
            exit::REFUSED,
            "attach needs a terminal; standard input or standard output is none",
            Some(format!("`ganger logs -f {}` follows its log", attach.instance)),
        ));
    }
    let client = stack::connect(&stack::find(given, system)?, system)?;
    let AttachArgs { instance, view, take } = attach;
    let wanted = AttachWanted { view, take, ..wanted(&instance) };
    match fork_keeper(client)? {
        Kept::Keeper(outcome) => Ok(outcome),
        Kept::Caller(client, guards) => {
            let outcome = attach_to(client, wanted, guards, given);
            // The keeper, which has seen the end of the pipe.
            let _ = wait_any(WaitPidFlag::empty());
            outcome
        }
    }
}

/// The terminal of this instance, in the size of ours.
pub(crate) fn wanted(name: &str) -> AttachWanted {
    let (rows, columns) = size();
    AttachWanted { name: name.to_owned(), rows, columns, ..AttachWanted::default() }
}

/// Attaches this terminal, the keeper of which is at the other end of `guards`.
///
/// # Errors
///
/// The instance does not run, or has no terminal.
pub(crate) fn attach_to(
    client: Client,
    wanted: AttachWanted,
    guards: UnixStream,
    given: &Settings,
) -> Result<Outcome, Failure> {
    let keys = given.detach_keys.clone().unwrap_or_default();
    let session = client.attach(wanted).map_err(|error| stack::unanswered(error, exit::REFUSED))?;
    Attachment::begin(session, guards, keys).map_err(unusable)?.run()
}

fn size() -> (u16, u16) {
    window_size(io::stdout().as_fd()).map_or((24, 80), |size| (size.rows, size.columns))
}

/// Why an attachment ends.
enum AttachEnd {
    /// The detach keys, or the terminal is gone.
    Detached,
    /// The stack has ended, or has no more to show.
    Over,
    Refused(String),
    Signal(Signal),
}

struct Attachment {
    session: AttachConnection,
    terminal: AttachedTerminal,
    raw: RawMode,
    guards: UnixStream,
    signals: SignalPipe,
}

impl Attachment {
    fn begin(session: AttachConnection, guards: UnixStream, keys: DetachKeys) -> io::Result<Self> {
        let signals = SignalPipe::open(&ON_TERMINAL)?;
        let terminal = AttachedTerminal::new(keys);
        let mut attachment = Self { session, raw: RawMode::enter(&io::stdin())?, guards, signals, terminal };
        attachment.guard();
        Ok(attachment)
    }

    fn run(mut self) -> Result<Outcome, Failure> {
        let end = loop {
            match self.turn() {
                Ok(None) => {}
                Ok(Some(end)) => break end,
                // The stack ended without a farewell; or our terminal is gone.
                Err(_) => break AttachEnd::Over,
            }
        };
        let line = match &end {
            AttachEnd::Detached => format!("\r\n[detached from {}]\r\n", self.terminal.name()),
            AttachEnd::Over => "\r\n[the stack has ended]\r\n".into(),
            AttachEnd::Refused(_) | AttachEnd::Signal(_) => "\r\n".into(),
        };
        let text = [self.terminal.undo(), line.into_bytes()].concat();
        let _ = show(&io::stdout(), &text);
        let Self { raw, mut guards, .. } = self;
        drop(raw);
        // The keeper has nothing left to do.
        let _ = guard(&mut guards, b"");
        match end {
            AttachEnd::Detached | AttachEnd::Over => Ok(Outcome::Status(exit::SUCCESS)),
            AttachEnd::Signal(signal) => Ok(Outcome::DieBy(signal)),
            AttachEnd::Refused(message) => Err(Failure::sentence(exit::REFUSED, message, None)),
        }
    }

    /// Waits for one thing to happen, and does it.
    fn turn(&mut self) -> io::Result<Option<AttachEnd>> {
        let stdin = io::stdin();
        let for_session = PollFlags::POLLIN | flag_if(self.session.has_unsent(), PollFlags::POLLOUT);
        let mut wanted = [
            PollFd::new(stdin.as_fd(), flag_if(!self.session.is_full(), PollFlags::POLLIN)),
            PollFd::new(self.session.as_fd(), for_session),
            PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
        ];
        let timeout = if self.session.has_answers() { PollTimeout::ZERO } else { PollTimeout::NONE };
        match poll(&mut wanted, timeout) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let [pressed, _, told] = wanted.map(|asked| asked.any().unwrap_or(false));
        if pressed && let Some(end) = self.on_keys()? {
            return Ok(Some(end));
        }
        if told && let Some(end) = self.on_signals()? {
            return Ok(Some(end));
        }
        self.session.flush()?;
        self.on_answers()
    }

    fn on_keys(&mut self) -> io::Result<Option<AttachEnd>> {
        let mut piece = [0; 4096];
        let count = match read_keys(&mut piece)? {
            Some(0) => return Ok(Some(AttachEnd::Detached)),
            Some(count) => count,
            None => return Ok(None),
        };
        let pressed = self.terminal.press(&piece[..count]);
        if let Some(input) = pressed.input {
            self.session.send(&input)?;
        }
        Ok(pressed.is_detach.then_some(AttachEnd::Detached))
    }

    fn on_signals(&mut self) -> io::Result<Option<AttachEnd>> {
        for signal in self.signals.pending() {
            match signal {
                Signal::RESIZE => {
                    self.session.send(&TerminalInput { size: Some(size()), ..TerminalInput::default() })?;
                }
                // Another program has used the terminal meanwhile.
                Signal::CONTINUE => self.raw.again()?,
                // From elsewhere: obeyed, it would leave the terminal raw.
                Signal::SUSPEND => {}
                signal => return Ok(Some(AttachEnd::Signal(signal))),
            }
        }
        Ok(None)
    }

    fn on_answers(&mut self) -> io::Result<Option<AttachEnd>> {
        for _ in 0..TURN {
            let Some(answer) = self.session.next_answer()? else { return Ok(None) };
            match self.terminal.on_answer(answer) {
                AttachStep::Show(text) => {
                    self.guard();
                    show(&io::stdout(), &text)?;
                }
                AttachStep::Over => return Ok(Some(AttachEnd::Over)),
                AttachStep::Refused(message) => return Ok(Some(AttachEnd::Refused(message))),
            }
        }
        Ok(None)
    }

    /// Tells the keeper the way back, if it has become another.
    fn guard(&mut self) {
        if let Some(sequence) = self.terminal.new_restore_sequence() {
            // Without the other process, this one alone restores the terminal.
            let _ = guard(&mut self.guards, sequence);
        }
    }
}

fn flag_if(is_asked: bool, flag: PollFlags) -> PollFlags {
    if is_asked { flag } else { PollFlags::empty() }
}
