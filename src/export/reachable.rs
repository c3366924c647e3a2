//! Values and commands that mean this machine, in a container, where that is the container itself: reported by name.

use super::bundle_builder::BundleBuilder;
use super::stack::ExportedStack;
use super::urls;
use crate::plan::addresses::{name_of_url, url_at};

/// The names of this machine for itself.
const LOCAL: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Reports the values and commands of `stack` that name this machine, with the variable that holds the address of each type both
/// here and there, and those that name a file of SQLite.
pub(super) fn report(stack: &ExportedStack<'_>, bundle: &mut BundleBuilder) {
    let texts = stack.values.iter().filter_map(|of| Some((of.name, std::str::from_utf8(of.value).ok()?)));
    let texts: Vec<(&str, &str)> = texts.collect();
    let values =
        texts.iter().filter(|(_, value)| names_this_machine(value)).map(|(name, _)| (*name).to_owned());
    let kinds = stack.all().filter(|kind| names_this_machine(kind.command));
    let local: Vec<String> =
        values.chain(kinds.map(|kind| format!("the command of {}", kind.name))).collect();
    if !local.is_empty() {
        let serving = stack.kinds.iter().filter(|kind| !kind.is_once);
        let addresses: Vec<String> = serving
            .filter_map(|kind| {
                Some(format!("{}={}", name_of_url(kind.name), url_at(&urls::address(stack, kind)?)))
            })
            .collect();
        let others = if addresses.is_empty() {
            String::new()
        } else {
            let addresses = addresses.join(", ");
            format!(
                "; the types are {addresses} there (GANGER_ADDRESS_… without http://), and on localhost with `start`"
            )
        };
        bundle.unsupported(format!(
            "localhost is the container itself, as is 127.0.0.1: {}{others}",
            local.join(", ")
        ));
    }
    let files: Vec<&str> =
        texts.iter().filter(|(_, value)| is_sqlite(value)).map(|(name, _)| *name).collect();
    if !files.is_empty() {
        bundle.unsupported(format!(
            "a file in a container ends with it, as does a database of SQLite without a volume: {}",
            files.join(", ")
        ));
    }
}

/// Whether `text` has one of [`LOCAL`] as a word of its own: not `localhost.example.com`.
fn names_this_machine(text: &str) -> bool {
    LOCAL.iter().any(|name| {
        text.match_indices(name).any(|(at, found)| {
            !text[..at].ends_with(is_part_of_host) && !text[at + found.len()..].starts_with(is_part_of_host)
        })
    })
}

fn is_part_of_host(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_')
}

/// Whether `text` names a file of SQLite, by its scheme or ending.
fn is_sqlite(text: &str) -> bool {
    let path = text.split(['?', '#']).next().unwrap_or_default();
    text.starts_with("sqlite") && text.contains(':')
        || [".sqlite", ".sqlite3", ".db"]
            .iter()
            .any(|ending| path.ends_with(ending) && path.len() > ending.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_its_own_names() {
        for text in
            ["localhost", "redis://localhost:6379/0", "http://127.0.0.1", "u@localhost/db", "curl [::1]:80"]
        {
            assert!(names_this_machine(text), "{text}");
        }
        for text in ["", "localhost.example.com", "my-localhost", "127.0.0.10", "10.127.0.0.1", "db:5432"] {
            assert!(!names_this_machine(text), "{text}");
        }
    }

    #[test]
    fn a_file_of_sqlite_is_known_by_its_scheme_or_ending() {
        for text in ["sqlite:///a", "sqlite3:a?mode=rw", "data/app.sqlite3", "/var/app.db?x=1"] {
            assert!(is_sqlite(text), "{text}");
        }
        for text in ["", "sqlite", "postgres://db/a", ".db", "app.db.example.com"] {
            assert!(!is_sqlite(text), "{text}");
        }
    }
}
