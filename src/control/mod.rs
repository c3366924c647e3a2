//! The control socket: where it is, its access rights, its protocol.
//!
//! A Unix socket and never TCP: access is then a matter of files and user ids, which the kernel checks. `address` finds the place and claims it, `server` makes a `call::Call` of each request,
//! `client` sends requests. docs/protocol.md tells others how to.

pub(crate) mod address;
pub(crate) mod assigned_ports;
pub(crate) mod attached_terminal;
pub(crate) mod call;
mod claim;
pub(crate) mod client;
mod connection;
pub(crate) mod event;
mod fields;
mod file_id;
pub(crate) mod incoming;
pub(crate) mod kept_ports;
pub(crate) mod last_run;
pub(crate) mod lease;
pub(crate) mod line_buffer;
pub(crate) mod liveness;
pub(crate) mod lock_wait;
mod payload;
pub(crate) mod presence;
pub(crate) mod protocol;
pub(crate) mod request;
pub(crate) mod scaling;
pub(crate) mod server;
pub(crate) mod session;
pub(crate) mod stacks;
pub(crate) mod start_watch;
mod status;
pub(crate) mod table;
pub(crate) mod terminal;
pub(crate) mod timeline;
mod witness;
