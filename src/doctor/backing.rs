//! Factor IV: a backing service is a URL in the environment.

use std::net::SocketAddr;

use regex_lite::Regex;

use super::code;
use super::facts::{Facts, code_lines, line_of};
use super::observation::Observation;
use super::report::Finding;

/// The ports of backing services, and the schemes of their URLs; what is on another port of another machine may be any server.
const PORTS: [(u16, &[&str]); 15] = [
    (1433, &["mssql", "sqlserver"]),
    (2181, &["zookeeper"]),
    (3306, &["mysql", "mysql2", "mariadb"]),
    (4222, &["nats"]),
    (5432, &["postgres", "postgresql", "postgis", "psql", "pgsql", "ecto"]),
    (5671, &["amqps"]),
    (5672, &["amqp", "pyamqp"]),
    (6379, &["redis", "rediss", "valkey"]),
    (6380, &["rediss"]),
    (8086, &["influxdb"]),
    (9042, &["cassandra"]),
    (9092, &["kafka"]),
    (9200, &["elasticsearch", "opensearch"]),
    (11211, &["memcached", "memcache"]),
    (27017, &["mongodb", "mongo"]),
];

/// The port of Erlang's own name server, which each node asks.
const ERLANG_NAMES: u16 = 4369;

/// Whether a connection to this address may be one to a backing service.
pub(crate) fn may_be_service(server: SocketAddr) -> bool {
    let is_local = server.ip().is_loopback() && server.port() != ERLANG_NAMES;
    is_local || PORTS.iter().any(|(port, _)| *port == server.port())
}

/// A variable that may name a server.
#[derive(Clone)]
pub(crate) struct ConfigVariable {
    /// Its name.
    pub name: String,
    /// Its value, which is never shown.
    pub value: String,
    /// Whether .env sets it, and not the machine.
    pub is_of_project: bool,
}

/// Whether one of these variables names this server: its port, its address, a URL of a scheme that stands for its port, or a host
/// beside which the port is in the code. In doubt it does.
pub(crate) fn is_named<'a>(
    server: SocketAddr,
    mut variables: impl Iterator<Item = &'a ConfigVariable>,
) -> bool {
    let (port, ip) = (server.port().to_string(), server.ip().to_string());
    let schemes = PORTS.iter().filter(|(port, _)| *port == server.port()).flat_map(|(_, schemes)| *schemes);
    let schemes: Vec<&str> = schemes.copied().collect();
    let is_http = matches!(server.port(), 80 | 443);
    variables.any(|ConfigVariable { name, value, is_of_project }| {
        // `jdbc:postgresql://`, `postgresql+asyncpg://`
        let scheme = value.split_once("://").map(|(scheme, _)| scheme.trim_matches(['"', '\'']));
        let scheme = scheme.and_then(|scheme| scheme.split('+').next()?.rsplit(':').next());
        let of_scheme = scheme.is_some_and(|of| schemes.contains(&of) || is_http && of.starts_with("http"));
        let numbers = || value.split(|c: char| !c.is_ascii_digit());
        let has_port = numbers().any(|number| number == port);
        let has_any_port = numbers().any(|number| number.len() > 3);
        // A host without a port, or words without a host: the rest is in the library.
        let is_host = ["HOST", "SERVER", "ADDR", "DSN"].iter().any(|word| name.contains(word));
        let is_local = ["localhost", "127.0.0.1", "::1"].iter().any(|host| value.contains(host));
        let names_host = is_local && server.ip().is_loopback() && !has_any_port
            || is_host && (is_local || !server.ip().is_loopback() || name.contains("DSN"));
        let is_address = value.contains(&ip) && !server.ip().is_loopback();
        of_scheme || has_port || is_address || *is_of_project && !value.is_empty() && names_host
    })
}

/// What the instances of a stack that ran were connected to.
pub(super) fn observe(facts: &Facts, seen: &Observation) -> Vec<Finding> {
    seen.first_of_each()
        .filter_map(|instance| {
            let (entry, server) = (facts.entry(&instance.kind)?, instance.servers.first()?);
            let message = format!("{} is connected to {server}, which no variable names", instance.name);
            Some(facts.at(entry, &code::ADDRESS_NOT_NAMED, message))
        })
        .collect()
}

/// A URL of a service on this machine, with the address that is seen.
const SERVICE: &str = r"\b(postgres(?:ql)?(?:\+\w+)?|mysql2?(?:\+\w+)?|redis|rediss|mongodb|amqps?|memcached|nats)://(?:[^\s@/]*@)?(localhost|127\.0\.0\.1)\b";

/// What shows that the environment is asked first, and the URL is only what it is without.
const ASKED: [&str; 8] = ["environ", "getenv", "process.env", "ENV[", "ENV.fetch", "env(", "config(", "${"];

pub(super) fn examine(facts: &Facts) -> Vec<Finding> {
    let Ok(service) = Regex::new(SERVICE) else { return Vec::new() };
    let shown = |text: &str| {
        let captures = service.captures(text)?;
        Some(format!("{}://{}", captures[1].split('+').next().unwrap_or_default(), &captures[2]))
    };
    let mut found = Vec::new();
    for (entry, steps) in facts.runs() {
        // `${REDIS_URL:-redis://localhost}` asks the environment first.
        let mut words = steps.iter().flat_map(|step| &step.words).filter(|word| !word.contains('$'));
        if let Some(address) = words.find_map(|word| shown(word)) {
            let message = format!("`{}` names {address} itself", entry.name);
            found.push(facts.at(entry, &code::ADDRESS_IN_PROCFILE, message));
        }
    }
    for (file, text) in facts.sources(&["py", "js", "mjs", "cjs", "ts", "rb", "php", "go", "java", "ex"]) {
        let mut before = "";
        for (number, line) in code_lines(text) {
            // An expression that begins on the line before may ask the environment there.
            if let Some(address) =
                shown(line).filter(|_| !asks_environment(line) && !asks_environment(before))
            {
                found.push(Finding::new(
                    &code::ADDRESS_IN_SOURCE,
                    line_of(file, number),
                    format!("{address} is written into the code"),
                ));
                break;
            }
            before = line;
        }
    }
    found
}

fn asks_environment(line: &str) -> bool {
    ASKED.iter().any(|word| line.contains(word))
}
