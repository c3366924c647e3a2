//! Where an escape sequence begins and ends, in a stream that comes in pieces.

use memchr::memchr;

const ESCAPE: u8 = 0x1b;
const BELL: u8 = 0x07;
/// CAN and SUB break a sequence off.
const CANCEL: [u8; 2] = [0x18, 0x1a];
/// Bytes of a sequence that are kept: an address of a link fits. Of a longer one (a title, a picture) the beginning tells
/// what it is.
const KEPT: usize = 4096;

/// One whole sequence, without what introduces and what ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sequence<'a> {
    /// `ESC`, then these: `=`, `(0`.
    Escape(&'a [u8]),
    /// `ESC [`, then these: `?25h`, `6n`.
    Control(&'a [u8]),
    /// `ESC` and this letter (`]` is OSC, `P` is DCS), then the beginning of a text of any length.
    Text(u8, &'a [u8]),
}

impl Sequence<'_> {
    /// Whether all of it is here and has no control byte in it.
    pub(crate) fn is_clean(&self) -> bool {
        let (Self::Escape(text) | Self::Control(text) | Self::Text(_, text)) = self;
        text.len() < KEPT && !text.iter().any(u8::is_ascii_control) && super::plain_length(text) == text.len()
    }
}

/// What [`EscapeScanner::step`] saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ScanStep<'a> {
    /// Where in the piece the sequence begins; `None` if that was in an earlier piece, or if there is none.
    pub start: Option<usize>,
    /// Bytes of the piece up to the end of the sequence.
    pub taken: usize,
    /// The sequence; `None` if the piece ended before one did.
    pub sequence: Option<Sequence<'a>>,
}

/// Inside of what the stream is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum ScanState {
    #[default]
    Nothing,
    Escape,
    Control,
    Text(u8),
    /// A text in which an ESC has come: `\` after it ends the text.
    TextEnd(u8),
}

/// Finds the sequences of one stream. Text between them costs a `memchr`.
#[derive(Clone, Debug, Default)]
pub(crate) struct EscapeScanner {
    inside: ScanState,
    kept: Vec<u8>,
}

impl EscapeScanner {
    /// Whether a sequence has begun that has not ended.
    pub(crate) fn is_inside(&self) -> bool {
        self.inside != ScanState::Nothing
    }

    /// Whether it is one of data, in which a line may end (DCS, APC, PM, SOS), and no ESC has come that may end it.
    pub(crate) fn is_in_data(&self) -> bool {
        matches!(self.inside, ScanState::Text(kind) if kind != b']')
    }

    /// Gives up the sequence that has begun.
    pub(crate) fn cancel(&mut self) {
        self.inside = ScanState::Nothing;
    }

    /// Goes on to the end of the next sequence of `piece`, or to the end of the piece.
    pub(crate) fn step(&mut self, piece: &[u8]) -> ScanStep<'_> {
        let mut at = 0;
        let mut start = None;
        if self.inside == ScanState::Nothing {
            let Some(found) = memchr(ESCAPE, piece) else {
                return ScanStep { start: None, taken: piece.len(), sequence: None };
            };
            (start, at) = (Some(found), found + 1);
            self.begin();
        }
        while let Some(byte) = piece.get(at).copied() {
            // A text of another kind begins where one was broken off.
            if byte == ESCAPE && !matches!(self.inside, ScanState::Text(_)) {
                start = Some(at);
                self.begin();
            } else if let Some(ended) = self.take(byte) {
                return ScanStep { start, taken: at + 1, sequence: self.whole(ended) };
            }
            at += 1;
        }
        ScanStep { start, taken: piece.len(), sequence: None }
    }

    fn begin(&mut self) {
        self.inside = ScanState::Escape;
        self.kept.clear();
    }

    /// One more byte; inside of what it was, if it ended that.
    fn take(&mut self, byte: u8) -> Option<ScanState> {
        let before = self.inside;
        let after = match (before, byte) {
            (_, byte) if CANCEL.contains(&byte) => ScanState::Nothing,
            (ScanState::Escape, b'[') if self.kept.is_empty() => {
                self.inside = ScanState::Control;
                return None;
            }
            (ScanState::Escape, b']' | b'P' | b'X' | b'^' | b'_') if self.kept.is_empty() => {
                self.inside = ScanState::Text(byte);
                return None;
            }
            (ScanState::Escape, 0x30..=0x7e) | (ScanState::Control, 0x40..=0x7e) => {
                self.keep(byte);
                ScanState::Nothing
            }
            (ScanState::Text(_), BELL) | (ScanState::TextEnd(_), b'\\') => ScanState::Nothing,
            (ScanState::Text(kind), ESCAPE) => ScanState::TextEnd(kind),
            (ScanState::TextEnd(_), _) => {
                // No end of the text: another sequence, of which this byte is the second.
                self.begin();
                return self.take(byte);
            }
            (same, byte) => {
                self.keep(byte);
                same
            }
        };
        self.inside = after;
        if after == ScanState::Nothing {
            // One that was cancelled is none.
            return Some(if CANCEL.contains(&byte) { ScanState::Nothing } else { before });
        }
        None
    }

    fn keep(&mut self, byte: u8) {
        if self.kept.len() < KEPT {
            self.kept.push(byte);
        }
    }

    fn whole(&self, ended: ScanState) -> Option<Sequence<'_>> {
        match ended {
            ScanState::Nothing => None,
            ScanState::Escape => Some(Sequence::Escape(&self.kept)),
            ScanState::Control => Some(Sequence::Control(&self.kept)),
            ScanState::Text(kind) | ScanState::TextEnd(kind) => Some(Sequence::Text(kind, &self.kept)),
        }
    }
}

