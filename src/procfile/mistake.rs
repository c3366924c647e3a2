//! What can be wrong with a line of a Procfile, and the way out of it.

use std::sync::Arc;

use super::{LONGEST_COMMAND, MOST_ENTRIES};
use crate::location::{Diagnostic, Location};
use crate::name::TypeName;
use crate::text::{self, SourceLine};

/// A line that is refused. The texts are parts of it.
#[derive(Debug)]
pub(super) enum Mistake<'a> {
    /// There is no colon in it.
    NoColon {
        /// The line without the blanks around it.
        line: &'a str,
    },
    /// What stands before the colon is no name.
    Name {
        /// What stands there.
        name: &'a str,
        /// What stands after the colon.
        command: &'a str,
    },
    /// Nothing stands after the colon.
    NoCommand {
        /// What stands before it.
        name: &'a str,
    },
    /// The command is longer than any program can be given.
    LongCommand {
        /// The command.
        command: &'a str,
    },
    /// There were more entries before it than make sense.
    TooMany {
        /// The name.
        name: &'a str,
    },
    /// The name was there before.
    Repeated {
        /// The name.
        name: &'a str,
        /// The line where it was.
        first: u32,
    },
}

impl Mistake<'_> {
    /// Its message; `line` is the line, `previous` the text of the one before.
    pub(super) fn diagnostic(&self, file: &Arc<str>, line: SourceLine<'_>, previous: &str) -> Diagnostic {
        let (part, message, hint) = match *self {
            Self::NoColon { line } => (line, no_colon_message(line), no_colon_hint(line, previous)),
            Self::Name { name, command } => return bad_name(file, line, name, command),
            Self::NoCommand { name } => (
                name,
                format!("`{name}` has no command"),
                format!("write the command after the colon, on the same line: `{name}: COMMAND`"),
            ),
            Self::LongCommand { command } => (
                command,
                format!(
                    "this command is {} bytes long; the kernel takes {LONGEST_COMMAND} at most",
                    command.len()
                ),
                "put it into a script and name that here".into(),
            ),
            Self::TooMany { name } => (
                name,
                format!(
                    "`{name}` is one type too many: {MOST_ENTRIES} are the most that a Procfile may have"
                ),
                "a file of this size is hardly a Procfile: was another one meant?".into(),
            ),
            Self::Repeated { name, first } => (
                name,
                format!("`{name}` is in this file twice"),
                format!("the first is in line {first}: give one of them another name"),
            ),
        };
        pointing(file, line, part, (message, hint))
    }
}

/// A diagnostic about `part` of `line`.
fn pointing(file: &Arc<str>, line: SourceLine<'_>, part: &str, said: (String, String)) -> Diagnostic {
    // `part` is a slice of the line, so its place is the distance of the two.
    let start = (part.as_ptr() as usize).saturating_sub(line.text.as_ptr() as usize);
    let (message, hint) = said;
    Diagnostic {
        location: Location {
            file: Arc::clone(file),
            line: Some(line.number),
            column: Some(text::column(line.text, start)),
        },
        message,
        hint: Some(hint),
        excerpt: Some(text::excerpt(line.text, start..start + part.len())),
    }
}

fn no_colon_message(line: &str) -> String {
    if line.chars().all(|c| c == '-') {
        return "this is a mark of YAML, not a line of a Procfile".into();
    }
    "there is no colon in this line".into()
}

fn no_colon_hint(line: &str, previous: &str) -> String {
    let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let before = previous.trim_end();
    if before.ends_with('\\') && !before.trim_start().starts_with('#') {
        "no Procfile runner joins lines after a backslash: write the command on one line".into()
    } else if line.chars().all(|c| c == '-') {
        "a Procfile is not YAML: write one `NAME: COMMAND` a line".into()
    } else if first == "export" || first.contains('=') {
        "variables for all go into .env; for one process write `NAME: VARIABLE=value COMMAND`".into()
    } else if first.starts_with('-') && !previous.trim().is_empty() {
        "if this belongs to the line before, write it there: an entry is one line".into()
    } else if let Some(name) = first.strip_suffix([';', ',', '.']).and_then(TypeName::new) {
        format!("write a colon after the name: `{name}: COMMAND`")
    } else if let (Some(name), false) = (TypeName::new(first), rest.is_empty()) {
        format!("if `{name}` is the name, write a colon after it: `{name}: COMMAND`; a comment starts with #")
    } else {
        "write `NAME: COMMAND`, or # in front of a comment".into()
    }
}

fn bad_name(file: &Arc<str>, line: SourceLine<'_>, name: &str, command: &str) -> Diagnostic {
    if name.is_empty() {
        let colon = line.text.find(':').map_or(line.text, |at| &line.text[at..=at]);
        let hint = "write `NAME: COMMAND`".to_owned();
        return pointing(file, line, colon, ("there is no name before the colon".into(), hint));
    }
    let Some((at, wrong)) = name.char_indices().find(|(_, c)| !u8::try_from(*c).is_ok_and(TypeName::allows))
    else {
        let message =
            format!("this name has {} characters; {} are allowed", name.len(), TypeName::MAX_LENGTH);
        return pointing(file, line, name, (message, "give it a shorter name".into()));
    };
    let message = format!("a name cannot hold {}", described(wrong));
    let part = &name[at..at + wrong.len_utf8()];
    pointing(file, line, part, (message, name_hint(name, command)))
}

fn described(c: char) -> String {
    match c {
        ' ' => "a space".into(),
        '\t' => "a tab".into(),
        '`' => "a backquote".into(),
        c if c.is_whitespace() || c.is_control() || c == '\u{feff}' || c == '\u{200b}' => {
            format!("the invisible character U+{:04X}", u32::from(c))
        }
        c => format!("`{c}`"),
    }
}

