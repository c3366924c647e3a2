//! The whole path, with real pipes, sockets and pseudo-terminals.

use std::fs::File;
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::mpsc;
use std::task::{Context, Poll};
use std::thread;

use nix::pty::openpty;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use tokio::runtime::Builder;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::LocalSet;

use jiff::Timestamp;

use super::*;
use crate::name::{InstanceName, TypeName};
use crate::output::options::Bounds;
use crate::output::options::RowFormat;
use crate::output::pipe::tests::fifo;

#[path = "standard_output_tests.rs"]
mod standard_output;

const PATIENCE: Duration = Duration::from_secs(30);

fn options(terminal: bool) -> OutputOptions {
    let name = |kind: &str| InstanceName { kind: TypeName::new(kind).unwrap(), number: 1 };
    let kinds = ["web", "db"].into_iter().enumerate();
    OutputOptions {
        format: RowFormat::Text { prefix: true, timestamps: None },
        color: false,
        terminal,
        quiet: false,
        raw: false,
        log_sources: kinds.map(|(kind, text)| LogSource { name: name(text), kind }).collect(),
        history: None,
        clock: || Timestamp::UNIX_EPOCH,
    }
}

fn exit_notice() -> Notice {
    Notice::Info { text: "gone".into() }
}

fn run<T>(body: impl AsyncFnOnce() -> T) -> T {
    LocalSet::new().block_on(&Builder::new_current_thread().enable_all().build().unwrap(), body())
}

fn open(options: OutputOptions, stdout: impl Into<OwnedFd>) -> (Output, UnboundedReceiver<io::Error>) {
    let (closed, errors) = unbounded_channel();
    (Output::open(options, stdout.into(), closed).unwrap(), errors)
}

/// A stream of a child: where it writes.
fn child(output: &Output, log_source: usize) -> PipeWriter {
    let (reader, writer) = io::pipe().unwrap();
    output.attach(log_source, StreamSource::Pipe(reader.into())).unwrap();
    writer
}

/// Collects what is written, in a thread of its own; tells of each piece as it comes.
fn collect(
    mut reader: impl Read + Send + 'static,
) -> (thread::JoinHandle<String>, UnboundedReceiver<String>) {
    let (told, pieces) = unbounded_channel();
    let all = thread::spawn(move || {
        let (mut all, mut piece) = (Vec::new(), vec![0; 65536]);
        while let Ok(count @ 1..) = reader.read(&mut piece) {
            all.extend_from_slice(&piece[..count]);
            let _ = told.send(String::from_utf8_lossy(&piece[..count]).into_owned());
        }
        String::from_utf8(all).unwrap()
    });
    (all, pieces)
}

/// Waits until the output has said `text`.
async fn until(pieces: &mut UnboundedReceiver<String>, text: &str) {
    let mut all = String::new();
    while !all.contains(text) {
        all.push_str(&pieces.recv().await.unwrap());
    }
}

/// What is printed while `body` runs, and how the finish went.
fn printed(terminal: bool, body: impl AsyncFnOnce(&Output, &mut UnboundedReceiver<String>)) -> String {
    let (reader, stdout) = io::pipe().unwrap();
    let (all, mut pieces) = collect(reader);
    run(async move || {
        let (output, _errors) = open(options(terminal), stdout);
        body(&output, &mut pieces).await;
        assert_eq!(output.finish(PATIENCE).await, FinishResult::Complete);
    });
    all.join().unwrap()
}

#[test]
fn the_remaining_output_comes_before_the_exit_notice() {
    let text = printed(false, async |output, _| {
        let mut web = child(output, 0);
        output.retire(0, exit_notice());
        web.write_all(b"a\nlast words").unwrap();
    });
    assert_eq!(text, "web.1  | a\nweb.1  | last words\nganger | gone\n");
}

#[test]
fn the_exit_of_an_instance_without_a_stream_is_printed_at_once() {
    let text = printed(false, async |output, _| {
        output.retire(1, exit_notice());
        drop(child(output, 0));
        output.ended().await;
        output.retire(0, exit_notice());
    });
    assert_eq!(text, "ganger | gone\nganger | gone\n");
}

