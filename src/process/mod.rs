//! Stub until the machine room is merged.
pub mod ports_in_use;
pub mod replace;
