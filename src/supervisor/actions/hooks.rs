//! Hooks: the commands that ganger.toml sets for what becomes of an instance (`on-crash`, `on-ready`).
//!
//! Which event runs which hook is decided in [`crate::machine::lifecycle`]. A hook is a process of its own, with the JSON of the
//! event on its standard input. It belongs to no instance, and nothing waits for it but the end of the stack: that of a crash is
//! of no use if it does not run where the crash ends the stack. Then it has what is left of the grace, as everything else has.

use std::cell::Cell;
use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::os::fd::OwnedFd;
use std::pin::pin;
use std::rc::Rc;

use tokio::net::unix::pipe::{Receiver, Sender};
use tokio::sync::Notify;
use tokio::sync::mpsc::WeakUnboundedSender;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{Duration, sleep, timeout};

use crate::escapes::without_sequences;
use crate::exit::Exit;
use crate::name::{InstanceName, TypeName};
use crate::notice::{Elapsed, Notice};
use crate::plan::spec::{Environment, Hook, Spec};
use crate::process::spawn::Spawner;
use crate::process::tree::{INSTANCE_MARK, send_to_group};
use crate::signal::Signal;
use crate::supervisor::channel::arrival::{Arrival, HookCall, HookProgress};

/// The most that run at once; others wait for their turn.
const AT_ONCE: usize = 4;
/// The most that wait; those beyond are left out, which is reported once.
const WAITING: usize = 1000;
/// The most bytes that are printed of what a hook prints; the rest is read and dropped.
const PRINTED: usize = 16 << 10;
/// The most lines.
const LINES: usize = 100;
/// How long the rest of its output may take to arrive after its exit: a process that it left may hold the pipe.
const REMAINING_OUTPUT: Duration = Duration::from_millis(200);

/// The hooks that run, and those that wait.
pub(super) struct HookRunner {
    inbox: WeakUnboundedSender<Arrival>,
    /// How many wait for the remaining output of their instance.
    announced: usize,
    waiting: VecDeque<HookCall>,
    running: HashMap<i32, RunningHook>,
    /// The hooks of which a failure was reported.
    reported: HashSet<(TypeName, Hook)>,
    /// Whether it was reported that one was left out.
    is_overrun: bool,
    /// Everything is being killed: no hook runs any more.
    is_closed: bool,
}

struct RunningHook {
    name: InstanceName,
    hook: Hook,
    limit: Duration,
    is_late: Rc<Cell<bool>>,
    /// Kills it when its time is over. Aborted when it was reaped: another group may have its number then.
    timer: JoinHandle<()>,
    is_reaped: Rc<Notify>,
    exit: Option<Exit>,
}

impl HookRunner {
    /// None yet.
    pub(super) fn new(inbox: WeakUnboundedSender<Arrival>) -> Self {
        Self {
            inbox,
            announced: 0,
            waiting: VecDeque::new(),
            running: HashMap::new(),
            reported: HashSet::new(),
            is_overrun: false,
            is_closed: false,
        }
    }

    /// Whether one runs or will run, so that the end of all other processes is not the end of the stack.
    pub(super) fn are_there(&self) -> bool {
        !self.is_closed && (self.announced > 0 || !self.waiting.is_empty() || !self.running.is_empty())
    }

    /// Whether this session is that of a hook.
    pub(super) fn has(&self, session: i32) -> bool {
        self.running.get(&session).is_some_and(|hook| hook.exit.is_none())
    }

    /// Everything was killed.
    pub(super) fn close(&mut self) {
        self.is_closed = true;
        self.waiting.clear();
    }

    /// One will be due; what to do then.
    pub(super) fn announce(&mut self, call: HookCall) -> Box<dyn FnOnce()> {
        self.announced += 1;
        let inbox = self.inbox.clone();
        Box::new(move || {
            if let Some(inbox) = inbox.upgrade() {
                let _ = inbox.send(Arrival::Hook(HookProgress::Due(Box::new(call))));
            }
        })
    }

    /// One is due; the warning to print, if it is left out.
    pub(super) fn add(&mut self, call: HookCall) -> Option<Notice> {
        self.announced -= 1;
        if self.is_closed {
            return None;
        }
        if self.waiting.len() < WAITING {
            self.waiting.push_back(call);
            return None;
        }
        let text = format!("{WAITING} hooks wait for their turn: further ones are left out");
        (!std::mem::replace(&mut self.is_overrun, true)).then_some(Notice::Warning { text })
    }

    /// The next one to run, if there is room for it.
    pub(super) fn next(&mut self) -> Option<HookCall> {
        let has_room = self.running.len() < AT_ONCE;
        has_room.then(|| self.waiting.pop_front()).flatten()
    }

    /// Runs one; the warning to print, if it cannot be run.
    pub(super) fn run(&mut self, call: &HookCall, spec: &Spec, spawner: &mut Spawner) -> Option<Notice> {
        match self.start(call, spec, spawner) {
            Ok(()) => None,
            Err(error) => self.report(&spec.name, call.hook, &format!("cannot be run: {error}")),
        }
    }

