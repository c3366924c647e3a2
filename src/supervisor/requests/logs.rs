//! Sends the log to a client: the history, and then new lines as they come.

use std::cell::{Cell, Ref, RefCell};
use std::rc::Rc;
use std::time::Duration;

use crate::control::call::ReplySender;
use crate::control::protocol::{Answer, LogLine, LogsWanted, LostLines, RefusalKind, RequestRefusal};
use crate::control::request;
use crate::machine::Machine;
use crate::name::InstanceName;
use crate::output::Log;
use crate::output::history::{self, HistoryPosition};
use crate::supervisor::channel::clock;
use crate::supervisor::status::selector::Selector;

/// Bytes of text in one piece of an answer. A client that does not read holds four of them in memory.
const PIECE: usize = 32 << 10;

/// The names of all instances that there have been, by their index; shared with the readers of the log.
#[derive(Clone, Default)]
pub(super) struct InstanceNames(Rc<RefCell<Vec<InstanceName>>>);

impl InstanceNames {
    /// Adds the names of new instances.
    pub(super) fn update(&self, machine: &Machine) {
        let mut names = self.0.borrow_mut();
        let known = names.len();
        names.extend(machine.specs()[known..].iter().map(|spec| spec.name.clone()));
    }

    fn names(&self) -> Ref<'_, [InstanceName]> {
        Ref::map(self.0.borrow(), Vec::as_slice)
    }
}

/// Reads the log for one client.
pub(super) struct LogReader {
    pub(super) log: Log,
    pub(super) instance_names: InstanceNames,
    pub(super) caller: ReplySender,
    /// Whether the stack is over, and no more lines will come.
    pub(super) is_over: Rc<Cell<bool>>,
}

impl LogReader {
    /// Sends the lines that the client asked for, then the answer that ends it. A slow client misses lines that the history drops
    /// meanwhile, and gets their number; the stack does not wait for it.
    pub(super) async fn run(self, wanted: LogsWanted, done: Answer) {
        let pattern = match wanted.grep.as_deref().map(request::pattern).transpose() {
            Ok(pattern) => pattern,
            Err(error) => {
                let message = format!("the regular expression is not understood: {error}");
                return self.caller.answer(RequestRefusal::new(RefusalKind::BadRequest, message));
            }
        };
        let since = wanted
            .since_seconds
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .and_then(|span| clock::wall().checked_sub(span).ok());
        // Once for each instance: a name may be a glob, and there are many lines.
        let known: RefCell<Vec<bool>> = RefCell::default();
        let selector = Selector::new(&wanted.names);
        let is_selected = |log_source: usize| {
            let mut known = known.borrow_mut();
            let count = known.len();
            known.extend(self.instance_names.names().iter().skip(count).map(|own| selector.selects(own)));
            known.get(log_source).copied().unwrap_or(false)
        };
        let is_wanted = |line: &history::HistoryLine<'_>| {
            is_selected(line.log_source)
                && since.is_none_or(|since| line.time >= since)
                && pattern.as_ref().is_none_or(|found| found.is_match(&String::from_utf8_lossy(line.text)))
        };
        let first = self.log.with_history(|history| match wanted.lines {
            // All lines: no search is needed to find the first one.
            None => history.place_of_latest(usize::MAX, |_| true),
            Some(count) => history.place_of_latest(count as usize, is_wanted),
        });
        let Some(mut place) = first else { return self.caller.answer(done) };
        loop {
            let (lines, is_behind) = self.piece(&mut place, is_selected, is_wanted);
            if !lines.is_empty() && !self.caller.say(lines).await {
                return;
            }
            if is_behind {
                // Other tasks have their turn in between: a long history must not hold up the output of the stack.
                tokio::task::yield_now().await;
            } else if !wanted.follow || self.is_over.get() {
                break;
            } else {
                tokio::select! {
                    () = self.log.grown() => {}
                    () = self.caller.gone() => return,
                }
            }
        }
        self.caller.say(vec![done]).await;
    }

    /// The next lines, and whether there are more already.
    fn piece(
        &self,
        place: &mut HistoryPosition,
        is_selected: impl Fn(usize) -> bool,
        is_wanted: impl Fn(&history::HistoryLine<'_>) -> bool,
    ) -> (Vec<Answer>, bool) {
        let name = |index: usize| {
            self.instance_names.names().get(index).map_or_else(String::new, ToString::to_string)
        };
        self.log
            .with_history(|history| {
                let found = history.from(place, PIECE, is_selected, is_wanted);
                let lost = (found.lost > 0).then_some(Answer::Lost(LostLines { lines: found.lost }));
                let lines =
                    found.lines.iter().map(|line| LogLine::new(line.time, name(line.log_source), line.text));
                (lost.into_iter().chain(lines.map(Answer::Line)).collect(), !history.is_end(place))
            })
            .unwrap_or_default()
    }
}

/// The latest lines of one instance.
pub(super) fn latest(log: &Log, name: &str, index: usize, count: usize) -> Vec<LogLine> {
    log.with_history(|history| {
        let lines = history.latest(count, |log_source| log_source == index);
        lines.iter().map(|line| LogLine::new(line.time, name.to_owned(), line.text)).collect()
    })
    .unwrap_or_default()
}
