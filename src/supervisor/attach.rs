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

use super::seats::{Coming, Seat, Seats};
use super::status::View;
use crate::control::protocol::{Answer, Kind, Refusal};
use crate::control::server::Caller;
use crate::control::terminal::{AttachWanted, Attached, LARGEST, Shown, Typed};
use crate::machine::state::State;
use crate::output::screen::{Life, Place, Screen, Watcher};
use crate::process::calls::Size;

/// How long a program has to answer a smaller terminal before it gets its size back.
const NUDGE: Duration = Duration::from_millis(100);

/// Who is attached to what.
#[derive(Default)]
pub(super) struct Attachments {
    seats: HashMap<usize, Rc<Seats>>,
    screens: Vec<Rc<Screen>>,
    signs: Rc<Signs>,
}

/// What all who are attached must know.
#[derive(Debug, Default)]
struct Signs {
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
    pub(super) fn open(
        &mut self,
        index: usize,
        wanted: &AttachWanted,
        (caller, typed): (Caller, Receiver<Typed>),
        view: &View<'_>,
    ) -> Result<Session, Box<(Caller, Refusal)>> {
        let name = view.name(index);
        let screen = match screen_of(index, &name, view) {
            Ok(screen) => screen,
            Err(message) => return Err(Box::new((caller, Refusal::new(Kind::Failed, message)))),
        };
        self.seats.retain(|_, seats| !seats.is_empty());
        self.screens.retain(|screen| screen.is_watched());
        self.screens.push(Rc::clone(&screen));
        let new = || Seats::new(Rc::clone(&screen), view.performer.size());
        let seats = Rc::clone(self.seats.entry(index).or_insert_with(new));
        let coming = Coming { size: size(wanted.rows, wanted.columns), view: wanted.view, take: wanted.take };
        let seat = seats.sit(coming);
        let session = Session {
            _watcher: screen.watch(),
            screen,
            seats,
            seat,
            signs: Rc::clone(&self.signs),
            client: Client {
                caller,
                typed: Some(typed),
                size: coming.size,
                view: wanted.view,
                name,
                told: None,
            },
            terminal: Terminal::default(),
        };
        Ok(session)
    }

    /// The stack is being stopped: who is attached to what has ended need not wait.
    pub(super) fn stop(&self) {
        if !self.signs.is_stopping.replace(true) {
            self.screens.iter().for_each(|screen| screen.wake());
        }
    }

    /// Nothing more will come.
    pub(super) fn close(&self) {
        self.signs.is_over.set(true);
        self.screens.iter().for_each(|screen| screen.wake());
    }
}

/// The terminal of an instance that has one and runs, or is about to.
fn screen_of(index: usize, name: &str, view: &View<'_>) -> Result<Rc<Screen>, String> {
    let instance = &view.machine.instances()[index];
    let is_coming = instance.will_start() || instance.state == State::Starting;
    match view.performer.screen(index) {
        Some(screen) if screen.life().is_open || is_coming => Ok(screen),
        None if instance.has_own_process() => Err(format!(
            "{name} has no terminal to attach to, its output is a pipe: start the stack with --pty always, or \
             write `pty = \"always\"` in ganger.toml"
        )),
        Some(_) | None => Err(format!("{name} does not run: `ganger start {name}` starts it")),
    }
}

fn size(rows: u16, columns: u16) -> Size {
    Size { rows: rows.clamp(1, LARGEST), columns: columns.clamp(1, LARGEST) }
}

/// One attachment.
pub(super) struct Session {
    screen: Rc<Screen>,
    _watcher: Watcher,
    seats: Rc<Seats>,
    seat: Seat,
    signs: Rc<Signs>,
    client: Client,
    terminal: Terminal,
}

/// The one who is attached.
struct Client {
    caller: Caller,
    /// `None` once nothing more will be typed.
    typed: Option<Receiver<Typed>>,
    size: Size,
    view: bool,
    name: String,
    /// What it was told last.
    told: Option<(Life, bool)>,
}

/// Our end of the instance's terminal, for what is typed.
#[derive(Default)]
struct Terminal {
    /// Of which life it is.
    life: u32,
    master: Option<AsyncFd<OwnedFd>>,
    /// What the program has not taken yet.
    unread: Vec<u8>,
}

/// What a client was told.
enum Told {
    Nothing,
    Something,
    /// It is gone.
    Nobody,
}

/// What ended a wait.
enum Wake {
    Changed,
    Typed(Option<Typed>),
    Writable,
    Gone,
}

