//! What of an earlier output may be shown once more, on a terminal that has not seen it.

use super::modes::Modes;
use super::scanner::{EscapeScanner, Sequence};

/// The latest output of a program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecentOutput<'a> {
    /// The bytes.
    pub text: &'a [u8],
    /// Whether earlier ones were forgotten, so that the first may stand in the middle of something.
    pub is_cut: bool,
    /// The modes that the program has set by now.
    pub modes: &'a Modes,
}

/// The bytes that show `picture` on a terminal of so many rows, and leave it in the modes that the program
/// expects. The terminal is as in the beginning, but for what stands on its screen.
///
/// What asks the terminal for an answer is left out: the answer would reach the program as if it had been typed.
/// So are sounds, and what must not be done twice. A program on the whole screen is shown from the moment on
/// when it last began or cleared it; any other from its latest `rows` lines on.
pub(crate) fn replay(picture: RecentOutput<'_>, rows: u16) -> Vec<u8> {
    let RecentOutput { text, is_cut, modes } = picture;
    let text = if is_cut { &text[first_boundary(text)..] } else { text };
    let (mut kept, clean) = without_questions(text);
    let from = clean.max(latest_lines(&kept, usize::from(rows)));
    kept.drain(..from);
    // What stands on the screen goes to the scrollback: nothing is wiped away.
    let mut shown = vec![b'\n'; usize::from(rows)];
    if modes.is_full_screen() {
        shown.clear();
        shown.extend_from_slice(b"\x1b[?1049h");
    }
    shown.extend_from_slice(b"\x1b[0m\x1b[H\x1b[2J");
    // A sequence at the end whose rest is still to come must stay the last.
    let whole = unfinished_at(&kept);
    shown.extend_from_slice(&kept[..whole]);
    shown.extend_from_slice(&modes.assert());
    shown.extend_from_slice(&kept[whole..]);
    shown
}

/// Where the text can be entered: behind the first line, or at the first sequence.
fn first_boundary(text: &[u8]) -> usize {
    memchr::memchr2(b'\n', 0x1b, text).map_or(0, |at| if text[at] == b'\n' { at + 1 } else { at })
}

/// The text without what must not be shown again, and where in it the screen was last begun anew.
fn without_questions(text: &[u8]) -> (Vec<u8>, usize) {
    let mut scanner = EscapeScanner::default();
    let (mut kept, mut clean) = (Vec::with_capacity(text.len()), 0);
    let mut rest = text;
    while !rest.is_empty() {
        let step = scanner.step(rest);
        let start = step.start.unwrap_or(step.taken);
        kept.extend(rest[..start].iter().filter(|byte| !is_a_sound_or_question(**byte)));
        match step.sequence.map(judge) {
            Some(ReplayClass::Begins) => clean = kept.len(),
            Some(ReplayClass::Clears) => {
                clean = kept.len();
                kept.extend_from_slice(&rest[start..step.taken]);
            }
            Some(ReplayClass::Shows) | None => kept.extend_from_slice(&rest[start..step.taken]),
            Some(ReplayClass::Asks) => {}
        }
        rest = &rest[step.taken..];
    }
    (kept, clean)
}

/// BEL, and ENQ, which terminals answer.
fn is_a_sound_or_question(byte: u8) -> bool {
    matches!(byte, 0x05 | 0x07)
}

/// What a sequence means for a client that attaches later.
#[derive(Clone, Copy)]
enum ReplayClass {
    /// It is part of the picture.
    Shows,
    /// Nothing before it can be seen any more.
    Clears,
    /// The same, and it is not to be repeated.
    Begins,
    /// It asks for an answer, or must not be done twice.
    Asks,
}

fn judge(sequence: Sequence<'_>) -> ReplayClass {
    match sequence {
        Sequence::Escape(b"c") => ReplayClass::Begins,
        Sequence::Escape(b"Z") => ReplayClass::Asks,
        Sequence::Escape(_) => ReplayClass::Shows,
        // Colours and the clipboard can be asked for; so can settings and pictures.
        Sequence::Text(b']', text) if !text.contains(&b'?') && !text.starts_with(b"52;") => {
            ReplayClass::Shows
        }
        Sequence::Text(b'P', text) if !text.starts_with(b"$q") && !text.starts_with(b"+q") => {
            ReplayClass::Shows
        }
        Sequence::Text(..) => ReplayClass::Asks,
        Sequence::Control(text) => judge_control(text),
    }
}

