//! The terminal while the screen has it, and what restores it after any end.

use std::io::{self, Write};
use std::os::unix::net::UnixStream;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ratatui_core::terminal::Terminal;

use super::backend::AnsiBackend;
use super::state::State;
use super::view::draw;
use crate::process::pty::window_size;
use crate::process::terminal::{RawMode, guard, show};

/// The other screen, no cursor, pastes that are told from keys.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[2J";
/// Presses, drags and the wheel, by columns of any number.
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1002h\x1b[?1006h";
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1002l\x1b[?1000l";
/// What takes all of that back.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[?1006l\x1b[?1002l\x1b[?1000l\x1b[?2004l\x1b[0m\x1b[?25h\x1b[?1049l";

/// Standard output, to which all of a frame is written, however slow it is.
#[derive(Debug)]
struct Output;

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        show(&io::stdout(), bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The terminal. It is restored when this is dropped; by the keeper at the other end of `guards`, if this process is killed.
#[derive(Debug)]
pub(super) struct Screen {
    terminal: Terminal<AnsiBackend<Output>>,
    raw: Option<RawMode>,
    guards: UnixStream,
}

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    /// It is gone, or none.
    pub(super) fn enter(guards: UnixStream, has_mouse: bool) -> io::Result<Self> {
        let terminal = Terminal::new(AnsiBackend::new(Output, size()))?;
        let mut screen = Self { terminal, raw: None, guards };
        screen.resume(has_mouse)?;
        Ok(screen)
    }

    /// Takes the terminal again.
    ///
    /// # Errors
    /// It is gone.
    pub(super) fn resume(&mut self, has_mouse: bool) -> io::Result<()> {
        // Without the keeper, this process alone restores it.
        let _ = guard(&mut self.guards, LEAVE);
        self.raw = Some(RawMode::enter(&io::stdin())?);
        show(&io::stdout(), ENTER)?;
        if has_mouse {
            set_mouse(true)?;
        }
        self.resize();
        self.terminal.clear()
    }

    /// Gives the terminal back, for an attached program or for a shell.
    pub(super) fn suspend(&mut self) {
        if let Some(raw) = self.raw.take() {
            let _ = show(&io::stdout(), LEAVE);
            drop(raw);
            let _ = guard(&mut self.guards, b"");
        }
    }

    /// The keeper's socket, for an attachment meanwhile.
    pub(super) fn guards(&mut self) -> &mut UnixStream {
        &mut self.guards
    }

    /// Makes raw mode again, after another process has used the terminal, and draws everything.
    ///
    /// # Errors
    /// The terminal is gone.
    pub(super) fn again(&mut self, has_mouse: bool) -> io::Result<()> {
        match &self.raw {
            Some(raw) => {
                raw.again()?;
                show(&io::stdout(), ENTER)?;
                set_mouse(has_mouse)?;
                self.terminal.clear()
            }
            None => Ok(()),
        }
    }

    /// Takes the size of the terminal; what it is.
    pub(super) fn resize(&mut self) -> (u16, u16) {
        let size = size();
        self.terminal.backend_mut().set_size(size);
        size
    }

    /// Draws the state.
    ///
    /// # Errors
    /// The terminal is gone.
    pub(super) fn draw(&mut self, state: &State) -> io::Result<()> {
        self.terminal.draw(|frame| draw(state, frame)).map(drop)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.suspend();
    }
}

/// Asks for reports of the mouse, or for none.
///
/// # Errors
/// The terminal is gone.
pub(super) fn set_mouse(is_on: bool) -> io::Result<()> {
    show(&io::stdout(), if is_on { MOUSE_ON } else { MOUSE_OFF })
}

/// Has the terminal copy this text to the clipboard (OSC 52).
///
/// # Errors
/// The terminal is gone.
pub(super) fn copy(text: &str) -> io::Result<()> {
    show(&io::stdout(), format!("\x1b]52;c;{}\x1b\\", BASE64_STANDARD.encode(text)).as_bytes())
}

/// Columns and rows.
fn size() -> (u16, u16) {
    window_size(io::stdout()).map_or((80, 24), |size| (size.columns, size.rows.max(1)))
}
