//! Lines out of a stream of bytes.

use std::io;

/// How much is read at once, in bytes.
const PIECE: usize = 8 << 10;

/// What was read of a stream, and its lines.
#[derive(Debug, Default)]
pub(crate) struct LineBuffer {
    bytes: Vec<u8>,
    /// The end of the lines that were taken.
    taken: usize,
    /// Up to where no line end is.
    searched: usize,
}

impl LineBuffer {
    /// Adds what `read` puts into its buffer; how much that was.
    ///
    /// # Errors
    /// That of `read`.
    pub(crate) fn fill(&mut self, read: impl FnOnce(&mut [u8]) -> io::Result<usize>) -> io::Result<usize> {
        let mut piece = [0; PIECE];
        let count = read(&mut piece)?;
        self.bytes.drain(..self.taken);
        self.searched -= self.taken;
        self.taken = 0;
        self.bytes.extend_from_slice(&piece[..count]);
        Ok(count)
    }

    /// Whether there is a whole line.
    pub(crate) fn has_line(&mut self) -> bool {
        let found = memchr::memchr(b'\n', &self.bytes[self.searched..]);
        self.searched = found.map_or(self.bytes.len(), |length| self.searched + length);
        found.is_some()
    }

    /// The next whole line, with its LF.
    pub(crate) fn next_line(&mut self) -> Option<&[u8]> {
        if !self.has_line() {
            return None;
        }
        self.searched += 1;
        let start = std::mem::replace(&mut self.taken, self.searched);
        Some(&self.bytes[start..self.taken])
    }

    /// What is left of what was read.
    pub(crate) fn rest(&self) -> &[u8] {
        &self.bytes[self.taken..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(buffer: &mut LineBuffer, bytes: &[u8]) -> usize {
        let read = |piece: &mut [u8]| {
            piece[..bytes.len()].copy_from_slice(bytes);
            Ok(bytes.len())
        };
        buffer.fill(read).unwrap()
    }

    #[test]
    fn lines_come_whole_and_in_order_whatever_the_pieces() {
        let text = b"a\n\nbcd\nef\r\ng";
        for size in 1..text.len() {
            let (mut buffer, mut lines) = (LineBuffer::default(), Vec::new());
            for piece in text.chunks(size) {
                assert_eq!(filled(&mut buffer, piece), piece.len());
                while let Some(line) = buffer.next_line() {
                    lines.push(line.to_vec());
                }
            }
            assert_eq!(lines, [&b"a\n"[..], b"\n", b"bcd\n", b"ef\r\n"], "{size}");
            assert_eq!(buffer.rest(), b"g", "{size}");
        }
    }
}
