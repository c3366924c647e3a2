//! Which instances ask for a password: what is typed elsewhere meanwhile may be meant for one of them, and must not be shown.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use super::screen::{KeyInput, Screen};

/// The terminals on which a password was asked for.
#[derive(Debug, Default)]
pub(super) struct PasswordPrompts(RefCell<Vec<Weak<Screen>>>);

impl PasswordPrompts {
    /// A password is asked for on this terminal.
    pub(super) fn add(&self, screen: &Rc<Screen>) {
        let mut screens = self.0.borrow_mut();
        screens.retain(|known| !Weak::ptr_eq(known, &Rc::downgrade(screen)));
        screens.push(Rc::downgrade(screen));
    }

    /// Whether one of them asks for it still.
    pub(super) fn are_open(&self) -> bool {
        let mut screens = self.0.borrow_mut();
        screens
            .retain(|screen| screen.upgrade().is_some_and(|screen| screen.key_input() == KeyInput::Secret));
        !screens.is_empty()
    }
}
