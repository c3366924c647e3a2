//! Linux: the tree below a process, from one pass over /proc/PID/stat (proc(5)). That costs 10 µs for each process of the
//! machine: what need not be certain is asked of `walk.rs`.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Read};
use std::ops::RangeInclusive;
use std::path::Path;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

use super::main_processes::ProcessFacts;
use super::process::{Identity, Process, SHELLS, Scan};

/// Every living descendant of `root`, parents before their children. Zombies are left out: they are
/// ended, and only wait to be reaped. All that carry the mark of our run are among them, as orphans fall to us.
///
/// # Errors
/// When /proc cannot be read: it is not mounted, or there is no room for a descriptor (EMFILE, ENOMEM).
pub(crate) fn descendants(root: i32) -> io::Result<Scan> {
    let mut children: HashMap<i32, Vec<(Process, bool)>> = HashMap::new();
    for Stat { process, is_zombie, .. } in all()? {
        children.entry(process.parent).or_default().push((process, !is_zombie));
    }
    let mut scan = Scan { processes: Vec::new(), is_certain: true };
    let mut parents = vec![root];
    while let Some(parent) = parents.pop() {
        for (process, is_alive) in children.remove(&parent).unwrap_or_default() {
            parents.push(process.pid);
            // It ended while we looked, and what it forked last may have a number that we had passed.
            scan.is_certain &= is_alive || parent != root;
            if is_alive {
                scan.processes.push(process);
            }
        }
    }
    Ok(scan)
}

/// A process that this one has just made: nothing need be kept, as what it leaves falls to us.
pub(in crate::process) fn note(_pid: i32) {}

/// The largest number of a process (`PID_MAX_LIMIT`, proc_sys_kernel(5)).
const MOST: i32 = 1 << 22;

/// Our own children, zombies too, by /proc/self/task/TID/children: much faster than a scan of all, where the
/// kernel has it (CONFIG_PROC_CHILDREN); else none. Where /proc is not mounted, waitid(2) is asked about numbers one by one, and
/// the processes below us can be stopped all the same: link by link, as orphans fall to us.
///
/// # Errors
/// As [`descendants`], but for a /proc that is not there.
pub(in crate::process) fn children() -> io::Result<Vec<i32>> {
    let mut found = Vec::new();
    let tasks = match fs::read_dir("/proc/self/task") {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(children_by_number());
        }
        other => other?,
    };
    for task in tasks {
        match children_of_task(&task?.path()) {
            Err(error) if is_about_it(&error) => {}
            children => found.extend(children?),
        }
    }
    Ok(found)
}

/// The children of one thread, zombies too, by its folder in /proc.
///
/// # Errors
/// ENOENT or ESRCH if it is gone, or the kernel has no such lists; or as [`descendants`].
pub(super) fn children_of_task(task: &Path) -> io::Result<Vec<i32>> {
    // Not by `read`: the kernel gives a long list in pieces that end with a whole number, and so are shorter than the buffer.
    let mut list = String::with_capacity(4096);
    fs::File::open(task.join("children"))?.take(u64::MAX).read_to_string(&mut list)?;
    Ok(list.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect())
}

/// Our own children where /proc is not mounted. Numbers are given in rising order, so those of our children lie between our own and
/// the latest, until the largest is reached and low ones are given again. All numbers are asked about only if no child is found
/// there, as that takes half a second. The latest number is that of a new thread: threads are numbered with the processes.
fn children_by_number() -> Vec<i32> {
    let own = std::process::id().cast_signed();
    let thread = std::thread::Builder::new().spawn(|| nix::unistd::gettid().as_raw());
    let latest = thread.ok().and_then(|thread| thread.join().ok()).unwrap_or(own);
    let among = |numbers: RangeInclusive<i32>| numbers.filter(|pid| is_child(*pid)).collect::<Vec<_>>();
    let near = among(own..=latest);
    if near.is_empty() { among(1..=MOST) } else { near }
}

/// Whether this is a child of ours, asked without /proc. Nothing is reaped.
fn is_child(pid: i32) -> bool {
    let asked = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    waitid(Id::Pid(Pid::from_raw(pid)), asked) != Err(Errno::ECHILD)
}

/// kill(2) to a process as a scan found it. Orphans fall to us, so its number is its own until we reap it.
///
/// # Errors
/// ESRCH if it is gone, EPERM.
pub(super) fn send(process: &Process, signal: Signal) -> nix::Result<()> {
    kill(Pid::from_raw(process.pid), signal)
}

