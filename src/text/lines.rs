//! Lines and columns.

use memchr::arch::all::memchr::Two;

/// One line of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SourceLine<'a> {
    /// Its number, from 1.
    pub number: u32,
    /// Where it begins in the text, in bytes.
    pub start: usize,
    /// The line without its end.
    pub text: &'a str,
}

/// The lines of `content`. A line ends at LF, CRLF or a lone CR (editors of all three kinds are alive); a
/// form feed or U+2028 ends none, since no editor counts them. The end of the text ends the last line.
pub(crate) fn lines(content: &str) -> impl Iterator<Item = SourceLine<'_>> {
    let mut start = 0;
    let mut number = 0_u32;
    std::iter::from_fn(move || {
        let rest = content.get(start..).filter(|rest| !rest.is_empty())?;
        let (length, end) = line_length(rest.as_bytes());
        number = number.saturating_add(1);
        let line = SourceLine { number, start, text: &rest[..length] };
        start += length + end;
        Some(line)
    })
}

/// The length of the first line of `bytes` and that of its end (0 at the end of the text), in bytes.
pub(crate) fn line_length(bytes: &[u8]) -> (usize, usize) {
    // Not `memchr2`, which asks for the kind of processor when it is first called: in a virtual machine that takes as long as a file of 40 KB,
    // and later there is time for it, while the first program starts.
    match Two::new(b'\n', b'\r').find(bytes) {
        None => (bytes.len(), 0),
        Some(at) if bytes[at..].starts_with(b"\r\n") => (at, 2),
        Some(at) => (at, 1),
    }
}

/// The column of the byte `at` in `line`: in characters, from 1.
pub(crate) fn column(line: &str, at: usize) -> u32 {
    let before = line.char_indices().take_while(|(index, _)| *index < at).count();
    u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_at_any_of_the_three_ends() {
        let numbered: Vec<_> = lines("a\nb\r\n\r\n\rc\u{c}\u{2028}d").map(|l| (l.number, l.text)).collect();
        assert_eq!(numbered, [(1, "a"), (2, "b"), (3, ""), (4, ""), (5, "c\u{c}\u{2028}d")]);
        assert_eq!(lines("").count(), 0);
        assert_eq!(lines("\n").count(), 1);
    }

    #[test]
    fn a_column_counts_characters() {
        assert_eq!(column("héllo", 0), 1);
        assert_eq!(column("héllo", 3), 3);
        assert_eq!(column("", 0), 1);
    }
}
