//! The commands that can be typed in the foreground, and their parser. Pure.

use thiserror::Error;

use crate::control::protocol::Request;
use crate::control::scaling::{ScaleError, ScaleStep};

/// The answer to `h`.
pub(super) const HELP: &str = "\
lines that are read here, each with Enter:
  a NAME      attach: keys and screen are its own; Ctrl-] comes back
  r [NAME…]   restart these, or all
  s web=3     scale: web=3, worker+1, clock-1
  l [NAME…]   show only lines of these, or of all again
  p           what runs: the table of `ganger ps`
  q           stop all
  h           this
NAME: type, instance, @group or glob; Enter alone marks a place
no program gets what is typed here
keys: Tab completes, up and down recall, Ctrl-A -E -U -K -W edit";

/// The full names, for Tab.
pub(super) const COMMANDS: [&str; 7] = ["attach", "help", "logs", "ps", "quit", "restart", "scale"];

/// The answer to a line that was typed while an instance asks for a password.
pub(super) const SECRET: &str =
    "no program gets what is typed here: `a NAME` and Enter gives keys to the one that asks";

/// At most so many characters of an unknown line are repeated.
const REPEATED: usize = 40;

/// One line, parsed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ConsoleCommand {
    /// Only Enter: a row that marks a place in the log.
    Nothing,
    /// The list of commands.
    Help,
    /// Attach the terminal to this instance.
    Attach(String),
    /// Show only lines of these instances; of all, if there are none.
    Filter(Vec<String>),
    /// A request, as a client could send it.
    Request(Request),
}

/// Why a line is no command. The text is the answer to it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum LineRefusal {
    #[error("a needs the name of an instance, for example `a web`")]
    NoName,
    #[error("a takes one name: one terminal fits into this one")]
    ManyNames,
    #[error("s needs a number of instances, for example `s web=3`")]
    NoCount,
    #[error("`{0}` is no scale: {1}")]
    Scale(String, ScaleError),
    #[error("`{0}` is no command, and no program gets it: h and Enter helps")]
    Unknown(String),
}

/// Parses a line. The full name of a command means the same as its first letter.
///
/// # Errors
/// The answer to a line that is no command.
pub(super) fn parse(line: &str) -> Result<ConsoleCommand, LineRefusal> {
    let mut words = line.split_whitespace();
    let Some(command) = words.next() else { return Ok(ConsoleCommand::Nothing) };
    let words: Vec<String> = words.map(String::from).collect();
    match (command, words.as_slice()) {
        ("h" | "help" | "?", []) => Ok(ConsoleCommand::Help),
        ("a" | "attach", [name]) => Ok(ConsoleCommand::Attach(name.clone())),
        ("a" | "attach", []) => Err(LineRefusal::NoName),
        ("a" | "attach", _) => Err(LineRefusal::ManyNames),
        ("r" | "restart", _) => Ok(ConsoleCommand::Request(Request::Restart { names: words })),
        ("s" | "scale", []) => Err(LineRefusal::NoCount),
        ("s" | "scale", words) => scale(words).map(ConsoleCommand::Request),
        ("l" | "logs", _) => Ok(ConsoleCommand::Filter(words)),
        ("p" | "ps", []) => Ok(ConsoleCommand::Request(Request::Status)),
        ("q" | "quit" | "down", []) => Ok(ConsoleCommand::Request(Request::Down { grace_seconds: None })),
        _ => Err(unknown(line)),
    }
}

/// Whether a line is a command, or can become one: its first word is one or, if no other follows, the beginning of one.
pub(super) fn is_begun(line: &str) -> bool {
    let words = line.trim_start();
    match words.split_once(char::is_whitespace) {
        Some((command, _)) => {
            parse(command).is_ok_and(|command| command != ConsoleCommand::Nothing)
                || matches!(parse(command), Err(LineRefusal::NoName | LineRefusal::NoCount))
        }
        None => COMMANDS.iter().any(|command| command.starts_with(words)),
    }
}

/// A line that is no command, with its beginning.
fn unknown(line: &str) -> LineRefusal {
    let line = line.trim();
    let repeated: String = line.chars().take(REPEATED).collect();
    let rest = if line.chars().count() > REPEATED { "…" } else { "" };
    LineRefusal::Unknown(format!("{repeated}{rest}"))
}

/// `web=3 worker+1`.
fn scale(words: &[String]) -> Result<Request, LineRefusal> {
    let steps: Result<Vec<ScaleStep>, LineRefusal> = words
        .iter()
        .map(|word| ScaleStep::parse(word).map_err(|error| LineRefusal::Scale(word.clone(), error)))
        .collect();
    Ok(Request::Scale { steps: steps? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(ToString::to_string).collect()
    }

    fn step(word: &str) -> ScaleStep {
        ScaleStep::parse(word).unwrap()
    }

    #[test]
    fn the_first_word_or_letter_of_a_line_is_the_command() {
        for (line, meant) in [
            ("", ConsoleCommand::Nothing),
            ("   \r", ConsoleCommand::Nothing),
            ("h", ConsoleCommand::Help),
            (" help ", ConsoleCommand::Help),
            ("a web", ConsoleCommand::Attach("web".into())),
            ("attach web.1", ConsoleCommand::Attach("web.1".into())),
            ("r", ConsoleCommand::Request(Request::Restart { names: Vec::new() })),
            (
                "r web worker.*",
                ConsoleCommand::Request(Request::Restart { names: words(&["web", "worker.*"]) }),
            ),
            ("l", ConsoleCommand::Filter(Vec::new())),
            ("l web", ConsoleCommand::Filter(words(&["web"]))),
            ("p", ConsoleCommand::Request(Request::Status)),
            (
                "s web=3 worker-1",
                ConsoleCommand::Request(Request::Scale { steps: vec![step("web=3"), step("worker-1")] }),
            ),
            ("q", ConsoleCommand::Request(Request::Down { grace_seconds: None })),
        ] {
            assert_eq!(parse(line), Ok(meant), "{line:?}");
        }
    }

    #[test]
    fn the_help_fits_a_terminal_of_eighty_columns() {
        let too_long: Vec<&str> =
            HELP.lines().filter(|line| "ganger | ".len() + line.chars().count() > 80).collect();
        assert!(too_long.is_empty(), "{too_long:?}");
    }

    #[test]
    fn an_unknown_line_is_repeated_in_the_answer() {
        let answer = parse(&format!("x{}", "y".repeat(100))).unwrap_err().to_string();
        assert!(answer.starts_with(&format!("`x{}…` is no command", "y".repeat(39))), "{answer}");
        for line in
            ["x", "hunter2 is my password", "h web", "p x", "q now", "a web worker", "a", "s", "s web"]
        {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
