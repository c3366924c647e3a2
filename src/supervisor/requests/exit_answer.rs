//! The answer to a client that waits for an instance which has exited, or will not start.

use std::future::Future;
use std::time::Duration;

use tokio::time::sleep;

use crate::control::call::ReplySender;
use crate::control::protocol::{RefusalKind, RequestRefusal};
use crate::output::Log;
use crate::supervisor::requests::logs;
use crate::supervisor::status::report::View;

/// How long the remaining output of an instance may take to arrive after its exit.
const REMAINING_OUTPUT: Duration = Duration::from_millis(120);
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
    async move {
        sleep(REMAINING_OUTPUT).await;
        let lines = logs::latest(&log, &name, index, LINES_OF_EXIT);
        caller.answer(RequestRefusal { lines, ..refusal });
    }
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
