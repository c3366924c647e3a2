//! What the start of a program in a session gives.

/// A program that was started in a session whose leader is another process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedChild {
    /// The program, which leads a group of the same number.
    pub pid: i32,
    /// The session, which is its leader's pid.
    pub session: i32,
}
