//! The screen from its beginning to its end: keys, signals and the stack in, frames and requests out.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::feed::{EndReport, Feed, PIECES};
use super::input::InputReader;
use super::panics::Panics;
use super::screen::{Screen, copy, set_mouse};
use super::stack::Link;
use super::state::{Effect, Leaving, State};
use super::text::TerminalLooks;
use super::update::{Event, NotDone, update};
use crate::control::address::Address;
use crate::process::signal_pipe::{ON_TERMINAL, SignalPipe};
use crate::process::terminal::read_keys;
use crate::signal::Signal;

/// The time between two frames at least: 30 a second.
const FRAME: Duration = Duration::from_millis(33);
/// How long an ESC waits for the rest of a sequence.
const ESCAPE: Duration = Duration::from_millis(50);

/// What the command line does for the screen.
pub(crate) trait Host {
    /// Connects the whole terminal to this instance until the user comes back.
    ///
    /// # Errors
    /// Why that is not possible.
    fn attach(&mut self, name: &str, guards: &mut UnixStream) -> Result<(), NotDone>;

    /// The environment of this type with the source of each variable, values masked.
    ///
    /// # Errors
    /// What is wrong with the project.
    fn environment(&mut self, kind: &str) -> Result<String, NotDone>;

    /// The time since the program was started.
    fn now(&self) -> Duration;
}

/// What the screen is of, and how it looks.
pub(crate) struct UiOptions {
    /// Where the stack is.
    pub address: Address,
    /// How it ended, asked when it has.
    pub ended: EndReport,
    /// The instances that are marked at first.
    pub names: Vec<String>,
    /// Whether the terminal gets colours.
    pub color: bool,
    /// Whether it shows more than ASCII.
    pub unicode: bool,
    /// Whether the stack was started for the screen.
    pub is_owner: bool,
    /// The zone of times.
    pub zone: TimeZone,
    /// The program that opens a URL: `$BROWSER`, else that of the system.
    pub browser: String,
}

/// How the screen ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum UiEnd {
    /// A key.
    Left(Leaving),
    /// A signal.
    Signal(Signal),
    /// The terminal is gone.
    Gone,
    /// A thread of it panicked, with this message.
    Panicked(String),
}

/// Shows the screen until it is left. The keeper is at the other end of `guards`.
///
/// # Errors
/// The terminal cannot be used, or the system has no descriptor or thread left.
pub(crate) fn run(options: UiOptions, guards: UnixStream, host: &mut dyn Host) -> io::Result<UiEnd> {
    let signals = SignalPipe::open(&ON_TERMINAL)?;
    let feed = Feed::start(&options.address, Arc::clone(&options.ended))?;
    let panics = Panics::take(feed.waker());
    // The terminal is restored when this returns, and the message is printed below what stood there.
    let shown = panics.catch(|| show(options, (signals, feed, &panics), guards, host));
    shown.unwrap_or_else(|message| Ok(UiEnd::Panicked(message)))
}

fn show(
    options: UiOptions,
    (signals, feed, panics): (SignalPipe, Feed, &Panics),
    guards: UnixStream,
    host: &mut dyn Host,
) -> io::Result<UiEnd> {
    let mut screen = Screen::enter(guards, true)?;
    let looks = TerminalLooks { color: options.color, unicode: options.unicode };
    let mut state = State::new(screen.resize(), looks, options.zone);
    state.is_owner = options.is_owner;
    state.wanted = options.names;
    let begun = host.now();
    let mut session = Session {
        state,
        feed,
        panics,
        screen,
        signals,
        host,
        keys: InputReader::default(),
        browser: options.browser,
        is_stale: true,
        has_log: false,
        begun,
        drawn: None,
        end: None,
    };
    loop {
        match session.turn() {
            Ok(()) => {}
            Err(_) => return Ok(UiEnd::Gone),
        }
        if let Some(end) = session.end.take() {
            return Ok(end);
        }
    }
}

struct Session<'a> {
    state: State,
    feed: Feed,
    panics: &'a Panics,
    screen: Screen,
    signals: SignalPipe,
    host: &'a mut dyn Host,
    keys: InputReader,
    browser: String,
    /// Whether the screen shows an older state.
    is_stale: bool,
    /// Whether the log may have more.
    has_log: bool,
    /// When the screen was entered.
    begun: Duration,
    /// When the latest frame was drawn.
    drawn: Option<Duration>,
    end: Option<UiEnd>,
}

