//! A command line as a list of simple commands (POSIX XCU 2.9): `A=b x >y && ! z | w; v`.

use super::lexer::{Join, ShellToken, ShellWord, tokens};
use super::words::RESERVED;

/// A simple command and what follows it.
#[derive(Debug, Default)]
pub(super) struct Simple<'a> {
    /// Whether `!` turns its status around.
    pub(super) is_negated: bool,
    /// `NAME=value` before its first word.
    pub(super) has_assignments: bool,
    /// Its words, the name of the command first; none where it only assigns or redirects.
    pub(super) words: Vec<ShellWord<'a>>,
    /// Whether the name of a file that it redirects to is for the shell to expand.
    pub(super) expands_files: bool,
    /// What stands behind it; `None` at the end.
    pub(super) join: Option<Join>,
}

/// The simple commands of `text`, at least one; `None` if there is anything else in it, also in case of doubt.
pub(super) fn simple_commands(text: &str) -> Option<Vec<Simple<'_>>> {
    let mut commands = Vec::new();
    let (mut command, mut is_empty) = (Simple::default(), true);
    let mut rest = tokens(text)?.into_iter();
    while let Some(token) = rest.next() {
        if let ShellToken::Join(join) = token {
            command.join = Some(join);
            commands.push(std::mem::take(&mut command));
            if std::mem::replace(&mut is_empty, true) {
                return None;
            }
            continue;
        }
        match token {
            ShellToken::Word(word) if is_empty && word.raw == "!" && !command.is_negated => {
                command.is_negated = true;
                continue;
            }
            ShellToken::Word(word) => add_word(&mut command, word)?,
            ShellToken::File => {
                let Some(ShellToken::Word(file)) = rest.next() else { return None };
                command.expands_files |= file.literal.is_none();
            }
            ShellToken::Duplicate => {
                // bash takes any other word for a file that both streams go to.
                let Some(ShellToken::Word(word)) = rest.next() else { return None };
                word.raw.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit()).then_some(())?;
                (word.raw.len() == 1).then_some(())?;
            }
            ShellToken::Join(_) => return None,
        }
        is_empty = false;
    }
    if !is_empty {
        commands.push(command);
        return Some(commands);
    }
    // Only `;` may stand at the end.
    let is_whole = !command.is_negated && commands.last()?.join == Some(Join::Then);
    is_whole.then_some(commands)
}

fn add_word<'a>(command: &mut Simple<'a>, word: ShellWord<'a>) -> Option<()> {
    if command.words.is_empty() {
        if is_assignment(word.raw) {
            command.has_assignments = true;
            return Some(());
        }
        // A reserved word begins a compound command, a `{` or `}` too.
        let is_reserved = RESERVED.contains(&word.raw) || matches!(word.raw, "{" | "}" | "[[" | "]]");
        (!is_reserved).then_some(())?;
    }
    command.words.push(word);
    Some(())
}

/// Whether a word in front of a command is `NAME=value` (XCU 2.9.1).
fn is_assignment(raw: &str) -> bool {
    raw.split_once('=').is_some_and(|(name, _)| {
        !name.starts_with(|c: char| c.is_ascii_digit())
            && !name.is_empty()
            && name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
    })
}