fn name_hint(name: &str, command: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().take(3).collect();
    if let Some((kind, number)) = name.split_once(['.', '@', '#'])
        && TypeName::new(kind).is_some()
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
    {
        return format!("copies are numbered when they start: write `{kind}: …` and start `{kind}={number}`");
    }
    if let ["-", word] = words[..] {
        return format!("a Procfile is not YAML: write `{word}: …`");
    }
    let bare = name.trim_matches(['"', '\'', '`']);
    if bare.len() < name.len() && TypeName::new(bare).is_some() {
        return format!("a name stands without quotes: `{bare}: …`");
    }
    if let [first, ..] = words[..]
        && (first == "export" || first.contains('=') || name.contains('=') && !command.is_empty())
    {
        return "variables for all go into .env; for one process write `NAME: VARIABLE=value COMMAND`".into();
    }
    let mended: String =
        name.chars().map(|c| if u8::try_from(c).is_ok_and(TypeName::allows) { c } else { '-' }).collect();
    let allowed = "a name is letters (A to Z), digits, `-` and `_`";
    match TypeName::new(mended.trim_matches('-')) {
        Some(mended) if name.is_ascii() && words.len() == 1 => format!("{allowed}, for example `{mended}`"),
        _ => allowed.into(),
    }
}

/// The message for a file without an entry.
pub(super) fn no_entries(file: &Arc<str>, content: &str) -> Diagnostic {
    let message = if content.trim().is_empty() {
        "the file is empty: there is nothing to run"
    } else {
        "every line is blank or a comment: there is nothing to run"
    };
    Diagnostic {
        location: Location { file: Arc::clone(file), line: None, column: None },
        message: message.into(),
        hint: Some("write a line such as `web: COMMAND`".into()),
        excerpt: None,
    }
}

/// A command that is allowed and yet hardly meant. The texts are parts of it.
#[derive(Debug)]
pub(super) enum MistakeKind<'a> {
    /// It ends in a backslash, as if the next line belonged to it.
    Backslash(&'a str),
    /// All of it is a comment for the shell.
    Comment(&'a str),
    /// A dash that a word processor made of a hyphen.
    Dash(&'a str),
    /// `%PORT%`, which only the shell of Windows replaces.
    Percent(&'a str),
    /// The name of a variable that only another runner sets.
    Other(&'a str),
}

/// The beginnings of variables that only overmind, honcho and node-foreman set.
const OTHERS: [&str; 3] = [OVERMIND_PROCESS, "HONCHO_PROCESS_NAME", "FOREMAN_WORKER_NAME"];
/// In front of the name of a type, `_PORT` behind it.
const OVERMIND_PROCESS: &str = "OVERMIND_PROCESS_";

impl<'a> MistakeKind<'a> {
    /// The first slip in `command`.
    pub(super) fn of(command: &'a str) -> Option<Self> {
        if command.ends_with('\\') {
            return Some(Self::Backslash(&command[command.len() - 1..]));
        }
        if command.starts_with('#') {
            return Some(Self::Comment(command));
        }
        let percent =
            memchr::memchr(b'%', command.as_bytes()).and_then(|from| command[from..].split_once("%PORT%"));
        if let Some((_, after)) = percent {
            let at = command.len() - after.len() - "%PORT%".len();
            return Some(Self::Percent(&command[at..at + "%PORT%".len()]));
        }
        if let Some(name) = variable_of_another(command) {
            return Some(Self::Other(name));
        }
        if command.is_ascii() {
            return None;
        }
        let dash = command.match_indices(['–', '—', '−']).map(|(at, dash)| &command[at..at + dash.len()]);
        // At the start of a word only: inside one it may be meant.
        let start = command.as_ptr() as usize;
        dash.into_iter()
            .find(|dash| command[..dash.as_ptr() as usize - start].ends_with([' ', '\t']))
            .map(Self::Dash)
    }

    /// Its message.
    pub(super) fn diagnostic(&self, file: &Arc<str>, line: SourceLine<'_>) -> Diagnostic {
        let (part, message, hint) = match *self {
            Self::Backslash(part) => (
                part,
                "this command ends in a backslash",
                "no Procfile runner joins lines: write the command on one line".to_owned(),
            ),
            Self::Comment(part) => (
                part,
                "this command is a comment for the shell: it ends at once",
                "put the # before the name".to_owned(),
            ),
            Self::Dash(part) => (
                part,
                "this is a typographic dash, not a hyphen",
                "write `-`: no program takes it for the start of an option".to_owned(),
            ),
            Self::Percent(part) => {
                let message = "`%PORT%` is for the shell of Windows: it stays as it is";
                (part, message, "write `$PORT`".to_owned())
            }
            Self::Other(name) => (name, "only another runner sets this variable", ours(name)),
        };
        pointing(file, line, part, (message.into(), hint))
    }
}

/// The first variable that `command` uses and that only another runner sets.
fn variable_of_another(command: &str) -> Option<&str> {
    memchr::memchr_iter(b'$', command.as_bytes()).find_map(|dollar| {
        let rest = &command[dollar + 1..];
        let name = rest.strip_prefix('{').unwrap_or(rest);
        OTHERS.iter().find(|beginning| name.starts_with(**beginning))?;
        let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
        Some(&name[..end])
    })
}

/// The variable that ganger sets in its place.
fn ours(name: &str) -> String {
    match name.strip_prefix(OVERMIND_PROCESS).and_then(|rest| rest.strip_suffix("_PORT")) {
        Some(kind) => format!("write `$GANGER_PORT_{}`", kind.to_ascii_uppercase()),
        None => "write `$PS` for the name of the instance, `$PORT` for its port".to_owned(),
    }
}
