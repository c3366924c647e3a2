//! What a program draws on its terminal, as rows of a stream that it shares with others.
//!
//! The program edits its own current row, and with the cursor its own latest rows. A row comes out when it is finished;
//! one above the cursor comes out again, as a new row, when it has changed and has settled. Colours and links stay.
//! Everything else that a sequence does to a terminal stays out of the stream: docs/design/0019 has the reasons.

mod blank;
mod canvas;
mod interpreter;
mod page;
mod row;

pub(super) use canvas::{Drawing, DrawnRow};

#[cfg(test)]
mod tests;
