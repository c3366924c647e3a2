//! All attachments: a request to attach becomes a session.

use std::collections::HashMap;
use std::rc::Rc;

use tokio::sync::mpsc::Receiver;

use crate::control::call::ReplySender;
use crate::control::protocol::{Answer, RefusalKind, RequestRefusal};
use crate::control::terminal::{AttachWanted, TerminalInput};
use crate::machine::state::State;
use crate::output::screen::Screen;
use crate::supervisor::attach::clients::{AttachClients, AttachMode};
use crate::supervisor::attach::session::{AttachSession, AttachedClient, StackState, terminal_size};
use crate::supervisor::status::report::View;

/// The attached clients of all instances.
#[derive(Default)]
pub(crate) struct Attachments {
    clients: HashMap<usize, Rc<AttachClients>>,
    screens: Vec<Rc<Screen>>,
    stack: Rc<StackState>,
}

impl Attachments {
    /// Attaches a client to the terminal of this instance. The future is the session; it ends with `done`.
    ///
    /// # Errors
    /// Why the client cannot be attached, with the client, which is to be answered.
    pub(crate) fn open(
        &mut self,
        index: usize,
        wanted: &AttachWanted,
        (caller, typed): (ReplySender, Receiver<TerminalInput>),
        (view, done): (&View<'_>, Answer),
    ) -> Result<impl Future<Output = ()> + use<>, Box<(ReplySender, RequestRefusal)>> {
        let name = view.name(index);
        let screen = match screen_of(index, &name, view) {
            Ok(screen) => screen,
            Err(message) => {
                return Err(Box::new((caller, RequestRefusal::new(RefusalKind::Failed, message))));
            }
        };
        self.clients.retain(|_, clients| !clients.is_empty());
        self.screens.retain(|screen| screen.is_watched());
        self.screens.push(Rc::clone(&screen));
        let new = || AttachClients::new(Rc::clone(&screen), view.executor.size());
        let clients = self.clients.entry(index).or_insert_with(new);
        let size = terminal_size(wanted.rows, wanted.columns);
        let seat = clients.attach_client(AttachMode { size, view: wanted.view, take: wanted.take });
        let client = AttachedClient { caller, typed: Some(typed), size, view: wanted.view, name, sent: None };
        Ok(AttachSession::new(screen, seat, Rc::clone(&self.stack), client).run(done))
    }

    /// The stack is being stopped: sessions with instances that have ended need not wait for a restart.
    pub(crate) fn stop(&self) {
        if !self.stack.is_stopping.replace(true) {
            self.screens.iter().for_each(|screen| screen.wake());
        }
    }

    /// The stack is over: all sessions end.
    pub(crate) fn close(&self) {
        self.stack.is_over.set(true);
        self.screens.iter().for_each(|screen| screen.wake());
    }
}

/// The screen of an instance that has a terminal and runs, or is about to start.
fn screen_of(index: usize, name: &str, view: &View<'_>) -> Result<Rc<Screen>, String> {
    let instance = &view.machine.instances()[index];
    let will_run = instance.will_start() || instance.state == State::Starting;
    match view.executor.screen(index) {
        Some(screen) if screen.life().is_open || will_run => Ok(screen),
        None if instance.has_own_process() => Err(format!(
            "{name} has no terminal to attach to, its output is a pipe: start the stack with --pty always, or \
             write `pty = \"always\"` in ganger.toml"
        )),
        Some(_) | None => Err(format!("{name} does not run: `ganger start {name}` starts it")),
    }
}
