//! Reading the history to a client, and going on with what comes.

use std::cell::{Cell, Ref, RefCell};
use std::rc::Rc;
use std::time::Duration;

use crate::control::protocol::{Answer, LogLine, LogsWanted, LostLines, RefusalKind, RequestRefusal};
use crate::control::request;
use crate::control::server::ReplySender;
use crate::machine::Machine;
use crate::name::InstanceName;
use crate::output::Log;
use crate::output::history::{self, HistoryPosition};
use crate::supervisor::channel::clock;
use crate::supervisor::status::selector::is_among;

/// Bytes of text that are put into one piece of an answer. With the four pieces that may wait it is what a
/// client that does not read can hold.
const PIECE: usize = 32 << 10;

/// The name of every instance that there has been, by its index; readers of the history hear of those who come.
#[derive(Clone, Default)]
pub(crate) struct InstanceNames(Rc<RefCell<Vec<InstanceName>>>);

impl InstanceNames {
    /// Takes the names of those who came since the last call.
    pub(crate) fn read_on(&self, machine: &Machine) {
        let mut names = self.0.borrow_mut();
        let known = names.len();
        names.extend(machine.specs()[known..].iter().map(|spec| spec.name.clone()));
    }

    fn names(&self) -> Ref<'_, [InstanceName]> {
        Ref::map(self.0.borrow(), Vec::as_slice)
    }
}

/// A reader of the history, on behalf of a client.
pub(crate) struct LogReading {
    pub log: Log,
    pub instance_names: InstanceNames,
    pub caller: ReplySender,
    /// Whether nothing more will come.
    pub is_over: Rc<Cell<bool>>,
}

impl LogReading {
    /// Gives what is wanted to the client, then the answer that ends it. Slow clients miss what the history
    /// forgets meanwhile, and are told how much; nobody waits for them.
    pub(crate) async fn run(self, wanted: LogsWanted, done: Answer) {
        let pattern = match wanted.grep.as_deref().map(request::pattern).transpose() {
            Ok(pattern) => pattern,
            Err(error) => {
                let message = format!("the regular expression is not understood: {error}");
                return self
                    .caller
                    .answer(Answer::Failed(RequestRefusal::new(RefusalKind::BadRequest, message)));
            }
        };
        let since = wanted
            .since_seconds
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .and_then(|span| clock::wall().checked_sub(span).ok());
        // Asked once for each: a name may be a glob, and of lines there are many.
        let known: RefCell<Vec<bool>> = RefCell::default();
        let is_speaker = |log_source: usize| {
            let mut known = known.borrow_mut();
            let newcomers = known.len();
            known.extend(
                self.instance_names.names().iter().skip(newcomers).map(|own| is_among(own, &wanted.names)),
            );
            known.get(log_source).copied().unwrap_or(false)
        };
        let is_wanted = |line: &history::HistoryLine<'_>| {
            is_speaker(line.log_source)
                && since.is_none_or(|since| line.time >= since)
                && pattern.as_ref().is_none_or(|found| found.is_match(&String::from_utf8_lossy(line.text)))
        };
        let first = self.log.with_history(|history| match wanted.lines {
            // Nothing needs to be searched to find where all begin.
            None => history.place_of_latest(usize::MAX, |_| true),
            Some(count) => history.place_of_latest(count as usize, is_wanted),
        });
        let Some(mut place) = first else { return self.caller.answer(done) };
        loop {
            let (lines, is_behind) = self.piece(&mut place, is_speaker, is_wanted);
            if !lines.is_empty() && !self.caller.say(lines).await {
                return;
            }
            if is_behind {
                // Others have their turn in between: a long history must not stop the stack's own output.
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
        is_speaker: impl Fn(usize) -> bool,
        is_wanted: impl Fn(&history::HistoryLine<'_>) -> bool,
    ) -> (Vec<Answer>, bool) {
        let name = |index: usize| {
            self.instance_names.names().get(index).map_or_else(String::new, ToString::to_string)
        };
        let look = |history: &history::History| {
            let found = history.from(place, PIECE, is_speaker, is_wanted);
            let lost = (found.lost > 0).then_some(Answer::Lost(LostLines { lines: found.lost }));
            let lines =
                found.lines.iter().map(|line| LogLine::new(line.time, name(line.log_source), line.text));
            (lost.into_iter().chain(lines.map(Answer::Line)).collect(), !history.is_end(place))
        };
        self.log.with_history(look).unwrap_or_default()
    }
}

/// The latest lines of one instance.
pub(crate) fn latest(log: &Log, name: &str, index: usize, count: usize) -> Vec<LogLine> {
    let look = |history: &history::History| {
        let lines = history.latest(count, |log_source| log_source == index);
        lines.iter().map(|line| LogLine::new(line.time, name.to_owned(), line.text)).collect()
    };
    log.with_history(look).unwrap_or_default()
}
