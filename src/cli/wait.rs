//! `ganger wait`: returns when instances are as far, so that a script need not guess.

use std::ops::ControlFlow;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use super::args::WaitArgs;
use super::failure::Failure;
use super::stack;
use super::system_env::SystemEnv;
use crate::config::Settings;
use crate::control::client::{Client, ServerMessage, Unanswered};
use crate::control::protocol::{Goal, LogsWanted, Request, Status};
use crate::exit::{self, Outcome};

/// How long a line may still be on its way when its instance has ended.
const REMAINING_OUTPUT: Duration = Duration::from_millis(200);

/// Waits.
///
/// # Errors
///
/// Nothing runs here, they cannot get there any more, or the time is over.
pub fn run(wait: &WaitArgs, given: &Settings, system: &SystemEnv) -> Result<Outcome, Failure> {
    let mut client = stack::connect(given, system)?;
    let patience = Duration::try_from_secs_f64(wait.timeout).unwrap_or(Duration::MAX);
    let reached = if let Some(expression) = wait.goal.strip_prefix("log=") {
        let other = stack::connect(given, system)?;
        until_said([client, other], &wait.names, expression, patience).map(|name| {
            // As it stands now, if it still does.
            let client = stack::connect(given, system).ok();
            let status = client.and_then(|mut client| client.ask(Request::Status).ok());
            let mut status = status.unwrap_or_else(stack::nothing);
            status.instances.retain(|row| row.name == name);
            status
        })
    } else {
        let until = match wait.goal.as_str() {
            "up" => Goal::Up,
            "exited" => Goal::Exited,
            _ => Goal::Ready,
        };
        client.set_patience(Some(patience));
        match client.ask(Request::Wait { names: wait.names.clone(), until }) {
            // Who waits for an end has it now.
            Err(Unanswered::Ended) if until == Goal::Exited => Ok(stack::nothing()),
            other => other,
        }
    };
    let status = reached.map_err(|error| stack::unanswered(error, exit::REFUSED))?;
    if stack::is_json(given) {
        return stack::tell(&status, true);
    }
    Ok(Outcome::Status(exit::SUCCESS))
}

/// What one of the two connections of [`until_said`] has to say.
enum WaitNews {
    /// Who said it, or why nobody did.
    Said(Result<String, Unanswered>),
    Ended(Result<Status, Unanswered>),
}

/// Waits for a line, and on a second connection for the end of those who could say it. Who said it.
fn until_said(
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
    let tell = |sender: Sender<WaitNews>, news: WaitNews| {
        // Nobody listens any more where the other was first.
        let _ = sender.send(news);
    };
    let to_tell = sender.clone();
    thread::spawn(move || {
        let mut who = None;
        let heard = lines.listen(Request::Logs(wanted), |heard| match heard {
            ServerMessage::Line { line, .. } => {
                who = Some(line.process);
                ControlFlow::Break(())
            }
            ServerMessage::Lost(_) => ControlFlow::Continue(()),
        });
        tell(to_tell, WaitNews::Said(heard.and_then(|_| who.ok_or(Unanswered::Ended))));
    });
    thread::spawn(move || tell(sender, WaitNews::Ended(ends.ask(until_ended))));
    let mut patience = patience;
    let mut why = Unanswered::Late;
    loop {
        match news.recv_timeout(patience) {
            Ok(WaitNews::Said(said)) => return said,
            Ok(WaitNews::Ended(ended)) => {
                why = ended.err().unwrap_or(Unanswered::Ended);
                patience = REMAINING_OUTPUT;
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Err(why),
        }
    }
}
