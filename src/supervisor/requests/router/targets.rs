//! Whom a request is about.

use crate::control::protocol;

/// The names in a request, and whether it needs at least one.
pub(super) fn request_targets(request: &protocol::Request) -> (&[String], bool) {
    use protocol::Request as Asked;
    match request {
        Asked::Hello | Asked::Status | Asked::Hold | Asked::Scale { .. } | Asked::Down { .. } => {
            (&[][..], false)
        }
        Asked::Logs(wanted) => (wanted.names.as_slice(), false),
        Asked::Attach(wanted) => (std::slice::from_ref(&wanted.name), true),
        Asked::Restart { names } | Asked::Roll { names } | Asked::Wait { names, .. } => {
            (names.as_slice(), false)
        }
        Asked::Start { names } | Asked::Stop { names } | Asked::Kill { names, .. } => {
            (names.as_slice(), true)
        }
    }
}
