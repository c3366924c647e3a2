//! Where `exec` may stand in a command line: before its last simple command, if the shell would only wait for it.

use std::borrow::Cow;

use super::lexer::{Join, ShellWord};
use super::list::{Simple, simple_commands};
use super::words::{HARMLESS, is_program};

/// `command` with `exec ` before its last simple command, if that changes nothing but that the program replaces the shell:
/// what is printed and the status are the same in dash, bash and busybox. `None` in any doubt.
///
/// So it is for one simple command, and for the last one of a list (`cd web && A=b node server.js >log`), whose name is
/// written out and is no builtin. Nothing before it may give the shell something to do later, or another meaning to a name:
/// a trap, a function, an alias, a background job, an option (`set -x` would print the `exec`), or a file that is sourced,
/// in which all of these may stand. `exec` must follow the assignments: it is the program that gets them (XCU 2.14 leaves open
/// whether they are exported, but all three shells do).
///
/// If there is no such program the status is 127 as without `exec`, and the shell's message has the word `exec` in it.
pub fn with_exec(command: &str) -> Option<String> {
    let commands = simple_commands(command)?;
    let (last, before) = split_last(&commands)?;
    let name = last.words.first()?;
    let is_sure = !is_builtin_somewhere(name)
        && is_program_name(name)
        // A special builtin may be redirected before its assignments are made, or after (XCU 2.9.1).
        && !(last.has_assignments && last.expands_files)
        && before.iter().all(is_harmless);
    let (head, tail) = command.split_at_checked(name.start)?;
    is_sure.then(|| format!("{head}exec {tail}"))
}

/// The text for `sh -c`: `command` with `exec` in it where that is right, else as it is.
pub fn text_for_shell(command: &str) -> Cow<'_, str> {
    // Of the plain words, `true` and `false` are the same as builtins and as programs.
    if super::simple_words(command).is_some() {
        return format!("exec {}", command.trim_start()).into();
    }
    with_exec(command).map_or(Cow::Borrowed(command), Cow::Owned)
}

/// Whether the shell that runs [`text_for_shell`] is replaced by the program, so that a signal to the first process reaches
/// it: because `exec` could be put there, or stands there already.
pub fn is_replaced(command: &str) -> bool {
    says_exec(command) || matches!(text_for_shell(command), Cow::Owned(_))
}

/// Whether the last simple command of a list is `exec` and a program.
fn says_exec(command: &str) -> bool {
    let Some(commands) = simple_commands(command) else { return false };
    let Some((last, _)) = split_last(&commands) else { return false };
    let [name, program, ..] = last.words.as_slice() else { return false };
    // An option of exec's own (`exec -a NAME`) is no program.
    name.raw == "exec" && !program.raw.starts_with('-')
}

/// The last command and those before it, unless it ends a pipeline or `!` stands before it.
fn split_last<'a, 'b>(commands: &'b [Simple<'a>]) -> Option<(&'b Simple<'a>, &'b [Simple<'a>])> {
    let (last, before) = commands.split_last()?;
    let is_piped = before.last().is_some_and(|command| command.join == Some(Join::Pipe));
    (!is_piped && !last.is_negated).then_some((last, before))
}

/// Whether nothing is left to do, and no name means something else, after `command`.
fn is_harmless(command: &Simple<'_>) -> bool {
    let Some(name) = command.words.first() else { return true };
    // `exec` without a program only redirects.
    let is_redirection = name.raw == "exec" && command.words.len() == 1;
    is_redirection || HARMLESS.contains(&name.raw) || is_program_name(name)
}

/// `true` and the like: a program of that name need not be there.
fn is_builtin_somewhere(name: &ShellWord<'_>) -> bool {
    name.literal.as_ref().is_some_and(|name| HARMLESS.contains(&name.as_str()))
}

/// Whether every shell takes this word, in first place, for the name of a program.
fn is_program_name(word: &ShellWord<'_>) -> bool {
    let Some(name) = &word.literal else { return false };
    // What `~` alone becomes is not known.
    !name.is_empty() && is_program(name) && (!name.starts_with('~') || name.contains('/'))
}
