//! A file of variables that systemd (`EnvironmentFile=`) and every POSIX shell (`.`) read alike.
//!
//! Each value stands in double quotes, where both take a backslash before `"`, `\`, `$` and a backquote for
//! that character, and all else, a line break too, as it is: systemd.exec(5) and `parse_env_file_internal`
//! in systemd's src/basic/env-file.c; POSIX XCU 2.2.3.

use super::bundle_builder::BundleBuilder;
use super::stack::{ExportedStack, ExportedVariable};

/// What a shell has for itself: setting it changes the shell, fails (and a script ends there), or does
/// nothing. Of dash and bash, as `/bin/sh` is one of the two nearly everywhere.
#[rustfmt::skip]
const SHELLS_OWN: [&str; 25] = [
    "_", "BASHOPTS", "BASHPID", "BASH_ARGC", "BASH_ARGV", "BASH_COMMAND", "BASH_LINENO", "BASH_SOURCE",
    "BASH_SUBSHELL", "BASH_VERSINFO", "COMP_WORDBREAKS", "DIRSTACK", "EPOCHREALTIME", "EPOCHSECONDS", "EUID",
    "FUNCNAME", "GROUPS", "HISTCMD", "LINENO", "OPTIND", "PPID", "RANDOM", "SECONDS", "SRANDOM", "UID",
];

/// The values of `stack`, one after the other.
pub(super) fn text(stack: &ExportedStack<'_>, bundle: &mut BundleBuilder) -> Vec<u8> {
    let mut text = Vec::new();
    for variable in &stack.values {
        if check_name(stack, variable, bundle) {
            text.extend_from_slice(variable.name.as_bytes());
            text.push(b'=');
            text.extend(quoted(variable.value));
            text.push(b'\n');
        }
    }
    text
}

/// `value` in double quotes.
fn quoted(value: &[u8]) -> Vec<u8> {
    let mut quoted = vec![b'"'];
    for byte in value {
        if matches!(byte, b'"' | b'\\' | b'$' | b'`') {
            quoted.push(b'\\');
        }
        quoted.push(*byte);
    }
    quoted.push(b'"');
    quoted
}

/// Whether a shell can set `variable`; else it is refused.
pub(super) fn check_shell_name(
    stack: &ExportedStack<'_>,
    variable: &ExportedVariable<'_>,
    bundle: &mut BundleBuilder,
) -> bool {
    if SHELLS_OWN.contains(&variable.name) || ["PWD", "OLDPWD"].contains(&variable.name) {
        bundle.refuse(stack, variable, "the shell that sets it has a variable of that name for itself");
        return false;
    }
    check_name(stack, variable, bundle)
}

/// Whether the name is one that POSIX has (XBD 3.230): letters, digits and `_`, no digit first; else the
/// variable is refused.
pub(super) fn check_name(
    stack: &ExportedStack<'_>,
    variable: &ExportedVariable<'_>,
    bundle: &mut BundleBuilder,
) -> bool {
    let name = variable.name.as_bytes();
    let is_name = name.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_')
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    if !is_name {
        bundle.refuse(stack, variable, "its name has other characters than letters, digits and `_`");
    }
    is_name
}

/// Whether engines that take more than POSIX's names of variables take this byte in one: letters, digits, `_`, `.` and `-`.
pub(super) fn is_part_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
}
