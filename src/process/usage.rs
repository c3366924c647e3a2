//! What processes use: processor time and memory, from /proc/PID/stat (proc(5)) or a clock (clock_getcpuclockid(3)).

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

/// The processor time that this process has used, in whole hundredths of a second: what a signal handler takes is no work. `None` if it is
/// gone. Its clock and not /proc, as what was asked there has to be forgotten when the process is reaped.
#[cfg(target_os = "linux")]
pub(crate) fn processor_time(pid: i32) -> Option<Duration> {
    let clock = nix::time::clock_getcpuclockid(nix::unistd::Pid::from_raw(pid)).ok()?;
    let used = Duration::from(clock.now().ok()?);
    Some(used.saturating_sub(Duration::from_nanos(u64::from(used.subsec_nanos()) % 10_000_000)))
}

/// See above: no clock of another process is known here.
#[cfg(not(target_os = "linux"))]
pub(crate) fn processor_time(_pid: i32) -> Option<Duration> {
    None
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

    #[cfg(target_os = "linux")]
    #[test]
    fn processor_time_grows_by_hundredths_and_there_is_none_of_a_process_that_is_gone() {
        let own = || processor_time(std::process::id().cast_signed()).unwrap();
        let before = own();
        while own() == before {}
        assert_eq!(own().subsec_nanos() % 10_000_000, 0);
        // PID_MAX_LIMIT (proc(5)), which none has.
        assert_eq!(processor_time(1 << 22), None);
    }

    #[test]
    fn fields_are_counted_from_the_last_parenthesis() {
        let stat = "42 (a) b (c) S 1 2 3 0 -1 4194304 1 0 0 0 100 50 25 25 20 0 1 0 777 9000 3 1";
        let usage = parse(stat).unwrap();
        assert_eq!((usage.processor, usage.memory % 3), (Duration::from_secs(2), 0));
        assert!(usage.memory > 0);
    }
}
