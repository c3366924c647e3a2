//! The fields of a notice, as `--json` has them.

use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::exit::Exit;
use crate::signal::Signal;

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum ExitFields {
    Status(u8),
    Signal(String),
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
pub(super) fn exit_fields<S: Serializer>(exit: &Exit, serializer: S) -> Result<S::Ok, S::Error> {
    match exit {
        Exit::Status(status) => ExitFields::Status(*status),
        Exit::Signal(signal) => ExitFields::Signal(signal.to_string()),
    }
    .serialize(serializer)
}

pub(super) fn seconds<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((span.as_secs_f64() * 1000.0).round() / 1000.0)
}

#[expect(clippy::ref_option, reason = "serde calls it with a reference")]
pub(super) fn some_seconds<S: Serializer>(span: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    seconds(&span.unwrap_or_default(), serializer)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
pub(super) fn is_no(answer: &bool) -> bool {
    !answer
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
pub(super) fn signal_name<S: Serializer>(signal: &Signal, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(signal)
}