#[test]
fn what_may_wait_comes_in_order_with_the_next_that_may_not_and_at_the_end() {
    let printed = printed(false, async |output, pieces| {
        output.notice_soon(&Notice::Info { text: "first".into() });
        output.notice(&Notice::Info { text: "second".into() });
        until(pieces, "first\nganger | second\n").await;
        output.notice_soon(&Notice::Info { text: "last".into() });
    });
    assert_eq!(printed, "ganger | first\nganger | second\nganger | last\n");
}

#[test]
fn a_descendant_that_keeps_the_pipe_delays_the_exit_notice_for_a_moment_only() {
    let text = printed(false, async |output, pieces| {
        let mut web = child(output, 0);
        web.write_all(b"last words").unwrap();
        output.retire(0, exit_notice());
        until(pieces, "gone\n").await;
        web.write_all(b"from the grave\n").unwrap();
    });
    assert_eq!(text, "web.1  | last words\nganger | gone\nweb.1  | from the grave\n");
}

#[test]
fn a_descendant_that_never_pauses_does_not_hide_the_exit_notice() {
    let text = printed(false, async |output, pieces| {
        let mut web = child(output, 0);
        let (stop, stopped) = mpsc::channel::<()>();
        let flood = thread::spawn(move || {
            while stopped.try_recv() == Err(mpsc::TryRecvError::Empty) {
                web.write_all(b"yes\n").unwrap();
            }
        });
        until(pieces, "yes\n").await;
        output.retire(0, exit_notice());
        until(pieces, "ganger | gone\n").await;
        drop(stop);
        output.ended().await;
        flood.join().unwrap();
    });
    assert!(text.lines().all(|line| line == "web.1  | yes" || line == "ganger | gone"));
}

#[test]
fn a_descendant_that_says_a_little_all_the_time_does_not_hide_the_exit_notice() {
    let text = printed(false, async |output, pieces| {
        let mut web = child(output, 0);
        web.write_all(b"last words\n").unwrap();
        output.retire(0, exit_notice());
        // One line after another: each answers the one before, so the stream is never silent.
        let mut all = String::new();
        while !all.contains("gone\n") {
            web.write_all(b"on\n").unwrap();
            all.push_str(&pieces.recv().await.unwrap());
        }
    });
    assert!(text.starts_with("web.1  | last words\nweb.1  | on\n"), "{text}");
}

#[test]
fn an_outsider_that_keeps_a_pipe_does_not_keep_the_end() {
    let mut held = Vec::new();
    let text = printed(false, async |output, _| {
        let mut web = child(output, 0);
        web.write_all(b"half a line").unwrap();
        held.push(web);
    });
    assert_eq!(text, "web.1  | half a line\n");
}

#[test]
fn patience_is_for_standard_output_not_for_a_silent_stream() {
    let (_reader, stdout) = io::pipe().unwrap();
    run(async || {
        let (output, _errors) = open(options(false), stdout);
        let _held = child(&output, 0);
        assert_eq!(output.finish(Duration::from_millis(10)).await, FinishResult::Complete);
    });
}

#[test]
fn another_life_of_an_instance_speaks_on() {
    let text = printed(false, async |output, _| {
        child(output, 0).write_all(b"first").unwrap();
        output.ended().await;
        child(output, 0).write_all(b"second\n").unwrap();
    });
    assert_eq!(text, "web.1  | first\nweb.1  | second\n");
}

#[test]
fn a_flood_of_two_arrives_whole_and_in_order() {
    const LINES: usize = 100_000;
    let text = printed(false, async |output, _| {
        let writers = [0, 1].map(|log_source| {
            let mut pipe = child(output, log_source);
            thread::spawn(move || {
                for number in 0..LINES {
                    writeln!(pipe, "{number}").unwrap();
                }
            })
        });
        output.ended().await;
        for writer in writers {
            writer.join().unwrap();
        }
    });
    for head in ["web.1  | ", "db.1   | "] {
        let numbers =
            text.lines().filter_map(|line| line.strip_prefix(head)).map(|n| n.parse::<usize>().unwrap());
        assert!(numbers.eq(0..LINES), "{head}");
    }
    assert_eq!(text.lines().count(), 2 * LINES);
}

