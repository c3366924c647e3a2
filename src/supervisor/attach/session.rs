//! One who is attached to an instance's terminal: what it shows goes out, what is typed goes in, through all its
//! lives. docs/design/0013 has the reasons.

use std::cell::Cell;
use std::collections::HashMap;
use std::future::pending;
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use nix::errno::Errno;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

use crate::control::protocol::{Answer, RefusalKind, RequestRefusal};
use crate::control::server::ReplySender;
use crate::control::terminal::{AttachWanted, AttachedState, LARGEST, TerminalInput, TerminalOutput};
use crate::machine::state::State;
use crate::output::screen::{Screen, ScreenGeneration, ScreenPosition, ScreenWatcher};
use crate::process::calls::WindowSize;
use crate::supervisor::attach::clients::{AttachClients, AttachMode, AttachSeat};
use crate::supervisor::status::report::View;

/// How long a program has to answer a smaller terminal before it gets its size back.
const REDRAW: Duration = Duration::from_millis(100);

/// Who is attached to what.
#[derive(Default)]
pub(crate) struct Attachments {
    seats: HashMap<usize, Rc<AttachClients>>,
    screens: Vec<Rc<Screen>>,
    signs: Rc<AttachState>,
}

/// What all who are attached must know.
#[derive(Debug, Default)]
struct AttachState {
    /// The stack is being stopped: nothing that ends now comes again.
    is_stopping: Cell<bool>,
    /// Nothing more will come at all.
    is_over: Cell<bool>,
}

impl Attachments {
    /// A session with the terminal of this instance, to be run.
    ///
    /// # Errors
    /// Why there can be none.
    pub(crate) fn open(
        &mut self,
        index: usize,
        wanted: &AttachWanted,
        (caller, typed): (ReplySender, Receiver<TerminalInput>),
        view: &View<'_>,
    ) -> Result<AttachSession, Box<(ReplySender, RequestRefusal)>> {
        let name = view.name(index);
        let screen = match screen_of(index, &name, view) {
            Ok(screen) => screen,
            Err(message) => {
                return Err(Box::new((caller, RequestRefusal::new(RefusalKind::Failed, message))));
            }
        };
        self.seats.retain(|_, seats| !seats.is_empty());
        self.screens.retain(|screen| screen.is_watched());
        self.screens.push(Rc::clone(&screen));
        let new = || AttachClients::new(Rc::clone(&screen), view.executor.size());
        let seats = Rc::clone(self.seats.entry(index).or_insert_with(new));
        let coming =
            AttachMode { size: size(wanted.rows, wanted.columns), view: wanted.view, take: wanted.take };
        let seat = seats.attach_client(coming);
        let session = AttachSession {
            _watcher: screen.watch(),
            screen,
            seats,
            seat,
            signs: Rc::clone(&self.signs),
            client: AttachedClient {
                caller,
                typed: Some(typed),
                size: coming.size,
                view: wanted.view,
                name,
                told: None,
            },
            terminal: InstanceTerminal::default(),
        };
        Ok(session)
    }

    /// The stack is being stopped: who is attached to what has ended need not wait.
    pub(crate) fn stop(&self) {
        if !self.signs.is_stopping.replace(true) {
            self.screens.iter().for_each(|screen| screen.wake());
        }
    }

    /// Nothing more will come.
    pub(crate) fn close(&self) {
        self.signs.is_over.set(true);
        self.screens.iter().for_each(|screen| screen.wake());
    }
}

/// The terminal of an instance that has one and runs, or is about to.
fn screen_of(index: usize, name: &str, view: &View<'_>) -> Result<Rc<Screen>, String> {
    let instance = &view.machine.instances()[index];
    let is_coming = instance.will_start() || instance.state == State::Starting;
    match view.executor.screen(index) {
        Some(screen) if screen.life().is_open || is_coming => Ok(screen),
        None if instance.has_own_process() => Err(format!(
            "{name} has no terminal to attach to, its output is a pipe: start the stack with --pty always, or \
             write `pty = \"always\"` in ganger.toml"
        )),
        Some(_) | None => Err(format!("{name} does not run: `ganger start {name}` starts it")),
    }
}

