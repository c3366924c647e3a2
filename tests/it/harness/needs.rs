//! What a test needs of the machine, and may not find.

use std::time::Instant;

use super::PATIENCE;

/// Whether a test can be done here: it says so where not, and fails if all tests must run (TESTS_MUST_RUN).
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
pub(crate) fn can(what: &str, is_possible: bool) -> bool {
    if !is_possible {
        assert!(std::env::var_os("TESTS_MUST_RUN").is_none(), "not possible here: {what}");
        eprintln!("skipped: {what} is not possible here");
    }
    is_possible
}

/// Waits for a fact that no line and no exit tells; whether it became so in time.
pub(crate) fn holds(mut is_so: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        if Instant::now() > end {
            return false;
        }
        std::thread::yield_now();
    }
    true
}
