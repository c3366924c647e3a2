//! What processes use: processor time and memory, from /proc/PID/stat (proc(5)).

use std::time::Duration;

use nix::unistd::{SysconfVar, sysconf};

use super::tree::Process;

/// What some processes use together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Time on a processor, of those children too that they have waited for.
    pub processor: Duration,
    /// Resident memory in bytes. Pages that several share count for each: telling them apart (PSS) takes the
    /// kernel ten times as long.
    pub memory: u64,
}

/// What these processes use now; one that has ended uses nothing.
pub(crate) fn of(processes: &[Process]) -> Usage {
    let mut usage = Usage::default();
    for process in processes {
        let Ok(stat) = std::fs::read(format!("/proc/{}/stat", process.pid)) else { continue };
        if let Some(own) = parse(&String::from_utf8_lossy(&stat)) {
            usage.processor += own.processor;
            usage.memory += own.memory;
        }
    }
    usage
}

/// The processor time that this process has used, with what its children had that it has waited for; `None` if it is gone or
/// /proc cannot be read.
pub(crate) fn processor_time(pid: i32) -> Option<Duration> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    parse(&String::from_utf8_lossy(&stat)).map(|usage| usage.processor)
}

fn parse(stat: &str) -> Option<Usage> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    // Counted from the state, which is field 3: utime 14, stime 15, cutime 16, cstime 17, rss 24.
    let number = |field: usize| fields.get(field - 3)?.parse::<i64>().ok();
    let ticks: i64 = [14, 15, 16, 17].into_iter().filter_map(number).sum();
    let (hertz, page) = (system_value(SysconfVar::CLK_TCK, 100), page_size());
    let processor = Duration::from_millis(u64::try_from(ticks).ok()? * 1000 / hertz.max(1));
    Some(Usage { processor, memory: u64::try_from(number(24)?).ok()? * page })
}

/// Bytes of a page of memory.
pub(super) fn page_size() -> u64 {
    system_value(SysconfVar::PAGE_SIZE, 4096)
}

/// What the system says of `variable`, or else what it is on most.
fn system_value(variable: SysconfVar, usual: u64) -> u64 {
    sysconf(variable).ok().flatten().and_then(|value| u64::try_from(value).ok()).unwrap_or(usual)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_counted_from_the_last_parenthesis() {
        let stat = "42 (a) b (c) S 1 2 3 0 -1 4194304 1 0 0 0 100 50 25 25 20 0 1 0 777 9000 3 1";
        let usage = parse(stat).unwrap();
        assert_eq!((usage.processor, usage.memory % 3), (Duration::from_secs(2), 0));
        assert!(usage.memory > 0);
    }
}
