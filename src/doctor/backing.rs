//! Factor IV: a backing service is a URL in the environment.

use regex_lite::Regex;

use super::code;
use super::facts::{Facts, code_lines, line_of};
use super::report::Finding;

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
        let is_asked = |line: &str| ASKED.iter().any(|word| line.contains(word));
        let mut before = "";
        for (number, line) in code_lines(text) {
            // An expression that begins on the line before may ask the environment there.
            if let Some(address) = shown(line).filter(|_| !is_asked(line) && !is_asked(before)) {
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
