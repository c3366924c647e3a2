//! What differs between two texts, line by line, as `diff -u` shows it.

/// Lines of context around a change.
const CONTEXT: usize = 3;

/// More pairs of lines than this are not compared: the texts then differ as a whole.
const MOST_PAIRS: usize = 4_000_000;

/// A line and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DiffLine<'a> {
    Same(&'a str),
    Old(&'a str),
    New(&'a str),
}

/// The changes from `old` to `new` as hunks with three lines of context; empty if there are none.
pub fn unified(old: &str, new: &str) -> String {
    let lines = compare(old, new);
    let is_change = |line: &DiffLine<'_>| !matches!(line, DiffLine::Same(_));
    let mut text = String::new();
    let mut at = 0;
    while let Some(change) = lines[at..].iter().position(is_change).map(|place| at + place) {
        let start = change.saturating_sub(CONTEXT).max(at);
        let mut end = change;
        // As long as the next change begins within the context of this one and its own.
        while let Some(next) = lines[end..].iter().position(is_change).filter(|gap| *gap <= 2 * CONTEXT) {
            end += next + 1;
        }
        let end = (end + CONTEXT).min(lines.len());
        text += &hunk(&lines, start, end);
        at = end;
    }
    text
}

fn hunk(lines: &[DiffLine<'_>], start: usize, end: usize) -> String {
    let count = |lines: &[DiffLine<'_>], is_old: bool| {
        let is_there = |line: &&DiffLine<'_>| match line {
            DiffLine::Same(_) => true,
            DiffLine::Old(_) => is_old,
            DiffLine::New(_) => !is_old,
        };
        lines.iter().filter(is_there).count()
    };
    let range = |is_old: bool| {
        let length = count(&lines[start..end], is_old);
        // diff names the line before an empty range.
        let first = count(&lines[..start], is_old) + usize::from(length > 0);
        format!("{first},{length}")
    };
    let mut text = format!("@@ -{} +{} @@\n", range(true), range(false));
    for line in &lines[start..end] {
        let (sign, content) = match line {
            DiffLine::Same(content) => (' ', content),
            DiffLine::Old(content) => ('-', content),
            DiffLine::New(content) => ('+', content),
        };
        text.push(sign);
        text += content;
        text.push('\n');
    }
    text
}

/// Every line of both, with a longest common subsequence as what stays the same.
fn compare<'a>(old: &'a str, new: &'a str) -> Vec<DiffLine<'a>> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let head = old.iter().zip(&new).take_while(|(one, other)| one == other).count();
    let rest = old.len().min(new.len()) - head;
    let tail =
        old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(one, other)| one == other).count();
    let (middle_old, middle_new) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    let mut lines: Vec<DiffLine<'a>> = old[..head].iter().map(|line| DiffLine::Same(line)).collect();
    lines.extend(compare_middle(middle_old, middle_new));
    lines.extend(old[old.len() - tail..].iter().map(|line| DiffLine::Same(line)));
    lines
}

fn compare_middle<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<DiffLine<'a>> {
    let all_old = old.iter().map(|line| DiffLine::Old(line));
    let all_new = new.iter().map(|line| DiffLine::New(line));
    if old.len().saturating_mul(new.len()) > MOST_PAIRS {
        return all_old.chain(all_new).collect();
    }
    // longest[i][j]: how many lines of old[i..] and new[j..] can be paired.
    let mut longest = vec![vec![0_u32; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            longest[i][j] = if old[i] == new[j] {
                longest[i + 1][j + 1] + 1
            } else {
                longest[i + 1][j].max(longest[i][j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut lines = Vec::with_capacity(old.len() + new.len());
    while i < old.len() && j < new.len() {
        if old[i] == new[j] {
            lines.push(DiffLine::Same(old[i]));
            (i, j) = (i + 1, j + 1);
        } else if longest[i + 1][j] >= longest[i][j + 1] {
            lines.push(DiffLine::Old(old[i]));
            i += 1;
        } else {
            lines.push(DiffLine::New(new[j]));
            j += 1;
        }
    }
    lines.extend(old[i..].iter().map(|line| DiffLine::Old(line)));
    lines.extend(new[j..].iter().map(|line| DiffLine::New(line)));
    lines
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
