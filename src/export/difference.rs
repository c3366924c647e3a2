//! What differs between two texts, line by line, as `diff -u` shows it.

use std::fmt::Write;

use similar::{Algorithm, ChangeTag, capture_diff_slices, group_diff_ops};

/// Lines of context around a change.
const CONTEXT: usize = 3;

/// The changes from `old` to `new` as hunks with three lines of context; empty if there are none.
pub(crate) fn unified(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let mut text = String::new();
    for hunk in group_diff_ops(capture_diff_slices(Algorithm::Myers, &old, &new), CONTEXT) {
        let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else { continue };
        let removed = range_of(first.old_range().start, last.old_range().end);
        let added = range_of(first.new_range().start, last.new_range().end);
        let _ = writeln!(text, "@@ -{removed} +{added} @@");
        for change in hunk.iter().flat_map(|part| part.iter_changes(&old[..], &new[..])) {
            let sign = match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            let _ = writeln!(text, "{sign}{}", change.value());
        }
    }
    text
}

/// `START,COUNT`, as diff writes it: of an empty range it names the line before.
fn range_of(start: usize, end: usize) -> String {
    format!("{},{}", start + usize::from(end > start), end - start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_shown_with_what_stands_around_it() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        assert_eq!(unified(old, old), "");
        assert_eq!(
            unified(old, "1\n2\n3\n4\nfive\n6\n7\n8\n9\n"),
            "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n"
        );
        assert_eq!(unified("", "a\n"), "@@ -0,0 +1,1 @@\n+a\n");
        assert_eq!(unified("a\nb\n", "b\n"), "@@ -1,2 +1,1 @@\n-a\n b\n");
    }

    #[test]
    fn changes_far_apart_are_two_hunks() {
        let old: String = (0..30).map(|number| format!("{number}\n")).collect();
        let new = old.replace("\n3\n", "\nx\n").replace("\n25\n", "\ny\n");
        assert_eq!(unified(&old, &new).matches("@@ -").count(), 2);
    }
}
