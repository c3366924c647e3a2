//! Clients that are attached to an instance: which of them has the input, what each is shown, and when a session ends.

pub(super) mod attachments;
mod clients;
mod session;
mod terminal;
