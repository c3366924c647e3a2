//! The terminal on standard output, for the console and attached clients: which lines are shown, and
//! whether it is given to one instance alone for a while.

use std::rc::Rc;

pub(crate) use super::line_filter::LineChoice;
pub(crate) use super::line_filter::MissedLines;
use super::shared::Shared;
use crate::notice::Notice;

/// A handle on the screen. It may outlive the output.
#[derive(Clone)]
pub struct ConsoleHandle {
    shared: Rc<Shared>,
}

impl ConsoleHandle {
    /// The screen of these.
    pub(super) fn new(shared: Rc<Shared>) -> Self {
        Self { shared }
    }

    /// Prints a line of ganger's own.
    pub fn notice(&self, notice: &Notice) {
        self.shared.notice(notice);
    }

    /// Lines that are typed are read from now on.
    pub fn expect_keys(&self) {
        self.shared.has_keyboard.set(true);
    }

    /// Whether an instance asks for a password now: what is typed may be meant for it.
    pub fn is_password_asked(&self) -> bool {
        self.shared.passwords.are_open()
    }

    /// Shows only lines of sources that `is_shown` accepts, later ones too; of all without it. What is
    /// not shown is in the history all the same. Returns how many are shown.
    pub fn only(&self, is_shown: Option<LineChoice>) -> usize {
        self.shared.with_mux(|mux| mux.only(is_shown))
    }

    /// Shows a line below the stream, from now on: bytes that draw it on an empty row of a terminal with so many columns. Without
    /// them none is shown.
    pub fn set_input_line(&self, picture: Option<Vec<u8>>, columns: usize) {
        self.shared.with_mux(|mux| mux.input_line.set(picture, columns));
        self.shared.flush();
    }

    /// Takes that line away, and waits until it is gone.
    pub async fn withdraw_input_line(&self) {
        if self.shared.with_mux(|mux| mux.input_line.is_shown()) {
            self.set_input_line(None, 0);
            self.settled().await;
        }
    }

    /// Waits until everything that was printed stands on the screen, then keeps lines away from it until
    /// [`ConsoleHandle::release`]: they go to the history only. Lines of the instance called `attached` are not missed.
    pub async fn hold(&self, attached: &str) {
        self.settled().await;
        self.shared.with_mux(|mux| mux.hold(attached));
    }

    /// Writes bytes as they are, while lines are kept away; waits while the screen takes nothing.
    pub async fn show(&self, bytes: &[u8]) {
        self.shared.space().await;
        self.shared.with_mux(|mux| mux.show(bytes));
        self.shared.flush();
    }

    /// Waits until all bytes stand on the screen.
    pub async fn settled(&self) {
        self.shared.flush();
        while !self.shared.is_written() {
            self.shared.progress().await;
        }
    }

    /// Lets lines on the screen again: first a line of ganger's own, if `sentence` gives one, then those that were kept away.
    pub fn release(&self, sentence: impl FnOnce(MissedLines) -> String) {
        let now = self.shared.now();
        self.shared.with_mux(|mux| mux.release(now, sentence));
        self.shared.flush();
    }
}
