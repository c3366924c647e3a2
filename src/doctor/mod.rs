//! `ganger doctor`: an application held against the twelve factors (<https://12factor.net>). Facts that were read go in,
//! findings come out; a file for each factor, and one entry in [`code`] for each kind of finding.
//!
//! A finding is true or it is not made: where a fact is not known (no git, no installed packages), nothing follows from it.
//! Facts are what was read of files, an observation is what was seen of a stack that ran.

pub(crate) mod admin;
pub(crate) mod backing;
mod build;
pub(crate) mod code;
mod codebase;
mod command;
pub(crate) mod concurrency;
mod config;
pub(crate) mod dependencies;
mod disposability;
pub(crate) mod facts;
mod imports;
mod logs;
pub(crate) mod observation;
mod parity;
mod port;
mod processes;
pub(crate) mod report;
mod secrets;
mod versions;

use code::Factor;
use facts::Facts;
use observation::Observation;
use report::Finding;

/// What a look at one factor finds.
type Check = fn(&Facts) -> Vec<Finding>;

/// The checks that need no running process. Factor VI cannot be seen in files.
const CHECKS: [(Factor, Check); 11] = [
    (Factor::Codebase, codebase::examine),
    (Factor::Dependencies, dependencies::examine),
    (Factor::Config, config::examine),
    (Factor::BackingServices, backing::examine),
    (Factor::BuildReleaseRun, build::examine),
    (Factor::PortBinding, port::examine),
    (Factor::Concurrency, concurrency::examine),
    (Factor::Disposability, disposability::examine),
    (Factor::DevProdParity, parity::examine),
    (Factor::Logs, logs::examine),
    (Factor::AdminProcesses, admin::examine),
];

/// What the run of a stack shows of one factor.
type LiveCheck = fn(&Facts, &Observation) -> Vec<Finding>;

/// The checks of a stack that ran.
const LIVE_CHECKS: [(Factor, LiveCheck); 9] = [
    (Factor::Dependencies, dependencies::observe),
    (Factor::BackingServices, backing::observe),
    (Factor::BuildReleaseRun, build::observe),
    (Factor::Processes, processes::observe),
    (Factor::PortBinding, port::observe),
    (Factor::Concurrency, concurrency::observe),
    (Factor::Disposability, disposability::observe),
    (Factor::Logs, logs::observe),
    (Factor::AdminProcesses, admin::observe),
];

/// All findings in the files, in the order of the factors.
pub(crate) fn examine(facts: &Facts) -> Vec<Finding> {
    CHECKS.iter().flat_map(|(_, check)| check(facts)).collect()
}

/// What the run of a stack shows beyond the findings `in_files`, which are not made twice.
pub(crate) fn observe(facts: &Facts, seen: &Observation, in_files: &[Finding]) -> Vec<Finding> {
    // A port that the line fixes is the one on which its program listens, a log that it names the one that is written, a service
    // the one to which it is connected.
    let is_known = |of: &Finding| {
        let has =
            |other: &Finding| other.code.factor == of.code.factor && other.location.file == of.location.file;
        let is_shown = [Factor::BackingServices, Factor::PortBinding, Factor::Logs].contains(&of.code.factor);
        is_shown && in_files.iter().any(|other| has(other) && other.location.line == of.location.line)
    };
    let all = LIVE_CHECKS.iter().flat_map(|(_, check)| check(facts, seen));
    all.filter(|finding| !is_known(finding)).collect()
}

/// Whether a stack has to run for some of `factor` to be seen.
pub(crate) fn has_live_checks(factor: Factor) -> bool {
    LIVE_CHECKS.iter().any(|(of, _)| *of == factor)
}

