//! What a type watches: `["src", "*.py"]`.

use std::sync::Arc;

/// The patterns of one type.
///
/// A pattern without `*`, `?` and `[` is a path, and all below it; one with them and without a slash is a name,
/// wherever it is; any other is a path from the root on, in which `**` stands for any folders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Patterns(Arc<[String]>);

impl Patterns {
    /// These patterns; none match nothing.
    pub(crate) fn new(patterns: Arc<[String]>) -> Self {
        Self(patterns)
    }

    /// Whether a file at this path, relative to the root, is meant.
    pub(crate) fn matches(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        self.0.iter().map(|pattern| plain(pattern)).any(|pattern| {
            if !has_wildcard(pattern) {
                return is_within(path, pattern);
            }
            let text = if pattern.contains('/') { path } else { name };
            fast_glob::glob_match(pattern, text)
        })
    }

    /// Whether a file that is meant can lie in this folder or below it; the root is empty.
    #[cfg(any(test, target_os = "linux"))]
    pub(crate) fn reach_into(&self, folder: &str) -> bool {
        self.0.iter().map(|pattern| plain(pattern)).any(|pattern| {
            let head = literal_head(pattern);
            is_within(folder, head) || is_within(head, folder)
        })
    }
}

/// Without `./` before it and `/` behind it; `.` is the root.
fn plain(pattern: &str) -> &str {
    let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
    if pattern == "." { "" } else { pattern }
}

fn has_wildcard(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
}

/// The folders of a pattern before its first wildcard; all of it if it has none.
#[cfg(any(test, target_os = "linux"))]
fn literal_head(pattern: &str) -> &str {
    if !has_wildcard(pattern) {
        return pattern;
    }
    let first = pattern.find(['*', '?', '[', '{']).unwrap_or(pattern.len());
    pattern[..first].rfind('/').map_or("", |end| &pattern[..end])
}

/// Whether `path` is `folder` or lies below it.
fn is_within(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(all: &[&str]) -> Patterns {
        Patterns::new(all.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_pattern_is_a_path_a_name_or_a_path_with_wildcards() {
        let table = [
            ("src", "src/a/b.rs", true),
            ("src/", "src/a.rs", true),
            ("./src", "src", true),
            ("src", "srcs/a.rs", false),
            ("src", "x/src/a.rs", false),
            (".", "any/thing", true),
            ("*.py", "a.py", true),
            ("*.py", "deep/er/a.py", true),
            ("*.py", "a.pyc", false),
            ("app/*.rb", "app/a.rb", true),
            ("app/*.rb", "app/x/a.rb", false),
            ("app/**/*.rb", "app/x/y/a.rb", true),
            ("app/**/*.rb", "app/a.rb", true),
            ("*.{js,ts}", "x/a.ts", true),
            ("Gemfile", "Gemfile", true),
        ];
        for (pattern, path, is_meant) in table {
            assert_eq!(patterns(&[pattern]).matches(path), is_meant, "{pattern} {path}");
        }
        assert!(!Patterns::default().matches("a") && patterns(&["a", "b"]).matches("b"));
    }

    #[test]
    fn only_folders_that_can_hold_a_match_are_looked_into() {
        let table = [
            ("src", "", true),
            ("src", "src/deep", true),
            ("src", "lib", false),
            ("*.py", "any", true),
            ("app/**/*.rb", "app/x", true),
            ("app/**/*.rb", "lib", false),
            ("config/app.yml", "config", true),
            ("config/app.yml", "config/x", false),
            (".", "x/y", true),
        ];
        for (pattern, folder, is_reached) in table {
            assert_eq!(patterns(&[pattern]).reach_into(folder), is_reached, "{pattern} {folder}");
        }
    }
}
