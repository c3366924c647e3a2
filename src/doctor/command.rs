//! A command line as its steps: what is run after what, with which words and redirections.
//!
//! [`crate::shell`] answers whether a shell is needed and gives up in any doubt. Here a rough reading is enough, and nothing is
//! run by it: quotes are taken away, `$…` stays as it is written.

/// What stands behind a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Join {
    /// Nothing.
    End,
    /// `&&`, `||` or `;`.
    Next,
    /// `|`.
    Pipe,
    /// `&`.
    Background,
}

/// One simple command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// Its words, without assignments before the program.
    pub(super) words: Vec<String>,
    /// The names that are assigned before the program.
    pub(super) assigned: Vec<String>,
    /// The files that its output is redirected to.
    pub(super) outputs: Vec<String>,
    /// What stands behind it.
    pub(super) join: Join,
}

/// Words that run the program behind them in the same process, or pass signals on to it.
const WRAPPERS: [&[&str]; 8] = [
    &["exec"],
    &["env"],
    &["bundle", "exec"],
    &["poetry", "run"],
    &["pipenv", "run"],
    &["uv", "run"],
    &["npx"],
    &["time"],
];

impl Step {
    /// The words from the program on: without `exec`, `bundle exec`, `python -m` and the like, and without folders.
    pub(super) fn program(&self) -> Option<(&str, &[String])> {
        let mut words = self.words.as_slice();
        loop {
            let wrapper = WRAPPERS.iter().find(|wrapper| {
                words.len() > wrapper.len() && wrapper.iter().zip(words).all(|(part, word)| part == word)
            });
            if let Some(wrapper) = wrapper {
                words = &words[wrapper.len()..];
            } else if words.first().is_some_and(|word| is_assignment(word)) {
                words = &words[1..];
            } else if is_python(base(words.first()?))
                && words.get(1).is_some_and(|word| word == "-m")
                && words.len() > 2
            {
                words = &words[2..];
            } else {
                return Some((base(words.first()?), &words[1..]));
            }
        }
    }

    /// The value of an option: `--port 80`, `--port=80`, `-p 80`, `-p80`.
    pub(super) fn option(&self, names: &[&str]) -> Option<&str> {
        let (_, words) = self.program()?;
        words.iter().enumerate().find_map(|(index, word)| {
            names.iter().find_map(|name| {
                let rest = word.strip_prefix(name)?;
                match rest.strip_prefix('=') {
                    Some(value) => Some(value),
                    None if rest.is_empty() => words.get(index + 1).map(String::as_str),
                    None => (!name.starts_with("--")).then_some(rest),
                }
            })
        })
    }

    /// Whether these words stand in it, one behind the other.
    pub(super) fn has(&self, sequence: &[&str]) -> bool {
        self.words
            .windows(sequence.len())
            .any(|words| words.iter().zip(sequence).all(|(word, part)| base(word) == *part))
    }
}

