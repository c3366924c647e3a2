//! From bytes to rows, without any I/O: what a line costs.

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use ganger::parts::name::{InstanceName, TypeName};
use ganger::parts::output::history::{Bounds, History};
use ganger::parts::output::{LogSource, OutputOptions, RowFormat, Rows, TimestampFormat};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// What one read brings at most.
const CHUNK: usize = 128 << 10;

fn main() {
    divan::main();
}

/// Lines of this many bytes, one chunk of them.
fn chunk(line: usize, text: &[u8]) -> Vec<u8> {
    let mut chunk: Vec<u8> = text.iter().copied().cycle().take(CHUNK).collect();
    chunk.iter_mut().skip(line - 1).step_by(line).for_each(|byte| *byte = b'\n');
    chunk
}

fn options(format: RowFormat, history: Option<Bounds>) -> OutputOptions {
    let log_sources =
        TypeName::new("web").map(|kind| LogSource { name: InstanceName { kind, number: 1 }, kind: 0 });
    OutputOptions {
        format,
        color: true,
        terminal: false,
        quiet: false,
        raw: false,
        log_sources: log_sources.into_iter().collect(),
        history,
        clock: || Timestamp::UNIX_EPOCH,
    }
}

fn run(bencher: Bencher<'_, '_>, options: OutputOptions, chunk: &[u8]) {
    let mut rows = Rows::new(options);
    bencher.counter(BytesCount::new(chunk.len())).bench_local(|| {
        let batch = rows.chunk(0, Timestamp::UNIX_EPOCH, black_box(chunk));
        black_box(batch.len());
        batch.clear();
    });
}

fn text(prefix: bool, timestamps: bool) -> RowFormat {
    let timestamps =
        timestamps.then(|| TimestampFormat::new(TimestampFormat::DEFAULT, TimeZone::UTC).ok()).flatten();
    RowFormat::Text { prefix, timestamps }
}

#[divan::bench(args = [10, 100, 1000])]
fn prefix(bencher: Bencher<'_, '_>, line: usize) {
    run(bencher, options(text(true, false), None), &chunk(line, b"x"));
}

#[divan::bench(args = [100])]
fn prefix_and_timestamp(bencher: Bencher<'_, '_>, line: usize) {
    run(bencher, options(text(true, true), None), &chunk(line, b"x"));
}

#[divan::bench(args = [100])]
fn prefix_and_history(bencher: Bencher<'_, '_>, line: usize) {
    run(bencher, options(text(true, false), Some(Bounds::default())), &chunk(line, b"x"));
}

#[divan::bench(args = [10, 100, 1000])]
fn json_plain(bencher: Bencher<'_, '_>, line: usize) {
    run(bencher, options(RowFormat::Json, None), &chunk(line, b"x"));
}

#[divan::bench(args = [100])]
fn json_with_quotes(bencher: Bencher<'_, '_>, line: usize) {
    run(bencher, options(RowFormat::Json, None), &chunk(line, b"level=info msg=\"it is done\" "));
}

#[divan::bench(args = [100])]
fn json_base64(bencher: Bencher<'_, '_>, line: usize) {
    run(bencher, options(RowFormat::Json, None), &chunk(line, b"\xff"));
}

#[divan::bench(args = [100])]
fn history(bencher: Bencher<'_, '_>, line: usize) {
    let (chunk, count) = (chunk(line, b"x"), CHUNK.div_ceil(line));
    let mut history = History::new(Bounds::default());
    bencher
        .counter(BytesCount::new(chunk.len()))
        .bench_local(|| history.push(0, Timestamp::UNIX_EPOCH, black_box(&chunk), count));
}
