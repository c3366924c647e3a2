//! Any chunking of any bytes gives the same rows.

use proptest::prelude::*;

use super::*;

const SMALL: Limits = Limits { row: 8, slack: 3 };

/// The rows of one stream, cut into chunks of these sizes (the last size repeats).
fn rows(text: &[u8], sizes: &[usize]) -> Vec<Vec<u8>> {
    let mut lines = LineSplitter::new(SMALL);
    let mut rows = Vec::new();
    let mut emit = |run: &[u8]| rows.extend(run.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec));
    let mut left = text;
    for index in 0.. {
        let size = sizes[index.min(sizes.len() - 1)].clamp(1, left.len().max(1));
        let (mut chunk, rest) = left.split_at(size.min(left.len()));
        while !chunk.is_empty() {
            chunk = &chunk[lines.step(chunk, &mut emit)..];
        }
        left = rest;
        if left.is_empty() {
            break;
        }
    }
    lines.take(&mut emit);
    rows
}

/// The rule in one sentence each, without any buffer.
fn expected(text: &[u8]) -> Vec<Vec<u8>> {
    let mut rows = Vec::new();
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let mut line = line.to_vec();
        while line.strip_suffix(b"\n").unwrap_or(&line).len() > SMALL.longest() {
            let rest = line.split_off(SMALL.row);
            rows.push(std::mem::replace(&mut line, rest));
        }
        rows.push(line);
    }
    rows
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(
        prop_oneof![3 => Just(b'x'), 1 => Just(b'\n'), 1 => Just(b'\r'), 1 => any::<u8>()],
        0..120,
    )
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_rows(text in bytes(), sizes in prop::collection::vec(1_usize..40, 1..20)) {
        prop_assert_eq!(rows(&text, &sizes), expected(&text));
    }

    #[test]
    fn any_chunking_gives_the_same_newlines(text in bytes(), sizes in prop::collection::vec(1_usize..10, 1..20)) {
        let mut newlines = Newlines::default();
        let mut out = Vec::new();
        let (mut left, mut sizes) = (text.as_slice(), sizes.into_iter().cycle());
        while !left.is_empty() {
            let (chunk, rest) = left.split_at(sizes.next().unwrap().min(left.len()));
            newlines.translate(chunk, &mut out);
            left = rest;
        }

        let mut whole = Vec::new();
        for (at, byte) in text.iter().enumerate() {
            // A CR at the end waits for what follows.
            if *byte != b'\r' || text.get(at + 1).is_some_and(|next| *next != b'\n') {
                whole.push(*byte);
            }
        }
        prop_assert_eq!(out, whole);
    }
}

#[test]
fn a_line_within_the_slack_stays_whole_and_a_longer_one_is_cut_into_rows() {
    let table: [(&[u8], &[&[u8]]); 4] = [
        (b"12345678abc\n", &[b"12345678abc\n"]),
        (b"12345678abcd\n", &[b"12345678", b"abcd\n"]),
        (b"12345678abcdefgh12345\n", &[b"12345678", b"abcdefgh", b"12345\n"]),
        (b"12345678abc", &[b"12345678abc"]),
    ];
    for (text, want) in table {
        assert_eq!(rows(text, &[text.len()]), want, "{}", text.escape_ascii());
    }
}

#[test]
fn nothing_is_kept_of_a_long_line_that_has_ended() {
    let mut lines = LineSplitter::new(Limits::OUTPUT);
    let long = vec![b'x'; 100_000];
    assert_eq!(lines.step(&long, &mut |_| {}), 100_000);
    assert!(lines.rest.capacity() >= 100_000);
    lines.step(b"\n", &mut |_| {});
    assert!(lines.rest.capacity() <= KEPT);
}
