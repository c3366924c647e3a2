//! Clients that are attached to an instance.

pub(crate) mod clients;
pub(crate) mod session;
