//! What a JSON reader gets back.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn any_text_comes_back_from_a_json_reader(text in "(?s).{0,200}") {
        let mut out = Batch::default();
        out.push(b'"');
        escape(text.as_bytes(), &mut out);
        out.push(b'"');
        prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
    }

    #[test]
    fn a_plain_run_is_one_in_which_no_byte_needs_an_escape(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(is_plain(&bytes), bytes.iter().all(|&b| b == b'\n' || !is_special(b)));
        prop_assert_eq!(first_special(&bytes), bytes.iter().position(|&b| is_special(b)));
    }
}

#[test]
fn base64_is_that_of_the_rfc() {
    let table = [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="),
    ];
    for (bytes, want) in table {
        let mut out = Batch::default();
        base64(bytes.as_bytes(), &mut out);
        assert_eq!(&out[..], want.as_bytes());
    }
}

#[test]
fn every_byte_at_every_place_is_judged_as_one_by_one() {
    for byte in 0..=255_u8 {
        for place in 0..19 {
            for other in [b'a', 0xff, 0x80, 0x7f, b' '] {
                let mut text = [other; 19];
                text[place] = byte;
                let expected = text.iter().position(|byte| is_special(*byte));
                assert_eq!(first_special(&text), expected, "{byte} at {place} among {other}");
                let is_plain_here = expected.is_none() || byte == b'\n';
                assert_eq!(is_plain(&text), is_plain_here, "{byte} at {place} among {other}");
            }
        }
    }
}
