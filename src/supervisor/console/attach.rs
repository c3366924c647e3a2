//! `a NAME` in the foreground: the terminal of `ganger start` is attached to an instance for a while.
//!
//! The request is that of `ganger attach`, sent within the process; the same session answers it. Keys come from the monitor, and the
//! screen goes through the writer of standard output, which keeps lines back meanwhile.

use std::collections::VecDeque;
use std::future::pending;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::rc::Rc;

use futures_util::StreamExt;
use signal_hook_tokio::Signals;
use tokio::sync::mpsc::Sender;

use crate::control::attached_terminal::{AttachStep, AttachedTerminal};
use crate::control::call::{Replies, in_process};
use crate::control::protocol::{Answer, Request};
use crate::control::terminal::{AttachWanted, TerminalInput};
use crate::output::console_handle::MissedLines;
use crate::process::pty::window_size;
use crate::process::terminal::{RawMode, guard};
use crate::signal::Signal;
use crate::supervisor::console::input::ConsoleInput;

/// At most so many messages with keys wait for the session before no more keys are read.
const AHEAD: usize = 16;

/// Attaches the terminal to this instance until the detach keys are pressed, or the session ends.
pub(super) async fn attach(input: &mut ConsoleInput, name: String) {
    let (rows, columns) = size();
    let wanted = AttachWanted { name, rows, columns, view: false, take: false };
    let (call, typing, mut replies) = in_process(Request::Attach(wanted));
    if input.inbox.send(call.into()).is_err() {
        return;
    }
    match replies.next().await {
        Some(Answer::Attached(attached)) => {
            let name = attached.name.clone();
            input.handle.hold(&name).await;
            let failure = match ConsoleAttachment::begin(input, (typing, replies)) {
                Ok(mut attachment) => {
                    attachment.on_answer(Answer::Attached(attached)).await;
                    attachment.run().await;
                    attachment.end().await;
                    None
                }
                Err(error) => Some(format!("cannot use the terminal: {error}")),
            };
            input.handle.release(|missed| failure.unwrap_or_else(|| final_line(&name, missed)));
        }
        Some(Answer::Failed(refusal)) => input.answer(&refusal.message),
        Some(
            Answer::Done(_)
            | Answer::Line(_)
            | Answer::Event(_)
            | Answer::Lost(_)
            | Answer::Held(_)
            | Answer::Screen(_),
        )
        | None => {}
    }
}

fn final_line(name: &str, MissedLines { count, shown }: MissedLines) -> String {
    match count {
        0 => format!("detached from {name}"),
        1 => format!("detached from {name}; 1 line of others meanwhile:"),
        _ if shown == count => format!("detached from {name}; {count} lines of others meanwhile:"),
        _ => format!(
            "detached from {name}; {count} lines of others meanwhile, the last {shown} (`ganger logs` shows all):"
        ),
    }
}

/// Rows and columns of the terminal.
pub(super) fn size() -> (u16, u16) {
    window_size(io::stdout().as_fd()).map_or((24, 80), |size| (size.rows, size.columns))
}

struct ConsoleAttachment<'a> {
    input: &'a mut ConsoleInput,
    typing: Option<Sender<TerminalInput>>,
    replies: Replies,
    /// Typed, and not sent to the session yet.
    unsent: VecDeque<TerminalInput>,
    terminal: AttachedTerminal,
    raw: RawMode,
    signals: Signals,
}

/// What ended a wait.
enum ConsoleWake {
    Answer(Option<Answer>),
    Keys(bool),
    Sent(bool),
    Signal(Option<i32>),
    Ended,
}

