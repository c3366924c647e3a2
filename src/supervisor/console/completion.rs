//! What Tab adds to the line that is typed. Pure.

use crate::control::protocol::Status;
use crate::supervisor::console::command::COMMANDS;

/// What follows from Tab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Completion {
    /// This is added to the line.
    Insert(String),
    /// Several words fit.
    Candidates(Vec<String>),
    /// None does.
    Nothing,
}

/// Names that a word can be.
#[derive(Clone, Debug, Default)]
pub(super) struct CompletionNames {
    types: Vec<String>,
    instances: Vec<String>,
}

impl CompletionNames {
    /// Those of a running stack: a type may have no instance now.
    pub(super) fn of(status: &Status) -> Self {
        Self {
            types: status.formation.keys().cloned().chain(status.groups.words()).collect(),
            instances: status.instances.iter().map(|instance| instance.name.clone()).collect(),
        }
    }
}

/// Completes the last word of `line`: a command, or a name that it takes. Instances are offered once the word has a dot.
pub(super) fn complete(line: &str, names: &CompletionNames) -> Completion {
    let (before, word) = line.rsplit_once(char::is_whitespace).unwrap_or(("", line));
    let command = before.split_whitespace().next();
    let (words, end): (Vec<&str>, _) = match command {
        None => (COMMANDS.to_vec(), " "),
        Some("s" | "scale") => {
            let types = names.types.iter().map(String::as_str);
            (types.filter(|name| !name.starts_with('@')).collect(), "=")
        }
        Some("a" | "attach" | "r" | "restart" | "l" | "logs") if word.contains('.') => {
            (names.instances.iter().map(String::as_str).collect(), " ")
        }
        Some("a" | "attach" | "r" | "restart" | "l" | "logs") => {
            (names.types.iter().map(String::as_str).collect(), " ")
        }
        Some(_) => (Vec::new(), ""),
    };
    let fitting: Vec<&str> = words.into_iter().filter(|candidate| candidate.starts_with(word)).collect();
    let Some(common) = fitting.iter().copied().reduce(common_start) else { return Completion::Nothing };
    let end = if fitting.len() == 1 { end } else { "" };
    match [&common[word.len()..], end].concat() {
        nothing if nothing.is_empty() => {
            Completion::Candidates(fitting.iter().map(ToString::to_string).collect())
        }
        added => Completion::Insert(added),
    }
}

fn common_start<'a>(one: &'a str, other: &str) -> &'a str {
    let length = one
        .chars()
        .zip(other.chars())
        .take_while(|(own, others)| own == others)
        .map(|(own, _)| own.len_utf8())
        .sum();
    &one[..length]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> CompletionNames {
        let words = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        CompletionNames {
            types: words(&["web", "worker", "webhook", "clock"]),
            instances: words(&["web.1", "web.2", "worker.1", "webhook.1"]),
        }
    }

    #[test]
    fn commands_and_the_names_that_they_take_are_completed() {
        let insert = |text: &str| Completion::Insert(text.into());
        let candidates =
            |words: &[&str]| Completion::Candidates(words.iter().map(ToString::to_string).collect());
        for (line, completion) in [
            ("at", insert("tach ")),
            ("  sc", insert("ale ")),
            ("a", insert("ttach ")),
            ("", candidates(&COMMANDS)),
            ("x", Completion::Nothing),
            ("a c", insert("lock ")),
            ("attach c", insert("lock ")),
            ("r wo", insert("rker ")),
            ("a w", candidates(&["web", "worker", "webhook"])),
            ("a we", insert("b")),
            ("a web", candidates(&["web", "webhook"])),
            ("a web.", candidates(&["web.1", "web.2"])),
            ("a wor", insert("ker ")),
            ("r worker.", insert("1 ")),
            ("r worker.1", insert(" ")),
            ("r worker cl", insert("ock ")),
            ("s wo", insert("rker=")),
            ("s worker=2 clo", insert("ck=")),
            ("s worker=", Completion::Nothing),
            ("l web.2", insert(" ")),
            ("p w", Completion::Nothing),
        ] {
            assert_eq!(complete(line, &names()), completion, "{line:?}");
        }
    }
}
