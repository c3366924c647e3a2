//! A tool's call: a command of ganger as a child process, with bounds on its time and on what is kept of its output.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::exit::Exit;
use crate::supervisor::clock::Clock;

/// The most bytes that are kept of one stream of a command: its end. A document of a thousand instances has 500 KB.
pub(crate) const KEPT: usize = 1 << 20;

/// How long a command that is stopped has before SIGKILL.
const GRACE: Duration = Duration::from_secs(5);

/// How long output is waited for after the exit: a process that the command left behind may hold its pipes.
const REMAINING_OUTPUT: Duration = Duration::from_millis(500);

/// What happens to a call.
pub(crate) enum CallEvent {
    /// The command has exited.
    Exited(io::Result<ExitStatus>),
    /// One of its two streams has ended.
    Closed,
    /// The client does not want it any more.
    Cancelled,
}

/// What a command answered.
#[derive(Debug)]
pub(crate) struct CommandAnswer {
    /// Its exit status, as a shell reports it.
    pub status: u8,
    /// The end of its standard output.
    pub stdout: OutputTail,
    /// The end of its standard error.
    pub stderr: OutputTail,
    /// Whether it was stopped, as its time was over or the client had cancelled it.
    pub is_late: bool,
}

/// The end of a stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct OutputTail {
    bytes: VecDeque<u8>,
    /// Bytes before it that were not kept.
    pub lost: u64,
}

impl OutputTail {
    fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
        let surplus = self.bytes.len().saturating_sub(KEPT);
        self.bytes.drain(..surplus);
        self.lost += surplus as u64;
    }

    /// It as text.
    pub(crate) fn text(&self) -> String {
        let (first, second) = self.bytes.as_slices();
        String::from_utf8_lossy(&[first, second].concat()).into_owned()
    }
}

/// Runs `command` and waits for it; `sender` and `events` are the two ends of one channel, through which it can be cancelled.
/// Past `limit`, and if cancelled, its process group gets SIGTERM, and SIGKILL after a grace.
///
/// # Errors
///
/// It cannot be started.
pub(crate) fn call(
    mut command: Command,
    limit: Duration,
    sender: &Sender<CallEvent>,
    events: &Receiver<CallEvent>,
) -> io::Result<CommandAnswer> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    #[expect(clippy::disallowed_methods, reason = "a command of ours, which is waited for here")]
    let mut child = command.spawn()?;
    let group = Pid::from_raw(i32::try_from(child.id()).map_err(io::Error::other)?);
    let stdout = tail(child.stdout.take(), sender.clone());
    let stderr = tail(child.stderr.take(), sender.clone());
    await_exit(child, sender.clone());
    let mut state = CallState { status: None, open: 2 };
    let clock = Clock::start();
    let (mut deadline, mut is_late) = (limit, false);
    let mut signals = [Signal::SIGTERM, Signal::SIGKILL].into_iter();
    while state.status.is_none() {
        match events.recv_timeout(deadline.saturating_sub(clock.now())) {
            Ok(CallEvent::Cancelled) | Err(_) => {
                is_late = true;
                // An error means that the group is gone.
                let _ = killpg(group, signals.next().unwrap_or(Signal::SIGKILL));
                deadline = clock.now() + GRACE;
            }
            Ok(event) => state.note(event)?,
        }
    }
    while state.open > 0 {
        match events.recv_timeout(REMAINING_OUTPUT) {
            Ok(event) => state.note(event)?,
            Err(_) => break,
        }
    }
    Ok(CommandAnswer {
        status: Exit::from(state.status.unwrap_or_default()).status(),
        stdout: copy_of(&stdout),
        stderr: copy_of(&stderr),
        is_late,
    })
}

fn copy_of(tail: &Mutex<OutputTail>) -> OutputTail {
    tail.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

struct CallState {
    status: Option<ExitStatus>,
    /// The streams that have not ended.
    open: u8,
}

impl CallState {
    fn note(&mut self, event: CallEvent) -> io::Result<()> {
        match event {
            CallEvent::Exited(status) => self.status = Some(status?),
            CallEvent::Closed => self.open -= 1,
            CallEvent::Cancelled => {}
        }
        Ok(())
    }
}

fn await_exit(mut child: Child, sender: Sender<CallEvent>) {
    // There is no receiver any more once the call has returned.
    thread::spawn(move || sender.send(CallEvent::Exited(child.wait())).ok());
}

/// Reads `stream` to its end, in a thread, and keeps its tail.
fn tail(stream: Option<impl Read + Send + 'static>, sender: Sender<CallEvent>) -> Arc<Mutex<OutputTail>> {
    let tail = Arc::new(Mutex::new(OutputTail::default()));
    let kept = Arc::clone(&tail);
    thread::spawn(move || {
        let mut buffer = [0; 16 << 10];
        if let Some(mut stream) = stream {
            while let Ok(length @ 1..) = stream.read(&mut buffer) {
                kept.lock().unwrap_or_else(PoisonError::into_inner).add(&buffer[..length]);
            }
        }
        sender.send(CallEvent::Closed).ok();
    });
    tail
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    fn shell(script: &str, limit: Duration) -> CommandAnswer {
        let (sender, events) = channel();
        let mut command = Command::new("sh");
        command.arg("-c").arg(script);
        call(command, limit, &sender, &events).unwrap()
    }

    #[test]
    fn status_and_both_streams_come_back_and_of_a_flood_the_end() {
        let answer = shell("echo out; echo err >&2; exit 3", Duration::from_mins(5));
        assert_eq!((answer.status, answer.is_late), (3, false));
        assert_eq!((answer.stdout.text().as_str(), answer.stderr.text().as_str()), ("out\n", "err\n"));
        let answer = shell("head -c 3000000 /dev/zero; echo end", Duration::from_mins(5));
        assert_eq!(answer.stdout.lost, 3_000_004 - KEPT as u64);
        assert!(answer.stdout.text().ends_with("\0end\n"));
    }

    #[test]
    fn what_takes_too_long_or_is_cancelled_is_stopped_with_its_group() {
        let answer = shell("sleep 1000 & sleep 1000", Duration::from_millis(50));
        assert_eq!((answer.status, answer.is_late), (143, true));
        let (sender, events) = channel();
        sender.send(CallEvent::Cancelled).unwrap();
        let mut command = Command::new("sleep");
        command.arg("1000");
        let answer = call(command, Duration::from_mins(5), &sender, &events).unwrap();
        assert_eq!((answer.status, answer.is_late), (143, true));
    }

    #[test]
    fn a_process_that_is_left_behind_holds_no_answer_up() {
        let answer = shell("sleep 1000 & echo $!", Duration::from_mins(5));
        assert_eq!(answer.status, 0);
        let left = nix::unistd::Pid::from_raw(answer.stdout.text().trim().parse().unwrap());
        // It runs still, so the answer has not waited for it.
        nix::sys::signal::kill(left, nix::sys::signal::Signal::SIGKILL).unwrap();
    }
}
