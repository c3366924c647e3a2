//! What all rooms of the supervisor share: the arrivals of the inbox, the clocks, and the order of the event sources.

pub(super) mod agenda;
pub(super) mod arrival;
pub(crate) mod clock;
pub(super) mod readable;
