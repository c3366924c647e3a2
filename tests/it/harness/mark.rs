//! Finding everything that came from one start: by a variable that all of it inherits.

use std::sync::atomic::{AtomicU32, Ordering};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A mark that only this start has.
#[derive(Clone, Debug)]
pub(crate) struct Mark(String);

impl Mark {
    /// The variable.
    pub(crate) const NAME: &'static str = "GANGER_TEST_MARK";

    /// A new one.
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        Self(format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)))
    }

    /// Its value.
    pub(crate) fn value(&self) -> &str {
        &self.0
    }

    /// Every process that has it, zombies left out, with its command line.
    pub(crate) fn processes(&self) -> Vec<(i32, String)> {
        let entry = format!("{}={}\0", Self::NAME, self.0).into_bytes();
        let pids = std::fs::read_dir("/proc").unwrap().flatten();
        let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        let has_mark = |pid: &i32| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.windows(entry.len()).any(|window| window == entry)
        };
        let command = |pid: i32| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            (pid, String::from_utf8_lossy(&line).replace('\0', " ").trim().to_string())
        };
        pids.filter(has_mark).map(command).filter(|(_, line)| !line.is_empty()).collect()
    }

    /// Kills every process that has it.
    pub(crate) fn sweep(&self) {
        loop {
            let left = self.processes();
            if left.is_empty() {
                return;
            }
            for (pid, _) in left {
                let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
            }
        }
    }
}
