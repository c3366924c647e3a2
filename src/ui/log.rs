//! The log that the screen keeps: rows within a bound, the oldest of which are dropped.

use std::collections::VecDeque;

use jiff::Timestamp;

/// Rows that are kept at most.
const ROWS: usize = 1_000_000;
/// Bytes of their text that are kept at most, with [`HEAD`] for each row.
const BYTES: usize = 64 << 20;
/// Bytes that a row takes besides its text.
const HEAD: usize = size_of::<RowHead>();
/// Bytes of text in a piece, which is dropped as a whole.
const PIECE: usize = 256 << 10;
/// Bytes of one row that are kept: the longest row of the stream has 1 MiB, and no screen shows that.
const LONGEST: usize = 64 << 10;

/// The source of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowSource {
    /// The instance with this index in [`LogBuffer::name`].
    Instance(u16),
    /// The screen itself: a gap in the log, or the end of the stack.
    Screen,
}

/// A row of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LogRow<'a> {
    /// The source of it.
    pub source: RowSource,
    /// When the stack has read it.
    pub at: Timestamp,
    /// Its text, without a newline.
    pub text: &'a [u8],
    /// Bytes of it that are not kept.
    pub cut: u32,
}

#[derive(Debug)]
struct RowHead {
    source: RowSource,
    at: Timestamp,
    end: u32,
    cut: u32,
}

#[derive(Debug)]
struct Piece {
    first: u64,
    heads: Vec<RowHead>,
    text: Vec<u8>,
}

/// The rows, each with a number that it keeps.
#[derive(Debug)]
pub(super) struct LogBuffer {
    pieces: VecDeque<Piece>,
    names: Vec<String>,
    next: u64,
    bytes: usize,
    /// When the latest row was read.
    latest: Timestamp,
    /// Bounds, which tests make smaller.
    rows_at_most: usize,
    bytes_at_most: usize,
}

impl Default for LogBuffer {
    fn default() -> Self {
        Self::bounded(ROWS, BYTES)
    }
}

impl LogBuffer {
    fn bounded(rows_at_most: usize, bytes_at_most: usize) -> Self {
        let (pieces, names, latest) = (VecDeque::new(), Vec::new(), Timestamp::UNIX_EPOCH);
        Self { pieces, names, next: 0, bytes: 0, latest, rows_at_most, bytes_at_most }
    }

    /// The number of the oldest row that is kept.
    pub(super) fn first(&self) -> u64 {
        self.pieces.front().map_or(self.next, |piece| piece.first)
    }

    /// The number that the next row gets.
    pub(super) fn end(&self) -> u64 {
        self.next
    }

    /// The instance of a row.
    pub(super) fn name(&self, index: u16) -> &str {
        self.names.get(usize::from(index)).map_or("", String::as_str)
    }

    /// The index of the instance called `name`, which it gets with its first row.
    pub(super) fn index(&self, name: &str) -> Option<u16> {
        self.names.iter().position(|known| known == name).and_then(|index| u16::try_from(index).ok())
    }

    /// The longest name of an instance, in characters.
    pub(super) fn longest_name(&self) -> usize {
        self.names.iter().map(|name| name.chars().count()).max().unwrap_or(0)
    }

    /// Adds a row of the instance called `name`.
    pub(super) fn push(&mut self, name: &str, at: Timestamp, text: &[u8]) {
        let index = self.index(name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            u16::try_from(self.names.len() - 1).unwrap_or(u16::MAX)
        });
        self.add(RowSource::Instance(index), at, text);
    }

    /// Adds a row of the screen itself.
    pub(super) fn note(&mut self, text: &str) {
        self.add(RowSource::Screen, self.latest, text.as_bytes());
    }

    fn add(&mut self, source: RowSource, at: Timestamp, text: &[u8]) {
        let kept = &text[..text.len().min(LONGEST)];
        let cut = u32::try_from(text.len() - kept.len()).unwrap_or(u32::MAX);
        let fits = |piece: &&mut Piece| piece.text.len() + kept.len() + piece.heads.len() * HEAD <= PIECE;
        let first = self.next;
        if self.pieces.back_mut().as_ref().is_none_or(|piece| !fits(piece)) {
            self.pieces.push_back(Piece { first, heads: Vec::new(), text: Vec::new() });
        }
        let Some(piece) = self.pieces.back_mut() else { return };
        piece.text.extend_from_slice(kept);
        let end = u32::try_from(piece.text.len()).unwrap_or(u32::MAX);
        piece.heads.push(RowHead { source, at, end, cut });
        (self.next, self.latest) = (self.next + 1, at);
        self.bytes += kept.len() + HEAD;
        self.drop_oldest();
    }

    fn drop_oldest(&mut self) {
        while self.pieces.len() > 1
            && (self.bytes > self.bytes_at_most || self.next - self.first() > self.rows_at_most as u64)
        {
            let Some(piece) = self.pieces.pop_front() else { return };
            self.bytes -= piece.text.len() + piece.heads.len() * HEAD;
        }
    }

    /// The row with this number, while it is kept.
    pub(super) fn get(&self, number: u64) -> Option<LogRow<'_>> {
        let after = self.pieces.partition_point(|piece| piece.first <= number);
        let piece = self.pieces.get(after.checked_sub(1)?)?;
        let at = usize::try_from(number - piece.first).ok()?;
        let head = piece.heads.get(at)?;
        let start = at.checked_sub(1).map_or(0, |before| piece.heads[before].end);
        let text = &piece.text[start as usize..head.end as usize];
        Some(LogRow { source: head.source, at: head.at, text, cut: head.cut })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_by_the_number_that_they_keep() {
        let mut log = LogBuffer::default();
        for number in 0..20_000 {
            log.push(
                if number % 2 == 0 { "web.1" } else { "db.1" },
                Timestamp::UNIX_EPOCH,
                format!("row {number}").as_bytes(),
            );
        }
        assert_eq!((log.first(), log.end()), (0, 20_000));
        for number in [0, 1, 9_999, 19_999] {
            assert_eq!(log.get(number).unwrap().text, format!("row {number}").as_bytes());
        }
        assert_eq!(log.get(20_000), None);
        assert_eq!(
            (log.name(1), log.index("db.1"), log.index("no"), log.longest_name()),
            ("db.1", Some(1), None, 5)
        );
    }

    #[test]
    fn the_oldest_rows_are_dropped_at_each_bound_and_the_others_keep_their_numbers() {
        for (rows, bytes) in [(30_000, usize::MAX), (usize::MAX, 1 << 20)] {
            let mut log = LogBuffer::bounded(rows, bytes);
            for number in 0..100_000_u32 {
                log.push("web.1", Timestamp::UNIX_EPOCH, &number.to_be_bytes());
                assert!(log.end() - log.first() <= rows as u64 && log.bytes <= bytes);
            }
            assert!(log.first() > 0);
            assert_eq!(log.get(log.first() - 1), None);
            for number in [log.first(), 99_999] {
                assert_eq!(log.get(number).unwrap().text, u32::try_from(number).unwrap().to_be_bytes());
            }
        }
    }

    #[test]
    fn a_row_that_no_screen_shows_is_cut_and_tells_how_much() {
        let mut log = LogBuffer::default();
        log.push("web.1", Timestamp::UNIX_EPOCH, &vec![b'x'; LONGEST + 7]);
        let row = log.get(0).unwrap();
        assert_eq!((row.text.len(), row.cut), (LONGEST, 7));
    }
}
