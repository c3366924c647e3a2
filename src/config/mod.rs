//! What a project or a user can set: one type for flags, `GANGER_…` variables, `ganger.toml`,
//! `.foreman` and `app.json`, so that precedence is one function ([`Settings::or`]).

pub mod app_json;
pub mod foreman;
pub mod ganger_toml;
pub mod service_policy;
mod source;
pub mod words;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

pub use service_policy::{Probe, RestartPolicy, ServicePolicy};

use crate::formation::Formation;
use crate::location::{Diagnostic, Location};
use crate::name::TypeName;
use crate::signal::{Reach, Signal};

/// A value and where it was said, so that a mistake that shows only later still names its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located<T> {
    /// What was said.
    pub value: T,
    /// Where: a line of a file, or the flag or variable as it was written, without a line.
    pub place: Location,
}

impl<T> Located<T> {
    /// A value said outside any file: `said` is the flag (`-m web=2`) or the variable
    /// (`GANGER_FORMATION`) as a user would recognise it.
    pub fn said(value: T, said: &str) -> Self {
        Self { value, place: Location { file: said.into(), line: None, column: None } }
    }

    /// A value of a file, said on `line` (from 1).
    pub fn on_line(value: T, file: &Arc<str>, line: u32) -> Self {
        Self { value, place: Location { file: Arc::clone(file), line: Some(line), column: None } }
    }
}

/// The first port of the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BasePort {
    /// This one, 1 to 65535.
    At(u16),
    /// `auto`: 5000, or the next free hundred.
    Auto,
}

/// `auto`, `always` or `never`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorChoice {
    /// If standard output is a terminal.
    #[default]
    Auto,
    /// In any case.
    Always,
    /// In no case.
    Never,
}

/// Whether and how a line of output carries its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Timestamps {
    /// Not at all: a flag can take back what a file asks for.
    Off,
    /// As `15:04:05`.
    Plain,
    /// In this `strftime` format.
    Format(String),
}

/// What one layer (flags, variables or a file) sets. What it does not speak of is `None` or empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// The Procfile, as named: `-` is standard input.
    pub procfile: Option<Located<PathBuf>>,
    /// The folder where commands run, as named.
    pub root: Option<Located<PathBuf>>,
    /// The .env files, in order; empty: the layer names none.
    pub env: Vec<Located<PathBuf>>,
    /// How many of each type.
    pub formation: Option<Located<Formation>>,
    /// The first port.
    pub port: Option<Located<BasePort>>,
    /// From one type's first port to the next one's.
    pub port_step: Option<Located<u16>>,
    /// Whether no ports are given out.
    pub no_port: Option<bool>,
    /// The grace between the stop signal and SIGKILL.
    pub timeout: Option<Located<Duration>>,
    /// `any`, `failure`, `never` or a type; the plan knows the types and judges it.
    pub exit_on: Option<Located<String>>,
    /// The type whose status becomes ours.
    pub exit_code_from: Option<Located<String>>,
    /// What asks an instance to end.
    pub stop_signal: Option<Located<Signal>>,
    /// Which processes of an instance that goes to first.
    pub stop_to: Option<Located<Reach>>,
    /// Types that do not run.
    pub except: Vec<Located<String>>,
    /// Whether lines carry their time.
    pub timestamps: Option<Timestamps>,
    /// Whether lines carry their instance's name.
    pub prefix: Option<bool>,
    /// Whether ganger keeps to itself what tells of the expected.
    pub quiet: Option<bool>,
    /// When colours are used.
    pub color: Option<ColorChoice>,
    /// Whether each line is a JSON object.
    pub json: Option<bool>,
    /// When instances get a pseudo-terminal.
    pub pty: Option<ColorChoice>,
    /// Whether a `release` line runs first.
    pub release: Option<Located<bool>>,
    /// Whether types are stopped in the reverse order of their `after`, one after the other.
    pub ordered_stop: Option<bool>,
    /// Which ends are followed by another start.
    pub restart: Option<Located<RestartPolicy>>,
    /// How long an instance has to become ready.
    pub ready_timeout: Option<Located<Duration>>,
    /// What a change of restarts every type.
    pub watch: Vec<Located<String>>,
    /// Whether what an earlier run left is stopped first.
    pub sweep: Option<bool>,
    /// Whether the stack gets a namespace of process ids of its own.
    pub isolate: Option<bool>,
    /// Whether .env files win over the shell's environment.
    pub env_wins: Option<bool>,
    /// Whether `app.json` is taken as a deployment takes it: its variables are set, and those that it requires must be.
    pub app_json: Option<bool>,
    /// What is set for one type. It wins over the same word for all types of the same layer.
    pub processes: IndexMap<TypeName, ProcessSettings>,
    /// Variables that the project declares (`app.json`).
    pub variables: Vec<DeclaredVariable>,
}

