//! Performs the actions of the machine: starts processes, signals and reaps them, and prints notices.

mod exec_probe;
pub(super) mod executor;
mod hooks;
mod processes;
pub(super) mod resources;
mod sd_notify;
mod signals;
mod socket_activation;
pub(super) mod window_size;
