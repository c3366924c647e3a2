//! Lines that are typed in the foreground: each becomes the request that a client would send, and is answered in the output.

use std::io;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::rc::Rc;
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::timeout;

use crate::control::call::in_process;
use crate::control::protocol::{Answer, Request};
use crate::control::table;
use crate::notice::Notice;
use crate::output::console_handle::ConsoleHandle;
use crate::supervisor::channel::arrival::Arrival;
use crate::supervisor::console::attach::attach;
use crate::supervisor::console::command::{ConsoleCommand, HELP, parse};
use crate::supervisor::console::input::ConsoleInput;
use crate::supervisor::status::selector::is_among;

/// The longest line, in bytes; a longer one is dropped.
const LONGEST: usize = 4096;
/// How long restoring the terminal may take at the end of the stack.
const FINISH_TIMEOUT: Duration = Duration::from_secs(2);

/// The task that reads the console, while the stack runs.
pub(crate) struct Console {
    task: JoinHandle<()>,
    ended: Rc<Notify>,
    handle: ConsoleHandle,
}

impl Console {
    /// Reads what the monitor sends through `keys`; requests go to `inbox`, answers to `handle`.
    ///
    /// # Errors
    /// The socket cannot be watched.
    pub(crate) fn open(
        keys: StdUnixStream,
        inbox: UnboundedSender<Arrival>,
        handle: ConsoleHandle,
    ) -> io::Result<Self> {
        keys.set_nonblocking(true)?;
        let keys = UnixStream::from_std(keys)?;
        let ended = Rc::new(Notify::new());
        handle.expect_keys();
        let input =
            ConsoleInput { keys, inbox, handle: handle.clone(), ended: Rc::clone(&ended), typed: Vec::new() };
        Ok(Self { task: spawn_local(ConsoleReader { input }.run()), ended, handle })
    }

    /// The stack is over: restores the terminal, which shows all lines again.
    pub(crate) async fn finish(mut self) {
        self.ended.notify_one();
        if timeout(FINISH_TIMEOUT, &mut self.task).await.is_err() {
            // The terminal takes no bytes; the task restores its modes when it is dropped.
            self.task.abort();
            let _ = self.task.await;
        }
        self.handle.release();
        self.handle.only(None);
    }
}

/// Reads lines.
struct ConsoleReader {
    input: ConsoleInput,
}

impl ConsoleReader {
    async fn run(mut self) {
        loop {
            while let Some(end) = memchr::memchr(b'\n', &self.input.typed) {
                let rest = self.input.typed.split_off(end + 1);
                let line = std::mem::replace(&mut self.input.typed, rest);
                self.on_line(&String::from_utf8_lossy(&line)).await;
            }
            if self.input.typed.len() > LONGEST {
                self.input.typed.clear();
            }
            let ended = Rc::clone(&self.input.ended);
            let is_over = tokio::select! {
                is_open = self.input.read_more() => !is_open,
                () = ended.notified() => true,
            };
            if is_over {
                return;
            }
        }
    }

    async fn on_line(&mut self, line: &str) {
        match parse(line) {
            Ok(ConsoleCommand::Nothing) => {}
            Ok(ConsoleCommand::Help) => self.input.answer(HELP),
            Ok(ConsoleCommand::Attach(name)) => attach(&mut self.input, name).await,
            Ok(ConsoleCommand::Filter(names)) => self.filter(names),
            Ok(ConsoleCommand::Request(request)) => self.request(request),
            Err(message) => self.input.answer(&message),
        }
    }

    /// Sends a request. A task prints its answer, so that the next line does not wait for it.
    fn request(&self, request: Request) {
        let is_status = request == Request::Status;
        let (call, typing, mut replies) = in_process(request);
        if self.input.inbox.send(call.into()).is_err() {
            return;
        }
        let handle = self.input.handle.clone();
        spawn_local(async move {
            let _typing = typing;
            while let Some(answer) = replies.next().await {
                let text = match answer {
                    Answer::Done(status) if is_status => table::of(&status).trim_end().to_owned(),
                    Answer::Failed(refusal) => refusal.message,
                    // Notices have reported what happened.
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

    /// Shows only lines of these instances, or of all.
    fn filter(&self, names: Vec<String>) {
        let ConsoleInput { handle, .. } = &self.input;
        if names.is_empty() {
            handle.only(None);
            return self.input.answer("all lines are shown");
        }
        let shown = names.join(" ");
        let count = handle.only(Some(Box::new(move |name| is_among(name, &names))));
        if count == 0 {
            handle.only(None);
            return self
                .input
                .answer(&format!("no type or instance is called `{shown}`: all lines are shown"));
        }
        self.input.answer(&format!("only lines of {shown} are shown: l and Enter shows all"));
    }
}
