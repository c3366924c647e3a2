//! Numbers as settings have them: digits alone.

/// Whether `value` is all digits: `u16::from_str` alone takes `+80`.
pub(super) fn is_plain_number(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number from 1 to 65535.
pub(super) fn positive(value: &str) -> Option<u16> {
    value.parse().ok().filter(|number| is_plain_number(value) && *number > 0)
}
