//! Imports between the files of one room, read from the text: which file names which.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The files of src by their module path, `["machine", "order"]`, with their code: without comments and inner test modules.
pub(super) struct Files {
    code: BTreeMap<Vec<String>, String>,
}

impl Files {
    pub(super) fn read(house: &Path) -> Self {
        let mut code = BTreeMap::new();
        for path in super::files_below(house, "rs") {
            let inside = path.strip_prefix(house).unwrap().with_extension("");
            let mut module: Vec<String> =
                inside.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
            module.pop_if(|last| ["mod", "lib"].contains(&last.as_str()));
            // Tests may name everything.
            if !module.is_empty() && !module.iter().any(|part| part == "tests") {
                code.insert(module, code_of(&std::fs::read_to_string(&path).unwrap()));
            }
        }
        Self { code }
    }

    /// The files that each file names, within its room.
    fn graph(&self) -> BTreeMap<&[String], BTreeSet<&[String]>> {
        let all = self.code.iter().map(|(module, code)| {
            let named = paths(code).into_iter().filter_map(|path| self.resolve(module, &path, 0));
            (module.as_slice(), named.filter(|other| other[0] == module[0] && other != module).collect())
        });
        all.collect()
    }

    /// The file in which a path ends that `module` names. A re-export leads on to the file that it exports from.
    fn resolve(&self, module: &[String], path: &[String], depth: usize) -> Option<&[String]> {
        let mut full: Vec<String> = match path[0].as_str() {
            "crate" => Vec::new(),
            "self" => module.to_vec(),
            "super" => module[..module.len() - 1].to_vec(),
            child => {
                let full = [module, &[child.to_owned()]].concat();
                self.code.contains_key(&full).then_some(full)?
            }
        };
        let mut rest = path[1..].iter().peekable();
        while rest.next_if(|part| *part == "super").is_some() {
            full.pop();
        }
        while let Some(next) =
            rest.next_if(|next| self.code.contains_key(&[&full[..], &[(*next).clone()]].concat()))
        {
            full.push(next.clone());
        }
        let (file, code) = self.code.get_key_value(&full)?;
        let item = rest.next();
        let words = ["pub use ", "pub(super) use ", "pub(crate) use "];
        let exported = words
            .iter()
            .flat_map(|word| code.match_indices(word))
            .flat_map(|(start, _)| paths(code[start..].split_inclusive(';').next().unwrap_or_default()));
        let target = exported.into_iter().find(|export| item.is_some() && export.last() == item);
        match target.filter(|_| depth < 4) {
            Some(target) => self.resolve(file, &target, depth + 1),
            None => Some(file),
        }
    }

    /// Groups of files that name each other, directly or through others; each in order.
    pub(super) fn circles(&self) -> Vec<Vec<String>> {
        let graph = self.graph();
        let reach: BTreeMap<&[String], BTreeSet<&[String]>> =
            graph.keys().map(|from| (*from, reachable(&graph, from))).collect();
        let mut circles: BTreeSet<Vec<String>> = BTreeSet::new();
        for (from, others) in &reach {
            if others.contains(from) {
                let back = others.iter().filter(|other| reach[**other].contains(from));
                circles.insert(back.map(|module| module.join("::")).collect());
            }
        }
        circles.into_iter().collect()
    }
}

fn reachable<'a>(
    graph: &BTreeMap<&'a [String], BTreeSet<&'a [String]>>,
    from: &[String],
) -> BTreeSet<&'a [String]> {
    let mut open: Vec<&[String]> = graph[from].iter().copied().collect();
    let mut found = BTreeSet::new();
    while let Some(next) = open.pop() {
        if found.insert(next) {
            open.extend(&graph[next]);
        }
    }
    found
}

/// The code of a file without comments, without the test module at its end, and without the rooms of `pub(in crate::room)`.
fn code_of(text: &str) -> String {
    let lines = text.lines().take_while(|line| *line != "mod tests {");
    let mut code =
        lines.map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    while let Some((before, rest)) = code.split_once("pub(in ") {
        code = [before, "pub", rest.split_once(')').unwrap_or_default().1].concat();
    }
    code
}

/// Every path in this code, groups expanded: `a::{b, c::D}` is `a::b` and `a::c::D`.
pub(super) fn paths(code: &str) -> Vec<Vec<String>> {
    let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(end) = rest.find("::") {
        let start = rest[..end].rfind(|character| !is_word(character)).map_or(0, |before| before + 1);
        let taken = expand(&rest[start..], &mut Vec::new(), &mut found);
        rest = &rest[(start + taken).max(end + 2)..];
    }
    found.retain(|path| path.len() > 1 && !path[0].is_empty());
    found
}

/// Reads one path or tree of paths below `prefix`; how many bytes it has.
fn expand(code: &str, prefix: &mut Vec<String>, found: &mut Vec<Vec<String>>) -> usize {
    let depth = prefix.len();
    let mut at = 0;
    loop {
        let word =
            code[at..].find(|character: char| !(character.is_ascii_alphanumeric() || character == '_'));
        let end = word.map_or(code.len(), |length| at + length);
        if code[at..end].is_empty() && code[at..].starts_with('{') && prefix.len() > depth {
            at += 1;
            while at < code.len() && !code[at..].starts_with('}') {
                at += match code[at..].chars().next() {
                    Some(character) if character.is_ascii_alphanumeric() || character == '_' => {
                        expand(&code[at..], prefix, found)
                    }
                    Some(character) => character.len_utf8(),
                    None => 0,
                };
            }
            prefix.truncate(depth);
            return (at + 1).min(code.len());
        }
        // `f::<T>` has no further name.
        if at < end {
            prefix.push(code[at..end].to_owned());
        }
        at = end;
        if !code[at..].starts_with("::") {
            // `use a::b::{self}` names `a::b`.
            if prefix.last().is_some_and(|last| last == "self" && prefix.len() > 1) {
                prefix.pop();
            }
            found.push(prefix.clone());
            prefix.truncate(depth);
            return at;
        }
        at += 2;
    }
}
