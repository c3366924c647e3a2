//! The tree below a process along the lists of children (/proc/PID/task/TID/children, proc(5)). It costs what our own processes
//! cost, where a pass over /proc costs what all processes of the machine do.
//!
//! What a walk may claim: each process that it found is below `root`, and each process that was there all the time, with the same
//! parent, is among them. Each list belongs to one thread. The kernel adds at its end, and a reader stands on one child and
//! goes on to the next; only where that child is reaped meanwhile, the reader counts from the beginning again and may skip one
//! (`get_children_pid` in fs/proc/array.c). So a list of which each child is still there after the reading is whole. A walk
//! that met anything else is not used: a child that is gone or has another parent by now; a thread that is gone, as another one
//! has its children then; an orphan that fell to `root` meanwhile. (A subreaper below us may have got one unseen.)
//!
//! It may not claim that nothing is left: a process that was forked or orphaned during the walk may be missing. So it tells whose
//! sockets listen, what `ps` shows, and which processes get the stop signal first. That an instance is down, and what a stop
//! and a kill reach, rests on the pass (`Scan::is_certain`).

use std::collections::HashSet;
use std::path::PathBuf;
use std::{fs, io};

use super::linux::{Stat, children_of_task, is_about_it, stat};
use super::process::Process;

type Children<'a> = &'a dyn Fn(i32, Option<u32>) -> io::Result<Vec<i32>>;
type Look<'a> = &'a dyn Fn(i32) -> io::Result<Option<Stat>>;

/// Every living descendant of `root`, parents before their children; `None` if something changed meanwhile, or the kernel has no
/// lists of children (CONFIG_PROC_CHILDREN).
///
/// # Errors
/// As [`super::descendants`].
pub(in crate::process) fn walk(root: i32) -> io::Result<Option<Vec<Process>>> {
    match try_walk(root, &children_of, &stat) {
        Err(error) if is_about_it(&error) => Ok(None),
        other => other,
    }
}

/// As `walk`, by these two; what is gone meanwhile is an error.
fn try_walk(root: i32, children: Children<'_>, look: Look<'_>) -> io::Result<Option<Vec<Process>>> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let mut unseen: Vec<(i32, i32)> = with_parent(root, children(root, None)?).collect();
    while let Some((pid, parent)) = unseen.pop() {
        seen.insert(pid);
        let Some(stat) = look(pid)?.filter(|stat| stat.process.parent == parent) else { return Ok(None) };
        // What is forked by a thread that is new since then, is new too.
        unseen.extend(with_parent(pid, children(pid, Some(stat.threads))?));
        if !stat.is_zombie {
            found.push(stat.process);
        }
    }
    let is_whole = children(root, None)?.iter().all(|pid| seen.contains(pid));
    Ok(is_whole.then_some(found))
}

fn with_parent(parent: i32, pids: Vec<i32>) -> impl Iterator<Item = (i32, i32)> {
    pids.into_iter().map(move |pid| (pid, parent))
}

/// The children of a process that has so many threads.
fn children_of(pid: i32, threads: Option<u32>) -> io::Result<Vec<i32>> {
    let tasks = PathBuf::from(format!("/proc/{pid}/task"));
    if threads == Some(1) {
        return children_of_task(&tasks.join(pid.to_string()));
    }
    let mut found = Vec::new();
    for task in fs::read_dir(tasks)? {
        found.extend(children_of_task(&task?.path())?);
    }
    Ok(found)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "any process will do")]
