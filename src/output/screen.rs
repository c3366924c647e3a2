//! The terminal of an instance as an attached client sees it: the latest bytes, and what comes.
//!
//! Watchers are positions in one ring, not queues: however slow one is, it costs nothing, and is shown the
//! screen anew when what it had not seen yet was forgotten.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::rc::{Rc, Weak};

use nix::sys::termios::{LocalFlags, tcgetattr};
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;

use crate::escapes::{Modes, RecentOutput, replay};

/// Bytes that are kept of one instance: more than a full-screen program writes to draw all of a large screen, and
/// for a thousand instances that flood no more than they cost otherwise.
const KEPT: usize = 64 << 10;
/// Bytes that are given at once.
const PIECE: usize = 16 << 10;

/// The terminal of one instance, through all its lives.
#[derive(Debug, Default)]
pub struct Screen {
    shown: RefCell<ScreenRead>,
    /// Our end of the terminal of the latest life, as long as it is read.
    master: RefCell<Weak<AsyncFd<OwnedFd>>>,
    /// How many are watching.
    watchers: Cell<usize>,
    /// Whether the user knows that keys are awaited: a notice told it, or a client was attached just now.
    is_known: Cell<bool>,
    /// Whether a client has watched since the latest line.
    was_watched: Cell<bool>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct ScreenRead {
    ring: VecDeque<u8>,
    /// Bytes of all lives, those that were forgotten too.
    written: u64,
    modes: Modes,
    life: ScreenGeneration,
}

/// Which life of an instance it is, and whether it can be seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScreenGeneration {
    /// 0 before the first.
    pub number: u32,
    /// Whether its terminal is open.
    pub is_open: bool,
    /// How the latest one ended.
    pub exit_notice: Option<String>,
}

/// What a program makes of keys, by the settings of its terminal (termios(3)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyInput {
    /// Whole lines, which its terminal shows.
    Lines,
    /// Whole lines that its terminal does not show: a password.
    Secret,
    /// Each key by itself, as a debugger does.
    Keys,
}

/// A place in the stream of a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScreenPosition(u64);

/// Counts one watcher, until it is dropped.
#[derive(Debug)]
pub struct ScreenWatcher(Rc<Screen>);

impl Drop for ScreenWatcher {
    fn drop(&mut self) {
        self.0.watchers.set(self.0.watchers.get() - 1);
        self.0.is_known.set(true);
        self.0.was_watched.set(true);
    }
}

impl Screen {
    /// A new generation begins on this terminal.
    pub(super) fn begin(&self, master: &Rc<AsyncFd<OwnedFd>>) {
        *self.master.borrow_mut() = Rc::downgrade(master);
        self.is_known.set(false);
        let mut shown = self.shown.borrow_mut();
        shown.life = ScreenGeneration { number: shown.life.number + 1, is_open: true, exit_notice: None };
        drop(shown);
        self.changed.notify_waiters();
    }

    /// The instance has written this.
    pub(super) fn show(&self, bytes: &[u8]) {
        self.shown.borrow_mut().push(bytes);
        self.changed.notify_waiters();
    }

    /// The terminal of the latest life is closed. What that life had set is taken back: the next one begins on
    /// a terminal as in the beginning.
    pub(super) fn end(&self) {
        let mut shown = self.shown.borrow_mut();
        let undo = shown.modes.undo();
        shown.push(&undo);
        shown.modes = Modes::default();
        shown.life.is_open = false;
        drop(shown);
        self.changed.notify_waiters();
    }

    /// How the latest life ended.
    pub(super) fn set_exit_notice(&self, exit_notice: String) {
        self.shown.borrow_mut().life.exit_notice = Some(exit_notice);
        self.changed.notify_waiters();
    }

    /// A line was finished. After one that no earlier watcher has seen, a prompt is a new one: what a
    /// prompt, or a full-screen program, is redrawn with when a client detaches is none.
    pub(super) fn on_line(&self) {
        if self.watchers.get() == 0 && !self.is_full() && self.was_watched.take() {
            self.is_known.set(false);
        }
    }

    /// Whether it is news to the user that this generation waits for keys. From now on it is not.
    pub(super) fn is_news(&self) -> bool {
        self.watchers.get() == 0 && !self.is_known.replace(true)
    }

    /// Whether the program has the whole screen, of which the stream shows nothing, and the user was not told that it waits for
    /// keys.
    pub(super) fn may_wait_unseen(&self) -> bool {
        self.watchers.get() == 0 && !self.is_known.get() && self.is_full()
    }

    /// A client watches from now on.
    pub fn watch(self: &Rc<Self>) -> ScreenWatcher {
        self.watchers.set(self.watchers.get() + 1);
        ScreenWatcher(Rc::clone(self))
    }

    /// Whether a client watches: it then chooses the size of the terminal.
    pub fn is_watched(&self) -> bool {
        self.watchers.get() > 0
    }

    /// Which life it is.
    pub fn life(&self) -> ScreenGeneration {
        self.shown.borrow().life.clone()
    }

    /// Whether the program uses all of the screen, and can be made to draw it anew.
    pub fn is_full(&self) -> bool {
        self.shown.borrow().modes.is_full_screen()
    }

    /// What brings a fresh terminal of so many rows to where this one is, and the place behind it.
    pub fn picture(&self, rows: u16) -> (Vec<u8>, ScreenPosition) {
        let mut shown = self.shown.borrow_mut();
        let is_cut = shown.written > shown.ring.len() as u64;
        shown.ring.make_contiguous();
        let text = shown.ring.as_slices().0;
        let picture = replay(RecentOutput { text, is_cut, modes: &shown.modes }, rows);
        (picture, ScreenPosition(shown.written))
    }

