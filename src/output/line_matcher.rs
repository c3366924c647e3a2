//! Matches the awaited line of one instance.

use regex_lite::Regex;

use super::lines::ends;

/// Waits for a line of one source in which an expression is found.
pub(super) struct LineMatcher {
    log_source: usize,
    expression: Regex,
    tell: Option<Box<dyn FnOnce()>>,
}

impl LineMatcher {
    /// One that calls `tell` once.
    pub(super) fn new(log_source: usize, expression: Regex, tell: Box<dyn FnOnce()>) -> Self {
        Self { log_source, expression, tell: Some(tell) }
    }

    /// The instance whose line is awaited.
    pub(super) fn log_source(&self) -> usize {
        self.log_source
    }

    /// Looks at whole lines of a source; whether the awaited one is among them.
    pub(super) fn matches(&mut self, log_source: usize, lines: &[u8]) -> bool {
        if log_source != self.log_source || !self.is_in(lines) {
            return false;
        }
        if let Some(tell) = self.tell.take() {
            tell();
        }
        true
    }

    fn is_in(&self, lines: &[u8]) -> bool {
        let mut start = 0;
        ends(lines).any(|end| {
            let line = &lines[start..end];
            start = end + 1;
            self.expression.is_match(&String::from_utf8_lossy(line))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;

    #[test]
    fn a_line_is_heard_once_and_only_of_whom_it_is_awaited() {
        let count = Rc::new(Cell::new(0));
        let counted = Rc::clone(&count);
        let tell = Box::new(move || counted.set(counted.get() + 1));
        let mut matcher = LineMatcher::new(1, Regex::new("^ready.*now$").unwrap(), tell);
        assert!(!matcher.matches(0, b"ready now\n"));
        assert!(!matcher.matches(1, b"ready\nnow\n"), "a line is a line");
        assert!(!matcher.matches(1, b""));
        assert!(matcher.matches(1, b"x\n\xff\nready by now\ny\n"));
        assert!(matcher.matches(1, b"ready now"));
        assert_eq!(count.get(), 1);
    }
}
