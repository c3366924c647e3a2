//! The files that a process has open for writing, and those that it runs: /proc/PID/fd, fdinfo, exe and cmdline (proc(5)). Elsewhere
//! none is known.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The regular files that this process has open for writing, those aside that were removed.
pub(crate) fn open_for_writing(pid: i32) -> Vec<PathBuf> {
    let folder = PathBuf::from(format!("/proc/{pid}"));
    let descriptors = fs::read_dir(folder.join("fd")).into_iter().flatten().flatten();
    descriptors
        .filter_map(|entry| {
            let target = fs::read_link(entry.path()).ok().filter(|target| target.is_absolute())?;
            let is_file = fs::symlink_metadata(&target).is_ok_and(|found| found.is_file());
            (is_file && is_for_writing(&folder.join("fdinfo").join(entry.file_name()))).then_some(target)
        })
        .collect()
}

/// The file that this process runs; and the script, if its first argument is one.
pub(crate) fn program_files(pid: i32) -> Vec<PathBuf> {
    let program = fs::read_link(format!("/proc/{pid}/exe")).ok();
    let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let script = words.split(|byte| *byte == 0).nth(1).map(|word| Path::new(OsStr::from_bytes(word)));
    let script = script.filter(|script| script.is_absolute() && script.is_file()).filter(|script| {
        let mut mark = [0; 2];
        File::open(script).is_ok_and(|mut file| file.read_exact(&mut mark).is_ok()) && mark == *b"#!"
    });
    let script = script.map(Path::to_owned);
    program.into_iter().chain(script).collect()
}

/// Whether the flags of a descriptor, in octal, have another access mode than reading (open(2)).
fn is_for_writing(info: &Path) -> bool {
    let info = fs::read_to_string(info).unwrap_or_default();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|flags| i32::from_str_radix(flags.trim(), 8).ok());
    flags.is_some_and(|flags| flags & libc::O_ACCMODE != libc::O_RDONLY)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_for_writing_is_told_from_what_is_read_or_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| fs::canonicalize(folder.path()).unwrap().join(name);
        let _written = fs::File::create(path("written")).unwrap();
        let _appended = fs::OpenOptions::new().append(true).create(true).open(path("appended")).unwrap();
        fs::write(path("read"), "").unwrap();
        let _read = fs::File::open(path("read")).unwrap();
        let _removed = fs::File::create(path("removed")).unwrap();
        fs::remove_file(path("removed")).unwrap();
        let mut found = open_for_writing(std::process::id().cast_signed());
        found.retain(|file| file.starts_with(fs::canonicalize(folder.path()).unwrap()));
        found.sort();
        assert_eq!(found, [path("appended"), path("written")]);
    }
}
