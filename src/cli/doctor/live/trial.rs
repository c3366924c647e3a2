//! A stack that runs for `ganger doctor`: ganger's own program as a child process, with a folder, a name and ports of its own.
//!
//! It ends with this process, however that ends (`--die-with-parent`), and with the value: SIGTERM, which stops it as `ganger down`
//! does, and its exit is that of the last process. In the foreground, and not by `start -D`, as it is waited for here in any case.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::kill;
use nix::unistd::Pid;

use super::folder::TrialFolder;
use super::record::{StackRecord, StackRow};
use crate::control::address::Address;
use crate::control::client::Client;
use crate::control::protocol::{Request, Status};
use crate::doctor::observation::StartResult;
use crate::process::signal_pipe::SignalPipe;
use crate::process::tree::{Process, descendants};
use crate::signal::Signal;
use crate::supervisor::clock::Clock;

/// What interrupts the run.
const INTERRUPTS: [Signal; 3] = [Signal::INTERRUPT, Signal::TERMINATE, Signal::HANGUP];

/// How long the stack has beside the grace of its instances to end, and how long the kernel has to end what was killed.
const MARGIN: Duration = Duration::from_secs(10);

/// How long the stack has to answer a question, and to print what is on its way.
pub(super) const ANSWER: Duration = Duration::from_secs(30);

/// The pause between two looks at the stack.
pub(super) const LOOK: Duration = Duration::from_millis(250);

/// The user wants no more of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Interrupted(pub(super) Signal);

/// What is waited for.
enum TrialNews {
    Row(StackRow),
    /// Standard output of the stack was closed: it has ended.
    Ended,
    /// The answer to a request; `None` where there is none.
    Answer(Option<Box<Status>>),
    Interrupt(Signal),
}

/// What came of waiting.
enum Progress {
    /// Nothing, and the time is over.
    Late,
    /// Something was noted.
    Noted,
    /// An answer, if only none.
    Answer(Option<Box<Status>>),
}

/// The stack.
pub(super) struct TrialStack {
    child: Child,
    address: Address,
    record: StackRecord,
    news: Receiver<TrialNews>,
    sender: Sender<TrialNews>,
    clock: Clock,
    has_ended: bool,
    /// The longest grace of its instances.
    grace: Duration,
    // Dropped after all of it has ended.
    folder: TrialFolder,
}