/// What one layer sets for one type: `[process.web]`, `--stop-signal web=QUIT`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProcessSettings {
    /// How many instances.
    pub formation: Option<Located<u32>>,
    /// What asks them to end.
    pub stop_signal: Option<Located<Signal>>,
    /// Which of their processes that goes to first.
    pub stop_to: Option<Located<Reach>>,
    /// How long they have then.
    pub timeout: Option<Located<Duration>>,
    /// What shows that they are ready.
    pub ready: Option<Located<Probe>>,
    /// How long they have for that.
    pub ready_timeout: Option<Located<Duration>>,
    /// The types that must be ready, or have ended with 0, before they start.
    pub after: Vec<Located<String>>,
    /// Whether ending with status 0 is what they are for.
    pub once: Option<Located<bool>>,
    /// Which ends of theirs are followed by another start.
    pub restart: Option<Located<RestartPolicy>>,
    /// What a change of restarts them.
    pub watch: Vec<Located<String>>,
    /// Where ganger binds their PORT and hands it to them; `Some(None)`: nowhere.
    pub listen: Option<Located<Option<IpAddr>>>,
}

/// A variable that the project says it needs, as `app.json` has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredVariable {
    /// Its name.
    pub name: String,
    /// What it is when nothing else sets it.
    pub value: Option<String>,
    /// Whether a start without it is refused.
    pub required: bool,
    /// What it is for, in the project's words.
    pub description: Option<String>,
    /// Whether Heroku would make up a secret for it (`"generator": "secret"`); ganger does not.
    pub generated: bool,
    /// Where it is declared.
    pub place: Location,
}

/// What a file says, and all that is wrong with it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParsedSettings {
    /// What it sets, as far as it could be understood.
    pub settings: Settings,
    /// Why it is refused, in the order of the file; empty when it is not.
    pub errors: Vec<Diagnostic>,
    /// What is worth a warning.
    pub warnings: Vec<Diagnostic>,
}

impl Settings {
    /// These settings over `lower` ones: what both set is as it is here.
    ///
    /// A layer wins as a whole: `--timeout 1` also wins over a `timeout` that a file sets for one type,
    /// and `-m` over every count of a file.
    #[must_use]
    pub fn or(self, lower: Self) -> Self {
        let processes = processes_over(&self, lower.processes);
        // A named port is wanted, whatever a lower layer says.
        let no_port = self.no_port.or(lower.no_port.map(|none| none && self.port.is_none()));
        Self {
            procfile: self.procfile.or(lower.procfile),
            root: self.root.or(lower.root),
            env: first_said(self.env, lower.env),
            formation: self.formation.or(lower.formation),
            port: self.port.or(lower.port),
            port_step: self.port_step.or(lower.port_step),
            no_port,
            timeout: self.timeout.or(lower.timeout),
            exit_on: self.exit_on.or(lower.exit_on),
            exit_code_from: self.exit_code_from.or(lower.exit_code_from),
            stop_signal: self.stop_signal.or(lower.stop_signal),
            stop_to: self.stop_to.or(lower.stop_to),
            except: first_said(self.except, lower.except),
            timestamps: self.timestamps.or(lower.timestamps),
            prefix: self.prefix.or(lower.prefix),
            quiet: self.quiet.or(lower.quiet),
            color: self.color.or(lower.color),
            json: self.json.or(lower.json),
            pty: self.pty.or(lower.pty),
            release: self.release.or(lower.release),
            ordered_stop: self.ordered_stop.or(lower.ordered_stop),
            restart: self.restart.or(lower.restart),
            ready_timeout: self.ready_timeout.or(lower.ready_timeout),
            watch: first_said(self.watch, lower.watch),
            sweep: self.sweep.or(lower.sweep),
            isolate: self.isolate.or(lower.isolate),
            env_wins: self.env_wins.or(lower.env_wins),
            app_json: self.app_json.or(lower.app_json),
            processes,
            variables: first_said(self.variables, lower.variables),
        }
    }
}

