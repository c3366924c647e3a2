//! Promised: no bytes make a parser panic, take more than linear time, or print a value of a .env file; fuzz/src/lib.rs
//! says all that holds. `.ci/fuzz` looks for more, guided by coverage: what it has found lies in fuzz/corpus.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

#[path = "../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "it is the library of fuzz/")]
mod properties;

type Property = fn(&[u8]);

/// Every target of fuzz/targets, by name.
const TARGETS: [(&str, Property); 5] = [
    ("request", properties::request),
    ("procfile", properties::procfile),
    ("dotenv", properties::dotenv),
    ("ganger_toml", properties::ganger_toml),
    ("app_json", properties::app_json),
];

/// How many mutations of the corpus each target gets here.
const MUTATIONS: u64 = 2000;

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(name)
}

/// The corpus of a target, in the order of its names.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(folder("corpus").join(target)).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// Holds `property` for `bytes`, and prints them where it does not.
#[expect(clippy::print_stderr, reason = "so the bytes can be tried again")]
fn hold(target: &str, property: Property, bytes: &[u8]) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| property(bytes))) {
        eprintln!("{target} breaks at: {}", bytes.escape_ascii());
        resume_unwind(panic);
    }
}

#[test]
fn every_target_has_a_file_a_corpus_and_a_place_in_ci() {
    let script = std::fs::read_to_string(folder("../.ci/fuzz")).unwrap();
    let mut files: Vec<String> = std::fs::read_dir(folder("targets"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    files.sort();
    let mut names = TARGETS.map(|(name, _)| name);
    names.sort_unstable();
    assert_eq!(files, names);
    for name in names {
        assert!(corpus(name).len() >= 5 && script.contains(name), "{name}");
    }
}

#[test]
fn the_corpus_breaks_no_parser() {
    for (target, property) in TARGETS {
        for bytes in corpus(target) {
            hold(target, property, &bytes);
        }
    }
}

#[test]
fn mutations_of_the_corpus_break_no_parser() {
    for (target, property) in TARGETS {
        let corpus = corpus(target);
        for seed in 0..MUTATIONS {
            hold(target, property, &mutated(&corpus, seed));
        }
    }
}

/// Up to eight changes of an entry of the corpus; the same for the same seed.
fn mutated(corpus: &[Vec<u8>], seed: u64) -> Vec<u8> {
    const PIECES: [&[u8]; 12] =
        [b"\"", b"'", b"\\", b"$", b"${A:-", b"}", b"\r\n", b"\0", b"\xff", b": ", b"=", b"\x1b[2J"];
    // xorshift64 (Marsaglia).
    let mut state = (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut below = |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % bound.max(1) as u64).unwrap()
    };
    let mut bytes = corpus[below(corpus.len())].clone();
    for _ in 0..=below(8) {
        let at = below(bytes.len() + 1);
        match below(5) {
            0 if at < bytes.len() => bytes[at] ^= 1 << below(8),
            1 => drop(bytes.splice(at..at, PIECES[below(PIECES.len())].iter().copied())),
            2 => {
                let other = &corpus[below(corpus.len())];
                let from = below(other.len() + 1);
                drop(bytes.splice(at.., other[from..].iter().copied()));
            }
            3 => bytes.truncate(at),
            _ => {
                let end = (at + below(20)).min(bytes.len());
                drop(bytes.drain(at..end));
            }
        }
    }
    bytes
}

/// The processor time that `property` takes for so many lines.
fn cost(property: Property, line: &str, count: usize) -> Duration {
    let text: String = (0..count).map(|number| line.replace("{}", &number.to_string())).collect();
    let now = || Duration::from(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap());
    let begun = now();
    property(text.as_bytes());
    now().saturating_sub(begun)
}

#[test]
fn every_parser_takes_time_linear_in_its_input() {
    for (property, line) in [
        (properties::procfile as Property, "web{}: true\n"),
        (properties::procfile, "no colon {}\n"),
        (properties::procfile, "web: a\r"),
        (properties::procfile, "\u{feff}\u{ff}\n"),
        (properties::dotenv, "A{}=${A:-b}\n"),
        (properties::dotenv, "A{}='a\n"),
        (properties::dotenv, "${A:-"),
        (properties::dotenv, "A{}=\"$A$A$B{}\"\n"),
        (properties::dotenv, "no assignment {}\n"),
        (properties::ganger_toml, "[process.a{}]\nrestart = \"never\"\n"),
        (properties::ganger_toml, "[process.a{}]\nrestart = \"nevr\"\n"),
        (properties::ganger_toml, "key{} = 1\n"),
        (properties::ganger_toml, "port = 1\n"),
        (properties::ganger_toml, "a{}: b\n"),
        (properties::ganger_toml, "]\n"),
        (properties::ganger_toml, "a = [[[[[[[["),
        (properties::app_json, "[[[[[[[["),
        (properties::app_json, "\n\n\n\n\n\n\n\n{}"),
        (properties::request, "[[[[[[[["),
        (properties::request, "{\"a\":"),
    ] {
        is_linear(line, cost(property, line, 500), cost(property, line, 2000));
    }
    for (property, count, [head, entry, tail]) in [
        (
            properties::app_json as Property,
            16_000,
            ["{\"formation\":{", "\"a{}\":{\"quantity\":1},\n", "\"z\":{\"quantity\":1}}}"],
        ),
        (
            properties::app_json,
            2000,
            ["{\"formation\":{", "\"a{}\":{\"quantity\":-1},\n", "\"z\":{\"quantity\":1}}}"],
        ),
        (properties::app_json, 2000, ["{\"env\":{", "\"a{}\":7,\n", "\"z\":7}}"]),
        (
            properties::request,
            9000,
            ["{\"version\":1,\"id\":1,\"request\":\"stop\",\"names\":[", "\"a\",", "\"z\"]}"],
        ),
    ] {
        let whole = |count: usize| {
            let entries: String = (0..count).map(|number| entry.replace("{}", &number.to_string())).collect();
            format!("{head}{entries}{tail}")
        };
        let (once, fourfold) = (cost(property, &whole(count / 4), 1), cost(property, &whole(count), 1));
        is_linear(entry, once, fourfold);
    }
}

fn is_linear(what: &str, once: Duration, fourfold: Duration) {
    assert!(
        fourfold < once * 8 + Duration::from_millis(50),
        "{what:?}: {once:?}, of four times as much {fourfold:?}"
    );
}
