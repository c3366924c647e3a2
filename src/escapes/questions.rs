//! What a terminal answers to a program that asks (xterm's ctlseqs), for as long as no terminal is attached to it.

use std::fmt::Write as _;

use super::scanner::Sequence;

/// What the answers are about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AnsweringTerminal {
    /// Row of the cursor, from 1.
    pub row: usize,
    /// Column of the cursor, from 1.
    pub column: usize,
    /// Its size in rows.
    pub rows: usize,
    /// Its size in columns.
    pub columns: usize,
}

impl AnsweringTerminal {
    /// The answer to `sequence`, if it is a question. It claims no more than a VT100 with colours, as tmux does: a
    /// program then uses nothing that a row cannot show.
    pub(crate) fn answer(self, sequence: Sequence<'_>) -> Option<Vec<u8>> {
        let Self { row, column, rows, columns } = self;
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
            Sequence::Control(b"14t") => format!("\x1b[4;{};{}t", rows * CELL.0, columns * CELL.1),
            Sequence::Control(b"16t") => format!("\x1b[6;{};{}t", CELL.0, CELL.1),
            Sequence::Control(b"18t") => format!("\x1b[8;{rows};{columns}t"),
            Sequence::Text(b']', [b'4', b';', colors @ ..]) => palette(colors),
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

/// Height and width of a character in pixels, where a program asks: those that tmux claims.
const CELL: (usize, usize) = (32, 16);

/// The answers to questions for colours of the palette: `1;?;2;?`.
fn palette(colors: &[u8]) -> String {
    let mut parts = colors.split(|byte| *byte == b';');
    let mut answers = String::new();
    while let (Some(number), Some(b"?")) = (parts.next(), parts.next()) {
        let Some(number) = std::str::from_utf8(number).ok().and_then(|text| text.parse().ok()) else { break };
        let [red, green, blue] = color(number);
        let _ = write!(
            answers,
            "\x1b]4;{number};rgb:{red:02x}{red:02x}/{green:02x}{green:02x}/{blue:02x}{blue:02x}\x1b\\"
        );
    }
    answers
}

/// A colour of xterm's palette: sixteen named ones, a cube of 216, and 24 greys.
fn color(number: u8) -> [u8; 3] {
    match number {
        0..=7 => [1, 2, 4].map(|bit| if number & bit == 0 { 0 } else { 0xcd }),
        8 => [0x7f; 3],
        9..=15 => [1, 2, 4].map(|bit| if number & bit == 0 { 0 } else { 0xff }),
        16..=231 => [36, 6, 1].map(|unit| level_of_cube((number - 16) / unit % 6)),
        232.. => [8 + 10 * (number - 232); 3],
    }
}

/// How bright a colour of the cube is, at this step of six.
fn level_of_cube(step: u8) -> u8 {
    if step == 0 { 0 } else { 55 + 40 * step }
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
            ("\x1b]4;1;?\x07", "\x1b]4;1;rgb:cdcd/0000/0000\x1b\\"),
            (
                "\x1b]4;196;?;255;?\x07",
                "\x1b]4;196;rgb:ffff/0000/0000\x1b\\\x1b]4;255;rgb:eeee/eeee/eeee\x1b\\",
            ),
            ("\x1b]4;1;rgb:00/00/00\x07", ""),
            ("\x1b[18t", "\x1b[8;24;80t"),
            ("\x1b[14t", "\x1b[4;768;1280t"),
            ("\x1bP+q544e\x1b\\", "\x1bP0+r\x1b\\"),
            ("\x1b[31m", ""),
            ("\x1b[?25l", ""),
            ("\x1b]0;title\x07", ""),
        ];
        for (question, expected) in table {
            let mut scanner = EscapeScanner::default();
            let sequence = scanner.step(question.as_bytes()).sequence.unwrap();
            let answer = AnsweringTerminal { row: 3, column: 7, rows: 24, columns: 80 }
                .answer(sequence)
                .unwrap_or_default();
            assert_eq!(String::from_utf8(answer).unwrap(), expected, "{question:?}");
        }
    }
}
