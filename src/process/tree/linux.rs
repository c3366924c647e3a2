//! Linux: the tree below a process, from one pass over /proc/PID/stat (proc(5)).
//!
//! Not /proc/PID/task/TID/children: it needs CONFIG_PROC_CHILDREN, must be read for every thread, and is
//! no faster for trees of the size that we have.

use std::collections::HashMap;
use std::fs;
use std::io::Read;

use super::Process;

/// Every living descendant of `root`, parents before their children. Zombies are left out: they are
/// ended, and only wait to be reaped.
pub fn descendants(root: i32) -> Vec<Process> {
    let mut children: HashMap<i32, Vec<(Process, bool)>> = HashMap::new();
    for (process, is_alive) in all() {
        children.entry(process.parent).or_default().push((process, is_alive));
    }
    let mut found = Vec::new();
    let mut parents = vec![root];
    while let Some(parent) = parents.pop() {
        for (process, is_alive) in children.remove(&parent).unwrap_or_default() {
            parents.push(process.pid);
            if is_alive {
                found.push(process);
            }
        }
    }
    found
}

/// Our own children, zombies too, by /proc/self/task/TID/children: much faster than a look at all, where the
/// kernel has it (CONFIG_PROC_CHILDREN); else none.
pub(super) fn children() -> Vec<i32> {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// The environment that a process was started with; `None` if it is gone or not ours to read.
pub(super) fn environment(pid: i32) -> Option<Vec<u8>> {
    fs::read(format!("/proc/{pid}/environ")).ok()
}

fn all() -> impl Iterator<Item = (Process, bool)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let mut buffer = Vec::with_capacity(512);
    pids.filter_map(move |pid| {
        buffer.clear();
        fs::File::open(format!("/proc/{pid}/stat")).ok()?.read_to_end(&mut buffer).ok()?;
        parse(pid, &String::from_utf8_lossy(&buffer))
    })
}

/// One line of /proc/PID/stat: `pid (name) state parent group session … born …`. The name may hold
/// anything, parentheses too, so the last one counts.
fn parse(pid: i32, stat: &str) -> Option<(Process, bool)> {
    let (head, rest) = stat.rsplit_once(')')?;
    let name = head.split_once('(')?.1.to_string();
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<i32>().ok();
    let born = fields.get(19)?.parse().ok()?;
    let is_alive = !matches!(*fields.first()?, "Z" | "X" | "x");
    let (parent, group, session) = (number(1)?, number(2)?, number(3)?);
    Some((Process { pid, parent, group, session, born, name }, is_alive))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let stat = "42 (a) b (c) S 1 2 3 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 777 1 1";
        let (process, is_alive) = parse(42, stat).unwrap();
        assert_eq!((process.parent, process.group, process.session, process.born), (1, 2, 3, 777));
        assert_eq!((process.name.as_str(), is_alive), ("a) b (c", true));
    }

    #[test]
    fn a_zombie_is_no_longer_alive() {
        let stat = "42 (a) Z 1 2 3 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 777 1 1";
        assert!(!parse(42, stat).unwrap().1);
    }
}
