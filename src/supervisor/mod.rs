//! Stub until the machine room is merged.
pub mod run;
