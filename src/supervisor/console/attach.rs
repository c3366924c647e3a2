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
use crate::process::terminal::{RawMode, promise};
use crate::signal::Signal;
use crate::supervisor::console::reader::ConsoleReader;

/// Keys that wait for the session before no more are read.
const AHEAD: usize = 16;

/// Gives the terminal to this instance until Ctrl-] is pressed, or nothing more comes.
pub(crate) async fn attach(typist: &mut ConsoleReader, name: String) {
    let (rows, columns) = size();
    let wanted = AttachWanted { name, rows, columns, view: false, take: false };
    let (call, typing, mut replies) = server::inside(Request::Attach(wanted));
    if typist.inbox.send(call.into()).is_err() {
        return;
    }
    match replies.next().await {
        Some(Answer::Attached(attached)) => {
            let name = attached.name.clone();
            typist.say(&format!("attached to {name}: Ctrl-] comes back"));
            typist.stage.hold().await;
            let failure = match Foreground::begin(typist, (typing, replies)) {
                Ok(mut foreground) => {
                    foreground.tell(&attached).await;
                    foreground.run().await;
                    foreground.end().await;
                    None
                }
                Err(error) => Some(format!("cannot use the terminal: {error}")),
            };
            let missed = typist.stage.release();
            typist.say(&failure.unwrap_or_else(|| farewell(&name, missed)));
        }
        Some(Answer::Failed(refusal)) => typist.say(&refusal.message),
        Some(Answer::Done(_) | Answer::Line(_) | Answer::Lost(_) | Answer::Held(_) | Answer::Screen(_))
        | None => {}
    }
}

fn farewell(name: &str, missed: u64) -> String {
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
    typist: &'a mut ConsoleReader,
    typing: Option<Sender<TerminalInput>>,
    replies: Replies,
    /// Typed, and not taken by the session yet.
    unsent: VecDeque<TerminalInput>,
    viewer: AttachedTerminal,
    raw: RawMode,
    signals: Signals,
    /// What the monitor was told last.
    promised: Vec<u8>,
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
        typist: &'a mut ConsoleReader,
        (typing, replies): (Sender<TerminalInput>, Replies),
    ) -> io::Result<Self> {
        let signals = Signals::new([Signal::RESIZE.0, Signal::CONTINUE.0])?;
        let raw = RawMode::enter(&io::stdin())?;
        let mut foreground = Self {
            typist,
            typing: Some(typing),
            replies,
            unsent: VecDeque::new(),
            viewer: AttachedTerminal::default(),
            raw,
            signals,
            promised: Vec::new(),
        };
        foreground.promise();
        // What was typed after the line is for the program already.
        foreground.on_keys();
        Ok(foreground)
    }

    async fn run(&mut self) {
        loop {
            match self.wait().await {
                ConsoleWake::Answer(Some(Answer::Screen(shown))) => {
                    let text = self.viewer.show(&shown);
                    self.promise();
                    self.typist.stage.show(&text).await;
                }
                ConsoleWake::Answer(Some(Answer::Attached(attached))) => self.tell(&attached).await,
                ConsoleWake::Answer(Some(Answer::Line(_) | Answer::Lost(_) | Answer::Held(_))) => {}
                // Nothing more will be shown; or the monitor is gone, and the terminal perhaps with it.
                ConsoleWake::Answer(Some(Answer::Done(_) | Answer::Failed(_)) | None)
                | ConsoleWake::Keys(false) => return,
                ConsoleWake::Ended => {
                    // For the one who reads lines, too.
                    self.typist.ended.notify_one();
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
        let Self { typist, typing, replies, unsent, signals, .. } = self;
        let ended = std::rc::Rc::clone(&typist.ended);
        let reads = unsent.len() < AHEAD;
        let keys = async { if reads { typist.more().await } else { pending().await } };
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
        let typed = std::mem::take(&mut self.typist.typed);
        let pressed = keys(&typed);
        if !pressed.passed.is_empty() {
            self.unsent.push_back(TerminalInput::keys(pressed.passed));
        }
        pressed.is_detach
    }

    async fn tell(&mut self, attached: &AttachedState) {
        let text = self.viewer.tell(attached);
        self.typist.stage.show(&text).await;
    }

    /// Puts the terminal back.
    async fn end(mut self) {
        let undo = [&self.viewer.undo()[..], b"\r\n"].concat();
        self.typist.stage.show(&undo).await;
        self.typist.stage.settled().await;
        let Self { raw, typist, .. } = self;
        drop(raw);
        tell_monitor(typist, b"");
    }

    /// Tells the monitor the way back, if it has become another.
    fn promise(&mut self) {
        let way_back = self.viewer.way_back();
        if way_back != self.promised {
            tell_monitor(self.typist, &way_back);
            self.promised = way_back;
        }
    }
}

/// A few bytes into a socket that is empty: they always fit.
fn tell_monitor(typist: &ConsoleReader, way_back: &[u8]) {
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
    let _ = promise(&mut NonBlocking(&typist.keys), way_back);
}
