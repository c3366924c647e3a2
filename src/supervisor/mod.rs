//! The supervisor: the event loop of a running stack, and the rooms that it works with.
//!
//! On the lowest floor is `channel`; above it `actions`; then `status` and `readiness`; then `attach`; then `requests` and
//! `console`; at the top `event_loop`. A room names only those below it.

mod actions;
mod attach;
mod channel;
mod console;
mod event_loop;
mod readiness;
mod requests;
mod status;

pub(crate) use channel::clock;
pub(crate) use event_loop::run;
pub(crate) use requests::replan;
