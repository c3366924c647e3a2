//! macOS: a list of all processes as soon as one of ours has forked or ended (kqueue(2)), so that `ancestry.rs` knows what was made before
//! its maker is gone. It was never run there.

use std::collections::HashSet;
use std::io;
use std::process::id;
use std::time::Instant;

use nix::errno::Errno;
use nix::sys::event::{EvFlags, EventFilter, FilterFlag, KEvent, Kqueue};

use super::descendants;
use super::process::Identity;

/// How many events are taken at once.
const EVENTS: usize = 64;

/// For each span that a list took, the next one is so many spans later: at most a fifth of one processor goes into them.
const PAUSE: u32 = 4;

/// Watches what is below this process to its end, on a thread of its own. Only in a process that does not fork without an exec any more.
///
/// # Errors
/// EAGAIN, if there can be no thread; EMFILE.
pub(in crate::process) fn watch_forks() -> io::Result<()> {
    let queue = Kqueue::new()?;
    watch(&queue, id().cast_signed())?;
    let thread = std::thread::Builder::new().name("ganger-forks".into());
    // Where lists fail, the looks of others do too, and say so.
    thread.spawn(move || run(&queue)).map(drop)
}

fn run(queue: &Kqueue) -> io::Result<()> {
    let mut watched: HashSet<Identity> = HashSet::new();
    loop {
        let began = Instant::now();
        let scan = descendants(id().cast_signed())?;
        let now: HashSet<Identity> = scan.processes.iter().map(|process| process.identity()).collect();
        for (pid, _) in now.difference(&watched) {
            // It is gone: what it has made is in the next list.
            let _ = watch(queue, *pid);
        }
        // A process that was not watched yet may have forked meanwhile: until a list has nothing new.
        let is_settled = scan.is_certain && now.is_subset(&watched);
        watched = now;
        if is_settled {
            std::thread::sleep(began.elapsed() * PAUSE);
            wait(queue)?;
        }
    }
}

/// Until a watched process has forked or ended.
fn wait(queue: &Kqueue) -> nix::Result<()> {
    let none = KEvent::new(0, EventFilter::EVFILT_USER, EvFlags::empty(), FilterFlag::empty(), 0, 0);
    loop {
        match queue.kevent(&[], &mut [none; EVENTS], None) {
            Err(Errno::EINTR) => {}
            other => return other.map(drop),
        }
    }
}

fn watch(queue: &Kqueue, pid: i32) -> nix::Result<()> {
    let number = usize::try_from(pid).map_err(|_| Errno::ESRCH)?;
    let (flags, what) = (EvFlags::EV_ADD | EvFlags::EV_CLEAR, FilterFlag::NOTE_FORK | FilterFlag::NOTE_EXIT);
    queue.kevent(&[KEvent::new(number, EventFilter::EVFILT_PROC, flags, what, 0, 0)], &mut [], None).map(drop)
}
