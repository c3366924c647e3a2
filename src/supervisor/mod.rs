//! The loop that joins the rooms: everything that happens goes through one inbox into the machine, and what
//! it answers is done.

mod actions;
mod attach;
mod channel;
mod console;
mod event_loop;
mod readiness;
mod requests;
mod status;

pub use channel::clock;
pub use event_loop::run;
pub use requests::replan;
