//! Frames as bytes for a terminal: the cells that have changed, each with the look that it has.

use std::io::{self, Write};

use ratatui_core::backend::{Backend, ClearType, WindowSize};
use ratatui_core::buffer::Cell;
use ratatui_core::layout::{Position, Size};
use ratatui_core::style::{Color, Modifier};

/// The terminal behind `out`, of a size that it is told.
#[derive(Debug)]
pub(super) struct AnsiBackend<W> {
    /// Where the bytes go, frame by frame.
    out: W,
    frame: Vec<u8>,
    size: Size,
}

impl<W: Write> AnsiBackend<W> {
    pub(super) fn new(out: W, (width, height): (u16, u16)) -> Self {
        Self { out, frame: Vec::new(), size: Size { width, height } }
    }

    /// The terminal has this size from now on.
    pub(super) fn set_size(&mut self, (width, height): (u16, u16)) {
        self.size = Size { width, height };
    }

    fn move_to(&mut self, x: u16, y: u16) {
        self.frame.extend(format!("\x1b[{};{}H", y + 1, x + 1).bytes());
    }
}

impl<W: Write> Backend for AnsiBackend<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut look: Option<(Color, Color, Modifier)> = None;
        let mut next = None;
        for (x, y, cell) in content {
            if next != Some((x, y)) {
                self.move_to(x, y);
            }
            let of_cell = (cell.fg, cell.bg, cell.modifier);
            if look.replace(of_cell) != Some(of_cell) {
                self.frame.extend(sequence_of(of_cell).bytes());
            }
            self.frame.extend_from_slice(cell.symbol().as_bytes());
            // Terminals differ in how wide a character is: the cell after a wide one is gone to.
            next = cell.symbol().is_ascii().then_some((x + 1, y));
        }
        if look.is_some() {
            self.frame.extend_from_slice(b"\x1b[0m");
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.frame.extend_from_slice(b"\x1b[?25l");
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.frame.extend_from_slice(b"\x1b[?25h");
        Ok(())
    }

    /// Not asked of the terminal: its answer would come among the keys.
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(Position::ORIGIN)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let Position { x, y } = position.into();
        self.move_to(x, y);
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        let sequence: &[u8] = match clear_type {
            ClearType::All => b"\x1b[2J",
            ClearType::AfterCursor => b"\x1b[J",
            ClearType::BeforeCursor => b"\x1b[1J",
            ClearType::CurrentLine => b"\x1b[2K",
            ClearType::UntilNewLine => b"\x1b[K",
        };
        self.frame.extend_from_slice(sequence);
        Ok(())
    }

    fn size(&self) -> io::Result<Size> {
        Ok(self.size)
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size, pixels: Size::ZERO })
    }

    /// One write for each frame, which terminals that know the mode (2026) show at once.
    fn flush(&mut self) -> io::Result<()> {
        if !self.frame.is_empty() {
            let frame = std::mem::take(&mut self.frame);
            self.out.write_all(&[b"\x1b[?2026h", frame.as_slice(), b"\x1b[?2026l"].concat())?;
        }
        self.out.flush()
    }
}

/// The sequence of this look, after any other one.
fn sequence_of((foreground, background, modifier): (Color, Color, Modifier)) -> String {
    const CODES: [(Modifier, &str); 8] = [
        (Modifier::BOLD, ";1"),
        (Modifier::DIM, ";2"),
        (Modifier::ITALIC, ";3"),
        (Modifier::UNDERLINED, ";4"),
        (Modifier::SLOW_BLINK, ";5"),
        (Modifier::REVERSED, ";7"),
        (Modifier::HIDDEN, ";8"),
        (Modifier::CROSSED_OUT, ";9"),
    ];
    let codes = CODES.iter().filter(|(of, _)| modifier.contains(*of)).map(|(_, code)| *code);
    let colors = [color_code(foreground, 30), color_code(background, 40)];
    format!("\x1b[0{}{}m", codes.collect::<String>(), colors.concat())
}

