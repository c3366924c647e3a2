//! Entries that no Procfile has: of commands of the command line, and of scripts of a package.json.

use std::sync::Arc;

use super::{Entry, Procfile};
use crate::name::TypeName;

/// `command` as entries called after its program, in their order: `npm run css` is `css`.
pub(crate) fn of_commands<'a>(commands: impl IntoIterator<Item = &'a str>) -> Procfile {
    let named = commands.into_iter().map(|command| (program_of(command), command.to_owned()));
    made("the command line", named)
}

/// The scripts of these names that `pattern`s choose, run by `runner` (`npm run`): `dev:*` makes `css` of `dev:css`.
///
/// # Errors
/// The patterns that choose none.
pub(crate) fn of_scripts<'a>(
    scripts: &[String],
    patterns: impl IntoIterator<Item = &'a str>,
    runner: &str,
) -> Result<Procfile, Vec<String>> {
    let (mut chosen, mut unknown) = (Vec::<(String, String)>::new(), Vec::new());
    for pattern in patterns {
        let mut is_known = false;
        for script in scripts {
            let name = match pattern.split_once('*') {
                None if script == pattern => script.as_str(),
                Some((start, end)) if script.len() >= start.len() + end.len() => {
                    match script.strip_prefix(start).and_then(|rest| rest.strip_suffix(end)) {
                        Some(rest) if !rest.is_empty() => rest,
                        Some(_) | None => continue,
                    }
                }
                None | Some(_) => continue,
            };
            let command = format!("{runner} {}", quoted(script));
            is_known = true;
            if !chosen.iter().any(|(_, known)| *known == command) {
                chosen.push((name.to_owned(), command));
            }
        }
        if !is_known {
            unknown.push(pattern.to_owned());
        }
    }
    if unknown.is_empty() { Ok(made("package.json", chosen)) } else { Err(unknown) }
}

fn made(file: &str, named: impl IntoIterator<Item = (String, String)>) -> Procfile {
    let mut entries: Vec<Entry> = Vec::new();
    for (name, command) in named {
        let base = allowed(&name);
        // The second one of a name is NAME-2.
        let numbered =
            (1..).map(|number| if number == 1 { base.clone() } else { format!("{base}-{number}") });
        let name = numbered
            .filter_map(|name| TypeName::new(&name))
            .find(|name| !entries.iter().any(|entry| entry.name == *name));
        let line = u32::try_from(entries.len() + 1).unwrap_or(u32::MAX);
        entries.extend(name.map(|name| Entry { name, command: command.into(), line }));
    }
    Procfile { file: Arc::from(file), entries }
}

/// `text` with the characters alone that the name of a type may have.
fn allowed(text: &str) -> String {
    let name: String = text
        .chars()
        .map(|c| if c.is_ascii() && TypeName::allows(c as u8) { c } else { '-' })
        .take(TypeName::MAX_LENGTH - 6)
        .collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "command".into() } else { name.into() }
}

/// The program of a command: its first word that assigns nothing; of `npm run css` the script.
fn program_of(command: &str) -> String {
    let mut words =
        command.split_whitespace().skip_while(|word| word.contains('=') && !word.starts_with('/'));
    let first = words.next().unwrap_or_default();
    let program = first.rsplit('/').next().unwrap_or(first);
    let is_runner = ["npm", "pnpm", "yarn", "bun"].contains(&program);
    let script = words.next().filter(|word| is_runner && *word == "run").and_then(|_| words.next());
    script.unwrap_or(program).to_owned()
}

/// `word` as a shell reads it.
fn quoted(word: &str) -> String {
    if word.chars().all(|c| c.is_ascii_alphanumeric() || "_-:./@".contains(c)) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(procfile: &Procfile) -> Vec<String> {
        procfile.entries.iter().map(|entry| format!("{}: {}", entry.name, entry.command)).collect()
    }

    #[test]
    fn commands_are_called_after_their_programs() {
        let commands = ["node a.js", "A=1 bin/node b.js", "npm run css:watch", "./é é", "\"x y\" z"];
        let expected = [
            "node: node a.js",
            "node-2: A=1 bin/node b.js",
            "css-watch: npm run css:watch",
            "command: ./é é",
            "x: \"x y\" z",
        ];
        assert_eq!(lines(&of_commands(commands)), expected);
    }

    #[test]
    fn scripts_are_chosen_by_patterns_and_called_after_what_differs() {
        let scripts = ["dev:css", "dev:js", "dev:", "lint", "it's"].map(String::from);
        let of = |patterns: &[&str]| of_scripts(&scripts, patterns.iter().copied(), "npm run");
        let expected = ["css: npm run dev:css", "js: npm run dev:js"];
        assert_eq!(lines(&of(&["dev:*"]).unwrap()), expected);
        assert_eq!(lines(&of(&["dev:*", "dev:css", "*'s"]).unwrap())[2..], ["it: npm run 'it'\\''s'"]);
        assert_eq!(of(&["lint", "x*", "y"]), Err(vec!["x*".into(), "y".into()]));
    }
}
