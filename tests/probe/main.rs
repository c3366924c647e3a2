//! A child program that does as its arguments say.
fn main() {}
