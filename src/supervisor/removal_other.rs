//! Not Linux: that the control socket was removed is not heard.

use std::io;

use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinHandle;

use super::inbox::Arrival;
use crate::control::presence::Presence;

/// Not possible.
///
/// # Errors
/// Always.
pub(super) fn watch(_presence: &Presence, _inbox: UnboundedSender<Arrival>) -> io::Result<JoinHandle<()>> {
    Err(io::ErrorKind::Unsupported.into())
}
