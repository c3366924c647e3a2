//! `a NAME` in the foreground: the person's terminal is the instance's for a while.
//!
//! The same request as that of `ganger attach`, asked from inside: who types, who watches, restarts and the end are
//! told by the same session. What differs is the way: keys come from the monitor, and what is shown goes through
//! the writer of standard output, from which lines are kept away meanwhile.

use std::collections::VecDeque;
use std::future::pending;
use std::io::{self, Write};
use std::os::fd::AsFd;

use futures_util::StreamExt;
use signal_hook_tokio::Signals;
use tokio::sync::mpsc::Sender;

use crate::control::attached_terminal::{AttachedTerminal, keys};
use crate::control::protocol::{Answer, Request};
use crate::control::server::{self, Replies};
use crate::control::terminal::{AttachWanted, AttachedState, TerminalInput};
use crate::process::calls::window_size;
use crate::process::terminal::{RawMode, guard};
use crate::signal::Signal;
use crate::supervisor::console::reader::ConsoleReader;

/// Keys that wait for the session before no more are read.
const AHEAD: usize = 16;

/// Gives the terminal to this instance until Ctrl-] is pressed, or nothing more comes.
pub(crate) async fn attach(reader: &mut ConsoleReader, name: String) {
    let (rows, columns) = size();
    let wanted = AttachWanted { name, rows, columns, view: false, take: false };
    let (call, typing, mut replies) = server::in_process(Request::Attach(wanted));
    if reader.inbox.send(call.into()).is_err() {
        return;
    }
    match replies.next().await {
        Some(Answer::Attached(attached)) => {
            let name = attached.name.clone();
            reader.say(&format!("attached to {name}: Ctrl-] comes back"));
            reader.handle.hold().await;
            let failure = match Foreground::begin(reader, (typing, replies)) {
                Ok(mut foreground) => {
                    foreground.tell(&attached).await;
                    foreground.run().await;
                    foreground.end().await;
                    None
                }
                Err(error) => Some(format!("cannot use the terminal: {error}")),
            };
            let missed = reader.handle.release();
            reader.say(&failure.unwrap_or_else(|| final_line(&name, missed)));
        }
        Some(Answer::Failed(refusal)) => reader.say(&refusal.message),
        Some(Answer::Done(_) | Answer::Line(_) | Answer::Lost(_) | Answer::Held(_) | Answer::Screen(_))
        | None => {}
    }
}

fn final_line(name: &str, missed: u64) -> String {
    match missed {
        0 => format!("detached from {name}"),
        1 => format!("detached from {name}; 1 line meanwhile: `ganger logs -n 1` shows it"),
        _ => format!("detached from {name}; {missed} lines meanwhile: `ganger logs -n {missed}` shows them"),
    }
}

fn size() -> (u16, u16) {
    window_size(io::stdout().as_fd()).map_or((24, 80), |size| (size.rows, size.columns))
}

struct Foreground<'a> {
    reader: &'a mut ConsoleReader,
    typing: Option<Sender<TerminalInput>>,
    replies: Replies,
    /// Typed, and not taken by the session yet.
    unsent: VecDeque<TerminalInput>,
    terminal: AttachedTerminal,
    raw: RawMode,
    signals: Signals,
    /// What the monitor was told last.
    guard: Vec<u8>,
}

/// What ended a wait.
enum ConsoleWake {
    Answer(Option<Answer>),
    Keys(bool),
    Sent(bool),
    Signal(Option<i32>),
    Ended,
}

impl<'a> Foreground<'a> {
    fn begin(
        reader: &'a mut ConsoleReader,
        (typing, replies): (Sender<TerminalInput>, Replies),
    ) -> io::Result<Self> {
        let signals = Signals::new([Signal::RESIZE.0, Signal::CONTINUE.0])?;
        let raw = RawMode::enter(&io::stdin())?;
        let mut foreground = Self {
            reader,
            typing: Some(typing),
            replies,
            unsent: VecDeque::new(),
            terminal: AttachedTerminal::default(),
            raw,
            signals,
            guard: Vec::new(),
        };
        foreground.guard();
        // What was typed after the line is for the program already.
        foreground.on_keys();
        Ok(foreground)
    }

    async fn run(&mut self) {
        loop {
            match self.wait().await {
                ConsoleWake::Answer(Some(Answer::Screen(shown))) => {
                    let text = self.terminal.show(&shown);
                    self.guard();
                    self.reader.handle.show(&text).await;
                }
                ConsoleWake::Answer(Some(Answer::Attached(attached))) => self.tell(&attached).await,
                ConsoleWake::Answer(Some(Answer::Line(_) | Answer::Lost(_) | Answer::Held(_))) => {}
                // Nothing more will be shown; or the monitor is gone, and the terminal perhaps with it.
                ConsoleWake::Answer(Some(Answer::Done(_) | Answer::Failed(_)) | None)
                | ConsoleWake::Keys(false) => return,
                ConsoleWake::Ended => {
                    // For the one who reads lines, too.
                    self.reader.ended.notify_one();
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
                // Somebody else has had the terminal meanwhile.
                ConsoleWake::Signal(_) => {
                    let _ = self.raw.again();
                }
            }
        }
    }

    async fn wait(&mut self) -> ConsoleWake {
        let Self { reader, typing, replies, unsent, signals, .. } = self;
        let ended = std::rc::Rc::clone(&reader.ended);
        let reads = unsent.len() < AHEAD;
        let keys = async { if reads { reader.more().await } else { pending().await } };
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

    /// Takes what was typed; whether Ctrl-] is in it. What was typed with it at once is nobody's.
    fn on_keys(&mut self) -> bool {
        let typed = std::mem::take(&mut self.reader.typed);
        let pressed = keys(&typed);
        if !pressed.passed.is_empty() {
            self.unsent.push_back(TerminalInput::keys(pressed.passed));
        }
        pressed.is_detach
    }

    async fn tell(&mut self, attached: &AttachedState) {
        let text = self.terminal.tell(attached);
        self.reader.handle.show(&text).await;
    }

    /// Puts the terminal back.
    async fn end(mut self) {
        let undo = [&self.terminal.undo()[..], b"\r\n"].concat();
        self.reader.handle.show(&undo).await;
        self.reader.handle.settled().await;
        let Self { raw, reader, .. } = self;
        drop(raw);
        tell_monitor(reader, b"");
    }

    /// Tells the monitor the way back, if it has become another.
    fn guard(&mut self) {
        let restore_sequence = self.terminal.restore_sequence();
        if restore_sequence != self.guard {
            tell_monitor(self.reader, &restore_sequence);
            self.guard = restore_sequence;
        }
    }
}

/// A few bytes into a socket that is empty: they always fit.
fn tell_monitor(reader: &ConsoleReader, restore_sequence: &[u8]) {
    struct NonBlocking<'a>(&'a tokio::net::UnixStream);
    impl Write for NonBlocking<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.try_write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    // A monitor that is gone keeps nothing: then it is for us alone.
    let _ = guard(&mut NonBlocking(&reader.keys), restore_sequence);
}
