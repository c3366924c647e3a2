//! The session of one attached client: the screen of the instance goes out, keys come in, through all generations.
//! docs/design/0013 has the reasons.

use std::cell::Cell;
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

use crate::control::call::ReplySender;
use crate::control::protocol::Answer;
use crate::control::terminal::{AttachedState, LARGEST, TerminalInput, TerminalOutput};
use crate::output::screen::{Screen, ScreenGeneration, ScreenPosition, ScreenWatcher};
use crate::process::pty::WindowSize;
use crate::supervisor::attach::clients::AttachSeat;
use crate::supervisor::attach::terminal::InstanceTerminal;

/// How long a program has to redraw on a smaller terminal before the terminal gets its size back.
const REDRAW: Duration = Duration::from_millis(100);

/// What all sessions have to know of the stack.
#[derive(Debug, Default)]
pub(super) struct StackState {
    /// The stack is being stopped: no instance that ends now is restarted.
    pub(super) is_stopping: Cell<bool>,
    /// The stack is over.
    pub(super) is_over: Cell<bool>,
}

/// The client of a session.
pub(super) struct AttachedClient {
    pub(super) caller: ReplySender,
    /// `None` once nothing more will be typed.
    pub(super) typed: Option<Receiver<TerminalInput>>,
    /// The size of its terminal.
    pub(super) size: WindowSize,
    /// Whether it never has the input.
    pub(super) view: bool,
    /// The name of the instance.
    pub(super) name: String,
    /// The state that was sent to it last: the generation, and whether it has the input.
    pub(super) sent: Option<(ScreenGeneration, bool)>,
}

/// The session of one client.
pub(super) struct AttachSession {
    screen: Rc<Screen>,
    _watcher: ScreenWatcher,
    seat: AttachSeat,
    stack: Rc<StackState>,
    client: AttachedClient,
    terminal: InstanceTerminal,
}

/// What a client sees of an instance that does not run.
const RETURNS: &str = "it is shown here when it is started again";

/// What became of sending the state to a client.
enum StateUpdate {
    Unchanged,
    Sent,
    ClientGone,
}

/// What ended a wait.
enum AttachWake {
    Changed,
    Typed(Option<TerminalInput>),
    Writable,
    Gone,
}

impl AttachSession {
    pub(super) fn new(
        screen: Rc<Screen>,
        seat: AttachSeat,
        stack: Rc<StackState>,
        client: AttachedClient,
    ) -> Self {
        let terminal = InstanceTerminal::default();
        Self { _watcher: screen.watch(), screen, seat, stack, client, terminal }
    }

    /// Sends the screen and takes keys until the client detaches or the session is over; then sends `done`.
    pub(super) async fn run(mut self, done: Answer) {
        let mut needs_redraw = !self.seat.clients().settle();
        self.send_state().await;
        let Some(mut place) = self.send_picture().await else { return };
        loop {
            match self.screen.since(place) {
                None => {
                    needs_redraw = true;
                    match self.send_picture().await {
                        Some(next) => place = next,
                        None => return,
                    }
                }
                Some((piece, next)) if !piece.is_empty() => {
                    if !self.send(Answer::Screen(TerminalOutput::new(&piece, false))).await {
                        return;
                    }
                    place = next;
                }
                Some(_) => {
                    if std::mem::take(&mut needs_redraw) && self.screen.is_full() {
                        self.redraw().await;
                        continue;
                    }
                    match self.send_state().await {
                        StateUpdate::Unchanged => {}
                        // The screen may have changed meanwhile.
                        StateUpdate::Sent => continue,
                        StateUpdate::ClientGone => return,
                    }
                    if self.is_over() {
                        break;
                    }
                    if !self.wait().await {
                        return;
                    }
                }
            }
        }
        self.send(done).await;
    }

    /// Sends an answer; `false` if the client is gone.
    async fn send(&self, answer: Answer) -> bool {
        self.client.caller.say(vec![answer]).await
    }

    /// Sends the whole screen; the position behind it, or `None` if the client is gone.
    async fn send_picture(&self) -> Option<ScreenPosition> {
        let (picture, place) = self.screen.picture(self.client.size.rows);
        self.send(Answer::Screen(TerminalOutput::new(&picture, true))).await.then_some(place)
    }