    /// What was written since `place`, a piece of it, and the place behind that; `None` if some of it was
    /// forgotten.
    pub fn since(&self, place: ScreenPosition) -> Option<(Vec<u8>, ScreenPosition)> {
        let shown = self.shown.borrow();
        let behind =
            usize::try_from(shown.written - place.0).ok().filter(|behind| *behind <= shown.ring.len())?;
        let start = shown.ring.len() - behind;
        let piece: Vec<u8> = shown.ring.range(start..start + behind.min(PIECE)).copied().collect();
        let place = ScreenPosition(place.0 + piece.len() as u64);
        Some((piece, place))
    }

    /// Another descriptor of our end of the terminal; `None` if it is closed.
    ///
    /// # Errors
    /// EMFILE.
    pub fn master(&self) -> io::Result<Option<OwnedFd>> {
        let master = self.master.borrow().upgrade();
        master
            .filter(|_| self.shown.borrow().life.is_open)
            .map(|master| master.get_ref().try_clone())
            .transpose()
    }

    /// What the program makes of keys; of one whose terminal is closed, lines.
    pub(super) fn key_input(&self) -> KeyInput {
        let master = self.master.borrow().upgrade().filter(|_| self.shown.borrow().life.is_open);
        let settings = master.and_then(|master| tcgetattr(master.get_ref()).ok());
        let flags = settings.map_or(LocalFlags::ICANON | LocalFlags::ECHO, |settings| settings.local_flags);
        match (flags.contains(LocalFlags::ICANON), flags.contains(LocalFlags::ECHO)) {
            (true, true) => KeyInput::Lines,
            (true, false) => KeyInput::Secret,
            (false, _) => KeyInput::Keys,
        }
    }

    /// Waits until something has changed since the call: there must be no other wait between a look and this.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Wakes all watchers.
    pub fn wake(&self) {
        self.changed.notify_waiters();
    }
}

impl ScreenRead {
    fn push(&mut self, bytes: &[u8]) {
        self.modes.take(bytes);
        self.written += bytes.len() as u64;
        let kept = &bytes[bytes.len().saturating_sub(KEPT)..];
        let excess = (self.ring.len() + kept.len()).saturating_sub(KEPT);
        self.ring.drain(..excess);
        self.ring.extend(kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(screen: &Screen) -> String {
        screen.picture(2).0.escape_ascii().to_string()
    }

    #[test]
    fn who_comes_later_sees_the_latest_rows_and_then_what_comes() {
        let screen = Screen::default();
        screen.show(b"1\r\n2\r\n> ");
        let (picture, place) = screen.picture(2);
        assert!(picture.ends_with(b"2\r\n> "), "{}", picture.escape_ascii());
        assert_eq!(screen.since(place), Some((Vec::new(), place)));
        screen.show(b"x");
        assert_eq!(screen.since(place).unwrap().0, b"x");
    }

    #[test]
    fn who_is_too_slow_is_told_so_and_memory_stays_bounded() {
        let screen = Screen::default();
        let (_, place) = screen.picture(2);
        for _ in 0..100 {
            screen.show(&[b'x'; 4096]);
        }
        assert_eq!(screen.since(place), None);
        assert_eq!(screen.shown.borrow().ring.len(), KEPT);
        screen.show(&vec![b'y'; 3 * KEPT]);
        assert_eq!(screen.shown.borrow().ring.len(), KEPT);
    }

    #[test]
    fn pieces_follow_each_other_without_a_gap() {
        let screen = Screen::default();
        let (_, mut place) = screen.picture(2);
        let written: Vec<u8> = (0..40_000_u32).flat_map(u32::to_le_bytes).take(KEPT).collect();
        screen.show(&written);
        let mut read = Vec::new();
        while let Some((piece, next)) = screen.since(place).filter(|(piece, _)| !piece.is_empty()) {
            read.extend(piece);
            place = next;
        }
        assert!(read == written);
    }

    #[test]
    fn a_prompt_is_news_once_and_again_when_another_line_came_after_a_visit() {
        let screen = Rc::new(Screen::default());
        assert!(screen.is_news());
        screen.on_line();
        assert!(!screen.is_news(), "a program that goes on drawing is not told of again and again");
        let watcher = screen.watch();
        screen.on_line();
        assert!(!screen.is_news(), "somebody is there");
        drop(watcher);
        assert!(!screen.is_news(), "the same prompt, drawn anew");
        screen.on_line();
        assert!(screen.is_news());
    }

    #[test]
    fn a_program_on_the_whole_screen_may_wait_unseen_until_the_user_is_told() {
        let screen = Screen::default();
        screen.show(b"(Pdb) ");
        assert!(!screen.may_wait_unseen());
        screen.show(b"\x1b[?1049h\x1b[5;1Hvi");
        assert!(screen.may_wait_unseen());
        assert!(screen.is_news() && !screen.may_wait_unseen());
    }

    #[test]
    fn a_life_that_ends_gives_its_modes_back() {
        let screen = Screen::default();
        screen.show(b"\x1b[?1049h\x1b[?25lvi");
        assert!(screen.is_full());
        screen.end();
        assert!(!screen.is_full());
        assert!(!text(&screen).contains("?25l"), "{}", text(&screen));
    }
}
