//! The integration tests: one binary, one file a promise.

mod architecture;
mod conformance;
mod corpus;
mod harness;
mod pair;
mod running;
mod scarcity;
mod speaking;
mod states;
mod stopping;
mod terminal;
mod trees;
mod twelve_factor;
mod shell;
