//! The control socket: where it is, its access rights, its protocol.
//!
//! A Unix socket and never TCP: access is then a matter of files and user ids, which the kernel checks. [`address`] finds the place and claims it, [`server`] makes a [`call::Call`] of each request,
//! [`client`] sends requests. docs/protocol.md tells others how to.

pub mod address;
pub mod attached_terminal;
pub mod call;
mod claim;
pub mod client;
mod connection;
mod fields;
mod file_id;
pub mod incoming;
pub mod last_run;
pub mod lease;
pub(crate) mod line_buffer;
pub mod liveness;
pub mod lock_wait;
mod payload;
pub mod presence;
pub mod protocol;
pub mod request;
pub mod scaling;
pub mod server;
pub mod session;
pub mod stacks;
mod status;
pub mod table;
pub mod terminal;
mod witness;
