//! The rows that wait to be written to the files.

use jiff::Timestamp;

use crate::name::InstanceName;
use crate::output::lines::{Limits, ends};

/// Rows of all instances, on their way to the thread that writes them.
#[derive(Debug, Default)]
pub(super) struct PendingRows {
    /// By the index of the source.
    pub(super) rows: Vec<Vec<u8>>,
    /// Of all.
    pub(super) bytes: usize,
    /// The instances that have been added, in the order of their indices.
    pub(super) names: Vec<InstanceName>,
}

impl PendingRows {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Empties it, and keeps some of its memory.
    pub(super) fn clear(&mut self) {
        for rows in &mut self.rows {
            rows.clear();
            rows.shrink_to(KEPT);
        }
        (self.bytes, self.names) = (0, Vec::new());
    }
}

/// What an empty buffer of an instance may keep.
const KEPT: usize = 4 << 10;

/// Makes rows of lines.
#[derive(Debug, Default)]
pub(crate) struct FileRows {
    pub(super) pending: PendingRows,
    /// For each source what was shown of its unfinished line already: that line is written when it ends.
    begun: Vec<Vec<u8>>,
    /// The time of what follows, with a space.
    time: Vec<u8>,
}

impl FileRows {
    /// One more source; its index is the next.
    pub(crate) fn add(&mut self, name: InstanceName) {
        self.pending.names.push(name);
        self.begun.push(Vec::new());
    }

    /// The time of what follows.
    pub(crate) fn at(&mut self, now: Timestamp) {
        self.time = format!("{now:.3} ").into_bytes();
    }

    /// The bytes that wait.
    pub(crate) fn len(&self) -> usize {
        self.pending.bytes
    }

    /// Adds whole lines of a source.
    pub(crate) fn add_lines(&mut self, log_source: usize, lines: &[u8]) {
        let mut start = 0;
        for end in ends(lines) {
            let begun = self.begun.get_mut(log_source).map(std::mem::take).unwrap_or_default();
            self.add_row(log_source, &[&begun, &lines[start..end]]);
            start = end + 1;
        }
    }

    /// Adds a row of a source that was drawn; it stands for what was begun.
    pub(crate) fn add_drawn(&mut self, log_source: usize, row: &[u8]) {
        if let Some(begun) = self.begun.get_mut(log_source) {
            begun.clear();
        }
        self.add_row(log_source, &[row]);
    }

    /// A piece of a line that has not ended. One that never ends is cut, as it is in the stream.
    pub(crate) fn begin_line(&mut self, log_source: usize, piece: &[u8]) {
        let Some(begun) = self.begun.get_mut(log_source) else { return };
        begun.extend_from_slice(piece);
        if begun.len() < Limits::OUTPUT.row {
            return;
        }
        let begun = std::mem::take(begun);
        let rows = begun.chunks_exact(Limits::OUTPUT.row);
        self.begun[log_source] = rows.remainder().to_vec();
        rows.for_each(|row| self.add_row(log_source, &[row]));
    }

    /// The stream has ended, and with it the line that has not.
    pub(crate) fn end(&mut self, log_source: usize) {
        if self.begun.get(log_source).is_some_and(|begun| !begun.is_empty()) {
            self.add_lines(log_source, b"\n");
        }
    }

    fn add_row(&mut self, log_source: usize, pieces: &[&[u8]]) {
        let PendingRows { rows, bytes, .. } = &mut self.pending;
        if rows.len() <= log_source {
            rows.resize(log_source + 1, Vec::new());
        }
        let rows = &mut rows[log_source];
        let before = rows.len();
        rows.extend_from_slice(&self.time);
        for piece in pieces {
            rows.extend_from_slice(piece);
        }
        rows.push(b'\n');
        *bytes += rows.len() - before;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::TypeName;

    #[test]
    fn a_line_that_was_shown_in_pieces_is_one_row_with_the_time_of_its_end() {
        let mut rows = FileRows::default();
        rows.add(InstanceName { kind: TypeName::new("web").unwrap(), number: 1 });
        rows.at(Timestamp::UNIX_EPOCH);
        rows.add_lines(0, b"a\n\nb\n");
        rows.begin_line(0, b"name");
        rows.begin_line(0, b"? ");
        rows.at(Timestamp::from_millisecond(1500).unwrap());
        rows.add_lines(0, b"joe\nx");
        rows.begin_line(0, b"drawn 1");
        rows.add_drawn(0, b"drawn 2");
        rows.begin_line(0, b"last");
        rows.end(0);
        rows.end(0);
        let expected = "1970-01-01T00:00:00.000Z a\n1970-01-01T00:00:00.000Z \n1970-01-01T00:00:00.000Z b\n\
                        1970-01-01T00:00:01.500Z name? joe\n1970-01-01T00:00:01.500Z x\n\
                        1970-01-01T00:00:01.500Z drawn 2\n1970-01-01T00:00:01.500Z last\n";
        assert_eq!(String::from_utf8_lossy(&rows.pending.rows[0]), expected);
        assert_eq!(rows.len(), expected.len());
    }

    #[test]
    fn a_line_that_never_ends_is_cut_into_rows_as_in_the_stream() {
        let mut rows = FileRows::default();
        rows.add(InstanceName { kind: TypeName::new("web").unwrap(), number: 1 });
        let piece = vec![b'y'; Limits::OUTPUT.row / 4 + 1];
        (0..10).for_each(|_| rows.begin_line(0, &piece));
        assert_eq!(rows.begun[0].len(), piece.len() * 10 - 2 * Limits::OUTPUT.row);
        rows.end(0);
        let lengths: Vec<usize> =
            rows.pending.rows[0].split(|byte| *byte == b'\n').map(<[u8]>::len).collect();
        assert_eq!(lengths, [1 << 20, 1 << 20, piece.len() * 10 - (2 << 20), 0]);
    }
}