#[test]
fn what_comes_in_one_large_chunk_is_in_the_history_line_by_line() {
    // A full pipe is one chunk, and its last line goes on in the next.
    let lines: Vec<String> = (0..20_000).map(|number| number.to_string()).collect();
    let said = lines.join("\n") + "\n";
    let (first, rest) = said.split_at(64 << 10);
    let (reader, mut web) = io::pipe().unwrap();
    web.write_all(first.as_bytes()).unwrap();
    run(async || {
        let options = OutputOptions { history: Some(Bounds::default()), ..options(false) };
        let (output, _errors) = open(options, File::create("/dev/null").unwrap());
        output.attach(0, StreamSource::Pipe(reader.into())).unwrap();
        let rest = rest.to_owned();
        let writer = thread::spawn(move || web.write_all(rest.as_bytes()).unwrap());
        output.ended().await;
        writer.join().unwrap();
        let kept = |history: &History| {
            let all = history.latest(usize::MAX, |log_source| log_source == 0);
            all.iter().map(|line| String::from_utf8(line.text.to_vec()).unwrap()).collect()
        };
        let kept: Vec<String> = output.with_history(kept).unwrap();
        assert!(!kept.is_empty() && kept == lines[lines.len() - kept.len()..], "{} lines", kept.len());
        assert_eq!(output.finish(PATIENCE).await, FinishResult::Complete);
    });
}

#[test]
fn a_prompt_is_shown_on_a_terminal() {
    let text = printed(true, async |output, pieces| {
        let mut web = child(output, 0);
        web.write_all(b"Name? ").unwrap();
        until(pieces, "web.1  | Name? ").await;
        web.write_all(b"x\n").unwrap();
        until(pieces, "x\n").await;
    });
    assert_eq!(text, "web.1  | Name? x\n");
}

#[test]
fn a_pseudo_terminal_is_read_to_its_end() {
    let text = printed(false, async |output, _| {
        let pair = openpty(None, None).unwrap();
        output.attach(0, StreamSource::Terminal(pair.master)).unwrap();
        let writer = thread::spawn(move || {
            let mut slave = File::from(pair.slave);
            for number in 0..5000 {
                writeln!(slave, "{number}").unwrap();
            }
        });
        output.ended().await;
        writer.join().unwrap();
    });
    let numbers = text.lines().map(|line| line.strip_prefix("web.1  | ").unwrap().parse::<usize>().unwrap());
    assert!(numbers.eq(0..5000));
}

#[test]
fn the_prefix_takes_its_columns() {
    let (_reader, stdout) = io::pipe().unwrap();
    run(async || {
        let (output, _errors) = open(options(false), stdout);
        assert_eq!(output.prefix_width(), "ganger | ".len());
        assert_eq!(output.finish(PATIENCE).await, FinishResult::Complete);
    });
}

#[test]
fn a_wait_for_the_screen_ends_although_another_took_the_buffer_back() {
    run(async || {
        // A terminal is written to by the writer thread.
        let terminal = openpty(None, None).unwrap();
        let (output, _errors) = open(options(true), terminal.slave);
        let stage = output.console_handle();
        for _ in 0..20 {
            output.notice(&exit_notice());
            let mut settled = Box::pin(stage.settled());
            let poll = |context: &mut Context<'_>| Poll::Ready(settled.as_mut().poll(context));
            if std::future::poll_fn(poll).await.is_ready() {
                continue;
            }
            while !output.shared.is_written() {
                output.shared.flush();
                thread::yield_now();
            }
            tokio::time::timeout(PATIENCE, settled).await.unwrap();
        }
    });
}
