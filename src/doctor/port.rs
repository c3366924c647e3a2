//! Factor VII: the port is PORT, and it can be reached.

use super::code;
use super::command::Step;
use super::facts::Facts;
use super::observation::{InstanceObservation, Observation, StartResult};
use super::report::Finding;
use crate::notice::Elapsed;
use crate::procfile::Entry;

/// A server that takes its address from its command line.
struct Server {
    /// The program, and the words that must follow it.
    words: &'static [&'static str],
    /// The options that name the port, or an address with it.
    ports: &'static [&'static str],
    /// The options that name the host.
    hosts: &'static [&'static str],
    /// Whether it reads PORT when no option names one.
    reads_port: bool,
    /// Whether it binds 127.0.0.1 when no option names a host.
    is_local: bool,
    /// Words that say that its address is elsewhere: a file of settings, a socket.
    elsewhere: &'static [&'static str],
}

/// What most servers have: options for the port, and every address of the machine.
const USUAL: Server = Server {
    words: &[],
    ports: &["-p", "--port"],
    hosts: &[],
    reads_port: false,
    is_local: false,
    elsewhere: &[],
};

const RAILS: Server =
    Server { words: &["rails", "server"], hosts: &["-b", "--binding"], reads_port: true, ..USUAL };

const SERVERS: [Server; 11] = [
    Server {
        words: &["uvicorn"],
        ports: &["--port"],
        hosts: &["--host"],
        is_local: true,
        elsewhere: &["--uds", "--fd"],
        ..USUAL
    },
    Server {
        words: &["hypercorn"],
        ports: &["--bind", "-b"],
        is_local: true,
        elsewhere: &["-c", "--config"],
        ..USUAL
    },
    Server {
        words: &["gunicorn"],
        ports: &["--bind", "-b"],
        reads_port: true,
        elsewhere: &["-c", "--config"],
        ..USUAL
    },
    Server {
        words: &["daphne"],
        hosts: &["--bind", "-b"],
        is_local: true,
        elsewhere: &["-e", "--endpoint", "-u"],
        ..USUAL
    },
    Server {
        words: &["waitress-serve"],
        ports: &["--port", "--listen"],
        hosts: &["--host"],
        elsewhere: &["--unix-socket"],
        ..USUAL
    },
    Server { words: &["flask", "run"], hosts: &["--host", "-h"], is_local: true, ..USUAL },
    Server {
        words: &["streamlit", "run"],
        ports: &["--server.port"],
        hosts: &["--server.address"],
        // Not PORT, but a file in the home folder, which a script before it often writes.
        reads_port: true,
        ..USUAL
    },
    RAILS,
    Server { words: &["rails", "s"], ..RAILS },
    Server {
        words: &["puma"],
        ports: &["-p", "--port", "-b", "--bind"],
        reads_port: true,
        elsewhere: &["-C", "--config"],
        ..USUAL
    },
    Server { words: &["rackup"], hosts: &["-o", "--host"], is_local: true, ..USUAL },
];

/// Variables by which a platform's settings reach these servers without their command line.
const SETTINGS: [&str; 4] = ["UVICORN_PORT", "FLASK_RUN_PORT", "STREAMLIT_SERVER_PORT", "GUNICORN_CMD_ARGS"];

pub(super) fn examine(facts: &Facts) -> Vec<Finding> {
    let is_set =
        |name: &str| facts.outside.contains(name) || facts.variables.iter().any(|of| of.name == name);
    if SETTINGS.iter().any(|name| is_set(name)) {
        return Vec::new();
    }
    let web = facts.runs().filter(|(entry, _)| entry.name.as_str() == "web");
    web.flat_map(|(entry, steps)| {
        steps.iter().flat_map(|step| of_step(facts, entry, step)).collect::<Vec<_>>()
    })
    .collect()
}

/// Where the instances of a stack that ran were listening.
pub(super) fn observe(facts: &Facts, seen: &Observation) -> Vec<Finding> {
    seen.first_of_each()
        .filter_map(|instance| {
            let entry = facts.entry(&instance.kind)?;
            of_instance(facts, entry, instance, seen)
        })
        .collect()
}

