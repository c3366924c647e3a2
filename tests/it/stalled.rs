//! A reader that stands still holds up nothing but its own lines: every way to end ganger, on every kind of stream.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use ganger::parts::process::pty;
use ganger::parts::process::pty::WindowSize;
use nix::fcntl::OFlag;
use nix::poll::{PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::Pid;

use crate::harness::{Project, Running, holds};

/// One fills whatever reads it, one ignores every request to stop.
const STACK: &str = "\
web: probe touch web + fill a 2000000 + wait
stubborn: probe ignore TERM INT HUP + touch stubborn + wait
";
/// The grace (0.5 s), the five seconds for the reader, the last lines of both halves, and room for a busy machine.
const BOUND: Duration = Duration::from_secs(15);

/// What a stream is written into.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Pipe,
    Fifo,
    Terminal,
    FullDisk,
}

/// Which streams that is; the other one is /dev/null.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Streams {
    Output,
    Error,
    Both,
}

/// What is done to ganger.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Deed {
    Signal(Signal),
    Twice(Signal),
    KillWorker,
    KillMonitor,
    StopWorker,
}

const DEEDS: [Deed; 7] = [
    Deed::Signal(Signal::SIGTERM),
    Deed::Signal(Signal::SIGINT),
    Deed::Signal(Signal::SIGHUP),
    Deed::Twice(Signal::SIGTERM),
    Deed::KillWorker,
    Deed::KillMonitor,
    Deed::StopWorker,
];

/// Something that takes no byte more, and what keeps it so.
fn full(kind: Kind, folder: &Path) -> (File, Option<Box<dyn Send>>) {
    let open = |path: &Path, flags: i32| {
        OpenOptions::new().read(true).write(true).custom_flags(flags | libc::O_NOCTTY).open(path).unwrap()
    };
    let (file, kept): (File, Option<Box<dyn Send>>) = match kind {
        Kind::Pipe => {
            let (read, write) = nix::unistd::pipe2(OFlag::O_CLOEXEC).unwrap();
            (write.into(), Some(Box::new(read)))
        }
        Kind::Fifo => {
            let path = folder.join("fifo");
            nix::unistd::mkfifo(&path, Mode::S_IRWXU).unwrap();
            (open(&path, 0), Some(Box::new(open(&path, libc::O_NONBLOCK))))
        }
        Kind::Terminal => {
            let (master, path) = pty::open(WindowSize { rows: 24, columns: 80 }).unwrap();
            (open(&path, 0), Some(Box::new(master)))
        }
        Kind::FullDisk => (open(Path::new("/dev/full"), 0), None),
    };
    if kept.is_some() {
        let again = format!("/proc/self/fd/{}", file.as_raw_fd());
        let mut filled = OpenOptions::new()
            .write(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
            .open(again)
            .unwrap();
        for piece in [&[b'x'; 4096][..], b"x"] {
            while filled.write(piece).is_ok() {}
        }
    }
    (file, kept)
}

fn act(deed: Deed, running: &Running) {
    let signal = |pid: i32, signal| {
        // A stack that cannot write at all may have ended by itself.
        let _ = kill(Pid::from_raw(pid), signal);
    };
    match deed {
        Deed::Signal(which) => signal(running.pid(), which),
        Deed::Twice(which) => {
            signal(running.pid(), which);
            // Two within 200 ms are one keypress.
            let _ = poll(&mut [], PollTimeout::from(300_u16));
            signal(running.pid(), which);
        }
        Deed::KillMonitor => signal(running.pid(), Signal::SIGKILL),
        Deed::KillWorker => running.worker_if_any().into_iter().for_each(|pid| signal(pid, Signal::SIGKILL)),
        Deed::StopWorker => {
            running.worker_if_any().into_iter().for_each(|pid| signal(pid, Signal::SIGSTOP));
            signal(running.pid(), Signal::SIGTERM);
        }
    }
}

/// One cell of the table: what is wrong, if something is.
fn cell(kind: Kind, streams: Streams, deed: Deed) -> Result<(), String> {
    let project = Project::new(STACK);
    let (file, _kept) = full(kind, project.path());
    let stream = |of: Streams| {
        if streams == of || streams == Streams::Both {
            file.try_clone().unwrap().into()
        } else {
            Stdio::null()
        }
    };
    let (stdout, stderr) = (stream(Streams::Output), stream(Streams::Error));
    let command = project.ganger(&["start", "-t", "500ms", "--no-port"]);
    let mut running = Running::start_on(command, stdout, stderr);
    drop(file);
    let ends_by_itself = kind == Kind::FullDisk && streams != Streams::Error;
    let is_up = || ["web", "stubborn"].iter().all(|name| project.path().join(name).exists());
    if !ends_by_itself && !holds(is_up) {
        return Err("it does not start".into());
    }
    let begun = Instant::now();
    act(deed, &running);
    let status = running.wait();
    if !running.all_gone_within(BOUND) || !running.mark().processes().is_empty() {
        return Err(format!("left behind: {:?}", running.mark().processes()));
    }
    let is_right = match deed {
        // What is done to it may come before its own end, or after.
        _ if ends_by_itself => matches!(status.code(), Some(125 | 137) | None),
        Deed::Signal(signal) | Deed::Twice(signal) => status.signal() == Some(signal as i32),
        Deed::KillMonitor => status.signal() == Some(libc::SIGKILL),
        Deed::KillWorker | Deed::StopWorker => status.code() == Some(137),
    };
    match begun.elapsed() {
        late if late > BOUND => Err(format!("it took {late:?}")),
        _ if !is_right => Err(format!("it ended with {status:?}")),
        _ => Ok(()),
    }
}

#[test]
fn a_reader_that_stands_still_holds_up_no_end_on_any_stream() {
    let mut wrong = Vec::new();
    for kind in [Kind::Pipe, Kind::Fifo, Kind::Terminal, Kind::FullDisk] {
        // The cells of a kind at once: nearly all of their time is spent waiting.
        std::thread::scope(|scope| {
            let streams = [Streams::Output, Streams::Error, Streams::Both];
            let cells = streams.iter().flat_map(|streams| DEEDS.map(|deed| (*streams, deed)));
            let cells: Vec<_> = cells
                .map(|(streams, deed)| (streams, deed, scope.spawn(move || cell(kind, streams, deed))))
                .collect();
            for (streams, deed, cell) in cells {
                let result = cell.join().unwrap_or_else(|_| Err("it does not end".into()));
                wrong.extend(result.err().map(|reason| format!("{kind:?} {streams:?} {deed:?}: {reason}")));
            }
        });
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_terminal_stopped_by_control_s_holds_up_no_end() {
    let project = Project::new(STACK);
    let mut screen = project.start_on_terminal(&["-t", "500ms", "--no-port"]);
    screen.shows("stubborn.1 started");
    screen.type_keys(b"\x13");
    assert!(holds(|| project.path().join("stubborn").exists()));
    screen.signal(Signal::SIGTERM);
    let (status, _) = screen.end();
    assert!(matches!(status, nix::sys::wait::WaitStatus::Signaled(_, Signal::SIGTERM, _)), "{status:?}");
}