    /// Makes the program redraw the screen: what was sent may be a part of it, or drawn for another size.
    async fn redraw(&self) {
        self.seat.clients().redraw();
        // Not every program redraws.
        let _ = timeout(REDRAW, self.screen.changed()).await;
        self.seat.clients().settle();
    }

    fn is_over(&self) -> bool {
        let generation = self.screen.life();
        self.stack.is_over.get()
            || self.stack.is_stopping.get() && !generation.is_open && generation.exit_notice.is_some()
    }

    /// Sends the state of the attachment, if it has changed since the last time.
    async fn send_state(&mut self) -> StateUpdate {
        let (generation, has_input) = (self.screen.life(), self.seat.has_input());
        if self.client.sent.as_ref().is_some_and(|sent| *sent == (generation.clone(), has_input)) {
            return StateUpdate::Unchanged;
        }
        if self.client.sent.as_ref().is_some_and(|(sent, _)| sent.number != generation.number) {
            self.seat.clients().settle();
        }
        let message = self.client.message(&generation, has_input, self.stack.is_stopping.get());
        let name = self.client.name.clone();
        let attached = AttachedState { name, has_input, is_running: generation.is_open, message };
        self.client.sent = Some((generation, has_input));
        if self.send(Answer::Attached(attached)).await { StateUpdate::Sent } else { StateUpdate::ClientGone }
    }

    /// Waits until there is something to do, and takes keys; `false` if the client is gone.
    async fn wait(&mut self) -> bool {
        self.terminal.follow(&self.screen.life(), &self.screen);
        let Self { screen, seat, client: AttachedClient { caller, typed, .. }, terminal, .. } = self;
        let is_idle = terminal.is_idle();
        let typing = async {
            match typed {
                Some(typed) if is_idle => typed.recv().await,
                Some(_) | None => pending().await,
            }
        };
        let wake = tokio::select! {
            () = screen.changed() => AttachWake::Changed,
            typed = typing => AttachWake::Typed(typed),
            () = terminal.writable() => AttachWake::Writable,
            () = seat.clients().changed() => AttachWake::Changed,
            () = caller.gone() => AttachWake::Gone,
        };
        match wake {
            AttachWake::Changed => {}
            AttachWake::Gone => return false,
            AttachWake::Writable => self.terminal.flush(),
            AttachWake::Typed(None) => self.client.typed = None,
            AttachWake::Typed(Some(typed)) => self.on_typed(typed),
        }
        true
    }

    fn on_typed(&mut self, typed: TerminalInput) {
        if let Some((rows, columns)) = typed.size {
            self.client.size = terminal_size(rows, columns);
            self.seat.resize(self.client.size);
        }
        if self.seat.has_input() {
            self.terminal.send(typed.payload.0);
        }
    }
}

impl AttachedClient {
    /// The line about a change of the state, for the user.
    fn message(&self, generation: &ScreenGeneration, has_input: bool, is_stopping: bool) -> Option<String> {
        let name = &self.name;
        let Some((before, could_type)) = &self.sent else {
            let reason = if self.view { "" } else { ": another client has the input (--take takes it)" };
            if !generation.is_open {
                return Some(format!("{name} does not run: {RETURNS}"));
            }
            return (!has_input).then(|| format!("watching {name}{reason}"));
        };
        if before.number != generation.number {
            return Some(format!("{name} runs again"));
        }
        if *could_type != has_input {
            let change = if has_input { "you have the input" } else { "another client has taken the input" };
            return Some(format!("{name}: {change}"));
        }
        let exit_notice = generation.exit_notice.as_ref().filter(|_| !generation.is_open)?;
        Some(if is_stopping { exit_notice.clone() } else { format!("{exit_notice}; {RETURNS}") })
    }
}

/// The size that a client asks for, within bounds.
pub(super) fn terminal_size(rows: u16, columns: u16) -> WindowSize {
    WindowSize { rows: rows.clamp(1, LARGEST), columns: columns.clamp(1, LARGEST) }
}
