//! The names in a request.

use crate::control::protocol;

/// The names in a request, and whether it needs at least one.
pub(super) fn request_targets(request: &protocol::Request) -> (&[String], bool) {
    use protocol::Request;
    match request {
        Request::Hello | Request::Status | Request::Hold | Request::Scale { .. } | Request::Down { .. } => {
            (&[][..], false)
        }
        Request::Logs(wanted) => (wanted.names.as_slice(), false),
        Request::Attach(wanted) => (std::slice::from_ref(&wanted.name), true),
        Request::Restart { names } | Request::Roll { names } | Request::Wait { names, .. } => {
            (names.as_slice(), false)
        }
        Request::Start { names } | Request::Stop { names } | Request::Kill { names, .. } => {
            (names.as_slice(), true)
        }
    }
}
