//! Where one line ends and the next begins.

use memchr::{memchr, memchr_iter, memrchr};

/// Where each of these lines ends, a last one without a newline included.
pub(super) fn ends(lines: &[u8]) -> impl Iterator<Item = usize> {
    let is_unended = lines.last().is_some_and(|byte| *byte != b'\n');
    memchr_iter(b'\n', lines).chain(is_unended.then_some(lines.len()))
}

/// How long a row may get.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Bytes of the rows that a line is cut into when it is too long to be kept whole.
    pub row: usize,
    /// A line may be this much longer than `row` and still stay whole: what a program writes as "one
    /// mebibyte" mostly has something around it, and a cut just before the end of a line is useless.
    pub slack: usize,
}

impl Limits {
    /// SPEC §6: a line longer than 1 MiB is cut into rows of 1 MiB; the slack is 64 KiB.
    pub(super) const OUTPUT: Self = Self { row: 1 << 20, slack: 64 << 10 };

    fn longest(self) -> usize {
        self.row + self.slack
    }
}

/// Bytes that are handed on at once when they hold whole lines. It bounds what one step adds to a batch:
/// an empty line of one byte may become a JSON object of eighty.
const BLOCK: usize = 16 << 10;

/// Room that an empty rest may keep, so that a flood does not allocate for every chunk's last line, and a
/// thousand instances at rest keep next to nothing.
const KEPT: usize = 1024;

/// Cuts one stream into lines. Keeps only what follows the last newline.
#[derive(Debug)]
pub(super) struct LineSplitter {
    rest: Vec<u8>,
    limits: Limits,
}

impl LineSplitter {
    /// An empty stream.
    pub(super) fn new(limits: Limits) -> Self {
        Self { rest: Vec::new(), limits }
    }

    /// The unfinished line so far.
    pub(super) fn rest(&self) -> &[u8] {
        &self.rest
    }

    /// Takes some bytes from the start of `chunk` and returns how many: at least one if there is one. Whole
    /// lines go to `emit`, as many as there are at once, each with its newline; a piece of a line that was
    /// cut comes alone and without one.
    ///
    /// The rows do not depend on how the stream was cut into chunks: a line is cut when it is known to
    /// be longer than row + slack, and then always after `row` bytes.
    pub(super) fn step(&mut self, chunk: &[u8], emit: &mut dyn FnMut(&[u8])) -> usize {
        if !self.rest.is_empty() {
            return self.lengthen(chunk, emit);
        }
        let window = &chunk[..chunk.len().min(BLOCK).min(self.limits.row)];
        if let Some(last) = memrchr(b'\n', window) {
            emit(&window[..=last]);
            return last + 1;
        }
        let within_limits = &chunk[..chunk.len().min(self.limits.longest() + 1)];
        if let Some(end) = memchr(b'\n', within_limits) {
            emit(&within_limits[..=end]);
            return end + 1;
        }
        self.lengthen(chunk, emit)
    }

    /// Takes the unfinished line out.
    pub(super) fn take(&mut self, emit: &mut dyn FnMut(&[u8])) {
        if !self.rest.is_empty() {
            emit(&self.rest);
            self.rest.clear();
            self.release();
        }
    }

    /// Adds to the unfinished line until it ends, or until it must be cut.
    fn lengthen(&mut self, chunk: &[u8], emit: &mut dyn FnMut(&[u8])) -> usize {
        let room = self.limits.longest() + 1 - self.rest.len();
        let end = memchr(b'\n', &chunk[..chunk.len().min(room)]);
        let taken = end.map_or(chunk.len().min(room), |end| end + 1);
        self.rest.extend_from_slice(&chunk[..taken]);
        if end.is_some() {
            emit(&self.rest);
            self.rest.clear();
            self.release();
        } else if self.rest.len() > self.limits.longest() {
            emit(&self.rest[..self.limits.row]);
            self.rest.drain(..self.limits.row);
        }
        taken
    }

    fn release(&mut self) {
        if self.rest.capacity() > KEPT {
            self.rest.shrink_to(KEPT);
        }
    }
}

/// Undoes what a terminal's line discipline does to newlines (ONLCR, termios(3)): the CR that it put before
/// an LF goes. One CR only; a program that wrote CR LF itself gets its own CR back.
#[derive(Debug, Default)]
pub(super) struct Newlines {
    /// The last chunk ended in a CR: what follows decides.
    held: bool,
}

impl Newlines {
    /// Appends `chunk` to `out`, translated.
    pub(super) fn translate(&mut self, mut chunk: &[u8], out: &mut Vec<u8>) {
        if let Some(first) = chunk.first()
            && std::mem::take(&mut self.held)
            && *first != b'\n'
        {
            out.push(b'\r');
        }
        while let Some(at) = memchr(b'\r', chunk) {
            let (before, after) = (&chunk[..at], &chunk[at + 1..]);
            out.extend_from_slice(before);
            match after.first() {
                Some(b'\n') => {}
                Some(_) => out.push(b'\r'),
                None => self.held = true,
            }
            chunk = after;
        }
        out.extend_from_slice(chunk);
    }
}

#[cfg(test)]
#[path = "lines_tests.rs"]
mod tests;