fn size(rows: u16, columns: u16) -> WindowSize {
    WindowSize { rows: rows.clamp(1, LARGEST), columns: columns.clamp(1, LARGEST) }
}

/// One attachment.
pub(crate) struct AttachSession {
    screen: Rc<Screen>,
    _watcher: ScreenWatcher,
    seats: Rc<AttachClients>,
    seat: AttachSeat,
    signs: Rc<AttachState>,
    client: AttachedClient,
    terminal: InstanceTerminal,
}

/// The one who is attached.
struct AttachedClient {
    caller: ReplySender,
    /// `None` once nothing more will be typed.
    typed: Option<Receiver<TerminalInput>>,
    size: WindowSize,
    view: bool,
    name: String,
    /// What it was told last.
    told: Option<(ScreenGeneration, bool)>,
}

/// Our end of the instance's terminal, for what is typed.
#[derive(Default)]
struct InstanceTerminal {
    /// Of which life it is.
    life: u32,
    master: Option<AsyncFd<OwnedFd>>,
    /// What the program has not taken yet.
    unread: Vec<u8>,
}

/// What a client was told.
enum AttachNotice {
    Nothing,
    Something,
    /// It is gone.
    Nobody,
}

/// What ended a wait.
enum AttachWake {
    Changed,
    Typed(Option<TerminalInput>),
    Writable,
    Gone,
}

