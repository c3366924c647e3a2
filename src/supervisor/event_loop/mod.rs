//! The event loop: takes one event at a time from its sources, lets the machine handle it, and performs the actions.

mod finish;
mod inbox;
mod pulse;
mod recorder;
pub(crate) mod run;
mod schedule;
mod services;
mod settings;
mod socket;
mod stderr;
mod supervisor;
