//! The loop that joins the rooms: everything that happens goes through one inbox into the machine, and what
//! it answers is done.

mod attach;
pub mod clock;
mod desk;
mod draft;
mod foreground;
pub mod formation;
mod holds;
mod inbox;
mod keyboard;
mod logs;
mod names;
mod perform;
pub mod run;
mod seats;
mod status;
mod typed;
