//! Text that every terminal shows as it is.

/// Bytes at the beginning of `text` that are no controls: neither C0 (but for newline and tab) nor C1. A byte that may begin a
/// C1 control in UTF-8 and is the last counts as one.
///
/// Every byte of a terminal's output passes here, so eight are looked at together; by hand, as a release is built for
/// size.
pub(crate) fn plain_length(text: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);
    let (words, _) = text.as_chunks::<8>();
    let mut at = 0;
    for word in words {
        let word = u64::from_ne_bytes(*word);
        let below_blank = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        let lead = word ^ (ONES * 0xc2);
        let is_lead = lead.wrapping_sub(ONES) & !lead & HIGHS;
        // Either may claim a byte too many, and misses none.
        if (below_blank | is_lead) != 0
            && let Some(found) = (at..at + 8).find(|at| is_control(text, *at))
        {
            return found;
        }
        at += 8;
    }
    (at..text.len()).find(|at| is_control(text, *at)).unwrap_or(text.len())
}

fn is_control(text: &[u8], at: usize) -> bool {
    match text[at] {
        b'\n' | b'\t' => false,
        0xc2 => !matches!(text.get(at + 1), Some(0xa0..=0xbf)),
        byte => byte < b' ',
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_first_control_is_found(
            text in prop::collection::vec(prop_oneof![8 => 0x20_u8..0x7f, 1 => any::<u8>(), 1 => Just(0xc2_u8)], 0..60),
        ) {
            let expected = (0..text.len()).find(|at| is_control(&text, *at)).unwrap_or(text.len());
            prop_assert_eq!(plain_length(&text), expected);
        }
    }

    #[test]
    fn signs_of_latin_are_plain_and_c1_is_not() {
        assert_eq!(plain_length("a\tb\nÄ©é".as_bytes()), "a\tb\nÄ©é".len());
        assert_eq!(plain_length("ab\u{9b}2J".as_bytes()), 2);
        assert_eq!(plain_length(b"ab\r\n"), 2);
    }
}
