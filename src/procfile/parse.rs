//! From bytes to entries.

use std::collections::HashMap;
use std::collections::hash_map;
use std::iter::Peekable;
use std::sync::Arc;

use super::mistake::{self, Mistake};
use super::{Entry, LONGEST_COMMAND, MOST_ENTRIES, ParsedProcfile, Procfile};
use crate::name::TypeName;
use crate::text::{self, Findings, LineError, SourceLine};

/// Reads a Procfile; `file` is its name in messages. Never fails: what is wrong is in the answer.
///
/// Takes time in proportion to the length of the file, whatever is in it.
pub fn parse(file: &str, bytes: &[u8]) -> ParsedProcfile {
    let text = text::decode(bytes);
    let reader = ProcfileReader {
        file: file.into(),
        faults: text.faults.iter().peekable(),
        // An entry is hardly shorter than this many bytes; nothing depends on it but the time of a huge file.
        first_lines: HashMap::with_capacity((bytes.len() / 32).min(MOST_ENTRIES)),
        entries: Vec::new(),
        is_full: false,
        errors: Findings::default(),
        warnings: Findings::default(),
    };
    reader.read(&text.content, text.is_binary)
}

struct ProcfileReader<'a> {
    file: Arc<str>,
    faults: Peekable<std::slice::Iter<'a, LineError>>,
    /// Where each name was seen first.
    first_lines: HashMap<&'a str, u32>,
    entries: Vec<Entry>,
    /// Whether there were too many: nothing more is read.
    is_full: bool,
    errors: Findings,
    warnings: Findings,
}

impl<'a> ProcfileReader<'a> {
    fn read(mut self, content: &'a str, is_binary: bool) -> ParsedProcfile {
        let mut previous = "";
        for line in text::lines(content) {
            if self.is_full {
                break;
            }
            if let Some(fault) = self.faults.next_if(|fault| fault.line == line.number) {
                self.fault(fault);
            } else if let Err(mistake) = self.line(line) {
                let file = &self.file;
                self.errors.add(|| mistake.diagnostic(file, line, previous));
            }
            previous = line.text;
        }
        if is_binary {
            // A first mistake may be a typing error; the others show that the file is a program's source.
            self.errors.keep_first();
        }
        while let Some(fault) = self.faults.next() {
            self.fault(fault);
        }
        if self.errors.is_empty() && self.entries.is_empty() {
            self.errors.add(|| mistake::no_entries(&self.file, content));
        }
        ParsedProcfile {
            errors: self.errors.into_list(&self.file),
            warnings: self.warnings.into_list(&self.file),
            procfile: Procfile { file: self.file, entries: self.entries },
        }
    }

    fn fault(&mut self, fault: &LineError) {
        let mut diagnostic = fault.diagnostic(&self.file);
        diagnostic.excerpt.clone_from(&fault.excerpt);
        self.errors.add(|| diagnostic);
    }

    fn line(&mut self, line: SourceLine<'a>) -> Result<(), Mistake<'a>> {
        let entry = line.text.trim();
        if entry.is_empty() || entry.starts_with('#') {
            return Ok(());
        }
        let colon = memchr::memchr(b':', entry.as_bytes()).ok_or(Mistake::NoColon { line: entry })?;
        let (name, command) = (entry[..colon].trim_end(), entry[colon + 1..].trim());
        let type_name = TypeName::new(name).ok_or(Mistake::Name { name, command })?;
        if command.is_empty() {
            return Err(Mistake::NoCommand { name });
        }
        if command.len() > LONGEST_COMMAND {
            return Err(Mistake::LongCommand { command });
        }
        match self.first_lines.entry(name) {
            hash_map::Entry::Occupied(first) => return Err(Mistake::Repeated { name, first: *first.get() }),
            hash_map::Entry::Vacant(place) => place.insert(line.number),
        };
        if self.entries.len() == MOST_ENTRIES {
            self.is_full = true;
            return Err(Mistake::TooMany { name });
        }
        let file = &self.file;
        if let Some(slip) = mistake::MistakeKind::of(command) {
            self.warnings.add(|| slip.diagnostic(file, line));
        }
        self.entries.push(Entry { name: type_name, command: command.into(), line: line.number });
        Ok(())
    }
}
