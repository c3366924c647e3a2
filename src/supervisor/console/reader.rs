//! Lines that are typed in the foreground: each becomes the request that a client would send, and is answered in the output.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use futures_util::StreamExt;
use signal_hook_tokio::Signals;
use tokio::net::UnixStream;
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::timeout;

use crate::config::DetachKeys;
use crate::control::call::in_process;
use crate::control::protocol::{Answer, Request, Status};
use crate::control::table;
use crate::notice::Notice;
use crate::output::console_handle::ConsoleHandle;
use crate::process::monitor::KeyChannel;
use crate::process::terminal::KeyMode;
use crate::signal::Signal;
use crate::supervisor::channel::arrival::Arrival;
use crate::supervisor::console::attach::{attach, size};
use crate::supervisor::console::command::{ConsoleCommand, HELP, SECRET, is_begun, parse};
use crate::supervisor::console::completion::{Completion, CompletionNames, complete};
use crate::supervisor::console::editor::{EditorEvent, LineEditor};
use crate::supervisor::console::input::ConsoleInput;
use crate::supervisor::status::selector::Selector;

/// How long restoring the terminal may take at the end of the stack.
const FINISH_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a suspension waits until the line that is typed is gone.
const WITHDRAW_TIMEOUT: Duration = Duration::from_millis(200);

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
    /// The socket cannot be watched, or a handler cannot be installed.
    pub(crate) fn open(
        keys: KeyChannel,
        inbox: UnboundedSender<Arrival>,
        handle: ConsoleHandle,
        detach_keys: DetachKeys,
    ) -> io::Result<Self> {
        let KeyChannel { socket, mode } = keys;
        socket.set_nonblocking(true)?;
        let keys = UnixStream::from_std(socket)?;
        let signals = Signals::new([Signal::RESIZE.0, Signal::CONTINUE.0])?;
        let ended = Rc::new(Notify::new());
        handle.expect_keys();
        let input = ConsoleInput {
            keys,
            inbox,
            handle: handle.clone(),
            ended: Rc::clone(&ended),
            detach_keys,
            typed: Vec::new(),
        };
        let reader = ConsoleReader { input, editor: LineEditor::default(), signals, mode };
        Ok(Self { task: spawn_local(reader.run()), ended, handle })
    }

    /// The process is about to stop: takes the line that is typed away, if the terminal takes that soon. It is drawn again at
    /// SIGCONT.
    pub(crate) async fn withdraw_line(&self) {
        // The shell has the terminal next, with the line or without it.
        let _ = timeout(WITHDRAW_TIMEOUT, self.handle.withdraw_input_line()).await;
    }

    /// The stack is over: restores the terminal, which shows all lines again.
    pub(crate) async fn finish(mut self) {
        self.ended.notify_one();
        if timeout(FINISH_TIMEOUT, &mut self.task).await.is_err() {
            // The terminal takes no bytes; the task restores its modes when it is dropped.
            self.task.abort();
            let _ = self.task.await;
        }
        self.handle.set_input_line(None, 0);
        self.handle.release(|_| String::new());
        self.handle.only(None);
    }
}

/// Reads keys, and makes lines of them.
struct ConsoleReader {
    input: ConsoleInput,
    editor: LineEditor,
    /// A new size, and the end of a suspension: the line is drawn again.
    signals: Signals,
    /// The settings of the terminal, which the monitor gives it.
    mode: KeyMode,
}

impl ConsoleReader {
    async fn run(mut self) {
        let ended = Rc::clone(&self.input.ended);
        loop {
            self.on_keys().await;
            self.draw();
            tokio::select! {
                is_open = self.input.read_more() => if !is_open {
                    // The monitor is gone, and with it the process that restores the terminal.
                    self.input.handle.set_input_line(None, 0);
                    self.mode.leave(&io::stdin());
                    return;
                },
                _ = self.signals.next() => {}
                () = ended.notified() => return,
            }
        }
    }

    async fn on_keys(&mut self) {
        while !self.input.typed.is_empty() {
            let (taken, event) = self.editor.take(&self.input.typed);
            self.input.typed.drain(..taken);
            match event {
                Some(EditorEvent::Line(line)) => {
                    self.draw();
                    if !is_begun(&line) && self.input.handle.is_password_asked() {
                        self.editor.forget_latest();
                        self.input.answer(SECRET);
                        continue;
                    }
                    // It stays to be read before its answer, as in a shell.
                    if !line.trim().is_empty() {
                        self.input.answer(&format!("> {line}"));
                    }
                    self.on_line(&line).await;
                }
                Some(EditorEvent::Complete) => self.complete().await,
                None => {}
            }
        }
    }

    /// Shows what is typed, if something is.
    fn draw(&self) {
        let (_, columns) = size();
        let text = self.editor.text();
        let is_secret = !text.is_empty() && !is_begun(text) && self.input.handle.is_password_asked();
        let picture = if is_secret {
            self.editor.masked().picture(columns.into())
        } else {
            self.editor.picture(columns.into())
        };
        self.input.handle.set_input_line(picture, columns.into());
    }

    async fn complete(&mut self) {
        match complete(self.editor.before_cursor(), &CompletionNames::of(&self.status().await)) {
            Completion::Insert(text) => self.editor.insert(&text),
            Completion::Candidates(words) => self.input.answer(&words.join("  ")),
            Completion::Nothing => {}
        }
    }

    /// The running stack; nothing of one that is over.
    async fn status(&self) -> Status {
        let (call, _typing, mut replies) = in_process(Request::Status);
        if self.input.inbox.send(call.into()).is_err() {
            return Status::default();
        }
        match replies.next().await {
            Some(Answer::Done(status)) => *status,
            Some(_) | None => Status::default(),
        }
    }

    async fn on_line(&mut self, line: &str) {
        match parse(line) {
            Ok(ConsoleCommand::Nothing) => self.input.answer("\n"),
            Ok(ConsoleCommand::Help) => self.input.answer(HELP),
            Ok(ConsoleCommand::Attach(name)) => attach(&mut self.input, name).await,
            Ok(ConsoleCommand::Filter(names)) => self.filter(names).await,
            Ok(ConsoleCommand::Request(request)) => self.request(request),
            Err(refusal) => self.input.answer(&refusal.to_string()),
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
                    | Answer::Event(_)
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
    async fn filter(&self, names: Vec<String>) {
        let ConsoleInput { handle, .. } = &self.input;
        if names.is_empty() {
            handle.only(None);
            return self.input.answer("all lines are shown");
        }
        let shown = names.join(" ");
        let groups = self.status().await.groups;
        let names: Vec<String> =
            names.into_iter().map(|name| groups.pattern(&name).unwrap_or(name)).collect();
        let selector = Selector::new(&names);
        let count = handle.only(Some(Box::new(move |name| selector.selects(name))));
        if count == 0 {
            handle.only(None);
            return self
                .input
                .answer(&format!("no type or instance is called `{shown}`: all lines are shown"));
        }
        self.input.answer(&format!("only lines of {shown} are shown: l and Enter shows all"));
    }
}
