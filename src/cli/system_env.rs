//! Environment, current folder and terminals as they were when ganger was started. No other file reads them.

use std::ffi::OsString;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, IsTerminal};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use jiff::tz::TimeZone;

use super::peers::peer::Peer;
use crate::config::ColorChoice;
use crate::process::pty::window_size;

/// What ganger was given besides its arguments.
#[derive(Clone, Debug, Default)]
pub(crate) struct SystemEnv {
    /// The environment, in its order: bytes, since a value need not be UTF-8.
    pub variables: Vec<(Vec<u8>, Vec<u8>)>,
    /// The current folder; `None` if it has been removed.
    pub folder: Option<PathBuf>,
    /// Whether standard input is a terminal.
    pub input_is_terminal: bool,
    /// Whether standard output is a terminal.
    pub output_is_terminal: bool,
    /// Whether standard error is a terminal.
    pub error_is_terminal: bool,
    /// The columns of the terminal that standard output is; `None` if it is none.
    pub columns: Option<usize>,
    /// The runner of which the command line is: by the name that ganger was called by.
    pub called_as: &'static Peer,
}

/// One of the two streams that ganger writes to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum StdStream {
    /// What was asked for.
    Output,
    /// What went wrong.
    Error,
}

impl SystemEnv {
    /// Reads them.
    #[expect(clippy::disallowed_methods, reason = "this is the place where the environment is read")]
    pub(crate) fn read() -> Self {
        Self {
            variables: std::env::vars_os().map(|(n, v)| (n.into_vec(), v.into_vec())).collect(),
            folder: std::env::current_dir().ok(),
            input_is_terminal: io::stdin().is_terminal(),
            output_is_terminal: io::stdout().is_terminal(),
            error_is_terminal: io::stderr().is_terminal(),
            columns: window_size(io::stdout()).map(|size| usize::from(size.columns)),
            called_as: <&Peer>::default(),
        }
    }

    /// A mark that no other run has. The hasher's keys are random (`getrandom` at their first use); the
    /// clock and the pid would do for one machine, but not across containers that share a volume.
    pub(crate) fn mark() -> String {
        format!("{:016x}", RandomState::new().build_hasher().finish())
    }

    /// Where the system wants sockets of this session: `$XDG_RUNTIME_DIR`.
    pub(crate) fn runtime_folder(&self) -> Option<PathBuf> {
        self.variable("XDG_RUNTIME_DIR").map(PathBuf::from)
    }

    /// Where the system wants files that outlive a run: `$XDG_STATE_HOME`, else `~/.local/state` (XDG Base Directory
    /// Specification).
    pub(crate) fn state_folder(&self) -> Option<PathBuf> {
        let folder =
            |name: &str| self.variable(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
        folder("XDG_STATE_HOME").or_else(|| Some(folder("HOME")?.join(".local/state")))
    }

    /// The value of `name`; an empty one counts as unset, as <https://no-color.org> asks.
    pub(crate) fn variable(&self, name: &str) -> Option<OsString> {
        self.value(name).filter(|value| !value.is_empty()).map(OsString::from_vec)
    }

    /// The value of `name`, which may be empty. Of a name that stands there twice the first counts, as for
    /// getenv(3).
    pub(crate) fn value(&self, name: &str) -> Option<Vec<u8>> {
        let found = self.variables.iter().find(|(n, _)| n == name.as_bytes());
        found.map(|(_, value)| value.clone())
    }

    /// Whether the terminal shows characters beyond ASCII, by the locale (setlocale(3): `LC_ALL`, else `LC_CTYPE`, else `LANG`).
    pub(crate) fn shows_unicode(&self) -> bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| self.variable(name));
        let locale = locale.map(|locale| locale.to_string_lossy().to_ascii_lowercase());
        locale.is_some_and(|locale| locale.contains("utf-8") || locale.contains("utf8"))
    }

    /// The folder for temporary files: `$TMPDIR`, else /tmp.
    pub(crate) fn temporary_folder() -> PathBuf {
        std::env::temp_dir()
    }

    /// The time zone of printed times: TZ, else the machine's.
    pub(crate) fn zone() -> TimeZone {
        TimeZone::system()
    }

    /// Whether `stream` gets colours when `asked` for them so.
    ///
    /// The flag wins; then `NO_COLOR` (no-color.org), `FORCE_COLOR` and `CLICOLOR_FORCE` (0 is no),
    /// `CLICOLOR=0`, and at last whether it is a terminal that understands more than text. By hand, not
    /// with `supports-colors`: that one reads the environment by itself, and counts CI as a terminal.
    pub(crate) fn colors(&self, stream: StdStream, asked: ColorChoice) -> bool {
        let is =
            |name: &str, value: &str| self.variable(name).is_some_and(|v| v.as_bytes() == value.as_bytes());
        let is_on = |name: &str| self.variable(name).is_some() && !is(name, "0") && !is(name, "false");
        let terminal = match stream {
            StdStream::Output => self.output_is_terminal,
            StdStream::Error => self.error_is_terminal,
        };
        match asked {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto if self.variable("NO_COLOR").is_some() => false,
            ColorChoice::Auto if is_on("FORCE_COLOR") || is_on("CLICOLOR_FORCE") => true,
            ColorChoice::Auto => {
                terminal && !is("FORCE_COLOR", "0") && !is("CLICOLOR", "0") && !is("TERM", "dumb")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(terminal: bool, variables: &[(&str, &str)]) -> SystemEnv {
        let bytes = |(n, v): &(&str, &str)| (n.as_bytes().to_vec(), v.as_bytes().to_vec());
        SystemEnv {
            variables: variables.iter().map(bytes).collect(),
            folder: None,
            input_is_terminal: terminal,
            output_is_terminal: terminal,
            error_is_terminal: terminal,
            columns: None,
            called_as: <&Peer>::default(),
        }
    }

    #[test]
    fn colours_follow_the_flag_then_the_variables_then_the_terminal() {
        type Case<'a> = (bool, &'a [(&'a str, &'a str)], ColorChoice, bool);
        let table: &[Case<'_>] = &[
            (true, &[], ColorChoice::Auto, true),
            (false, &[], ColorChoice::Auto, false),
            (false, &[], ColorChoice::Always, true),
            (true, &[], ColorChoice::Never, false),
            (true, &[("NO_COLOR", "1")], ColorChoice::Auto, false),
            (true, &[("NO_COLOR", "")], ColorChoice::Auto, true),
            (true, &[("NO_COLOR", "1")], ColorChoice::Always, true),
            (true, &[("NO_COLOR", "1"), ("FORCE_COLOR", "1")], ColorChoice::Auto, false),
            (false, &[("FORCE_COLOR", "1")], ColorChoice::Auto, true),
            (false, &[("FORCE_COLOR", "0")], ColorChoice::Auto, false),
            (true, &[("FORCE_COLOR", "0")], ColorChoice::Auto, false),
            (false, &[("CLICOLOR_FORCE", "1")], ColorChoice::Auto, true),
            (true, &[("CLICOLOR", "0")], ColorChoice::Auto, false),
            (true, &[("TERM", "dumb")], ColorChoice::Auto, false),
        ];
        for (terminal, variables, asked, colors) in table {
            let seen = with(*terminal, variables).colors(StdStream::Output, *asked);
            assert_eq!(seen, *colors, "terminal {terminal}, {variables:?}, {asked:?}");
        }
    }
}
