//! Is it ready? One file for each way to find out that needs more than a look at [`super::ports_in_use`]. None of
//! them waits: the caller asks again.

pub(crate) mod http;
#[cfg(target_os = "linux")]
pub(crate) mod notify;
#[cfg(not(target_os = "linux"))]
#[path = "notify_other.rs"]
pub(crate) mod notify;

/// One message of sd_notify(3), as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotifyMessage {
    /// The process that sent it, by the kernel's word.
    pub pid: i32,
    /// Whether `READY=1` is in it.
    pub is_ready: bool,
}