impl TrialStack {
    /// Starts it by this command, which prints JSON.
    ///
    /// # Errors
    /// There is no process or descriptor left.
    pub(super) fn start(
        mut command: Command,
        address: Address,
        folder: TrialFolder,
        grace: Duration,
    ) -> io::Result<Self> {
        let (sender, news) = channel();
        await_interrupts(sender.clone())?;
        let errors = folder.errors()?;
        // A group of its own: Ctrl-C is handled here alone.
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors).process_group(0);
        #[expect(clippy::disallowed_methods, reason = "a command of ours, which is waited for here")]
        let mut child = command.spawn()?;
        let output = child.stdout.take();
        let rows = sender.clone();
        thread::spawn(move || read(output, &rows));
        Ok(Self {
            child,
            address,
            record: StackRecord::default(),
            news,
            sender,
            clock: Clock::start(),
            has_ended: false,
            grace,
            folder,
        })
    }

    /// The process that all of it is below.
    fn monitor(&self) -> i32 {
        self.child.id().cast_signed()
    }

    /// What its instances did so far.
    pub(super) fn record(&self) -> &StackRecord {
        &self.record
    }

    /// The time since the start.
    pub(super) fn now(&self) -> Duration {
        self.clock.now()
    }

    /// What ganger has printed on standard error.
    pub(super) fn errors(&self) -> String {
        self.folder.printed_errors()
    }

    /// Waits until `is_so`, for this long at most, or to the end of the stack; whether it is.
    ///
    /// # Errors
    /// A signal came.
    pub(super) fn wait_until(
        &mut self,
        within: Duration,
        is_so: impl Fn(&StackRecord) -> bool,
    ) -> Result<bool, Interrupted> {
        let until = self.clock.now() + within;
        while !is_so(&self.record) {
            if self.has_ended || matches!(self.next(until)?, Progress::Late) {
                return Ok(is_so(&self.record));
            }
        }
        Ok(true)
    }

    /// Waits until this generation (from 1) of each of these instances is ready or has ended, for this long at most: those that are
    /// ready.
    ///
    /// # Errors
    /// A signal came.
    fn settle(
        &mut self,
        names: &[String],
        number: usize,
        within: Duration,
    ) -> Result<BTreeSet<String>, Interrupted> {
        let until = self.now().saturating_add(within);
        let mut ready = BTreeSet::new();
        loop {
            let status = self.ask(Request::Status, ANSWER)?;
            let rows = status.iter().flat_map(|status| &status.instances);
            ready.extend(rows.filter(|row| row.is_ready_or_done()).map(|row| row.name.clone()));
            let are_decided =
                names.iter().all(|name| ready.contains(name) || self.record.of(name).is_decided(number));
            if self.has_ended || self.now() >= until || are_decided {
                return Ok(ready);
            }
            // What needs no probe is ready without a notice.
            self.wait_until(LOOK, |record| names.iter().all(|name| record.of(name).is_decided(number)))?;
        }
    }

    /// How this start (from 1) of each of these instances went, with its name; waits as [`TrialStack::settle`] does.
    ///
    /// # Errors
    /// A signal came.
    pub(super) fn starts(
        &mut self,
        names: &[String],
        number: usize,
        within: Duration,
    ) -> Result<Vec<(String, StartResult)>, Interrupted> {
        let ready = self.settle(names, number, within)?;
        let start = |name: &String| self.record.of(name).start(number, ready.contains(name));
        Ok(names.iter().map(|name| (name.clone(), start(name))).collect())
    }

    /// Whether this instance has printed anything by now; what is on its way has the time of a look.
    ///
    /// # Errors
    /// A signal came.
    pub(super) fn has_printed(&mut self, name: &str) -> Result<bool, Interrupted> {
        self.wait_until(LOOK, |record| record.of(name).has_printed())
    }

    /// Asks it; `None` if it refuses, or has not answered in this time.
    ///
    /// # Errors
    /// A signal came.
    pub(super) fn ask(
        &mut self,
        request: Request,
        within: Duration,
    ) -> Result<Option<Box<Status>>, Interrupted> {
        let (address, sender) = (self.address.clone(), self.sender.clone());
        thread::spawn(move || {
            let client = Client::connect(&address);
            let answer = client.and_then(|mut client| {
                client.set_patience(Some(within));
                client.ask(request).ok()
            });
            sender.send(TrialNews::Answer(answer.map(Box::new))).ok();
        });
        // The client has the same patience, so there is an answer to each question, if only none.
        loop {
            if let Progress::Answer(answer) = self.next(Duration::MAX)? {
                return Ok(answer);
            }
        }
    }

    /// The instances that run now, by their names, with the first process of each.
    ///
    /// # Errors
    /// A signal came.
    pub(super) fn running(&mut self) -> Result<Vec<(String, i32)>, Interrupted> {
        let status = self.ask(Request::Status, ANSWER)?;
        let rows = status.into_iter().flat_map(|status| status.instances);
        Ok(rows.filter_map(|row| Some((row.name, row.pid?))).collect())
    }

    /// All of its processes now, parents before their children, but for its monitor.
    pub(super) fn processes(&self) -> Vec<Process> {
        descendants(self.monitor()).map(|scan| scan.processes).unwrap_or_default()
    }

    /// Takes what comes next, until this time.
    fn next(&mut self, until: Duration) -> Result<Progress, Interrupted> {
        let left = until.saturating_sub(self.clock.now());
        let Ok(news) = self.news.recv_timeout(left) else { return Ok(Progress::Late) };
        match news {
            TrialNews::Row(row) => self.record.note(row),
            TrialNews::Ended => self.has_ended = true,
            TrialNews::Answer(answer) => return Ok(Progress::Answer(answer)),
            TrialNews::Interrupt(signal) => return Err(Interrupted(signal)),
        }
        Ok(Progress::Noted)
    }
}

impl Drop for TrialStack {
    /// Ends it, politely; a signal from the user hurries that.
    fn drop(&mut self) {
        let steps = [
            (Signal::TERMINATE, self.grace + MARGIN),
            (Signal::TERMINATE, MARGIN),
            (Signal::KILL, self.grace + MARGIN),
        ];
        for (signal, patience) in steps.into_iter().filter_map(|(signal, of)| Some((signal.known()?, of))) {
            if self.has_ended {
                break;
            }
            // It is our child and has not been waited for: the number is its own.
            let _ = kill(Pid::from_raw(self.monitor()), signal);
            let until = self.clock.now() + patience;
            while !self.has_ended && matches!(self.next(until), Ok(Progress::Noted | Progress::Answer(_))) {}
        }
        let _ = self.child.wait();
    }
}

/// Reads what the stack prints. Of what its instances print nothing is kept, but the first row of each generation: that there is one.
fn read(output: Option<ChildStdout>, rows: &Sender<TrialNews>) {
    let mut output = output.map(BufReader::new);
    let mut line = Vec::new();
    let mut silent = BTreeSet::new();
    while let Some(output) = output.as_mut()
        && output.read_until(b'\n', &mut line).is_ok_and(|length| length > 0)
    {
        let row = serde_json::from_slice(&line).ok().filter(|row: &StackRow| {
            silent.extend(row.started().map(str::to_owned));
            row.event.is_some() || row.printed_by().is_some_and(|process| silent.remove(process))
        });
        if row.is_some_and(|row| rows.send(TrialNews::Row(row)).is_err()) {
            return;
        }
        line.clear();
    }
    rows.send(TrialNews::Ended).ok();
}

/// From now on an interrupt is news, and ends nothing by itself.
fn await_interrupts(sender: Sender<TrialNews>) -> io::Result<()> {
    let mut signals = SignalPipe::open(&INTERRUPTS)?;
    thread::spawn(move || {
        loop {
            // What fails here (EINTR) is tried again.
            let _ = poll(&mut [PollFd::new(signals.as_fd(), PollFlags::POLLIN)], PollTimeout::NONE);
            for signal in signals.pending() {
                if sender.send(TrialNews::Interrupt(signal)).is_err() {
                    return;
                }
            }
        }
    });
    Ok(())
}