impl Session<'_> {
    /// Waits for something to happen, does it, and draws a frame if one is due.
    fn turn(&mut self) -> io::Result<()> {
        self.draw_if_due()?;
        let stdin = io::stdin();
        let mut wanted = [
            PollFd::new(stdin.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.feed.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
        ];
        let timeout = self.timeout();
        match poll(&mut wanted, timeout) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let [keys, fed, told] = wanted.map(|asked| asked.any().unwrap_or(false));
        if told {
            self.on_signals()?;
        }
        if keys {
            self.on_keys()?;
        } else if self.keys.is_undecided()
            && let Some(input) = self.keys.decide()
        {
            self.on_event(Event::Input(input))?;
        }
        if fed {
            self.feed.take_wake_ups();
            self.has_log = true;
            if let Some(message) = self.panics.next() {
                self.end = Some(UiEnd::Panicked(message));
            }
            while let Some(mut event) = self.feed.next() {
                if let Event::Status(at, _) = &mut event {
                    *at = self.host.now();
                }
                self.on_event(event)?;
            }
        }
        Ok(())
    }

    /// Until the next frame, if one is to be drawn; for an ESC until it is a key; else for ever.
    fn timeout(&self) -> PollTimeout {
        let frame = (self.is_stale || self.has_log).then(|| self.until_frame());
        let escape = self.keys.is_undecided().then_some(ESCAPE);
        let first = [frame, escape].into_iter().flatten().min();
        // Rounded up, as a frame a little early is none.
        first.map_or(PollTimeout::NONE, |span| {
            PollTimeout::try_from(span + Duration::from_micros(999)).unwrap_or(PollTimeout::MAX)
        })
    }

    fn until_frame(&self) -> Duration {
        // The first status is on its way: a frame without it would hold up the one with it.
        let is_waiting = self.state.stack.link == Link::Waiting;
        let last = self.drawn.or_else(|| is_waiting.then_some(self.begun));
        last.map_or(Duration::ZERO, |last| (last + FRAME).saturating_sub(self.host.now()))
    }

    fn draw_if_due(&mut self) -> io::Result<()> {
        if !(self.is_stale || self.has_log) || !self.until_frame().is_zero() {
            return Ok(());
        }
        self.has_log = false;
        for taken in 0..PIECES {
            let Some(piece) = self.feed.next_of_log() else { break };
            // The next frame takes the rest.
            self.has_log = taken + 1 == PIECES;
            self.on_event(Event::Log(piece))?;
        }
        if self.is_stale {
            self.screen.draw(&self.state)?;
            (self.drawn, self.is_stale) = (Some(self.host.now()), false);
        }
        Ok(())
    }

    fn on_keys(&mut self) -> io::Result<()> {
        let mut piece = [0; 4096];
        match read_keys(&mut piece)? {
            Some(0) => self.end = Some(UiEnd::Gone),
            Some(count) => {
                for input in self.keys.take(&piece[..count]) {
                    if self.end.is_none() {
                        self.on_event(Event::Input(input))?;
                    }
                }
            }
            None => {}
        }
        Ok(())
    }

    fn on_signals(&mut self) -> io::Result<()> {
        for signal in self.signals.pending() {
            match signal {
                Signal::RESIZE => {
                    let (columns, rows) = self.screen.resize();
                    self.on_event(Event::Resize(columns, rows))?;
                }
                Signal::CONTINUE => {
                    self.screen.again(self.state.has_mouse)?;
                    self.is_stale = true;
                }
                Signal::SUSPEND => self.suspend()?,
                signal => self.end = Some(UiEnd::Signal(signal)),
            }
        }
        Ok(())
    }

    fn on_event(&mut self, event: Event) -> io::Result<()> {
        self.is_stale = true;
        for effect in update(&mut self.state, event) {
            self.perform(effect)?;
        }
        Ok(())
    }

    fn perform(&mut self, effect: Effect) -> io::Result<()> {
        match effect {
            Effect::Ask(request, what) => self.feed.ask(request, what),
            Effect::Look => self.feed.look(),
            Effect::Attach(name) => self.attach(&name)?,
            Effect::Open(url) => self.open(url),
            Effect::Copy(text) => copy(&text)?,
            Effect::Environment(kind) => {
                let text = self.host.environment(&kind);
                self.on_event(Event::Overlay(format!("Environment of {kind}"), text))?;
            }
            Effect::Mouse(is_on) => set_mouse(is_on)?,
            Effect::Suspend => self.suspend()?,
            Effect::Leave(leaving) => self.end = Some(UiEnd::Left(leaving)),
        }
        Ok(())
    }

    fn attach(&mut self, name: &str) -> io::Result<()> {
        self.feed.pause();
        self.screen.suspend();
        let attached = self.host.attach(name, self.screen.guards());
        self.come_back()?;
        let told = attached.map(|()| format!("back from {name}"));
        self.on_event(Event::Told(told))
    }

    fn suspend(&mut self) -> io::Result<()> {
        self.feed.pause();
        self.screen.suspend();
        nix::sys::signal::raise(nix::sys::signal::Signal::SIGSTOP)?;
        self.come_back()
    }

    fn come_back(&mut self) -> io::Result<()> {
        self.screen.resume(self.state.has_mouse)?;
        let (columns, rows) = self.screen.resize();
        self.feed.look();
        self.on_event(Event::Resize(columns, rows))
    }

    fn open(&self, url: String) {
        let browser = self.browser.clone();
        self.feed.run(move || {
            let mut command = Command::new(&browser);
            command.arg(&url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let failed = |reason: String| NotDone::Refused(format!("cannot open {url}: {browser}: {reason}"));
            Event::Told(match command.status() {
                Ok(status) if status.success() => Ok(format!("opened {url}")),
                Ok(status) => Err(failed(status.to_string())),
                Err(error) => Err(failed(error.to_string())),
            })
        });
    }
}