fn judge_control(text: &[u8]) -> ReplayClass {
    match text {
        b"2J" | b"3J" => ReplayClass::Clears,
        b"?1049h" | b"?1049l" | b"?1047h" | b"?1047l" | b"?47h" | b"?47l" => ReplayClass::Begins,
        // Updates that are shown together, 132 columns; attributes, reports, the window, terminal's name, states of modes, keyboard flags and resources.
        b"?2026h"
        | b"?2026l"
        | b"?3h"
        | b"?3l"
        | [.., b'c' | b'n' | b't' | b'x']
        | [b'?' | b'>' | b'<' | b'=', .., b'u' | b'm' | b'q']
        | [.., b'$', b'p'] => ReplayClass::Asks,
        _ => ReplayClass::Shows,
    }
}

/// Where the latest so many lines begin.
fn latest_lines(text: &[u8], count: usize) -> usize {
    memchr::memrchr_iter(b'\n', text).nth(count.saturating_sub(1)).map_or(0, |at| at + 1)
}

/// Where a sequence begins that has not ended.
fn unfinished_at(text: &[u8]) -> usize {
    let mut scanner = EscapeScanner::default();
    let mut at = 0;
    while at < text.len() {
        let step = scanner.step(&text[at..]);
        if step.sequence.is_none()
            && let Some(start) = step.start
            && at + step.taken == text.len()
        {
            return at + start;
        }
        at += step.taken;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &[u8], is_cut: bool, rows: u16) -> String {
        let mut modes = Modes::default();
        modes.take(text);
        let shown = replay(RecentOutput { text, is_cut, modes: &modes }, rows);
        let clear = b"\x1b[0m\x1b[H\x1b[2J";
        let at = shown.windows(clear.len()).position(|window| window == clear).unwrap();
        shown[at + clear.len()..].escape_ascii().to_string()
    }

    #[test]
    fn questions_to_the_terminal_and_sounds_are_not_repeated() {
        let questions: [&[u8]; 14] = [
            b"\x1b[c",
            b"\x1b[>c",
            b"\x1b[6n",
            b"\x1b[?6n",
            b"\x1b[>q",
            b"\x1b[?u",
            b"\x1b[?2026$p",
            b"\x1b[14t",
            b"\x1b]11;?\x07",
            b"\x1b]4;1;?\x1b\\",
            b"\x1bP$qm\x1b\\",
            b"\x1bP+q544e\x1b\\",
            b"\x05\x07",
            b"\x1bZ",
        ];
        for question in questions {
            assert_eq!(
                shown(&[b"a", question, b"b"].concat(), false, 24),
                "ab",
                "{}",
                question.escape_ascii()
            );
        }
        assert_eq!(shown(b"\x1b[31ma\x1b]0;title\x07b", false, 24), r"\x1b[31ma\x1b]0;title\x07b");
    }

    #[test]
    fn the_latest_rows_are_shown_and_nothing_from_before_the_screen_was_cleared() {
        assert_eq!(shown(b"1\n2\n3\n4", false, 2), r"3\n4");
        assert_eq!(shown(b"1\n2\n3\n4\n", false, 2), r"4\n");
        assert_eq!(shown(b"old\x1b[2Jnew", false, 24), r"\x1b[2Jnew");
        assert_eq!(shown(b"old\x1b[?1049hvi\x1b[?1049lback", false, 24), "back");
    }

    #[test]
    fn what_was_cut_is_entered_at_a_line_or_a_sequence() {
        assert_eq!(shown(b"5;31mrest\nnext", true, 24), "next");
        assert_eq!(shown(b"5;31mrest\x1b[1mnext", true, 24), r"\x1b[1mnext");
    }

    #[test]
    fn modes_are_asserted_before_a_sequence_whose_rest_is_still_to_come() {
        assert_eq!(shown(b"\x1b[?2004hx\x1b[3", false, 24), r"\x1b[?2004hx\x1b[?2004h\x1b[3");
    }

    #[test]
    fn the_screen_of_others_is_scrolled_away_and_not_wiped() {
        let modes = Modes::default();
        let text = replay(RecentOutput { text: b"x", is_cut: false, modes: &modes }, 3);
        assert!(text.starts_with(b"\n\n\n\x1b[0m\x1b[H"));
    }
}
