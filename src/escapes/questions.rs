//! What a terminal answers to a program that asks (xterm's ctlseqs), for as long as no terminal is attached to it.

use super::scanner::Sequence;

/// Of what the answers speak.
#[derive(Clone, Copy, Debug)]
pub struct AnsweringTerminal {
    /// Row of the cursor, from 1.
    pub row: usize,
    /// Column of the cursor, from 1.
    pub column: usize,
}

impl AnsweringTerminal {
    /// The answer to `sequence`, if it is a question. It claims no more than a VT100 with colours, as tmux does: a
    /// program then uses nothing that a row cannot show.
    pub fn answer(self, sequence: Sequence<'_>) -> Option<Vec<u8>> {
        let Self { row, column } = self;
        let answer = match sequence {
            Sequence::Escape(b"Z") | Sequence::Control(b"c" | b"0c") => "\x1b[?1;2c".into(),
            Sequence::Control(b">c" | b">0c") => "\x1b[>0;0;0c".into(),
            Sequence::Control(b"=c" | b"=0c") => "\x1bP!|00000000\x1b\\".into(),
            Sequence::Control(b"5n") => "\x1b[0n".into(),
            Sequence::Control(b"6n") => format!("\x1b[{row};{column}R"),
            Sequence::Control(b"?6n") => format!("\x1b[?{row};{column}R"),
            Sequence::Control(b">q" | b">0q") => {
                concat!("\x1bP>|ganger ", env!("CARGO_PKG_VERSION"), "\x1b\\").into()
            }
            Sequence::Control(b"?u") => "\x1b[?0u".into(),
            Sequence::Control([mode @ .., b'$', b'p']) => {
                let mode = std::str::from_utf8(mode).ok()?;
                format!("\x1b[{mode};0$y")
            }
            Sequence::Text(b']', b"10;?") => "\x1b]10;rgb:ffff/ffff/ffff\x1b\\".into(),
            Sequence::Text(b']', b"11;?") => "\x1b]11;rgb:0000/0000/0000\x1b\\".into(),
            Sequence::Text(b']', b"12;?") => "\x1b]12;rgb:ffff/ffff/ffff\x1b\\".into(),
            Sequence::Text(b'P', [b'$', b'q', ..]) => "\x1bP0$r\x1b\\".into(),
            Sequence::Text(b'P', [b'+', b'q', ..]) => "\x1bP0+r\x1b\\".into(),
            Sequence::Escape(_) | Sequence::Control(_) | Sequence::Text(..) => return None,
        };
        Some(answer.into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::escapes::EscapeScanner;

    #[test]
    fn questions_have_answers_and_nothing_else_has() {
        let table = [
            ("\x1b[6n", "\x1b[3;7R"),
            ("\x1b[?6n", "\x1b[?3;7R"),
            ("\x1b[5n", "\x1b[0n"),
            ("\x1b[c", "\x1b[?1;2c"),
            ("\x1b[0c", "\x1b[?1;2c"),
            ("\x1bZ", "\x1b[?1;2c"),
            ("\x1b[>c", "\x1b[>0;0;0c"),
            ("\x1b[?u", "\x1b[?0u"),
            ("\x1b[?2026$p", "\x1b[?2026;0$y"),
            ("\x1b]11;?\x07", "\x1b]11;rgb:0000/0000/0000\x1b\\"),
            ("\x1bP+q544e\x1b\\", "\x1bP0+r\x1b\\"),
            ("\x1b[31m", ""),
            ("\x1b[?25l", ""),
            ("\x1b]0;title\x07", ""),
        ];
        for (question, expected) in table {
            let mut scanner = EscapeScanner::default();
            let sequence = scanner.step(question.as_bytes()).sequence.unwrap();
            let answer = AnsweringTerminal { row: 3, column: 7 }.answer(sequence).unwrap_or_default();
            assert_eq!(String::from_utf8(answer).unwrap(), expected, "{question:?}");
        }
    }
}
