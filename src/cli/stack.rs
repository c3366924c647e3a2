//! A running stack from a client's side: how it is found, asked, and its answer printed.

use std::io;
use std::path::Path;

use super::failure::{Failure, Sentence};
use super::last_run::{ended_meanwhile, nothing, nothing_runs};
use super::system_env::SystemEnv;
use super::{load, print, report};
use crate::config::Settings;
use crate::control::address::Address;
use crate::control::client::{Client, Unanswered};
use crate::control::liveness::{Greeting, SocketSearch, await_socket, greet};
use crate::control::protocol::{
    InstanceStatus, LogLine, RefusalKind, Request, RequestRefusal, Status, Unresponsive,
};
use crate::control::table::lived;
use crate::exit::{self, LATE, Outcome};
use crate::process::sweep::{LivingRun, living};

/// Whether JSON is asked for.
pub(crate) fn is_json(given: &Settings) -> bool {
    given.json == Some(true)
}

/// The name of the stack, if one is given.
pub(crate) fn name(given: &Settings) -> Option<&str> {
    given.name.as_ref().map(|name| name.value.as_str())
}

/// The address of the stack called `name` in `root`.
pub(crate) fn address(root: &Path, name: Option<&str>, system: &SystemEnv) -> Address {
    // The same root by another name (a link, `..`) is the same root.
    let real = std::fs::canonicalize(root);
    Address::new(real.as_deref().unwrap_or(root), name, system.runtime_folder().as_deref())
}

/// The address of the stack that these settings name.
///
/// # Errors
///
/// There is no such folder.
pub(crate) fn find(given: &Settings, system: &SystemEnv) -> Result<Address, Failure> {
    match load::root(given, system) {
        Ok(root) => Ok(address(&root, name(given), system)),
        Err(failure) => in_removed_folder(given, system).ok_or(failure),
    }
}

/// The address of the stack that runs in the folder of `-d` although that has been removed (`git worktree remove`).
fn in_removed_folder(given: &Settings, system: &SystemEnv) -> Option<Address> {
    let path = system.folder.as_ref()?.join(&given.root.as_ref()?.value);
    let parent = std::fs::canonicalize(path.parent()?).ok()?;
    let address = address(&parent.join(path.file_name()?), name(given), system);
    address.holder().map(|_| address)
}

/// A connection to the stack at this address.
///
/// # Errors
///
/// No stack runs there, or as [`reach`].
pub(crate) fn connect(address: &Address, system: &SystemEnv) -> Result<Client, Failure> {
    reach(address)?.map_or_else(|| Err(nothing_runs(address, system)), Ok)
}

/// A connection to the stack at this address, which has answered; `None` if none runs there.
///
/// # Errors
///
/// It does not answer: it is suspended, or hangs.
pub(crate) fn reach(address: &Address) -> Result<Option<Client>, Failure> {
    let greeted = Client::connect(address).map(|client| greeted(client, address)).transpose()?;
    greeted.flatten().map_or_else(|| elsewhere(address), |client| Ok(Some(client)))
}

/// This connection, once the stack has answered; `None` if it ends before that.
fn greeted(mut client: Client, address: &Address) -> Result<Option<Client>, Failure> {
    match greet(&mut client, address) {
        // An older ganger that does not know the question answers too.
        Greeting::Answered
        | Greeting::Refused(Unanswered::Refused(RequestRefusal { kind: RefusalKind::BadRequest, .. })) => {
            Ok(Some(client))
        }
        Greeting::Refused(Unanswered::Ended) => Ok(None),
        Greeting::Refused(error) => Err(unanswered(error, exit::REFUSED)),
        Greeting::Still(state, pid) => Err(does_not_answer(state, pid)),
    }
}

/// The same where no socket is found: by the lock, or by the marks of the stack's processes where a process holds its name. It was
/// started with another `$XDG_RUNTIME_DIR`, its socket was removed, or it is ending: then the end is waited for.
fn elsewhere(address: &Address) -> Result<Option<Client>, Failure> {
    let by_lock = address.holder().map(|pid| LivingRun { pid, runtime: None });
    // Where /proc cannot be read, nothing can be found.
    let run =
        by_lock.or_else(|| if address.is_witnessed() { living(address.home()).ok().flatten() } else { None });
    let Some(LivingRun { pid, runtime }) = run else { return Ok(None) };
    let address = runtime.map_or_else(|| address.clone(), |runtime| address.with_runtime(&runtime));
    match await_socket(pid, &address) {
        SocketSearch::Found(client) => greeted(client, &address),
        SocketSearch::Ending => {
            address.lock_wait().wait();
            Ok(None)
        }
        SocketSearch::Missing(state) => Err(does_not_answer(state, Some(pid))),
    }
}

/// The failure of a stack that runs and does not answer.
fn does_not_answer(state: Unresponsive, pid: Option<i32>) -> Failure {
    let number = pid.map_or("PID".to_owned(), |pid| pid.to_string());
    let is = pid.map_or(String::new(), |pid| format!(" (pid {pid})"));
    let (message, hint) = match state {
        Unresponsive::Suspended => (
            format!("the stack here is suspended{is}: `fg`, or `kill -CONT {number}`"),
            "`ganger down` continues it and stops it".to_owned(),
        ),
        Unresponsive::Unresponsive => (
            format!("the stack here does not answer{is}"),
            format!("`kill {number}` stops it, by SIGKILL ten seconds after the grace"),
        ),
    };
    let stack = Some(Box::new(Status { pid, state: Some(state.into()), ..nothing() }));
    let status = exit::NOT_ANSWERING;
    Failure::Sentence(Box::new(Sentence { message, hint: Some(hint), status, stack, ..Sentence::default() }))
}