impl AttachSession {
    /// Shows and types until somebody leaves, then gives `done`.
    pub(crate) async fn run(mut self, done: Answer) {
        let mut wants_redraw = !self.seats.settle();
        self.tell_how_it_stands().await;
        let Some(mut place) = self.show_anew().await else { return };
        loop {
            match self.screen.since(place) {
                None => {
                    wants_redraw = true;
                    match self.show_anew().await {
                        Some(next) => place = next,
                        None => return,
                    }
                }
                Some((piece, next)) if !piece.is_empty() => {
                    if !self.say(Answer::Screen(TerminalOutput::new(&piece, false))).await {
                        return;
                    }
                    place = next;
                }
                Some(_) => {
                    if std::mem::take(&mut wants_redraw) && self.screen.is_full() {
                        self.redraw().await;
                        continue;
                    }
                    match self.tell_how_it_stands().await {
                        AttachNotice::Nothing => {}
                        // Something may have happened meanwhile.
                        AttachNotice::Something => continue,
                        AttachNotice::Nobody => return,
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
        self.say(done).await;
    }

    async fn say(&self, answer: Answer) -> bool {
        self.client.caller.say(vec![answer]).await
    }

    /// Shows the whole screen; the place behind it, or `None` if the client is gone.
    async fn show_anew(&self) -> Option<ScreenPosition> {
        let (picture, place) = self.screen.picture(self.client.size.rows);
        self.say(Answer::Screen(TerminalOutput::new(&picture, true))).await.then_some(place)
    }

    /// Has the program draw all of the screen: what was shown may be a part of it, or drawn for another size.
    async fn redraw(&self) {
        self.seats.redraw();
        // It may take no notice.
        let _ = timeout(REDRAW, self.screen.changed()).await;
        self.seats.settle();
    }

    fn is_over(&self) -> bool {
        let life = self.screen.life();
        self.signs.is_over.get()
            || self.signs.is_stopping.get() && !life.is_open && life.exit_notice.is_some()
    }

    /// Says what has changed since the last time.
    async fn tell_how_it_stands(&mut self) -> AttachNotice {
        let (life, has_input) = (self.screen.life(), self.seat.has_input());
        let now = (life, has_input);
        if self.client.told.as_ref() == Some(&now) {
            return AttachNotice::Nothing;
        }
        let (life, _) = &now;
        if self.client.told.as_ref().is_some_and(|(told, _)| told.number != life.number) {
            self.seats.settle();
        }
        let message = self.client.news(life, has_input, self.signs.is_stopping.get());
        let name = self.client.name.clone();
        let attached = AttachedState { name, has_input, is_running: life.is_open, message };
        self.client.told = Some(now);
        if self.say(Answer::Attached(attached)).await {
            AttachNotice::Something
        } else {
            AttachNotice::Nobody
        }
    }

    /// Waits until there is something to do, and takes what is typed; `false` if the client is gone.
    async fn wait(&mut self) -> bool {
        let life = self.screen.life();
        self.terminal.follow(&life, &self.screen);
        let Self { screen, seats, client: AttachedClient { caller, typed, .. }, terminal, .. } = self;
        let is_free = terminal.unread.is_empty();
        let typing = async {
            match typed {
                Some(typed) if is_free => typed.recv().await,
                Some(_) | None => pending().await,
            }
        };
        let wake = tokio::select! {
            () = screen.changed() => AttachWake::Changed,
            typed = typing => AttachWake::Typed(typed),
            () = terminal.writable() => AttachWake::Writable,
            () = seats.changed() => AttachWake::Changed,
            () = caller.gone() => AttachWake::Gone,
        };
        match wake {
            AttachWake::Changed => {}
            AttachWake::Gone => return false,
            AttachWake::Writable => self.terminal.flush(),
            AttachWake::Typed(None) => self.client.typed = None,
            AttachWake::Typed(Some(typed)) => return self.on_typed(&typed).await,
        }
        true
    }

    async fn on_typed(&mut self, typed: &TerminalInput) -> bool {
        if let Some((rows, columns)) = typed.size {
            self.client.size = size(rows, columns);
            self.seat.resize(self.client.size);
        }
        let Some(keys) = typed.bytes() else {
            let refusal = RequestRefusal::new(RefusalKind::BadRequest, "what was typed is no base64");
            self.say(Answer::Failed(refusal)).await;
            return false;
        };
        if self.seat.has_input() {
            self.terminal.unread.extend(keys);
            self.terminal.flush();
        }
        true
    }
}

impl AttachedClient {
    /// What a person should hear of the change.
    fn news(&self, life: &ScreenGeneration, has_input: bool, is_stopping: bool) -> Option<String> {
        let name = &self.name;
        let Some((before, could_type)) = &self.told else {
            let way = if self.view { "" } else { ", for somebody else types; --take lets you" };
            if !life.is_open {
                return Some(format!(
                    "{name} does not run at the moment: its next life is waited for, Ctrl-] leaves"
                ));
            }
            return (!has_input).then(|| format!("watching {name}{way}: Ctrl-] leaves"));
        };
        if before.number != life.number {
            return Some(format!("{name} runs again"));
        }
        if *could_type != has_input {
            let who = if has_input { "you type now" } else { "somebody else types now: you can watch" };
            return Some(format!("{name}: {who}"));
        }
        let exit_notice = life.exit_notice.as_ref().filter(|_| !life.is_open)?;
        let rest = if is_stopping { "" } else { ": its next life is waited for, Ctrl-] leaves" };
        Some(format!("{exit_notice}{rest}"))
    }
}

impl InstanceTerminal {
    /// Uses the terminal of this life.
    fn follow(&mut self, life: &ScreenGeneration, screen: &Screen) {
        if self.life == life.number && (self.master.is_some() == life.is_open) {
            return;
        }
        // What was typed for one life is not for the next.
        self.unread.clear();
        self.life = life.number;
        self.master = screen.master().ok().flatten().and_then(|master| watch(master).ok());
    }

    /// Waits until more can be typed, if something waits for that.
    async fn writable(&self) {
        match &self.master {
            Some(master) if !self.unread.is_empty() => {
                if let Ok(mut guard) = master.writable().await {
                    guard.clear_ready();
                }
            }
            Some(_) | None => pending().await,
        }
    }

    /// Types what waits, as far as it goes. What nobody can read any more is dropped.
    fn flush(&mut self) {
        let Some(master) = &self.master else { return self.unread.clear() };
        while !self.unread.is_empty() {
            match nix::unistd::write(master.get_ref(), &self.unread) {
                Ok(count) => drop(self.unread.drain(..count)),
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return,
                Err(_) => self.unread.clear(),
            }
        }
    }
}

#[expect(
    deprecated,
    reason = "its successor is unsafe, for types whose descriptor may change; OwnedFd's cannot"
)]
fn watch(master: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(master, Interest::WRITABLE)
}
