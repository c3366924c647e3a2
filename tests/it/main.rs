//! The integration tests: one binary, one file a promise.

mod cli;
mod conformance;
mod corpus;
mod errors;
mod folder;
