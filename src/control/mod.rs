//! The control socket: where it is, who may have it, what is said on it.
//!
//! A Unix socket and never TCP: who may connect is then a matter of files and user ids, which the kernel
//! knows. [`address`] finds the place and claims it, [`server`] turns what clients ask into [`server::Call`]s
//! for the one who can answer, [`client`] asks. docs/protocol.md tells others how to.

pub mod address;
pub mod attached_terminal;
pub mod base64;
pub mod client;
mod fields;
pub mod lease;
pub mod liveness;
pub mod presence;
pub mod protocol;
pub mod request;
pub mod scaling;
pub mod server;
pub mod session;
pub mod table;
pub mod terminal;
mod witness;