/// The parameters of a colour; `base` is 30 for the text, 40 for what is behind it.
fn color_code(color: Color, base: u8) -> String {
    let place = match color {
        Color::Reset => return String::new(),
        Color::Rgb(red, green, blue) => return format!(";{};2;{red};{green};{blue}", base + 8),
        Color::Indexed(place) => place,
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
    };
    match place {
        0..=7 => format!(";{}", base + place),
        8..=15 => format!(";{}", base + 60 + place - 8),
        _ => format!(";{};5;{place}", base + 8),
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZero;

    use proptest::prelude::*;
    use ratatui_core::buffer::Buffer;
    use ratatui_core::style::Style;
    use ratatui_core::terminal::Terminal;

    use super::*;

    /// The screen of a terminal after these frames, of one text in each row, and the frame that was meant last.
    fn shown(frames: &[Vec<(u16, String, Style)>]) -> (vt100::Parser, Buffer) {
        let mut terminal = Terminal::new(AnsiBackend::new(Vec::new(), (20, 4))).unwrap();
        let mut last = Buffer::default();
        for texts in frames {
            let completed = terminal.draw(|frame| {
                for (y, (x, text, style)) in (0..).zip(texts) {
                    frame.buffer_mut().set_stringn(*x, y, text, 20, *style);
                }
            });
            last = completed.unwrap().buffer.clone();
        }
        let mut parser = vt100::Parser::new(NonZero::new(4).unwrap(), NonZero::new(20).unwrap(), 0);
        parser.process(&terminal.backend().out);
        (parser, last)
    }

    fn assert_same(screen: &vt100::Screen, buffer: &Buffer) {
        for y in 0..4 {
            let mut skipped = 0_usize;
            for x in 0..20 {
                let (is, meant) = (screen.cell(y, x).unwrap(), &buffer[(x, y)]);
                if skipped > 0 {
                    skipped -= 1;
                    continue;
                }
                let contents = if is.has_contents() { is.contents() } else { " " };
                assert_eq!(contents, meant.symbol(), "at {x}, {y}");
                skipped = unicode_width::UnicodeWidthStr::width(meant.symbol()).saturating_sub(1);
                if contents == " " {
                    // vt100 gives the other half of a wide character that is written over the look of what is written.
                    continue;
                }
                assert_eq!(is.bold(), meant.modifier.contains(Modifier::BOLD));
                assert_eq!(is.inverse(), meant.modifier.contains(Modifier::REVERSED));
                let color = if let Color::Indexed(place) = meant.fg {
                    vt100::Color::Idx(place)
                } else if let Color::Rgb(red, green, blue) = meant.fg {
                    vt100::Color::Rgb(red, green, blue)
                } else {
                    vt100::Color::Default
                };
                assert_eq!(is.fgcolor(), color, "at {x}, {y}");
            }
        }
    }

    fn style() -> impl Strategy<Value = Style> {
        let color = prop_oneof![
            Just(Color::Reset),
            any::<u8>().prop_map(Color::Indexed),
            any::<[u8; 3]>().prop_map(|[red, green, blue]| Color::Rgb(red, green, blue)),
        ];
        let modifiers = [Modifier::empty(), Modifier::BOLD, Modifier::REVERSED | Modifier::BOLD];
        (color, prop::sample::select(modifiers.to_vec()))
            .prop_map(|(color, modifier)| Style::new().fg(color).add_modifier(modifier))
    }

    proptest! {
        #[test]
        fn a_terminal_shows_the_frame_that_is_meant(
            frames in prop::collection::vec(prop::collection::vec((0_u16..20, "[a-z日é ]{0,8}", style()), 0..4), 1..5),
        ) {
            let (parser, buffer) = shown(&frames);
            assert_same(parser.screen(), &buffer);
        }
    }
}
