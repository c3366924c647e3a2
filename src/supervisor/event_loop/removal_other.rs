//! Not Linux: the removal of the control socket is not noticed.

use std::io;

use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinHandle;

use crate::control::presence::Presence;
use crate::supervisor::channel::arrival::Arrival;

/// Not possible.
///
/// # Errors
/// Always.
pub(super) fn watch(_presence: &Presence, _inbox: UnboundedSender<Arrival>) -> io::Result<JoinHandle<()>> {
    Err(io::ErrorKind::Unsupported.into())
}
