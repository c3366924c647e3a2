//! A panic while the screen is shown. Its message would stand on the screen that is taken away, and a thread that is gone would leave
//! a screen that shows nothing new: so the first message ends the screen, and is printed after it.

use std::panic::{self, AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, channel};

use crate::exit::defect;

/// The messages of panics, until this is dropped.
#[derive(Debug)]
pub(super) struct Panics(Receiver<String>);

impl Panics {
    /// Takes the messages of all threads from now on, and calls `wake` after each.
    pub(super) fn take(wake: impl Fn() + Send + Sync + 'static) -> Self {
        let (sender, messages) = channel();
        panic::set_hook(Box::new(move |info| {
            let _ = sender.send(defect(info));
            wake();
        }));
        Self(messages)
    }

    /// The next message, if there is one.
    pub(super) fn next(&self) -> Option<String> {
        self.0.try_recv().ok()
    }

    /// Runs this; the message, if it panics.
    pub(super) fn catch<T>(&self, work: impl FnOnce() -> T) -> Result<T, String> {
        catch_unwind(AssertUnwindSafe(work))
            .map_err(|panic| self.next().unwrap_or_else(|| resume_unwind(panic)))
    }
}

impl Drop for Panics {
    fn drop(&mut self) {
        // Not while this thread unwinds: that would be a second panic.
        if !std::thread::panicking() {
            let _ = panic::take_hook();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_of_every_thread_is_kept_and_wakes_the_screen() {
        let (sender, woken) = channel();
        let panics = Panics::take(move || {
            let _ = sender.send(());
        });
        let is_of = |message: &String, text: &str| {
            message.starts_with("a defect at src/ui/panics.rs:") && message.ends_with(text)
        };
        let thread = std::thread::Builder::new().spawn(|| panic!("of a thread")).unwrap();
        thread.join().unwrap_err();
        woken.recv().unwrap();
        // Tests beside this one may panic too.
        let mut all = std::iter::from_fn(|| panics.next());
        assert!(all.any(|message| is_of(&message, "of a thread")));
        assert_eq!(panics.catch(|| 7), Ok(7));
        assert!(is_of(&panics.catch(|| panic!("of the screen")).unwrap_err(), "of the screen"));
    }
}
