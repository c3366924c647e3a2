//! From what was read and asked to what will run: values in, values out.

mod build;
pub use build::DEFAULT_GRACE;
mod service_policy;
pub use service_policy::READY_WITHIN;
pub mod entries;
pub mod environment;
pub mod error;
pub mod options;
mod order;
mod planned;
pub use planned::{Plan, PlannedType};
pub mod ports;
pub mod report;
pub mod running;
pub mod selection;
pub mod spec;
#[cfg(test)]
mod tests;
