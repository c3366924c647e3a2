//! Requests of clients: names become indices, requests events of the machine.

pub(crate) mod leases;
pub(crate) mod logs;
pub(crate) mod plan_diff;
pub mod replan;
pub(crate) mod rolling_restart;
pub(crate) mod router;
mod waits;