/// `text` without its escape sequences.
pub(crate) fn without_sequences(text: &[u8]) -> Vec<u8> {
    let (mut scanner, mut rest, mut out) = (EscapeScanner::default(), text, Vec::with_capacity(text.len()));
    while !rest.is_empty() {
        let step = scanner.step(rest);
        out.extend_from_slice(&rest[..step.start.unwrap_or(step.taken)]);
        rest = &rest[step.taken..];
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(pieces: &[&[u8]]) -> Vec<String> {
        let mut scanner = EscapeScanner::default();
        let mut found = Vec::new();
        for piece in pieces {
            let mut rest = *piece;
            while !rest.is_empty() {
                let step = scanner.step(rest);
                found.extend(step.sequence.map(|sequence| match sequence {
                    Sequence::Escape(text) => format!("ESC {}", text.escape_ascii()),
                    Sequence::Control(text) => format!("CSI {}", text.escape_ascii()),
                    Sequence::Text(kind, text) => format!("{} {}", char::from(kind), text.escape_ascii()),
                }));
                rest = &rest[step.taken..];
            }
        }
        found
    }

    #[test]
    fn sequences_of_every_kind_are_found() {
        let text = b"a\x1b[31mred\x1b[0m \x1b=\x1b(0x\x1b]0;title\x07b\x1b]11;?\x1b\\c\x1bP$qm\x1b\\\x1b[?1049h\x1b7";
        let found =
            ["CSI 31m", "CSI 0m", "ESC =", "ESC (0", "] 0;title", "] 11;?", "P $qm", "CSI ?1049h", "ESC 7"];
        assert_eq!(all(&[text]), found);
    }

    #[test]
    fn one_that_is_broken_off_does_not_hide_the_next() {
        assert_eq!(all(&[b"\x1b[3\x1b[1mx"]), ["CSI 1m"]);
        assert_eq!(all(&[b"\x1b]0;t\x1b[1mx"]), ["CSI 1m"]);
        assert_eq!(all(&[b"\x1b[3\x18m\x1b[1m"]), ["CSI 1m"]);
        assert_eq!(all(&[b"\x1b"]), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn how_the_stream_is_cut_does_not_matter(text in "[a\u{1b}\\[\\]\\\\P0-9;?hm\u{7}\u{18}]{0,60}", cut in 0_usize..60) {
            let bytes = text.as_bytes();
            let cut = cut.min(bytes.len());
            prop_assert_eq!(all(&[bytes]), all(&[&bytes[..cut], &bytes[cut..]]));
        }
    }

    #[test]
    fn sequences_are_left_out_wherever_they_stand() {
        let table: [(&[u8], &[u8]); 4] = [
            (b"plain", b"plain"),
            (b"\x1b[31mred\x1b[0m", b"red"),
            (b"a\x1b]8;;https://a.b\x07b\x1b[2", b"ab"),
            (b"\xff\x1b[K!", b"\xff!"),
        ];
        for (text, expected) in table {
            assert_eq!(without_sequences(text), expected);
        }
    }
}
