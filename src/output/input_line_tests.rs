//! Streams beside a line that is typed, on a model of a terminal (vt100).

use std::num::NonZero;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::name::{InstanceName, TypeName};
use crate::notice::Notice;
use crate::output::lines::Limits;
use crate::output::mux::Mux;
use crate::output::mux_stream::MuxStream;
use crate::output::prefix::{LogSource, Prefixes};
use crate::output::sink::TerminalSink;

#[derive(Clone, Debug)]
enum Step {
    Says(usize, &'static str),
    Waits(usize),
    Notice,
    Types(Option<&'static str>),
    End,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let text = prop::sample::select(vec![
        "row\n",
        "a\nb\n",
        "half",
        " more",
        ".",
        "10%\r",
        "\x1b[31mred\x1b[0m",
        "漢字 ",
        "e\u{301}",
        "\tx",
        "\n",
        "20%\r\x1b[K",
        "twenty signs of text",
    ]);
    let line = prop::sample::select(vec![None, Some("> s"), Some("> s web=2"), Some("> s web=2\x1b[2D")]);
    prop::collection::vec(
        prop_oneof![
            5 => (0_usize..2, text).prop_map(|(log_source, text)| Step::Says(log_source, text)),
            2 => (0_usize..2).prop_map(Step::Waits),
            1 => Just(Step::Notice),
            3 => line.prop_map(Step::Types),
        ],
        0..30,
    )
}

/// Two streams, and a terminal that gets each batch.
struct Stage {
    mux: Mux,
    streams: [MuxStream; 2],
    terminal: vt100::Parser,
    columns: u16,
}

impl Stage {
    fn new(rows: u16, columns: u16) -> Self {
        let name = |kind: &str| InstanceName { kind: TypeName::new(kind).unwrap(), number: 1 };
        let log_sources =
            vec![LogSource { name: name("web"), kind: 0 }, LogSource { name: name("db"), kind: 1 }];
        let sink = Box::new(TerminalSink::new(Prefixes::new(log_sources, true, false, None)));
        let (rows, width) = (NonZero::new(rows).unwrap(), NonZero::new(columns).unwrap());
        Self {
            mux: Mux::new(sink, false, None),
            streams: [0, 1].map(|log_source| MuxStream::new(log_source, true, Limits::OUTPUT)),
            terminal: vt100::Parser::new(rows, width, 1000),
            columns,
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Says(log_source, text) => {
                let mut chunk = text.as_bytes();
                while !chunk.is_empty() {
                    chunk = &chunk[self.mux.step(&mut self.streams[*log_source], chunk, false).taken..];
                }
            }
            Step::Waits(log_source) => {
                let stream = &mut self.streams[*log_source];
                if self.mux.has_unfinished(stream) {
                    self.mux.show_unfinished(stream);
                }
            }
            Step::End => self.streams.iter_mut().for_each(|stream| self.mux.end(stream)),
            Step::Notice => self.mux.notice(&Notice::Info { text: "notice".into() }, Timestamp::UNIX_EPOCH),
            Step::Types(line) => {
                let picture = line.map(|line| line.as_bytes().to_vec());
                self.mux.input_line.set(picture, self.columns.into());
            }
        }
        self.mux.place_input_line();
        // As the line discipline of the user's terminal does.
        let batch = self.mux.outgoing().split(|byte| *byte == b'\n').collect::<Vec<_>>().join(&b"\r\n"[..]);
        self.terminal.process(&batch);
        self.mux.outgoing().clear();
    }

    /// All rows, those above the screen too.
    fn rows(&mut self) -> Vec<String> {
        let screen = self.terminal.screen_mut();
        screen.set_scrollback(usize::MAX);
        let above = screen.scrollback();
        let mut rows = Vec::new();
        for back in (1..=above).rev() {
            screen.set_scrollback(back);
            rows.extend(screen.rows(0, self.columns).next());
        }
        screen.set_scrollback(0);
        rows.extend(screen.rows(0, self.columns));
        while rows.pop_if(|row| row.is_empty()).is_some() {}
        rows
    }
}

proptest! {
    /// After each batch the line stands below all rows, the cursor in it. When it is gone, the rows are those of a terminal on which
    /// nothing was typed.
    #[test]
    fn the_line_is_whole_below_the_stream_and_leaves_no_trace(steps in steps()) {
        let (mut typed_at, mut quiet) = (Stage::new(6, 200), Stage::new(6, 200));
        let mut shown: Option<&str> = None;
        for step in &steps {
            typed_at.step(step);
            match step {
                Step::Types(line) => shown = *line,
                Step::Says(..) | Step::Waits(_) | Step::Notice | Step::End => quiet.step(step),
            }
            let rows = typed_at.rows();
            let is_line = rows.last().is_some_and(|last| last.starts_with('>'));
            prop_assert_eq!(is_line, shown.is_some(), "{:?}", &rows);
            if let Some(line) = shown {
                let (text, back) = line.split_once('\x1b').map_or((line, 0), |(text, _)| (text, 2));
                prop_assert_eq!(rows.last().unwrap().as_str(), text);
                let (row, column) = typed_at.terminal.screen().cursor_position();
                prop_assert_eq!(usize::from(column), text.len() - back);
                let below = typed_at.terminal.screen().rows(0, 200).skip(usize::from(row) + 1);
                prop_assert!(below.collect::<String>().is_empty());
            }
        }
        typed_at.step(&Step::Types(None));
        prop_assert_eq!(typed_at.rows(), quiet.rows());
    }

    /// Where rows of plain text are longer than the terminal, each part of a row is still there, once and in order. (One that is
    /// drawn is shown again as a whole after another row, as without the line.)
    #[test]
    fn on_a_narrow_terminal_no_text_is_lost(steps in steps()) {
        let is_drawn = |step: &Step| matches!(step, Step::Says(_, text) if text.contains(['\r', '\t', '漢', '\x1b']));
        let steps: Vec<Step> = steps.into_iter().filter(|step| !is_drawn(step)).collect();
        let (mut typed_at, mut quiet) = (Stage::new(6, 20), Stage::new(6, 20));
        for step in steps.iter().chain([&Step::End]) {
            typed_at.step(step);
            if !matches!(step, Step::Types(_)) {
                quiet.step(step);
            }
        }
        typed_at.step(&Step::Types(None));
        let text = |stage: &mut Stage, name: &str| {
            let mut own = false;
            let mut text = String::new();
            for row in stage.rows() {
                let names = ["web.1  | ", "db.1   | ", "ganger | "];
                let begun = names.iter().find_map(|name| Some((name, row.strip_prefix(name.trim_end())?)));
                own = begun.map_or(own, |(begun, _)| *begun == name);
                if own {
                    text.push_str(begun.map_or(row.as_str(), |(_, rest)| rest));
                }
            }
            text.replace(' ', "")
        };
        for name in ["web.1  | ", "db.1   | "] {
            prop_assert_eq!(text(&mut typed_at, name), text(&mut quiet, name));
        }
    }
}

#[test]
fn nothing_is_written_while_nothing_is_typed() {
    let mut stage = Stage::new(6, 80);
    for step in [Step::Types(None), Step::Says(0, "row\n"), Step::Types(None)] {
        stage.step(&step);
    }
    assert!(!stage.mux.input_line.is_stale() && !stage.mux.input_line.is_shown());
    let mut written = Batch::default();
    written.extend_from_slice(b"row\n");
    InputLine::default().surround(&mut written, |_, _| unreachable!());
    assert_eq!(&written[..], b"row\n");
}