    fn start(&mut self, call: &HookCall, spec: &Spec, spawner: &mut Spawner) -> io::Result<()> {
        let document = serde_json::to_vec(&call.event)?;
        let (pid, input, output) = spawner.spawn_hook(&call.command, &of_hook(&spec.environment))?;
        let (is_late, is_reaped) = (Rc::new(Cell::new(false)), Rc::new(Notify::new()));
        let (limit, late) = (call.limit, Rc::clone(&is_late));
        let timer = spawn_local(async move {
            sleep(limit).await;
            late.set(true);
            send_to_group(pid, Signal::KILL);
        });
        spawn_local(send(input, document));
        let printer = HookPrinter::new(spec.name.clone(), call.hook, self.inbox.clone());
        spawn_local(read_output(pid, output, Rc::clone(&is_reaped), printer));
        let (name, hook) = (spec.name.clone(), call.hook);
        let running = RunningHook { name, hook, limit, is_late, timer, is_reaped, exit: None };
        self.running.insert(pid, running);
        Ok(())
    }

    /// A child was reaped, which may be one of these.
    pub(super) fn on_reaped(&mut self, pid: i32, exit: Exit) {
        if let Some(hook) = self.running.get_mut(&pid) {
            hook.timer.abort();
            hook.exit = Some(exit);
            hook.is_reaped.notify_one();
        }
    }

    /// One has ended and all of its output is there; the warning to print, if it has failed for the first time.
    pub(super) fn on_closed(&mut self, pid: i32) -> Option<Notice> {
        let RunningHook { name, hook, limit, is_late, exit, .. } = self.running.remove(&pid)?;
        let exit = exit.filter(|exit| !exit.is_success() && !self.is_closed)?;
        let how = match (is_late.get(), exit) {
            (true, _) => format!("was killed after {} (hook-timeout)", Elapsed(limit)),
            (false, exit) => exit.to_string(),
        };
        self.report(&name, hook, &how)
    }

    /// A failure of one, the first time.
    fn report(&mut self, name: &InstanceName, hook: Hook, how: &str) -> Option<Notice> {
        let word = hook.as_str();
        let text =
            format!("{word} of {name} {how}; further failures of {word} of {} are not reported", name.kind);
        self.reported.insert((name.kind.clone(), hook)).then_some(Notice::Warning { text })
    }
}

/// The environment of an instance without its mark: a hook is no process of the instance.
fn of_hook(environment: &Environment) -> Environment {
    let own = environment.own.variables().filter(|(name, _)| *name != INSTANCE_MARK);
    Environment { shared: environment.shared.clone(), own: own.collect() }
}

/// Writes the document as the hook reads it. One that does not read it gets no more than the pipe holds.
async fn send(input: OwnedFd, document: Vec<u8>) {
    let Ok(input) = Sender::from_owned_fd(input) else { return };
    let mut rest = document.as_slice();
    while !rest.is_empty() && input.writable().await.is_ok() {
        match input.try_write(rest) {
            Ok(count) => rest = &rest[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            // It has closed its standard input.
            Err(_) => return,
        }
    }
}

/// Prints what a hook prints, until it has ended and its output is there.
async fn read_output(pid: i32, output: OwnedFd, is_reaped: Rc<Notify>, mut printer: HookPrinter) {
    {
        let mut printing = pin!(printer.print_all(output));
        // The exit is notified once. Only a wait that is not over can be dropped: tokio then keeps the notification.
        tokio::select! {
            biased;
            () = &mut printing => is_reaped.notified().await,
            () = is_reaped.notified() => drop(timeout(REMAINING_OUTPUT, printing).await),
        }
    }
    printer.finish();
    printer.send(HookProgress::Closed(pid));
}

/// Makes lines of the output of a hook.
struct HookPrinter {
    name: InstanceName,
    hook: Hook,
    inbox: WeakUnboundedSender<Arrival>,
    /// The line that has begun.
    line: Vec<u8>,
    bytes: usize,
    lines: usize,
}

impl HookPrinter {
    fn new(name: InstanceName, hook: Hook, inbox: WeakUnboundedSender<Arrival>) -> Self {
        Self { name, hook, inbox, line: Vec::new(), bytes: 0, lines: 0 }
    }

    async fn print_all(&mut self, output: OwnedFd) {
        let Ok(output) = Receiver::from_owned_fd(output) else { return };
        let mut buffer = vec![0; 4 << 10];
        while output.readable().await.is_ok() {
            match output.try_read(&mut buffer) {
                Ok(0) => return,
                Ok(count) => self.add(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        let room = PRINTED.saturating_sub(self.bytes);
        let kept = &bytes[..room.min(bytes.len())];
        self.bytes += bytes.len();
        for piece in kept.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend(piece);
            if piece.ends_with(b"\n") {
                self.end_line();
            }
        }
    }

    fn end_line(&mut self) {
        let line = without_sequences(&std::mem::take(&mut self.line));
        let text = String::from_utf8_lossy(line.trim_ascii_end()).into_owned();
        self.lines += 1;
        if self.lines <= LINES && !text.is_empty() {
            self.print(text);
        }
    }

    fn finish(&mut self) {
        if !self.line.is_empty() {
            self.end_line();
        }
        if self.bytes > PRINTED || self.lines > LINES {
            self.print("(the rest of its output is left out)".into());
        }
    }

    fn print(&self, text: String) {
        let notice = Notice::Hook { process: self.name.clone(), hook: self.hook.as_str(), text };
        self.send(HookProgress::Printed(notice));
    }

    fn send(&self, progress: HookProgress) {
        // There is no receiver any more when the stack is over.
        if let Some(inbox) = self.inbox.upgrade() {
            let _ = inbox.send(Arrival::Hook(progress));
        }
    }
}