/// Whether anything of `factor` can be seen in these files.
pub(crate) fn is_visible(factor: Factor, facts: &Facts) -> bool {
    let is_known = factor != Factor::Codebase || facts.repository.is_known();
    is_known && CHECKS.iter().any(|(of, _)| *of == factor)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::time::Duration;

    use super::facts::Repository;
    use super::observation::{
        GitState, InstanceObservation, Listening, OutputTime, RequestResult, StartFailure, StartResult,
        StopResult, WrittenFile,
    };
    use super::*;
    use crate::exit::Exit;
    use crate::name::TypeName;
    use crate::procfile::parse;
    use crate::signal::Signal;

    fn facts(procfile: &str) -> Facts {
        Facts {
            procfile: parse("Procfile", procfile.as_bytes()).procfile,
            is_for_development: false,
            files: BTreeMap::new(),
            repository: Repository::Unknown,
            parent_files: BTreeSet::new(),
            variables: Vec::new(),
            outside: BTreeSet::new(),
            node_packages: BTreeSet::new(),
            python_modules: BTreeMap::new(),
        }
    }

    /// A web of which all is right.
    fn web() -> InstanceObservation {
        let stop = StopResult {
            signal: Signal::TERMINATE,
            grace: Duration::from_secs(5),
            took: Duration::from_secs(1),
            exit: Some(Exit::Signal(Signal::TERMINATE)),
            was_killed: false,
        };
        InstanceObservation {
            start: StartResult::Ready(None),
            listens: Some(Listening { ports: BTreeSet::from([5000]), is_loopback: false }),
            output: Some(OutputTime::Running),
            one_more: Some(("web.2".into(), StartResult::Ready(None))),
            again: Some(StartResult::Ready(None)),
            request: Some(RequestResult::Answered),
            stop: Some(stop),
            ..InstanceObservation::new("web.1".into(), &TypeName::new("web").unwrap(), Some(5000))
        }
    }

    /// The codes that this instance is given for, beside a worker whose PORT is 5100.
    fn codes(web: InstanceObservation) -> Vec<&'static str> {
        let worker = InstanceObservation {
            name: "worker.1".into(),
            kind: "worker".into(),
            port: Some(5100),
            listens: Some(Listening::default()),
            ..self::web()
        };
        let seen = Observation { instances: vec![web, worker], ..Observation::default() };
        let found = observe(&facts("web: a\nworker: b\n"), &seen, &[]);
        found.iter().map(|finding| finding.code.name).collect()
    }

    #[test]
    fn each_check_of_a_run_is_true_or_silent() {
        let listens = |ports: &[u16], is_loopback| {
            Some(Listening { ports: ports.iter().copied().collect(), is_loopback })
        };
        let files = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let server = "127.0.0.1:6379".parse().unwrap();
        let late = StartResult::NotReady;
        let ended = StartResult::Ended(Exit::Status(1));
        let stop = |exit, was_killed| web().stop.map(|stop| StopResult { exit, was_killed, ..stop });
        let killed = Some(Exit::Signal(Signal::KILL));
        let table: [(InstanceObservation, &[&str]); 26] = [
            (web(), &[]),
            (InstanceObservation { listens: listens(&[8000], false), ..web() }, &["VII-port-ignored"]),
            (InstanceObservation { listens: listens(&[5100], false), ..web() }, &["VII-port-of-another"]),
            (InstanceObservation { listens: listens(&[5000, 9000], false), ..web() }, &[]),
            (InstanceObservation { listens: listens(&[5000], true), ..web() }, &["VII-loopback"]),
            (
                InstanceObservation { listens: listens(&[], false), start: late, ..web() },
                &["VII-not-listening"],
            ),
            // It has ended, or it was not seen where it listens.
            (InstanceObservation { listens: listens(&[], false), start: ended, ..web() }, &[]),
            (InstanceObservation { listens: None, start: late, ..web() }, &[]),
            (InstanceObservation { one_more: Some(("web.2".into(), ended)), ..web() }, &["VIII-no-second"]),
            (InstanceObservation { one_more: Some(("web.2".into(), late)), ..web() }, &["VIII-no-second"]),
            (InstanceObservation { one_more: Some(("web.2".into(), StartResult::NotSeen)), ..web() }, &[]),
            (InstanceObservation { writes: files(&["data/a.db"]), ..web() }, &["VI-file-written"]),
            (InstanceObservation { writes: files(&["log/a.log"]), ..web() }, &["XI-log-written"]),
            (InstanceObservation { writes: files(&["tmp/a.db", ".b/c", "d.pid"]), ..web() }, &[]),
            (
                InstanceObservation { writes: files(&["a.db"]), shared: files(&["a.db"]), ..web() },
                &["VI-file-shared"],
            ),
            (InstanceObservation { servers: [server].into(), ..web() }, &["IV-address-not-named"]),
            (
                InstanceObservation { own_variables: files(&["NODE_ENV"]), ..web() },
                &["XII-environment-differs"],
            ),
            (InstanceObservation { home_programs: files(&["tool"]), ..web() }, &["II-program-in-home"]),
            // It is told as not seen.
            (InstanceObservation { output: Some(OutputTime::AtEnd), ..web() }, &[]),
            (InstanceObservation { again: Some(ended), ..web() }, &["IX-not-up-again"]),
            (InstanceObservation { request: Some(RequestResult::Dropped), ..web() }, &["IX-request-dropped"]),
            (InstanceObservation { request: Some(RequestResult::TooFast), ..web() }, &[]),
            (InstanceObservation { stop: stop(killed, true), ..web() }, &["IX-not-ended"]),
            (
                InstanceObservation { stop: stop(Some(Exit::Status(3)), false), ..web() },
                &["IX-fails-at-stop"],
            ),
            (InstanceObservation { stop: stop(Some(Exit::Status(143)), false), ..web() }, &[]),
            (InstanceObservation { stop: stop(None, false), ..web() }, &[]),
        ];
        for (seen, expected) in table {
            assert_eq!(codes(seen.clone()), expected, "{seen:?}");
        }
    }

    #[test]
    fn what_the_files_show_is_not_found_twice() {
        let facts = facts("web: gunicorn -b :8000 a:a\n");
        let ignored = Listening { ports: BTreeSet::from([8000]), is_loopback: false };
        let seen = Observation {
            instances: vec![InstanceObservation { listens: Some(ignored), ..web() }],
            ..Observation::default()
        };
        assert_eq!(observe(&facts, &seen, &[]).len(), 1);
        assert_eq!(observe(&facts, &seen, &examine(&facts)), []);
    }

    #[test]
    fn what_was_written_is_found_where_it_is_certain_to_be_missed() {
        let written = |name: &str, git| WrittenFile { name: name.into(), git };
        let codes = |kind: &str, file: WrittenFile| -> Vec<&'static str> {
            let facts = facts("web: a\nredis: b\n");
            let instance = InstanceObservation { kind: kind.into(), ..web() };
            let seen =
                Observation { instances: vec![instance], written: vec![file], ..Observation::default() };
            observe(&facts, &seen, &[]).iter().map(|finding| finding.code.name).collect()
        };
        for (name, git, expected) in [
            ("schema.rb", GitState::Tracked, &["V-source-changed"][..]),
            ("uploads/a.png", GitState::Untracked, &["VI-file-written"]),
            // It may be a cache.
            ("public/a.js", GitState::Ignored, &[]),
            ("data/app.sqlite3", GitState::Ignored, &["VI-file-written"]),
            ("log/production.log", GitState::Ignored, &["XI-log-written"]),
            // LevelDB's.
            ("store/000003.log", GitState::Ignored, &[]),
            ("app.lck", GitState::Untracked, &[]),
            ("tmp/a", GitState::Untracked, &[]),
            (".cache/a", GitState::Untracked, &[]),
        ] {
            assert_eq!(codes("web", written(name, git)), expected, "{name}");
        }
        // It may have been the database.
        assert_eq!(codes("redis", written("dump", GitState::Untracked)), [""; 0]);
    }

    #[test]
    fn a_server_is_named_by_its_port_its_scheme_its_address_or_its_host() {
        let names = |server: &str, name: &str, value: &str, is_of_project| {
            let (name, value) = (name.to_owned(), value.to_owned());
            let variable = backing::ConfigVariable { name, value, is_of_project };
            backing::is_named(server.parse().unwrap(), [&variable].into_iter())
        };
        for (name, value, is_of_project, is_named) in [
            ("DATABASE_URL", "postgres://a:b@localhost/c", false, true),
            ("DATABASE_URL", "postgresql+asyncpg://localhost/c", false, true),
            ("PGPORT", "5432", false, true),
            ("DATABASE_URL", "jdbc:postgresql://localhost/app", false, true),
            ("DATABASE_URL", "psql://u@localhost/app", false, true),
            ("DB", "localhost", true, true),
            ("DB_DSN", "user=a dbname=b sslmode=disable", true, true),
            ("SMTP_SERVER", "mail.example.com", true, false),
            ("NO_PROXY", "localhost,127.0.0.1", false, false),
            ("PGHOST", "localhost", true, true),
            ("PGHOST", "", true, false),
            // The machine's own.
            ("HOSTNAME", "box", false, false),
            ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/1000/bus", false, false),
            ("DB", "127.0.0.1", true, true),
            ("REDIS_URL", "redis://localhost:6379", true, false),
            ("PORT", "54320", true, false),
        ] {
            assert_eq!(names("127.0.0.1:5432", name, value, is_of_project), is_named, "{name}={value}");
        }
        assert!(names("[::1]:443", "API", "https://localhost/a", false));
        assert!(!names("[::1]:8443", "API", "https://localhost/a", false));
    }

    #[test]
    fn a_program_that_is_missing_is_found_and_nothing_else_was_seen() {
        let failure =
            StartFailure { name: "web.1".into(), program: "gunicorn".into(), reason: "not found".into() };
        let web = InstanceObservation { start: StartResult::Ended(Exit::Status(127)), stop: None, ..web() };
        let seen =
            Observation { instances: vec![web], cannot_start: Some(failure), ..Observation::default() };
        let found = observe(&facts("web: gunicorn a\n"), &seen, &[]);
        let found: Vec<(&str, &str)> = found.iter().map(|of| (of.code.name, of.message.as_str())).collect();
        assert_eq!(found, [("II-program-missing", "web.1 cannot start: gunicorn: not found")]);
        assert!(!seen.has_seen_any());
        assert_eq!(
            seen.gaps(Factor::Disposability),
            ["anything of the run, as web.1 could not be started and all were stopped"]
        );
    }
}
