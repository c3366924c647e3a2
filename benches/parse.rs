//! The readers on 10 MB of each kind of text. The bar is 100 ms each: `cargo bench --bench parse`.

use divan::Bencher;
use ganger::parts::dotenv::{self, EnvSource};
use ganger::parts::procfile;

const SIZE: usize = 10_000_000;

fn main() {
    divan::main();
}

/// `line` again and again, `{}` replaced by its number.
fn text(line: &str) -> String {
    let mut text = String::with_capacity(SIZE + 100);
    let mut number = 0;
    while text.len() < SIZE {
        text.push_str(&line.replace("{}", &number.to_string()));
        number += 1;
    }
    text
}

#[divan::bench(args = [
    "type{}: bundle exec rails server -p $PORT -b 0.0.0.0\n",
    "t{}: x\n",
    "# a comment that goes on for a while, and says nothing\n",
    "no colon in this line at all {}\n",
    "\u{7f}ELF\0\u{1}\u{2}",
])]
fn procfile_of_10_mb(bencher: Bencher<'_, '_>, line: &str) {
    let text = text(line);
    bencher.bench(|| procfile::parse("Procfile", divan::black_box(text.as_bytes())));
}

#[divan::bench]
fn procfile_of_one_10_mb_line(bencher: Bencher<'_, '_>) {
    let text = format!("web: {}\n", "x".repeat(SIZE));
    bencher.bench(|| procfile::parse("Procfile", divan::black_box(text.as_bytes())));
}

#[divan::bench(args = [
    "VARIABLE_{}=some value or other\n",
    "A=1\n",
    "K{}=\"a quoted\nvalue over $HOME lines\"\n",
    "B=$A$A\n",
    "# a comment that goes on for a while, and says nothing\n",
    "this is prose {}\n",
])]
fn dotenv_of_10_mb(bencher: Bencher<'_, '_>, line: &str) {
    let text = text(line);
    let source = EnvSource { file: ".env", bytes: text.as_bytes() };
    bencher.bench(|| dotenv::parse(divan::black_box(&[source]), &|_| None));
}

#[divan::bench]
fn dotenv_of_one_10_mb_value(bencher: Bencher<'_, '_>) {
    let text = format!("A='{}'\n", "x".repeat(SIZE));
    let source = EnvSource { file: ".env", bytes: text.as_bytes() };
    bencher.bench(|| dotenv::parse(divan::black_box(&[source]), &|_| None));
}
