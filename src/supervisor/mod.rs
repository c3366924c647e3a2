//! The loop that joins the rooms: everything that happens goes through one inbox into the machine, and what
//! it answers is done.

mod aids;
mod aside;
mod attach;
mod burst;
pub mod clock;
mod commands;
mod desk;
mod draft;
mod foreground;
pub mod formation;
mod holds;
mod inbox;
mod keyboard;
mod logs;
mod names;
mod notified;
mod perform;
mod probes;
mod readable;
#[cfg_attr(not(target_os = "linux"), path = "removal_other.rs")]
mod removal;
mod rolling;
pub mod run;
mod screen;
mod seats;
mod sockets;
mod status;
mod typed;
mod watching;
