//! The integration tests: one binary, one file a promise.

mod conformance;
mod corpus;
mod shell;
