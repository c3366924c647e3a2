//! `ganger wait`: returns when instances have reached a goal, so that a script need not guess.

use std::ops::ControlFlow;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use super::args::WaitArgs;
use super::failure::Failure;
use super::system_env::SystemEnv;
use super::{last_run, late, stack};
use crate::config::Settings;
use crate::control::client::{Client, ServerMessage, Unanswered};
use crate::control::protocol::{Goal, LogsWanted, Request, Status};
use crate::exit::{self, Outcome};

/// How long a line may still be on its way after the exit of its instance.
const REMAINING_OUTPUT: Duration = Duration::from_millis(200);

/// Waits.
///
/// # Errors
///
/// No stack runs here, they cannot reach it any more, or the time is over.
pub(crate) fn run(wait: &WaitArgs, given: &Settings, system: &SystemEnv) -> Result<Outcome, Failure> {
    let address = stack::find(given, system)?;
    let mut client = stack::connect(&address, system)?;
    let patience = Duration::try_from_secs_f64(wait.timeout).unwrap_or(Duration::MAX);
    let names = &wait.names;
    let status = if let Some(expression) = wait.goal.strip_prefix("log=") {
        let other = stack::connect(&address, system)?;
        let name = until_logged([client, other], names, expression, patience).map_err(|error| {
            if matches!(error, Unanswered::Late) {
                late::no_line(&address, names, expression, patience)
            } else {
                stack::no_answer(error, &address, system)
            }
        })?;
        // As it stands now, if it still does.
        let client = stack::connect(&address, system).ok();
        let mut status =
            client.and_then(|mut client| client.ask(Request::Status).ok()).unwrap_or_else(last_run::nothing);
        status.instances.retain(|row| row.name == name);
        status
    } else {
        let until = match wait.goal.as_str() {
            "up" => Goal::Up,
            "exited" => Goal::Exited,
            _ => Goal::Ready,
        };
        client.set_patience(Some(patience));
        match client.ask(Request::Wait { names: names.clone(), until }) {
            Ok(status) => status,
            // The exit that is waited for.
            Err(Unanswered::Ended) if until == Goal::Exited => last_run::nothing(),
            Err(Unanswered::Late) => return Err(late::timed_out(&address, until, names, patience)),
            Err(error) => return Err(stack::no_answer(error, &address, system)),
        }
    };
    if stack::is_json(given) {
        return stack::tell(&status, true);
    }
    Ok(Outcome::Status(exit::SUCCESS))
}

/// The answer of one of the two connections of [`until_logged`].
enum WaitNews {
    /// The instance that logged the line, or why there is none.
    Logged(Result<String, Unanswered>),
    Ended(Result<Box<Status>, Unanswered>),
}

/// Waits for a line, and on a second connection for the exit of all instances that could log it. Returns the instance.
fn until_logged(
    [mut lines, mut ends]: [Client; 2],
    names: &[String],
    expression: &str,
    patience: Duration,
) -> Result<String, Unanswered> {
    let (sender, news) = channel();
    let wanted = LogsWanted {
        names: names.to_vec(),
        follow: true,
        grep: Some(expression.into()),
        ..LogsWanted::default()
    };
    let until_ended = Request::Wait { names: names.to_vec(), until: Goal::Exited };
    let to_tell = sender.clone();
    thread::spawn(move || {
        let mut instance = None;
        let heard = lines.listen(Request::Logs(wanted), |heard| match heard {
            ServerMessage::Line { line, .. } => {
                instance = Some(line.process);
                ControlFlow::Break(())
            }
            ServerMessage::Lost(_) => ControlFlow::Continue(()),
        });
        send_news(&to_tell, WaitNews::Logged(heard.and_then(|_| instance.ok_or(Unanswered::Ended))));
    });
    thread::spawn(move || send_news(&sender, WaitNews::Ended(ends.ask(until_ended).map(Box::new))));
    let mut patience = patience;
    let mut why = Unanswered::Late;
    loop {
        match news.recv_timeout(patience) {
            Ok(WaitNews::Logged(logged)) => return logged,
            Ok(WaitNews::Ended(ended)) => {
                why = ended.err().unwrap_or(Unanswered::Ended);
                patience = REMAINING_OUTPUT;
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Err(why),
        }
    }
}

fn send_news(sender: &Sender<WaitNews>, news: WaitNews) {
    // There is no receiver any more if the other one was first.
    let _ = sender.send(news);
}
