//! From what was read and asked to what will run: values in, values out.

pub mod addresses;
mod build;
pub use build::DEFAULT_GRACE;
mod service_policy;
pub use service_policy::READY_WITHIN;
pub(crate) mod entries;
pub(crate) mod environment;
pub(crate) mod error;
pub mod options;
mod order;
mod planned;
pub use planned::{Plan, PlannedType};
pub(crate) mod ports;
pub(crate) mod report;
pub(crate) mod running;
pub(crate) mod selection;
pub mod spec;
#[cfg(test)]
mod tests;