/// A connection to the stack that these settings name, and how it stands.
///
/// # Errors
///
/// As [`find`] and [`connect`]: a stack that is gone before it has answered does not run.
pub(crate) fn look(given: &Settings, system: &SystemEnv) -> Result<(Client, Status), Failure> {
    let address = find(given, system)?;
    let mut client = connect(&address, system)?;
    match client.ask(Request::Status) {
        Ok(status) => Ok((client, status)),
        Err(Unanswered::Ended) => Err(nothing_runs(&address, system)),
        Err(error) => Err(unanswered(error, exit::REFUSED)),
    }
}

/// Asks the stack that these settings name; the failure has the reason why there is no answer. The last lines that come with a
/// refusal are printed.
///
/// # Errors
///
/// As [`find`] and [`connect`], or the refusal.
pub(crate) fn ask(given: &Settings, system: &SystemEnv, request: Request) -> Result<Status, Failure> {
    let address = find(given, system)?;
    connect(&address, system)?.ask(request).map_err(|error| no_answer(error, &address, system))
}

/// The failure of a request that the stack at this address has not answered; how it ended, if it has.
pub(crate) fn no_answer(error: Unanswered, address: &Address, system: &SystemEnv) -> Failure {
    match error {
        Unanswered::Ended => ended_meanwhile(address, system, exit::REFUSED),
        error @ (Unanswered::Refused(_)
        | Unanswered::Late
        | Unanswered::Strange(_)
        | Unanswered::OutputClosed) => unanswered(error, exit::REFUSED),
    }
}

/// The failure that is printed for it; `ended` is the status for a stack that ended meanwhile.
pub(crate) fn unanswered(error: Unanswered, ended: u8) -> Failure {
    let (message, status) = match error {
        Unanswered::Refused(refusal) => {
            let status = match refusal.kind {
                RefusalKind::BadRequest
                | RefusalKind::BadVersion
                | RefusalKind::TooLong
                | RefusalKind::TooMany
                | RefusalKind::Forbidden => exit::FAILED,
                RefusalKind::UnknownName | RefusalKind::Refused | RefusalKind::Failed => exit::REFUSED,
            };
            return refused(refusal, status);
        }
        Unanswered::Late => ("timed out: the stack does not answer in time".into(), LATE),
        Unanswered::Ended => ("the stack ended meanwhile".into(), ended),
        Unanswered::Strange(what) => (format!("invalid answer of the stack: {what}"), exit::FAILED),
        Unanswered::OutputClosed => return Failure::Output(io::ErrorKind::BrokenPipe.into()),
    };
    Failure::sentence(status, message, None)
}

/// The failure of a refused request. The last lines that come with it are printed.
pub(crate) fn refused(refusal: RequestRefusal, status: u8) -> Failure {
    let RequestRefusal { kind, message, lines, process, exit_status, .. } = refusal;
    say_lines(&lines);
    if kind == RefusalKind::Refused {
        return Failure::Told(message);
    }
    let code = (kind == RefusalKind::UnknownName).then_some("unknown_name");
    Failure::Sentence(Box::new(Sentence {
        message,
        status,
        code,
        process,
        exit_status,
        lines,
        ..Sentence::default()
    }))
}

/// Prints the last lines of an instance on standard error.
pub(crate) fn say_lines(lines: &[LogLine]) {
    let text: Vec<u8> = lines
        .iter()
        .flat_map(|line| [line.process.as_bytes(), b" | ", &line.payload.0, b"\n"].concat())
        .collect();
    report::say(&String::from_utf8_lossy(&text));
}

/// Prints how the instances stand after a change: one line each, or the document.
///
/// # Errors
///
/// As [`print::bytes`].
pub(crate) fn tell(status: &Status, json: bool) -> Result<Outcome, Failure> {
    for note in &status.notes {
        report::say(&report::note(note, false));
    }
    if json {
        print::json(status)?;
    } else {
        let lines: String = status.instances.iter().map(|row| sentence(row) + "\n").collect();
        print::bytes(lines.as_bytes())?;
    }
    Ok(Outcome::Status(exit::SUCCESS))
}

/// `web.1 running (pid 4711, port 5000)`
pub(crate) fn sentence(row: &InstanceStatus) -> String {
    let pid = row.pid.map(|pid| format!("pid {pid}"));
    let port = row.serving_port().filter(|_| row.pid.is_some()).map(|port| format!("port {port}"));
    let since = row.uptime_seconds.filter(|seconds| *seconds >= 1.0);
    let since = since.map(|seconds| format!("for {}", lived(seconds)));
    let details: Vec<String> = [pid, port, since].into_iter().flatten().collect();
    let details = if details.is_empty() { String::new() } else { format!(" ({})", details.join(", ")) };
    format!("{} {}{details}", row.name, row.state.as_str())
}