/// The environment that a process was started with; `None` if it is gone or not ours to read.
///
/// # Errors
/// As [`descendants`].
pub(in crate::process) fn environment(pid: i32) -> io::Result<Option<Vec<u8>>> {
    match read(&format!("/proc/{pid}/environ")) {
        Ok(environment) => Ok(Some(environment)),
        Err(error) if is_about_it(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What /proc has of each process that we can see, zombies too.
pub(super) fn all() -> io::Result<Vec<Stat>> {
    let mut found = Vec::new();
    // The latest first: of a chain of processes that each fork and end, only these still live when their turn comes.
    for pid in pids()?.into_iter().rev() {
        match read(&format!("/proc/{pid}/stat")) {
            Ok(stat) => found.extend(parse(pid, &String::from_utf8_lossy(&stat))),
            // It is gone; or it is hidden from us (hidepid), and so not ours.
            Err(error) if is_about_it(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// The numbers of all processes that we can see.
///
/// # Errors
/// As [`descendants`].
pub(in crate::process) fn pids() -> io::Result<Vec<i32>> {
    let mut pids = Vec::with_capacity(256);
    for entry in fs::read_dir("/proc")? {
        pids.extend(entry?.file_name().to_str().and_then(|name| name.parse::<i32>().ok()));
    }
    Ok(pids)
}

/// A file of /proc, which has no size: std would ask for it, and then read it in small pieces, eight for an
/// environment. Mostly one piece is all.
fn read(path: &str) -> io::Result<Vec<u8>> {
    let mut file = fs::File::open(path)?;
    let mut buffer = vec![0; 4096];
    let mut length = 0;
    loop {
        length += file.read(&mut buffer[length..])?;
        if length < buffer.len() {
            buffer.truncate(length);
            return Ok(buffer);
        }
        buffer.resize(4 * length, 0);
    }
}

/// Whether the error is about the process that was looked at, and not about us.
pub(super) fn is_about_it(error: &io::Error) -> bool {
    let code = error.raw_os_error();
    code.is_some_and(|code| [libc::ENOENT, libc::ESRCH, libc::EACCES, libc::EPERM].contains(&code))
}

/// One process; `None` if it is a zombie.
///
/// # Errors
/// ENOENT if it is gone, or as [`descendants`].
pub(in crate::process) fn look_at(pid: i32) -> io::Result<Option<Process>> {
    Ok(stat(pid)?.filter(|stat| !stat.is_zombie).map(|stat| stat.process))
}

/// Whether this process has ended: only then it is forgotten.
pub(in crate::process) fn is_gone((pid, born): Identity) -> bool {
    match look_at(pid) {
        Ok(process) => process.is_none_or(|process| process.born != born),
        Err(error) => is_about_it(&error),
    }
}

/// Whether this process runs and is not on its way out. One that was killed keeps its entry in /proc until its parent has reaped
/// it, and before that it closes its files, which takes 20 ms where an inotify instance is among them: its locks are free by then.
pub(in crate::process) fn is_running((pid, born): Identity) -> bool {
    let stat = stat(pid).ok().flatten();
    stat.is_some_and(|stat| stat.process.born == born && !stat.is_zombie && !stat.is_exiting)
}

/// What /proc has of one process; `None` if it makes no sense.
///
/// # Errors
/// As [`look_at`].
pub(super) fn stat(pid: i32) -> io::Result<Option<Stat>> {
    let line = read(&format!("/proc/{pid}/stat"))?;
    Ok(parse(pid, &String::from_utf8_lossy(&line)))
}

/// Whether this process is a shell, which may wait for children. One call, as it is asked of every instance that is stopped.
pub(crate) fn is_shell(pid: i32) -> bool {
    let program = fs::read_link(format!("/proc/{pid}/exe")).ok();
    let program = program.as_ref().and_then(|path| path.file_name()?.to_str()).unwrap_or_default();
    // busybox is every program, by the name that it was called.
    let is_called_so = || {
        let process = look_at(pid).ok().flatten();
        process.is_some_and(|process| ["sh", "ash"].contains(&process.name.as_str()))
    };
    SHELLS.contains(&program) && (program != "busybox" || is_called_so())
}

/// What /proc says of one process; what cannot be read is not so.
pub(in crate::process) fn facts(process: &Process) -> ProcessFacts {
    let link = |name: &str| fs::read_link(format!("/proc/{}/{name}", process.pid)).ok();
    let status = read(&format!("/proc/{}/status", process.pid)).unwrap_or_default();
    let status = String::from_utf8_lossy(&status);
    let mask = |name: &str| {
        let found = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        found.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
    };
    let pipe = |name: &str| {
        let target = link(name)?.to_str()?.to_owned();
        target.starts_with("pipe:").then_some(target)
    };
    ProcessFacts {
        is_shell: is_shell(process.pid),
        caught: mask("SigCgt"),
        ignored: mask("SigIgn"),
        reads_nothing: link("fd/0").is_some_and(|path| path.as_os_str() == "/dev/null"),
        input: pipe("fd/0"),
        output: pipe("fd/1"),
    }
}

/// Whether this process is stopped by a signal, or by a debugger (states T and t of proc(5)).
pub fn is_stopped(pid: i32) -> bool {
    let stat = read(&format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = String::from_utf8_lossy(&stat);
    let state = state.rsplit_once(')').and_then(|(_, rest)| rest.split_ascii_whitespace().next());
    state.is_some_and(|state| state.eq_ignore_ascii_case("t"))
}

/// Of the flags of a process in /proc/PID/stat: it has begun to exit (`PF_EXITING`, include/linux/sched.h). The kernel sets it
/// before it closes the files of the process, and so before it gives locks back.
const EXITING: u32 = 0x4;

/// What /proc/PID/stat has of a process.
pub(super) struct Stat {
    pub(super) process: Process,
    pub(super) is_zombie: bool,
    pub(super) threads: u32,
    pub(super) is_exiting: bool,
}

/// One line of /proc/PID/stat: `pid (name) state parent group session terminal its-group flags … threads … born …`. The name may hold
/// anything, parentheses too, so the last one counts.
fn parse(pid: i32, stat: &str) -> Option<Stat> {
    let (head, rest) = stat.rsplit_once(')')?;
    let name = head.split_once('(')?.1.to_string();
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<i32>().ok();
    let born = fields.get(19)?.parse().ok()?;
    let is_zombie = matches!(*fields.first()?, "Z" | "X" | "x");
    let is_exiting = fields.get(6)?.parse::<u32>().ok()? & EXITING != 0;
    let (parent, group, session) = (number(1)?, number(2)?, number(3)?);
    let threads = fields.get(17)?.parse().ok()?;
    Some(Stat {
        process: Process { pid, parent, group, session, born, name },
        is_zombie,
        threads,
        is_exiting,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let stat = "42 (a) b (c) S 1 2 3 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 5 0 777 1 1";
        let Stat { process, is_zombie, threads, is_exiting } = parse(42, stat).unwrap();
        assert_eq!(threads, 5);
        assert_eq!((process.parent, process.group, process.session, process.born), (1, 2, 3, 777));
        assert_eq!((process.name.as_str(), is_zombie, is_exiting), ("a) b (c", false, false));
    }

    #[test]
    fn a_zombie_and_a_process_that_exits_are_told_from_others() {
        let parse = |state, flags| {
            parse(42, &format!("42 (a) {state} 1 2 3 0 -1 {flags} 1 0 0 0 0 0 0 0 20 0 1 0 777 1 1")).unwrap()
        };
        assert!(parse("Z", "4194308").is_zombie);
        assert!(parse("D", "4194308").is_exiting && !parse("D", "4194308").is_zombie);
        assert!(!parse("D", "4194304").is_exiting);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "any process will do")]
    fn a_killed_process_does_not_run_while_it_still_closes_its_files() {
        use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
        // Closing each takes the kernel some milliseconds. The program inherits them, and is the only one that has them then.
        let slow_to_close: Vec<Inotify> = (0..10)
            .map(|_| {
                let inotify = Inotify::init(InitFlags::empty()).unwrap();
                inotify.add_watch("/", AddWatchFlags::IN_DELETE_SELF).unwrap();
                inotify
            })
            .collect();
        let mut child = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        drop(slow_to_close);
        let identity = look_at(child.id().cast_signed()).unwrap().unwrap().identity();
        assert!(is_running(identity));
        child.kill().unwrap();
        // The kernel takes the program from a process that exits before it closes its files.
        while fs::read_link(format!("/proc/{}/exe", identity.0)).is_ok() {
            std::thread::yield_now();
        }
        assert!(!is_running(identity));
        child.wait().unwrap();
    }
}
