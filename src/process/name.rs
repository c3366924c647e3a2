//! Another name and argv for the worker, so that `killall -9` or `pkill -f` of one name hits one of the
//! pair only.
//!
//! Linux: the name is prctl(PR_SET_NAME); argv lies in our own memory between the two addresses that
//! /proc/self/stat tells (proc(5), fields 48 and 49) and is written through /proc/self/mem, which needs no
//! unsafe code and no capability (PR_SET_MM would). Elsewhere nothing happens: the pair then has one name.

/// What ps(1) shows for this process from now on. Where it cannot be done, nothing changes.
#[cfg(target_os = "linux")]
pub(crate) fn set(name: &str, shown: &str) {
    if let Ok(name) = std::ffi::CString::new(name) {
        // Best effort: a name is for people to read.
        let _ = nix::sys::prctl::set_name(&name);
    }
    let _ = overwrite_arguments(shown);
}

/// See above: not known how on this system.
#[cfg(not(target_os = "linux"))]
pub(crate) fn set(_name: &str, _shown: &str) {}

#[cfg(target_os = "linux")]
fn overwrite_arguments(words: &str) -> Option<()> {
    use std::fs;
    use std::os::unix::fs::FileExt;

    let line = fs::read_to_string("/proc/self/stat").ok()?;
    // The name in field 2 may hold blanks and parentheses: count from the last one.
    let (_, rest) = line.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(48 - 3);
    let start: u64 = fields.next()?.parse().ok()?;
    let end: u64 = fields.next()?.parse().ok()?;
    let room = usize::try_from(end.checked_sub(start)?).ok()?;
    let mut text = vec![0; room];
    let length = words.len().min(room.saturating_sub(1));
    text[..length].copy_from_slice(&words.as_bytes()[..length]);
    fs::OpenOptions::new().write(true).open("/proc/self/mem").ok()?.write_all_at(&text, start).ok()
}