/// `upper` if it says anything, else `lower`: a list is replaced, not lengthened, as with every flag.
fn first_said<T>(upper: Vec<T>, lower: Vec<T>) -> Vec<T> {
    if upper.is_empty() { lower } else { upper }
}

/// What is set for single types, when `upper` lies over a layer with `lower`.
fn processes_over(
    upper: &Settings,
    lower: IndexMap<TypeName, ProcessSettings>,
) -> IndexMap<TypeName, ProcessSettings> {
    let mut merged = upper.processes.clone();
    for (name, below) in lower {
        let own = merged.entry(name).or_default();

        own.formation = own.formation.take().or(below.formation.filter(|_| upper.formation.is_none()));
        own.stop_signal =
            own.stop_signal.take().or(below.stop_signal.filter(|_| upper.stop_signal.is_none()));
        own.stop_to = own.stop_to.take().or(below.stop_to.filter(|_| upper.stop_to.is_none()));
        own.timeout = own.timeout.take().or(below.timeout.filter(|_| upper.timeout.is_none()));
        own.restart = own.restart.take().or(below.restart.filter(|_| upper.restart.is_none()));
        own.ready_timeout =
            own.ready_timeout.take().or(below.ready_timeout.filter(|_| upper.ready_timeout.is_none()));
        own.watch = first_said(
            std::mem::take(&mut own.watch),
            if upper.watch.is_empty() { below.watch } else { Vec::new() },
        );
        own.ready = own.ready.take().or(below.ready);
        own.after = first_said(std::mem::take(&mut own.after), below.after);
        own.once = own.once.take().or(below.once);
        own.listen = own.listen.take().or(below.listen);
    }
    merged
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(words: &[(&str, &str)]) -> Settings {
        let mut settings = Settings::default();
        for (word, value) in words {
            let place = Located::said((), word).place;
            words::set(&mut settings, word, value, &place).unwrap();
        }
        settings
    }

    fn file(text: &str) -> Settings {
        ganger_toml::parse("ganger.toml", text.as_bytes()).settings
    }

    #[test]
    fn each_word_that_is_set_wins_over_the_layer_below_and_over_no_other_word() {
        for word in words::WORDS {
            let value = match word {
                "formation" | "concurrency" => "web=1",
                "port" | "port-step" | "timeout" | "ready-timeout" => "7",
                "stop-signal" => "INT",
                "stop-to" => "group",
                "color" | "pty" => "never",
                "no-port" | "prefix" | "no-prefix" | "quiet" | "json" | "release" | "env-wins" | "sweep"
                | "isolate" | "ordered-stop" | "app-json" => "true",
                "restart" => "always",
                _ => "x",
            };
            let one = said(&[(word, value)]);
            assert_ne!(one, Settings::default(), "{word}");
            assert_eq!(one.clone().or(Settings::default()), one, "{word}");
            let under = Settings::default().or(one.clone());
            assert_eq!(under, one, "{word}");
        }
        let upper = said(&[("port", "1"), ("env", "a,b"), ("prefix", "true")]);
        let merged = upper.or(said(&[("port", "2"), ("env", "c"), ("no-prefix", "1"), ("root", "r")]));
        assert_eq!(merged.port.unwrap().value, BasePort::At(1));
        assert_eq!(merged.env.iter().map(|env| env.value.to_str().unwrap()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(merged.prefix, Some(true));
        assert_eq!(merged.root.unwrap().value.to_str(), Some("r"));
    }

    #[test]
    fn a_word_for_all_wins_over_a_lower_layers_word_for_one_type() {
        let lower =
            || file("timeout = 9\n[process.web]\ntimeout = 30\nstop-signal = \"INT\"\nformation = 4\n");
        let web = TypeName::new("web").unwrap();
        let merged = said(&[("timeout", "1"), ("formation", "all=1")]).or(lower());
        let own = &merged.processes[&web];
        assert_eq!((own.timeout.as_ref(), own.formation.as_ref()), (None, None));
        assert_eq!(own.stop_signal.as_ref().unwrap().value, Signal::INTERRUPT);
        let merged = said(&[("timeout", "web=2")]).or(lower());
        assert_eq!(merged.processes[&web].timeout.as_ref().unwrap().value, Duration::from_secs(2));
        assert_eq!(merged.timeout.unwrap().value, Duration::from_secs(9));
    }

    #[test]
    fn who_names_a_port_wants_one() {
        assert_eq!(said(&[("port", "1")]).or(file("no-port = true")).no_port, Some(false));
        assert_eq!(said(&[("no-port", "true")]).or(file("port = 1")).no_port, Some(true));
    }

    #[test]
    fn signals_and_spans_can_be_for_one_type() {
        let settings = said(&[("stop-signal", "INT,web=QUIT")]);
        assert_eq!(settings.stop_signal.unwrap().value, Signal::INTERRUPT);
        let web = &settings.processes[&TypeName::new("web").unwrap()];
        assert_eq!(web.stop_signal.as_ref().unwrap().value, Signal::QUIT);
    }

    #[test]
    fn a_value_that_is_none_is_refused_with_the_way_out() {
        let table = [
            ("port", "0", "`0` is not a port", "use a number from 1 to 65535, or auto"),
            ("port-step", "0", "`0` is not a step between ports", "use a number from 1, such as 100"),
            ("timeout", "soon", "`soon`: not a time", "use seconds (5)"),
            ("timeout", "30d", "`30d`: longer than a week", "use seconds (5)"),
            ("stop-signal", "TREM", "`TREM` is not a signal", "did you mean TERM?"),
            ("stop-signal", "we b=INT", "`we b` cannot be the name of a type", "write TYPE=VALUE"),
            ("color", "blue", "`blue` is no choice", "write auto, always or never"),
            ("quiet", "maybe", "`maybe` is neither true nor false", "write true or false"),
            ("formation", "web=x", "`web=x`", "for example web=2"),
            ("detach", "true", "`detach` is not built yet", "take the line out"),
            ("watch", "web=src,../lib", "`../lib` is not a path below the root", "write src, *.py"),
            ("restart", "sometimes", "`sometimes` is no choice", "write never, on-failure or always"),
        ];
        for (word, value, message, hint) in table {
            let place = Located::said((), word).place;
            let refusal = words::set(&mut Settings::default(), word, value, &place).unwrap_err();
            assert!(refusal.message.starts_with(message), "{refusal:?}");
            assert!(refusal.hint.starts_with(hint), "{refusal:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_a_reader_panic_and_every_error_has_a_line(
            text in "([a-z\\-]{1,4}|[\\[\\]{}=:,\"'#\\\\\n\r\té€🦀\u{feff}]|env|formation|process|port|[0-9.]){0,40}",
            bytes in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            for input in [text.as_bytes(), &bytes] {
                for parse in [ganger_toml::parse, foreman::parse, app_json::parse, app_json::parse_locally] {
                    let parsed = parse("file", input);
                    for found in parsed.errors.iter().chain(&parsed.warnings) {
                        prop_assert!(found.location.line.is_some());
                        if let Some(excerpt) = &found.excerpt {
                            prop_assert!(excerpt.text.get(excerpt.mark.clone()).is_some());
                        }
                    }
                }
            }
        }
    }
}
