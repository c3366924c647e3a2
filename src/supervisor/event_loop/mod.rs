//! The only loop, and what it does beside taking turns.

pub(crate) mod inbox;
pub(crate) mod pulse;
#[cfg_attr(not(target_os = "linux"), path = "removal_other.rs")]
mod removal;
pub mod run;
pub(crate) mod stderr;