/// Whether `program` is a Python.
pub(super) fn is_python(program: &str) -> bool {
    program.strip_prefix("python").is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

/// The last part of a path.
pub(super) fn base(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

fn is_assignment(word: &str) -> bool {
    let name = word.split_once('=').map(|(name, _)| name);
    name.is_some_and(|name| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// The steps of `command`; those of `sh -c '…'` in its place.
pub(super) fn steps(command: &str) -> Vec<Step> {
    let mut found = Vec::new();
    for step in Splitter::default().split(command) {
        let inside = match step.program() {
            Some(("sh" | "bash" | "dash", [option, script, ..]))
                if option.ends_with('c') && option.starts_with('-') =>
            {
                Splitter::default().split(script)
            }
            Some(_) | None => Vec::new(),
        };
        match inside.last() {
            Some(_) => found.extend(inside),
            None => found.push(step),
        }
    }
    found
}

#[derive(Default)]
struct Splitter {
    steps: Vec<Step>,
    words: Vec<String>,
    outputs: Vec<String>,
    word: Option<String>,
    /// Whether the next word is what a `>` names.
    redirects: Option<bool>,
}

impl Splitter {
    fn split(mut self, command: &str) -> Vec<Step> {
        let mut characters = command.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '\'' => self.take_until('\'', &mut characters),
                '"' => self.take_until('"', &mut characters),
                '`' => {
                    self.push('`');
                    self.take_until('`', &mut characters);
                }
                '\\' => self.word.get_or_insert_default().extend(characters.next()),
                '$' => self.expansion(&mut characters),
                ' ' | '\t' => self.end_word(),
                '#' if self.word.is_none() => break,
                '>' => {
                    // `2>`: a digit in front is a descriptor.
                    self.word.take_if(|word| word.chars().all(|c| c.is_ascii_digit()));
                    self.end_word();
                    characters.next_if_eq(&'>');
                    let copies = characters.next_if_eq(&'&').is_some();
                    self.redirects = Some(!copies);
                }
                '<' => {
                    self.end_word();
                    self.redirects = Some(false);
                }
                ';' | '\n' => self.end_step(Join::Next),
                '&' if characters.next_if_eq(&'&').is_some() => self.end_step(Join::Next),
                '&' if characters.next_if_eq(&'>').is_some() => {
                    self.end_word();
                    self.redirects = Some(true);
                }
                '&' => self.end_step(Join::Background),
                '|' if characters.next_if_eq(&'|').is_some() => self.end_step(Join::Next),
                '|' => self.end_step(Join::Pipe),
                '(' | ')' | '{' | '}' if self.word.is_none() => {}
                other => self.push(other),
            }
        }
        self.end_step(Join::End);
        self.steps
    }

    fn push(&mut self, character: char) {
        self.word.get_or_insert_default().push(character);
    }

    fn take_until(&mut self, end: char, characters: &mut impl Iterator<Item = char>) {
        let word = self.word.get_or_insert_default();
        while let Some(character) = characters.next().filter(|character| *character != end) {
            word.push(character);
            if character == '\\' && end == '"' {
                word.extend(characters.next());
            }
        }
    }

    /// `$NAME`, `${…}` or `$(…)`, as it is written.
    fn expansion(&mut self, characters: &mut std::iter::Peekable<std::str::Chars<'_>>) {
        self.push('$');
        let (open, close) = match characters.peek() {
            Some('{') => ('{', '}'),
            Some('(') => ('(', ')'),
            Some(_) | None => return,
        };
        let mut depth = 0;
        for character in characters.by_ref() {
            depth += i32::from(character == open) - i32::from(character == close);
            self.push(character);
            if depth == 0 {
                return;
            }
        }
    }

    fn end_word(&mut self) {
        let Some(word) = self.word.take() else { return };
        match self.redirects.take() {
            Some(true) => self.outputs.push(word),
            Some(false) => {}
            None => self.words.push(word),
        }
    }

    fn end_step(&mut self, join: Join) {
        self.end_word();
        self.redirects = None;
        let mut words = std::mem::take(&mut self.words);
        let count = words.iter().take_while(|word| is_assignment(word)).count();
        let assigned = words.drain(..count).map(|word| assigned_name(&word)).collect();
        let outputs = std::mem::take(&mut self.outputs);
        if !words.is_empty() || !outputs.is_empty() {
            self.steps.push(Step { words, assigned, outputs, join });
        } else if let Some(last) = self.steps.last_mut().filter(|_| join == Join::Background) {
            last.join = join;
        }
    }
}

fn assigned_name(assignment: &str) -> String {
    assignment.split('=').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_is_split_into_steps() {
        let shown = |command: &str| {
            let shown = |step: &Step| format!("{:?} >{:?} {:?}", step.words, step.outputs, step.join);
            steps(command).iter().map(shown).collect::<Vec<_>>().join("; ")
        };
        assert_eq!(shown("A=1 a 'b c' \"d e\" ${X:-f g}"), r#"["a", "b c", "d e", "${X:-f g}"] >[] End"#);
        assert_eq!(shown("a && b | c &"), r#"["a"] >[] Next; ["b"] >[] Pipe; ["c"] >[] Background"#);
        assert_eq!(shown("a > b.log 2>&1"), r#"["a"] >["b.log"] End"#);
        assert_eq!(shown("a 2>>b # c"), r#"["a"] >["b"] End"#);
        assert_eq!(shown("sh -c 'exec a --port $PORT'"), r#"["exec", "a", "--port", "$PORT"] >[] End"#);
    }

    #[test]
    fn the_program_is_found_behind_its_wrappers() {
        let program = |command: &str| steps(command)[0].program().map(|(name, _)| name.to_owned());
        for (command, expected) in [
            ("bundle exec puma -p 1", "puma"),
            ("A=1 exec env B=2 ./bin/rails s", "rails"),
            ("python3.11 -m flask run", "flask"),
            ("uv run gunicorn a:b", "gunicorn"),
            ("python app.py", "python"),
        ] {
            assert_eq!(program(command).as_deref(), Some(expected), "{command}");
        }
        let step = &steps("a --port=80 -b :90 -c100")[0];
        assert_eq!(
            [step.option(&["--port"]), step.option(&["-b"]), step.option(&["-c"])],
            [Some("80"), Some(":90"), Some("100")]
        );
    }
}
