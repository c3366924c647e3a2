//! The integration tests: one binary, one file a promise.

mod architecture;
mod cli;
mod conformance;
mod corpus;
mod errors;
mod folder;
mod harness;
mod pair;
mod running;
mod scarcity;
mod shell;
mod speaking;
mod states;
mod stopping;
mod terminal;
mod trees;
mod twelve_factor;