mod tests {
    use std::collections::HashMap;
    use std::io::{BufRead, BufReader};
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command, Stdio};

    use super::*;
    use crate::process::tree::linux::descendants;

    /// A shell in its own group, which ends with the value.
    struct Shell(Child);

    impl Shell {
        /// Runs this script until it has written a line.
        fn run(script: &str) -> Self {
            let mut command = Command::new("sh");
            command.args(["-c", script]).process_group(0).stdout(Stdio::piped());
            let mut child = command.spawn().unwrap();
            let mut line = String::new();
            BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
            assert_eq!(line, "up\n");
            Self(child)
        }

        fn pid(&self) -> i32 {
            self.0.id().cast_signed()
        }
    }

    impl Drop for Shell {
        fn drop(&mut self) {
            crate::process::tree::send_to_group(self.pid(), crate::signal::Signal::KILL);
            self.0.wait().unwrap();
        }
    }

    /// The parents of all processes below a shell, by one pass.
    fn passed(shell: &Shell) -> HashMap<i32, i32> {
        let processes = descendants(shell.pid()).unwrap().processes.into_iter();
        processes.map(|process| (process.pid, process.parent)).collect()
    }

    #[test]
    fn a_walk_finds_what_a_pass_finds() {
        // Of so many children the kernel gives the list in pieces.
        let script = "i=0; while [ $i -lt 1000 ]; do sleep 600 & i=$((i+1)); done; \
            (sleep 600 & sleep 600 & echo up; wait)";
        let shell = Shell::run(script);
        let walked = walk(shell.pid()).unwrap().unwrap();
        let walked: HashMap<_, _> = walked.iter().map(|process| (process.pid, process.parent)).collect();
        assert_eq!(walked, passed(&shell));
        assert!(walked.len() >= 1002);
    }

    /// 2 and 3 are children of 1, and 4 of 2.
    fn stat_of(pid: i32) -> Stat {
        let parent = if pid == 4 { 2 } else { 1 };
        let process = Process { pid, parent, group: 0, session: 0, born: 0, name: String::new() };
        Stat { process, is_zombie: false, threads: 1, is_exiting: false }
    }

    #[test]
    fn a_walk_that_met_a_change_is_not_used() {
        let gone = || io::Error::from_raw_os_error(libc::ESRCH);
        let walked = |children_at_end: &[i32], of_two: &dyn Fn() -> io::Result<Vec<i32>>, look: Look<'_>| {
            let has_begun = std::cell::Cell::new(false);
            let children = |pid, _| match pid {
                1 if has_begun.replace(true) => Ok(children_at_end.to_vec()),
                1 => Ok(vec![2, 3]),
                2 => of_two(),
                _ => Ok(Vec::new()),
            };
            let found = try_walk(1, &children, look);
            found.map(|found| found.map(|all| all.iter().map(|process| process.pid).collect::<Vec<_>>()))
        };
        let whole = || Ok(vec![4]);
        let stat = |pid| Ok(Some(stat_of(pid)));
        let fell_to_root = |pid| {
            let process = Process { parent: 1, ..stat_of(pid).process };
            Ok(Some(Stat { process, ..stat_of(pid) }))
        };
        let three_is_a_zombie = |pid| Ok(Some(Stat { is_zombie: pid == 3, ..stat_of(pid) }));
        let four_is_gone = |pid| if pid == 4 { Err(gone()) } else { stat(pid) };

        assert_eq!(walked(&[2, 3], &whole, &stat).unwrap(), Some(vec![3, 2, 4]));
        assert_eq!(walked(&[2, 3], &whole, &three_is_a_zombie).unwrap(), Some(vec![2, 4]));
        assert_eq!(
            walked(&[2], &whole, &stat).unwrap(),
            Some(vec![3, 2, 4]),
            "of root, only what is new counts"
        );
        assert_eq!(walked(&[2, 3, 5], &whole, &stat).unwrap(), None, "an orphan fell to root");
        assert_eq!(walked(&[2, 3], &whole, &fell_to_root).unwrap(), None, "its parent has ended");
        assert!(walked(&[2, 3], &whole, &four_is_gone).is_err(), "the list of 2 may have had more");
        assert!(walked(&[2, 3], &|| Err(gone()), &stat).is_err(), "another thread has its children");
    }

    #[test]
    fn what_is_gone_is_no_answer() {
        let shell = Shell::run("echo up; exec sleep 600");
        let pid = shell.pid();
        assert_eq!(walk(pid).unwrap(), Some(Vec::new()));
        drop(shell);
        assert_eq!(walk(pid).unwrap(), None);
    }
}
