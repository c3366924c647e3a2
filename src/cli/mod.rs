//! The command line: arguments in, answers and exit status out.
//!
//! `args` has the commands, `flags` the flags and variables of settings, `load` reads the files, [`report`] prints
//! errors. One file for each subcommand does the rest.

pub(crate) mod absent;
pub(crate) mod args;
pub(crate) mod args_stack;
pub(crate) mod attach;
mod auto_port;
pub(crate) mod change;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod detach;
pub(crate) mod doctor;
pub(crate) mod down;
pub(crate) mod env;
pub(crate) mod examples;
pub(crate) mod exec;
pub(crate) mod export;
pub(crate) mod failure;
pub(crate) mod files;
pub(crate) mod flags;
pub(crate) mod folders;
pub(crate) mod keeper;
pub(crate) mod last_run;
pub(crate) mod late;
pub(crate) mod load;
pub(crate) mod logs;
pub(crate) mod ls;
pub(crate) mod man;
pub(crate) mod mcp;
pub(crate) mod peers;
pub(crate) mod port;
pub(crate) mod print;
pub(crate) mod project;
pub(crate) mod ps;
pub(crate) mod reload;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod scale;
pub(crate) mod scripts;
pub(crate) mod skill;
pub(crate) mod stack;
pub(crate) mod start;
pub(crate) mod supervise;
pub(crate) mod sweep;
pub(crate) mod system_env;
#[cfg(feature = "ui")]
pub(crate) mod ui;
pub(crate) mod usage;
pub(crate) mod values;
pub(crate) mod version;
pub(crate) mod wait;

use std::ffi::OsString;
use std::process::ExitCode;

use args::Command;
use failure::Failure;
use peers::words::Translated;
use system_env::{StdStream, SystemEnv};

use crate::config::ColorChoice;
use crate::exit::{Exit, Outcome};
use crate::process::monitor::die_by;

/// Runs the program: the first of `arguments` is its own name.
pub(crate) fn main(arguments: Vec<OsString>) -> ExitCode {
    let mut system = SystemEnv::read();
    let Translated { words: arguments, ignored, peer } = peers::words::translate(arguments);
    system.called_as = peer;
    for flag in &ignored {
        report::say(&report::note(flag, system.colors(StdStream::Error, ColorChoice::Auto)));
    }
    let wants_json = usage::wants_json(&arguments, &system);
    let outcome = answer(arguments, &system).unwrap_or_else(|failure| {
        // One document for every end. A failure to print it is that of a closed standard output, which the status tells.
        let document = wants_json.then(|| failure.document()).flatten();
        let printed = document.map_or(Ok(()), |document| print::json(&document));
        let failure = printed.err().unwrap_or(failure);
        report::say(&report::failure(&failure, system.colors(StdStream::Error, ColorChoice::Auto)));
        failure.outcome()
    });
    let status = match outcome {
        Outcome::Status(status) => status,
        Outcome::DieBy(signal) => {
            die_by(signal);
            // Only if the signal did not end us: then the status is the one that a shell would have seen.
            Exit::Signal(signal).status()
        }
    };
    ExitCode::from(status)
}

fn answer(arguments: Vec<OsString>, system: &SystemEnv) -> Result<Outcome, Failure> {
    if let Some(shell) = system.variable(completions::VARIABLE) {
        return completions::answer(&shell, arguments, system);
    }
    let Some((command, given)) = usage::parse(&arguments, system)? else {
        return Ok(Outcome::Status(crate::exit::SUCCESS));
    };
    match command {
        #[cfg(feature = "ui")]
        Command::Start(start) if start.ui => ui::start(&start, &given, system),
        Command::Start(start) => start::run(&start, &given, system),
        Command::Run(run) => run::run(&run, &given, system),
        Command::Exec(exec) => exec::run(exec, &given, system),
        Command::Check => check::run(&given, system),
        Command::Doctor(doctor) => doctor::run(&doctor, &given, system),
        Command::Env(env) => env::run(&env, &given, system),
        Command::Ls(ls) => ls::run(&ls, &given, system),
        Command::Ps(ps) => ps::run(&ps, &given, system),
        Command::Logs(logs) => logs::run(logs, &given, system),
        Command::Restart(restart) => change::restart(restart, &given, system),
        Command::Stop(stop) => change::stop(stop, &given, system),
        Command::Scale(scale) => scale::run(scale, &given, system),
        Command::Kill(kill) => change::kill(kill, &given, system),
        Command::Attach(attach) => attach::run(attach, &given, system),
        #[cfg(feature = "ui")]
        Command::Ui(ui) => ui::run(ui, &given, system),
        Command::Wait(wait) => wait::run(&wait, &given, system),
        Command::Port(port) => port::run(&port, &given, system),
        Command::Down(down) => down::run(&down, &given, system),
        Command::Export(export) => export::run(&export, given, system),
        Command::Completions(completions) => completions::run(completions.shell),
        Command::Mcp(mcp) => mcp::run(mcp, &given, system),
        Command::Skill(skill) => skill::run(&skill),
        Command::Man => man::run(),
        Command::Version(version) => version::run(&version),
    }
}
