//! Doing what the machine decides.

pub(crate) mod exec_probe;
pub(crate) mod executor;
pub(crate) mod resources;
pub(crate) mod sd_notify;
pub(crate) mod socket_activation;
pub(crate) mod window_size;
