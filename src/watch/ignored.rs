//! Changes that never restart anything: what .gitignore files name, and the usual folders and leavings of editors.

/// Folders that are never looked into, wherever they are: the memory of version control, what package managers
/// fetched, and what compilers and caches leave.
const FOLDERS: [&str; 15] = [
    ".git",
    ".hg",
    ".jj",
    ".svn",
    "node_modules",
    "bower_components",
    "target",
    "__pycache__",
    ".venv",
    ".tox",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".bundle",
    ".direnv",
];

/// Whether a name is one that is never of interest: see the list above; and the files that vim, Emacs and others write
/// beside the one that is edited (`4913` is vim's trial of whether it may).
pub(crate) fn is_never_watched(name: &str, is_folder: bool) -> bool {
    if is_folder {
        return FOLDERS.contains(&name);
    }
    let is_swap = name.starts_with('.') && [".swp", ".swo", ".swx"].iter().any(|end| name.ends_with(end));
    let is_emacs = name.starts_with(".#") || name.starts_with('#') && name.ends_with('#');
    is_swap || is_emacs || name.ends_with('~') || name == "4913" || name == ".DS_Store"
}

/// One line of a .gitignore, as gitignore(5) has it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    /// The folder of its file, relative to the root, with a slash at the end; empty for the root.
    base: String,
    /// As fast-glob reads it.
    glob: String,
    /// Whether the whole path below `base` is meant and not the last name alone.
    is_anchored: bool,
    folders_only: bool,
    is_negated: bool,
}

/// The rules of all .gitignore files that were read, the stronger ones later.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ignored {
    rules: Vec<Rule>,
}

impl Ignored {
    /// Adds the lines of the file in the folder `base`: relative to the root, empty for the root itself. Files of
    /// outer folders come first.
    pub(crate) fn add(&mut self, base: &str, text: &str) {
        let base = if base.is_empty() { String::new() } else { format!("{base}/") };
        self.rules.extend(text.lines().filter_map(|line| rule(&base, line)));
    }

    /// Adds the lines of a file in a folder above the root, which is `inside` that folder. Lines that name paths
    /// outside the root mean nothing here.
    pub(crate) fn add_from_above(&mut self, inside: &str, text: &str) {
        let inside = format!("{inside}/");
        let all = text.lines().filter_map(|line| rule("", line));
        self.rules.extend(all.filter_map(|rule| {
            let glob = match (rule.is_anchored, rule.glob.strip_prefix(&inside)) {
                (false, _) => rule.glob.clone(),
                (true, Some(rest)) => rest.to_owned(),
                (true, None) => rule.glob.starts_with("**/").then(|| rule.glob.clone())?,
            };
            Some(Rule { glob, ..rule })
        }));
    }

    /// Whether a path relative to the root is ignored, its folders being none that are.
    pub(crate) fn holds(&self, path: &str, is_folder: bool) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        if is_never_watched(name, is_folder) {
            return true;
        }
        self.rules
            .iter()
            .rev()
            .find(|rule| rule.matches(path, name, is_folder))
            .is_some_and(|rule| !rule.is_negated)
    }
}

impl Rule {
    fn matches(&self, path: &str, name: &str, is_folder: bool) -> bool {
        let Some(below) = path.strip_prefix(self.base.as_str()) else { return false };
        if self.folders_only && !is_folder {
            return false;
        }
        let text = if self.is_anchored { below } else { name };
        fast_glob::glob_match(&self.glob, text)
    }
}

/// A line as a rule; `None` for blank lines, comments, and patterns that match nothing.
fn rule(base: &str, line: &str) -> Option<Rule> {
    let line = line.strip_suffix('\r').unwrap_or(line);
    let line = without_trailing_blanks(line);
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let (is_negated, pattern) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest));
    let (folders_only, pattern) = pattern.strip_suffix('/').map_or((false, pattern), |rest| (true, rest));
    let is_anchored = pattern.contains('/');
    let pattern = pattern.strip_prefix('/').unwrap_or(pattern);
    if pattern.is_empty() || ends_in_lone_backslash(pattern) {
        return None;
    }
    Some(Rule { base: base.to_owned(), glob: as_fast_glob(pattern), is_anchored, folders_only, is_negated })
}

fn ends_in_lone_backslash(text: &str) -> bool {
    text.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

/// Blanks at the end do not count, unless a backslash stands before them.
fn without_trailing_blanks(line: &str) -> &str {
    let trimmed = line.trim_end_matches(' ');
    if trimmed.len() < line.len() && ends_in_lone_backslash(trimmed) {
        &line[..=trimmed.len()]
    } else {
        trimmed
    }
}

/// gitignore(5) has no braces, a `!` has no meaning inside, and `**` is `*` where it does not stand between slashes.
fn as_fast_glob(pattern: &str) -> String {
    let mut glob = String::with_capacity(pattern.len());
    let mut was_any = false;
    for (at, part) in pattern.split('/').enumerate() {
        // Three stars and more are two, and two such parts in a row are one.
        if std::mem::replace(&mut was_any, is_any_depth(part)) && was_any {
            continue;
        }
        if at > 0 {
            glob.push('/');
        }
        if was_any {
            glob.push_str("**");
            continue;
        }
        let mut letters = part.chars();
        let mut before = None;
        while let Some(letter) = letters.next() {
            match letter {
                '\\' => glob.extend(['\\'].into_iter().chain(letters.next())),
                '{' | '}' => glob.extend(['\\', letter]),
                '!' if before.is_none() => glob.push_str("\\!"),
                '*' if before == Some('*') => {}
                letter => glob.push(letter),
            }
            before = Some(letter);
        }
    }
    if glob.ends_with("/**") {
        // What lies in it, not the folder itself.
        glob.push_str("/*");
    }
    glob
}

fn is_any_depth(part: &str) -> bool {
    part.len() > 1 && part.bytes().all(|byte| byte == b'*')
}

#[cfg(test)]
#[path = "ignored_tests.rs"]
mod tests;
