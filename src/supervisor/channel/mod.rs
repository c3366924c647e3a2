//! What all rooms of the supervisor share: what arrives, the clocks, the order of the sources.

pub(crate) mod agenda;
pub(crate) mod arrival;
pub mod clock;
pub(crate) mod readable;
