//! Who is attached to an instance: one types, the others watch; the terminal is as large as that of who types.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::AsFd;
use std::rc::Rc;

use tokio::sync::Notify;

use crate::output::screen::Screen;
use crate::process::calls::{WindowSize, set_window_size};

/// All who are attached to one instance.
pub(crate) struct AttachClients {
    screen: Rc<Screen>,
    /// How large the terminal is while nobody is attached.
    unwatched: Rc<Cell<WindowSize>>,
    taken: RefCell<InputOrder>,
    changed: Notify,
}

/// Those who are there, the one who goes before the others first.
#[derive(Debug, Default)]
struct InputOrder {
    seats: Vec<InputPlace>,
    next: u64,
}

#[derive(Clone, Copy, Debug)]
struct InputPlace {
    id: u64,
    size: WindowSize,
    can_type: bool,
}

/// How somebody comes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AttachMode {
    /// How large their terminal is.
    pub size: WindowSize,
    /// Whether they will never type.
    pub view: bool,
    /// Whether they want to go before all others.
    pub take: bool,
}

impl InputOrder {
    fn attach_client(&mut self, coming: AttachMode) -> u64 {
        self.next += 1;
        let place = InputPlace { id: self.next, size: coming.size, can_type: !coming.view };
        let at = if coming.take { 0 } else { self.seats.len() };
        self.seats.insert(at, place);
        self.next
    }

    /// Who types: the first who can.
    fn input_owner(&self) -> Option<u64> {
        self.seats.iter().find(|place| place.can_type).map(|place| place.id)
    }

    /// The size for all: that of who types, else of who was there first.
    fn size(&self) -> Option<WindowSize> {
        self.seats.iter().find(|place| place.can_type).or(self.seats.first()).map(|place| place.size)
    }
}

/// A place among those who are attached, until it is dropped.
pub(crate) struct AttachSeat {
    seats: Rc<AttachClients>,
    id: u64,
}

impl AttachClients {
    /// Nobody is attached to this screen, whose terminal is as large as `unwatched` says.
    pub(crate) fn new(screen: Rc<Screen>, unwatched: Rc<Cell<WindowSize>>) -> Rc<Self> {
        Rc::new(Self { screen, unwatched, taken: RefCell::default(), changed: Notify::new() })
    }

    /// Whether somebody is there.
    pub(crate) fn is_empty(&self) -> bool {
        self.taken.borrow().seats.is_empty()
    }

    /// One more.
    pub(crate) fn attach_client(self: &Rc<Self>, coming: AttachMode) -> AttachSeat {
        let id = self.taken.borrow_mut().attach_client(coming);
        self.changed.notify_waiters();
        AttachSeat { seats: Rc::clone(self), id }
    }

    /// Waits until somebody came or went: there must be no other wait between a look and this.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Gives the terminal the size that it is to have; says whether it had another.
    pub(crate) fn settle(&self) -> bool {
        self.resize(self.taken.borrow().size().unwrap_or(self.unwatched.get()))
    }

    /// Makes the terminal smaller by a row, which a program on the whole screen answers by drawing all of it
    /// once it is as before.
    pub(crate) fn redraw(&self) {
        let WindowSize { rows, columns } = self.taken.borrow().size().unwrap_or(self.unwatched.get());
        self.resize(WindowSize { rows: if rows > 2 { rows - 1 } else { rows + 1 }, columns });
    }

    fn resize(&self, size: WindowSize) -> bool {
        let resize = || -> io::Result<bool> {
            let Some(master) = self.screen.master()? else { return Ok(false) };
            let is_other = crate::process::calls::window_size(master.as_fd()) != Some(size);
            set_window_size(master.as_fd(), size)?;
            Ok(is_other)
        };
        // A terminal that is just being closed needs no size.
        resize().unwrap_or(false)
    }
}

impl AttachSeat {
    /// Whether what is typed here counts.
    pub(crate) fn has_input(&self) -> bool {
        self.seats.taken.borrow().input_owner() == Some(self.id)
    }

    /// Their terminal has another size.
    pub(crate) fn resize(&self, size: WindowSize) {
        if let Some(place) = self.seats.taken.borrow_mut().seats.iter_mut().find(|place| place.id == self.id)
        {
            place.size = size;
        }
        self.seats.settle();
    }
}

impl Drop for AttachSeat {
    fn drop(&mut self) {
        self.seats.taken.borrow_mut().seats.retain(|place| place.id != self.id);
        self.seats.settle();
        self.seats.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coming(rows: u16, view: bool, take: bool) -> AttachMode {
        AttachMode { size: WindowSize { rows, columns: 80 }, view, take }
    }

    #[test]
    fn the_first_who_can_types_and_the_others_follow_in_order() {
        let mut order = InputOrder::default();
        let watcher = order.attach_client(coming(10, true, false));
        assert_eq!((order.input_owner(), order.size().unwrap().rows), (None, 10));
        let first = order.attach_client(coming(20, false, false));
        let second = order.attach_client(coming(30, false, false));
        assert_eq!((order.input_owner(), order.size().unwrap().rows), (Some(first), 20));
        let taker = order.attach_client(coming(40, false, true));
        assert_eq!((order.input_owner(), order.size().unwrap().rows), (Some(taker), 40));
        for (left, input_owner) in [(taker, Some(first)), (first, Some(second)), (second, None)] {
            order.seats.retain(|place| place.id != left);
            assert_eq!(order.input_owner(), input_owner);
        }
        order.seats.retain(|place| place.id != watcher);
        assert_eq!(order.size(), None);
    }
}