impl<'a> ConsoleAttachment<'a> {
    fn begin(
        input: &'a mut ConsoleInput,
        (typing, replies): (Sender<TerminalInput>, Replies),
    ) -> io::Result<Self> {
        let signals = Signals::new([Signal::RESIZE.0, Signal::CONTINUE.0])?;
        let raw = RawMode::enter(&io::stdin())?;
        let keys = input.detach_keys.clone();
        let mut attachment = Self {
            input,
            typing: Some(typing),
            replies,
            unsent: VecDeque::new(),
            terminal: AttachedTerminal::new(keys),
            raw,
            signals,
        };
        attachment.guard();
        // What was typed after the line is for the program already.
        attachment.on_keys();
        Ok(attachment)
    }

    async fn run(&mut self) {
        loop {
            match self.wait().await {
                ConsoleWake::Answer(Some(answer)) => {
                    if !self.on_answer(answer).await {
                        return;
                    }
                }
                // The session has ended; or the monitor is gone, and the terminal perhaps with it.
                ConsoleWake::Answer(None) | ConsoleWake::Keys(false) => return,
                ConsoleWake::Ended => {
                    // The reader of lines waits for it too.
                    self.input.ended.notify_one();
                    return;
                }
                ConsoleWake::Keys(true) => {
                    if self.on_keys() {
                        return;
                    }
                }
                ConsoleWake::Sent(is_open) => self.typing = self.typing.take().filter(|_| is_open),
                ConsoleWake::Signal(Some(number)) if number == Signal::RESIZE.0 => {
                    self.unsent.push_back(TerminalInput { size: Some(size()), ..TerminalInput::default() });
                }
                // Another job may have changed the modes of the terminal meanwhile.
                ConsoleWake::Signal(_) => {
                    let _ = self.raw.again();
                }
            }
        }
    }

    async fn wait(&mut self) -> ConsoleWake {
        let Self { input, typing, replies, unsent, signals, .. } = self;
        let ended = Rc::clone(&input.ended);
        let reads = unsent.len() < AHEAD;
        let keys = async { if reads { input.read_more().await } else { pending().await } };
        let sent = async {
            match typing {
                Some(typing) if !unsent.is_empty() => match typing.reserve().await {
                    Ok(room) => {
                        if let Some(typed) = unsent.pop_front() {
                            room.send(typed);
                        }
                        true
                    }
                    Err(_) => false,
                },
                Some(_) | None => pending().await,
            }
        };
        tokio::select! {
            answer = replies.next() => ConsoleWake::Answer(answer),
            is_open = keys => ConsoleWake::Keys(is_open),
            is_open = sent => ConsoleWake::Sent(is_open),
            signal = signals.next() => ConsoleWake::Signal(signal),
            () = ended.notified() => ConsoleWake::Ended,
        }
    }

    /// Takes what was typed; whether the detach keys are in it.
    fn on_keys(&mut self) -> bool {
        let pressed = self.terminal.press(&std::mem::take(&mut self.input.typed));
        self.unsent.extend(pressed.input);
        pressed.is_detach
    }

    /// Shows an answer; `false` if the session is over.
    async fn on_answer(&mut self, answer: Answer) -> bool {
        let AttachStep::Show(text) = self.terminal.on_answer(answer) else { return false };
        self.guard();
        self.input.handle.show(&text).await;
        true
    }

    /// Restores the terminal.
    async fn end(mut self) {
        let undo = [&self.terminal.undo()[..], b"\r\n"].concat();
        self.input.handle.show(&undo).await;
        self.input.handle.settled().await;
        let Self { raw, input, .. } = self;
        drop(raw);
        send_to_monitor(input, b"");
    }

    /// Sends the restore sequence to the monitor, if it has changed.
    fn guard(&mut self) {
        if let Some(sequence) = self.terminal.new_restore_sequence() {
            send_to_monitor(self.input, sequence);
        }
    }
}

/// A few bytes, which always fit into a socket that the monitor reads.
fn send_to_monitor(input: &ConsoleInput, restore_sequence: &[u8]) {
    struct NonBlocking<'a>(&'a tokio::net::UnixStream);
    impl Write for NonBlocking<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.try_write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    // Without a monitor, this process alone restores the terminal.
    let _ = guard(&mut NonBlocking(&input.keys), restore_sequence);
}
