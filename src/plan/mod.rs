//! From what was read and asked to what will run: values in, values out.

pub(crate) mod addresses;
mod build;
pub(crate) use build::DEFAULT_GRACE;
pub(crate) mod entries;
pub(crate) mod environment;
pub(crate) mod error;
pub(crate) mod options;
mod order;
mod planned;
mod service_policy;
pub use planned::Plan;
pub(crate) use planned::PlannedType;
pub(crate) mod ports;
pub(crate) mod report;
pub(crate) mod running;
pub(crate) mod selection;
pub(crate) mod spec;
#[cfg(test)]
mod tests;
