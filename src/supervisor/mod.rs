//! The loop that joins the rooms: everything that happens goes through one inbox into the machine, and what
//! it answers is done.

pub mod clock;
mod desk;
mod draft;
pub mod formation;
mod inbox;
mod logs;
mod names;
mod perform;
pub mod run;
mod status;
