//! Factor VIII: a process type is one program in the foreground, scaled by number.

use super::code;
use super::command::{Join, Step};
use super::facts::Facts;
use super::observation::Observation;
use super::report::Finding;

/// Programs that leave the foreground, with the words that make them.
const DAEMONS: [(&str, &[&str]); 8] = [
    ("gunicorn", &["-D", "--daemon"]),
    ("uwsgi", &["-d", "--daemonize"]),
    ("unicorn", &["-D", "--daemonize"]),
    ("unicorn_rails", &["-D", "--daemonize"]),
    ("rails", &["-d", "--daemon"]),
    ("redis-server", &["--daemonize"]),
    ("celery", &["multi", "--detach", "-D"]),
    ("thin", &["-d", "--daemonize"]),
];

/// Whether more than one of this type is what its name promises. Of a clock, a database or a build that watches there is one.
pub(crate) fn may_scale(kind: &str) -> bool {
    ["web", "api"].contains(&kind) || kind.contains("worker")
}

/// Whether one more instance came up beside the first.
pub(super) fn observe(facts: &Facts, seen: &Observation) -> Vec<Finding> {
    seen.first_of_each()
        .filter_map(|instance| {
            let (entry, (second, start)) = (facts.entry(&instance.kind)?, instance.one_more.as_ref()?);
            let failure = start.failure(seen.ready_within)?;
            let message = format!("{second} {failure}, beside {}", instance.name);
            Some(facts.at(entry, &code::NO_SECOND, message))
        })
        .collect()
}

pub(super) fn examine(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    for (entry, steps) in facts.runs() {
        let name = &entry.name;
        if let Some(program) = steps.iter().find_map(daemon) {
            found.push(facts.at(
                entry,
                &code::DAEMONIZES,
                format!("`{name}` sends {program} into the background"),
            ));
        } else if let Some((last, before)) = steps.split_last() {
            if last.join == Join::Background {
                let message = format!("`{name}` ends in `&`: its shell exits at once");
                found.push(facts.at(entry, &code::DAEMONIZES, message));
            } else if before.iter().any(|step| step.join == Join::Background) {
                found.push(facts.at(
                    entry,
                    &code::SEVERAL_IN_ONE,
                    format!("`{name}` runs programs side by side with `&`"),
                ));
            }
        }
    }
    found
}

/// The program that a step sends into the background.
fn daemon(step: &Step) -> Option<&str> {
    let (program, arguments) = step.program()?;
    let is_off =
        |index: usize| arguments.get(index + 1).is_some_and(|of| ["no", "false", "0"].contains(&of.as_str()));
    let has = |words: &[&str]| {
        let mut given = arguments.iter().enumerate();
        given.any(|(index, argument)| words.contains(&argument.as_str()) && !is_off(index))
    };
    let is_listed = DAEMONS.iter().any(|(name, words)| *name == program && has(words));
    let is_pm2 = program == "pm2" && has(&["start"]) && !has(&["--no-daemon"]);
    (is_listed || is_pm2).then_some(program)
}
