//! Lines that are typed in the foreground: each becomes the request that a client would send, and is answered in
//! the stream.

use std::io;
use std::os::unix::net::UnixStream as Bound;
use std::rc::Rc;
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::timeout;

use crate::control::protocol::{Answer, Request};
use crate::control::{server, table};
use crate::notice::Notice;
use crate::output::console_handle::ConsoleHandle;
use crate::supervisor::channel::arrival::Arrival;
use crate::supervisor::console::attach;
use crate::supervisor::console::command::{ConsoleCommand, parse};
use crate::supervisor::status::selector::is_among;

/// A longer line is none.
const LONGEST: usize = 4096;
/// How long the terminal may take to be put back at the end of the stack.
const FINISH_TIMEOUT: Duration = Duration::from_secs(2);

/// The task that reads lines, while the stack runs.
pub(crate) struct Console {
    task: JoinHandle<()>,
    ended: Rc<Notify>,
    handle: ConsoleHandle,
}

impl Console {
    /// Reads what the monitor sends through `keys`; questions go to `inbox`, answers to `handle`.
    ///
    /// # Errors
    /// The socket cannot be watched.
    pub(crate) fn open(
        keys: Bound,
        inbox: UnboundedSender<Arrival>,
        handle: ConsoleHandle,
    ) -> io::Result<Self> {
        keys.set_nonblocking(true)?;
        let keys = UnixStream::from_std(keys)?;
        let ended = Rc::new(Notify::new());
        handle.expect_keys();
        let reader = ConsoleReader {
            keys,
            inbox,
            handle: handle.clone(),
            ended: Rc::clone(&ended),
            typed: Vec::new(),
        };
        Ok(Self { task: spawn_local(reader.run()), ended, handle })
    }

    /// The stack is over: the terminal is put back, and shows all lines again.
    pub(crate) async fn finish(mut self) {
        self.ended.notify_one();
        if timeout(FINISH_TIMEOUT, &mut self.task).await.is_err() {
            // The terminal takes nothing; what holds it gives it back when it is dropped.
            self.task.abort();
            let _ = self.task.await;
        }
        self.handle.release();
        self.handle.only(None);
    }
}

/// Between two lines.
pub(crate) struct ConsoleReader {
    /// What is typed comes out of it.
    pub(crate) keys: UnixStream,
    pub(crate) inbox: UnboundedSender<Arrival>,
    pub(crate) handle: ConsoleHandle,
    /// The stack is over.
    pub(crate) ended: Rc<Notify>,
    /// Typed, and not understood yet.
    pub(crate) typed: Vec<u8>,
}

impl ConsoleReader {
    async fn run(mut self) {
        loop {
            while let Some(end) = memchr::memchr(b'\n', &self.typed) {
                let rest = self.typed.split_off(end + 1);
                let line = std::mem::replace(&mut self.typed, rest);
                self.on_line(&String::from_utf8_lossy(&line)).await;
            }
            if self.typed.len() > LONGEST {
                self.typed.clear();
            }
            let ended = Rc::clone(&self.ended);
            let is_over = tokio::select! {
                is_open = self.more() => !is_open,
                () = ended.notified() => true,
            };
            if is_over {
                return;
            }
        }
    }

    /// Waits for more to be typed; `false` if nothing will be: the monitor is gone.
    pub(crate) async fn more(&mut self) -> bool {
        let mut piece = [0; 4096];
        loop {
            if self.keys.readable().await.is_err() {
                return false;
            }
            match self.keys.try_read(&mut piece) {
                Ok(0) => return false,
                Ok(count) => {
                    self.typed.extend_from_slice(&piece[..count]);
                    return true;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return false,
            }
        }
    }

    async fn on_line(&mut self, line: &str) {
        match parse(line) {
            Ok(ConsoleCommand::Nothing) => {}
            Ok(ConsoleCommand::Help) => self.say(super::command::HELP),
            Ok(ConsoleCommand::Attach(name)) => attach::attach(self, name).await,
            Ok(ConsoleCommand::Only(words)) => self.only(words),
            Ok(ConsoleCommand::Ask(request)) => self.ask(request),
            Err(message) => self.say(&message),
        }
    }

    /// Says something that was asked for.
    pub(crate) fn say(&self, text: &str) {
        self.handle.notice(&Notice::Answer { text: text.into() });
    }

    /// Asks, and goes on: the answer comes when it comes, and a second line need not wait for it.
    fn ask(&self, request: Request) {
        let is_status = request == Request::Status;
        let (call, typing, mut replies) = server::in_process(request);
        if self.inbox.send(call.into()).is_err() {
            return;
        }
        let handle = self.handle.clone();
        spawn_local(async move {
            let _typing = typing;
            while let Some(answer) = replies.next().await {
                let text = match answer {
                    Answer::Done(status) if is_status => table::of(&status).trim_end().to_owned(),
                    Answer::Failed(refusal) => refusal.message,
                    // Its notices have told what happened.
                    Answer::Done(_)
                    | Answer::Line(_)
                    | Answer::Lost(_)
                    | Answer::Held(_)
                    | Answer::Screen(_)
                    | Answer::Attached(_) => continue,
                };
                handle.notice(&Notice::Answer { text });
            }
        });
    }

    /// Shows only lines of these, or of all.
    fn only(&self, words: Vec<String>) {
        if words.is_empty() {
            self.handle.only(None);
            return self.say("all lines are shown");
        }
        let shown = words.join(" ");
        let count = self.handle.only(Some(Box::new(move |name| is_among(name, &words))));
        if count == 0 {
            self.handle.only(None);
            return self.say(&format!("nothing here is called `{shown}`: all lines are shown"));
        }
        self.say(&format!("only lines of {shown} are shown: l and Enter shows all"));
    }
}