fn of_instance(
    facts: &Facts,
    entry: &Entry,
    instance: &InstanceObservation,
    seen: &Observation,
) -> Option<Finding> {
    let (name, listens, port) = (&instance.name, instance.listens.as_ref()?, instance.port?);
    let is_web = instance.kind == "web";
    let others = || seen.instances.iter().filter(|other| other.kind != instance.kind);
    let owner = |port: &u16| others().find(|other| other.port == Some(*port));
    let finding = |code, message| Some(facts.at(entry, code, message));
    if let Some((taken, other)) = listens.ports.iter().find_map(|port| Some((port, owner(port)?))) {
        let message = format!("{name} listens on port {taken}, which is the PORT of {}", other.name);
        return finding(&code::PORT_OF_ANOTHER, message);
    }
    match listens.ports.first() {
        Some(_) if !is_web => None,
        Some(_) if listens.ports.contains(&port) => {
            let is_found = listens.is_loopback && !seen.config.names_loopback && !facts.is_for_development;
            let message = || format!("{name} listens on the loopback address only");
            is_found.then(|| facts.at(entry, &code::LOOPBACK, message()))
        }
        Some(other) => {
            finding(&code::PORT_IGNORED, format!("{name} listens on port {other}; its PORT was {port}"))
        }
        None if is_web && instance.start == StartResult::NotReady => {
            let within = Elapsed(seen.ready_within);
            finding(&code::NOT_LISTENING, format!("{name} was listening on no port after {within}"))
        }
        None => None,
    }
}

fn of_step(facts: &Facts, entry: &Entry, step: &Step) -> Vec<Finding> {
    if let Some(found) = of_runserver(facts, entry, step) {
        return found;
    }
    let Some((program, arguments)) = step.program() else { return Vec::new() };
    let known = SERVERS.iter().find(|server| {
        server.words[0] == program
            && server.words[1..].iter().all(|word| arguments.iter().any(|argument| argument == word))
    });
    let Some(server) = known else { return Vec::new() };
    if step.option(server.elsewhere).is_some()
        || step.assigned.iter().any(|name| SETTINGS.contains(&name.as_str()))
    {
        return Vec::new();
    }
    let mut found = Vec::new();
    let port = step.option(server.ports);
    match port {
        Some(address) => found.extend(fixed(facts, entry, program, address)),
        None if !server.reads_port => {
            let message = format!("`{}` gives {program} no port", entry.name);
            found.push(facts.at(entry, &code::PORT_MISSING, message));
        }
        None => {}
    }
    let named =
        step.option(server.hosts).or(port.filter(|address| server.hosts.is_empty() && address.contains(':')));
    let is_local = match named {
        Some(host) => is_loopback(host),
        None => server.is_local,
    };
    if is_local && !facts.is_for_development {
        let message = format!("`{}` lets {program} bind 127.0.0.1", entry.name);
        found.push(facts.at(entry, &code::LOOPBACK, message));
    }
    found
}

/// Django's development server: `manage.py runserver [HOST:]PORT`, by default 127.0.0.1:8000.
fn of_runserver(facts: &Facts, entry: &Entry, step: &Step) -> Option<Vec<Finding>> {
    let place = step.words.iter().position(|word| word == "runserver")?;
    let address = step.words[place + 1..].iter().find(|word| !word.starts_with('-'));
    Some(match address {
        Some(address) => fixed(facts, entry, "runserver", address).into_iter().collect(),
        // Others than Django's have a command of that name, and may read PORT.
        None if step.words.iter().any(|word| word.ends_with("manage.py"))
            && !reads_port(facts, "manage.py") =>
        {
            let message = format!("`{}` gives runserver no port", entry.name);
            vec![facts.at(entry, &code::PORT_MISSING, message)]
        }
        None => Vec::new(),
    })
}

fn reads_port(facts: &Facts, file: &str) -> bool {
    facts.files.iter().any(|(name, text)| name.ends_with(file) && text.contains("PORT"))
}

/// That `address` ends in a number, although PORT names the port.
fn fixed(facts: &Facts, entry: &Entry, program: &str, address: &str) -> Option<Finding> {
    let port = address.rsplit(':').next().unwrap_or(address);
    let is_fixed = !address.starts_with("unix:") && !address.contains('$') && port.parse::<u16>().is_ok();
    let message = || format!("`{}` lets {program} bind port {port}, whatever PORT is", entry.name);
    is_fixed.then(|| facts.at(entry, &code::PORT_FIXED, message()))
}

fn is_loopback(address: &str) -> bool {
    let address = address.trim_start_matches("tcp://");
    ["127.0.0.1", "localhost", "[::1]", "::1"].iter().any(|host| address.starts_with(host))
}
