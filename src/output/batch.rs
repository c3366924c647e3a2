//! Rows on their way out: bytes that grow at their end, and are then written as a whole.

use std::ops::Deref;

use memchr::memchr_iter;

/// Rows that are to be written together: bytes that grow at their end, in memory that is initialised beyond it.
///
/// A `Vec<u8>` would do, but for `join`: each piece that is added to it is a call where a release is built for
/// size. Two slices of memory that is there already are two copies, and a fifth of our own time in a flood less
/// (docs/design/0003).
#[derive(Clone, Debug, Default)]
pub struct Batch {
    memory: Vec<u8>,
    length: usize,
}

impl Batch {
    /// Takes all out, and keeps the memory.
    pub fn clear(&mut self) {
        self.length = 0;
    }

    /// Gives memory back: at most this many bytes stay beside those that are in use.
    pub(super) fn shrink_to(&mut self, most: usize) {
        let kept = most.max(self.length);
        // A vector that has grown may have room for more than it was asked for.
        if self.memory.capacity() > kept {
            self.memory.truncate(kept);
            self.memory.shrink_to(kept);
        }
    }

    /// Adds one byte.
    pub(super) fn push(&mut self, byte: u8) {
        self.extend_from_slice(&[byte]);
    }

    /// Puts these bytes before all others.
    pub(super) fn prepend(&mut self, bytes: &[u8]) {
        let before = self.length;
        self.room(bytes.len());
        self.memory.copy_within(..before, bytes.len());
        self.memory[..bytes.len()].copy_from_slice(bytes);
    }

    /// Adds these bytes.
    pub(super) fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.room(bytes.len()).copy_from_slice(bytes);
    }

    /// Adds `lines` with `head` before each and `tail` instead of each newline, also of one that a last line has not; how
    /// many lines they are.
    ///
    /// Copying beats `writev` of borrowed pieces by two to one: the kernel takes longer over each piece than
    /// the copy does.
    pub(super) fn join(&mut self, head: &[u8], lines: &[u8], tail: &[u8]) -> usize {
        // What stands between two lines is one piece, so that a line is two copies and not three.
        let between = [tail, head].concat();
        self.extend_from_slice(head);
        let (mut start, mut count) = (0, 0);
        for end in memchr_iter(b'\n', lines) {
            let line = &lines[start..end];
            let (first, second) = self.room(line.len() + between.len()).split_at_mut(line.len());
            first.copy_from_slice(line);
            second.copy_from_slice(&between);
            (start, count) = (end + 1, count + 1);
        }
        if start < lines.len() {
            self.extend_from_slice(&lines[start..]);
            self.extend_from_slice(tail);
            count += 1;
        } else {
            self.length -= head.len();
        }
        count
    }

    /// The next `count` bytes, which are in use from now on, whatever is in them.
    #[inline]
    fn room(&mut self, count: usize) -> &mut [u8] {
        let (start, end) = (self.length, self.length + count);
        if end > self.memory.len() {
            self.grow(end);
        }
        self.length = end;
        &mut self.memory[start..end]
    }

    #[cold]
    fn grow(&mut self, least: usize) {
        // Twice as much each time, so that to fill it costs no more than what is put in.
        self.memory.resize(least.max(2 * self.memory.len()), 0);
    }
}

impl Deref for Batch {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.memory[..self.length]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..300)
    }

    #[test]
    fn room_that_a_vector_took_for_itself_is_given_back_too() {
        let mut batch = Batch::default();
        for size in [5, 6, 41] {
            batch.extend_from_slice(&vec![0; size]);
            batch.extend_from_slice(&vec![0; size]);
        }
        assert!(batch.memory.capacity() > 160, "or the test shows nothing");
        batch.shrink_to(160);
        assert_eq!((batch.len(), batch.memory.capacity()), (104, 160));
    }

    proptest! {
        #[test]
        fn each_line_has_its_head_and_its_tail(
            before in bytes(), head in "[a-z ]{0,40}", lines in bytes(), tail in "[}\n\"]{0,3}",
        ) {
            let mut batch = Batch::default();
            batch.extend_from_slice(&before);
            let mut expected = before;
            let mut own: Vec<&[u8]> = lines.split(|byte| *byte == b'\n').collect();
            // Behind the last newline nothing begins.
            own.pop_if(|last| last.is_empty());
            for line in &own {
                expected.extend([head.as_bytes(), line, tail.as_bytes()].concat());
            }
            prop_assert_eq!(batch.join(head.as_bytes(), &lines, tail.as_bytes()), own.len());
            prop_assert_eq!(&batch[..], &expected[..]);
        }

        #[test]
        fn what_is_in_use_stays_whatever_is_done_with_the_rest(
            pieces in prop::collection::vec((bytes(), prop::option::of(0_usize..600), any::<bool>()), 0..20),
        ) {
            let (mut batch, mut expected) = (Batch::default(), Vec::new());
            for (piece, most, is_cleared) in pieces {
                if is_cleared {
                    batch.clear();
                    expected.clear();
                }
                batch.extend_from_slice(&piece);
                batch.prepend(&piece);
                expected = [piece.clone(), expected, piece].concat();
                if let Some(most) = most {
                    batch.shrink_to(most);
                    // A vector of bytes has room for eight at least.
                    prop_assert!(batch.memory.capacity() <= most.max(2 * expected.len()).max(8));
                }
                prop_assert_eq!(&batch[..], &expected[..]);
            }
        }
    }
}
