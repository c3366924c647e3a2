//! Requests of clients: names become instances, requests become events of the machine, and its answers become sentences.

mod events;
mod exit_answer;
pub(super) mod leases;
mod logs;
mod plan_diff;
pub(crate) mod replan;
mod rolling_restart;
pub(super) mod router;
mod waits;
