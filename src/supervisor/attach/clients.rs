//! The clients that are attached to one instance: one has the input, the others watch. The terminal of the instance has the size
//! of the terminal of the client with the input.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::AsFd;
use std::rc::Rc;

use tokio::sync::Notify;

use crate::output::screen::Screen;
use crate::process::pty::{WindowSize, set_window_size};

/// The clients of one instance.
pub(super) struct AttachClients {
    screen: Rc<Screen>,
    /// The size of the terminal while no client is attached.
    unattached: Rc<Cell<WindowSize>>,
    order: RefCell<InputOrder>,
    changed: Notify,
}

/// The clients in the order in which they get the input.
#[derive(Debug, Default)]
struct InputOrder {
    places: Vec<InputPlace>,
    next: u64,
}

#[derive(Clone, Copy, Debug)]
struct InputPlace {
    id: u64,
    size: WindowSize,
    can_type: bool,
}

/// How a client attaches.
#[derive(Clone, Copy, Debug)]
pub(super) struct AttachMode {
    /// The size of its terminal.
    pub(super) size: WindowSize,
    /// Whether it never gets the input.
    pub(super) view: bool,
    /// Whether it takes the input from the others.
    pub(super) take: bool,
}

impl InputOrder {
    fn attach_client(&mut self, mode: AttachMode) -> u64 {
        self.next += 1;
        let place = InputPlace { id: self.next, size: mode.size, can_type: !mode.view };
        let at = if mode.take { 0 } else { self.places.len() };
        self.places.insert(at, place);
        self.next
    }

    /// The client with the input: the first that may have it.
    fn input_owner(&self) -> Option<u64> {
        self.places.iter().find(|place| place.can_type).map(|place| place.id)
    }

    /// The size of the terminal: that of the client with the input, else of the first client.
    fn size(&self) -> Option<WindowSize> {
        self.places.iter().find(|place| place.can_type).or(self.places.first()).map(|place| place.size)
    }
}

/// One attached client, until it is dropped.
pub(super) struct AttachSeat {
    clients: Rc<AttachClients>,
    id: u64,
}

impl AttachClients {
    /// No client yet, for the terminal of this screen.
    pub(super) fn new(screen: Rc<Screen>, unattached: Rc<Cell<WindowSize>>) -> Rc<Self> {
        Rc::new(Self { screen, unattached, order: RefCell::default(), changed: Notify::new() })
    }

    /// Whether no client is attached.
    pub(super) fn is_empty(&self) -> bool {
        self.order.borrow().places.is_empty()
    }

    /// Attaches one more client.
    pub(super) fn attach_client(self: &Rc<Self>, mode: AttachMode) -> AttachSeat {
        let id = self.order.borrow_mut().attach_client(mode);
        self.changed.notify_waiters();
        AttachSeat { clients: Rc::clone(self), id }
    }

    /// Waits until a client has attached or detached: there must be no other wait between a look at the order and this one.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Sets the size of the terminal; whether it had another.
    pub(super) fn settle(&self) -> bool {
        self.resize(self.size())
    }

    fn size(&self) -> WindowSize {
        self.order.borrow().size().unwrap_or(self.unattached.get())
    }

    /// Makes the terminal smaller by a row; a program on the whole screen redraws all of it when the size is as before.
    pub(super) fn redraw(&self) {
        let WindowSize { rows, columns } = self.size();
        self.resize(WindowSize { rows: if rows > 2 { rows - 1 } else { rows + 1 }, columns });
    }

    fn resize(&self, size: WindowSize) -> bool {
        let resize = || -> io::Result<bool> {
            let Some(master) = self.screen.master()? else { return Ok(false) };
            let is_other = crate::process::pty::window_size(master.as_fd()) != Some(size);
            set_window_size(master.as_fd(), size)?;
            Ok(is_other)
        };
        // A terminal that is being closed needs no size.
        resize().unwrap_or(false)
    }
}

impl AttachSeat {
    /// The clients that it is one of.
    pub(super) fn clients(&self) -> &AttachClients {
        &self.clients
    }

    /// Whether it has the input.
    pub(super) fn has_input(&self) -> bool {
        self.clients.order.borrow().input_owner() == Some(self.id)
    }

    /// Its terminal has another size.
    pub(super) fn resize(&self, size: WindowSize) {
        let mut order = self.clients.order.borrow_mut();
        if let Some(place) = order.places.iter_mut().find(|place| place.id == self.id) {
            place.size = size;
        }
        drop(order);
        self.clients.settle();
    }
}

impl Drop for AttachSeat {
    fn drop(&mut self) {
        self.clients.order.borrow_mut().places.retain(|place| place.id != self.id);
        self.clients.settle();
        self.clients.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(rows: u16, view: bool, take: bool) -> AttachMode {
        AttachMode { size: WindowSize { rows, columns: 80 }, view, take }
    }

    #[test]
    fn the_first_client_that_may_has_the_input_and_the_others_follow_in_order() {
        let mut order = InputOrder::default();
        let watcher = order.attach_client(mode(10, true, false));
        assert_eq!((order.input_owner(), order.size().unwrap().rows), (None, 10));
        let first = order.attach_client(mode(20, false, false));
        let second = order.attach_client(mode(30, false, false));
        assert_eq!((order.input_owner(), order.size().unwrap().rows), (Some(first), 20));
        let taker = order.attach_client(mode(40, false, true));
        assert_eq!((order.input_owner(), order.size().unwrap().rows), (Some(taker), 40));
        for (left, input_owner) in [(taker, Some(first)), (first, Some(second)), (second, None)] {
            order.places.retain(|place| place.id != left);
            assert_eq!(order.input_owner(), input_owner);
        }
        order.places.retain(|place| place.id != watcher);
        assert_eq!(order.size(), None);
    }
}