impl Session {
    /// Shows and types until somebody leaves, then gives `done`.
    pub(super) async fn run(mut self, done: Answer) {
        let mut wants_nudge = !self.seats.settle();
        self.tell_how_it_stands().await;
        let Some(mut place) = self.show_anew().await else { return };
        loop {
            match self.screen.since(place) {
                None => {
                    wants_nudge = true;
                    match self.show_anew().await {
                        Some(next) => place = next,
                        None => return,
                    }
                }
                Some((piece, next)) if !piece.is_empty() => {
                    if !self.say(Answer::Screen(Shown::new(&piece, false))).await {
                        return;
                    }
                    place = next;
                }
                Some(_) => {
                    if std::mem::take(&mut wants_nudge) && self.screen.is_full() {
                        self.nudge().await;
                        continue;
                    }
                    match self.tell_how_it_stands().await {
                        Told::Nothing => {}
                        // Something may have happened meanwhile.
                        Told::Something => continue,
                        Told::Nobody => return,
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
    async fn show_anew(&self) -> Option<Place> {
        let (picture, place) = self.screen.picture(self.client.size.rows);
        self.say(Answer::Screen(Shown::new(&picture, true))).await.then_some(place)
    }

    /// Has the program draw all of the screen: what was shown may be a part of it, or drawn for another size.
    async fn nudge(&self) {
        self.seats.nudge();
        // It may take no notice.
        let _ = timeout(NUDGE, self.screen.changed()).await;
        self.seats.settle();
    }

    fn is_over(&self) -> bool {
        let life = self.screen.life();
        self.signs.is_over.get() || self.signs.is_stopping.get() && !life.is_open && life.obituary.is_some()
    }

    /// Says what has changed since the last time.
    async fn tell_how_it_stands(&mut self) -> Told {
        let (life, has_input) = (self.screen.life(), self.seat.has_input());
        let now = (life, has_input);
        if self.client.told.as_ref() == Some(&now) {
            return Told::Nothing;
        }
        let (life, _) = &now;
        if self.client.told.as_ref().is_some_and(|(told, _)| told.number != life.number) {
            self.seats.settle();
        }
        let message = self.client.news(life, has_input, self.signs.is_stopping.get());
        let name = self.client.name.clone();
        let attached = Attached { name, has_input, is_running: life.is_open, message };
        self.client.told = Some(now);
        if self.say(Answer::Attached(attached)).await { Told::Something } else { Told::Nobody }
    }

    /// Waits until there is something to do, and takes what is typed; `false` if the client is gone.
    async fn wait(&mut self) -> bool {
        let life = self.screen.life();
        self.terminal.follow(&life, &self.screen);
        let Self { screen, seats, client: Client { caller, typed, .. }, terminal, .. } = self;
        let is_free = terminal.unread.is_empty();
        let typing = async {
            match typed {
                Some(typed) if is_free => typed.recv().await,
                Some(_) | None => pending().await,
            }
        };
        let wake = tokio::select! {
            () = screen.changed() => Wake::Changed,
            typed = typing => Wake::Typed(typed),
            () = terminal.writable() => Wake::Writable,
            () = seats.changed() => Wake::Changed,
            () = caller.gone() => Wake::Gone,
        };
        match wake {
            Wake::Changed => {}
            Wake::Gone => return false,
            Wake::Writable => self.terminal.flush(),
            Wake::Typed(None) => self.client.typed = None,
            Wake::Typed(Some(typed)) => return self.on_typed(&typed).await,
        }
        true
    }

    async fn on_typed(&mut self, typed: &Typed) -> bool {
        if let Some((rows, columns)) = typed.size {
            self.client.size = size(rows, columns);
            self.seat.resize(self.client.size);
        }
        let Some(keys) = typed.bytes() else {
            let refusal = Refusal::new(Kind::BadRequest, "what was typed is no base64");
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

impl Client {
    /// What a person should hear of the change.
    fn news(&self, life: &Life, has_input: bool, is_stopping: bool) -> Option<String> {
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
        let obituary = life.obituary.as_ref().filter(|_| !life.is_open)?;
        let rest = if is_stopping { "" } else { ": its next life is waited for, Ctrl-] leaves" };
        Some(format!("{obituary}{rest}"))
    }
}

impl Terminal {
    /// Uses the terminal of this life.
    fn follow(&mut self, life: &Life, screen: &Screen) {
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
