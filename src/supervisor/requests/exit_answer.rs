//! The answer to a client that waits for an instance which has exited, or will not start.

use std::future::Future;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::control::call::ReplySender;
use crate::control::protocol::{LogLine, RefusalKind, RequestRefusal};
use crate::output::Log;
use crate::supervisor::requests::logs;
use crate::supervisor::status::report::View;

/// How long after its exit an instance may take to have its remaining output printed, at most: a process that it left may hold
/// the pipe, and a reader of standard output may stand still.
const REMAINING_OUTPUT: Duration = Duration::from_secs(1);
/// How many of its last lines are in the answer.
const LINES_OF_EXIT: usize = 20;

/// Answers with the exit of an instance, and with its last lines, once its remaining output is there.
pub(super) fn send(
    caller: ReplySender,
    index: usize,
    log: Log,
    view: &View<'_>,
) -> impl Future<Output = ()> + use<> {
    let (name, refusal) = (view.name(index), refusal(index, view));
    let (printed, is_printed) = oneshot::channel();
    view.executor.after_exit(index, Box::new(move || printed.send(()).unwrap_or_default()));
    let instance = &view.machine.instances()[index];
    let exited = instance.started.zip(instance.ended).map(|(started, (_, lived))| started + lived);
    let within = (exited.unwrap_or_default() + REMAINING_OUTPUT).saturating_sub(view.now);
    answer(caller, (is_printed, within), refusal, move || logs::latest(&log, &name, index, LINES_OF_EXIT))
}

/// Answers with the lines that are there when all are printed, or when the time is over.
async fn answer(
    caller: ReplySender,
    (is_printed, within): (oneshot::Receiver<()>, Duration),
    refusal: RequestRefusal,
    lines: impl FnOnce() -> Vec<LogLine>,
) {
    let _ = timeout(within, is_printed).await;
    caller.answer(RequestRefusal { lines: lines(), ..refusal });
}

/// What the client is told, without the lines.
fn refusal(index: usize, view: &View<'_>) -> RequestRefusal {
    let instance = &view.machine.instances()[index];
    let how = match (&instance.failure, &instance.late, instance.ended) {
        (Some(reason), ..) => format!("cannot start: {reason}"),
        (None, Some(reason), _) => reason.clone(),
        (None, None, Some((exit, _))) => exit.to_string(),
        (None, None, None) => "is stopped".into(),
    };
    let name = view.name(index);
    RequestRefusal {
        is_ending: view.machine.is_stopping(),
        exit_status: instance.ended.map(|(exit, _)| exit.status()),
        process: Some(name.clone()),
        ..RequestRefusal::new(RefusalKind::Failed, format!("{name} {how}"))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::*;
    use crate::control::call::in_process;
    use crate::control::protocol::{Answer, Request};

    fn line(text: &str) -> LogLine {
        LogLine::new(jiff::Timestamp::UNIX_EPOCH, "web.1".to_owned(), text.as_bytes())
    }

    /// How many lines are in the answer, if the last one comes after this time, and how long the answer takes.
    async fn answered(last: Duration) -> (usize, Duration) {
        let (call, _typing, mut replies) = in_process(Request::Hello);
        let (printed, is_printed) = oneshot::channel();
        let lines = Rc::new(RefCell::new(vec![line("first")]));
        let seen = Rc::clone(&lines);
        let refusal = RequestRefusal::new(RefusalKind::Failed, "web.1 exited");
        let (begun, within) = (tokio::time::Instant::now(), (is_printed, REMAINING_OUTPUT));
        let output = async {
            tokio::time::sleep(last).await;
            lines.borrow_mut().push(line("last"));
            let _ = printed.send(());
        };
        let read = async {
            let Some(Answer::Failed(refusal)) = replies.next().await else { panic!("no answer") };
            (refusal.lines.len(), begun.elapsed())
        };
        tokio::join!(answer(call.caller, within, refusal, || seen.borrow().clone()), output, read).2
    }

    #[tokio::test(start_paused = true)]
    async fn the_answer_about_an_exit_has_the_last_line_whenever_it_comes() {
        let ms = Duration::from_millis;
        assert_eq!(answered(ms(0)).await, (2, ms(0)), "nothing else is waited for");
        assert_eq!(answered(ms(900)).await, (2, ms(900)));
        assert_eq!(answered(ms(5000)).await, (1, REMAINING_OUTPUT), "but not for ever");
    }
}
