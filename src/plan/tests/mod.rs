//! Whole plans: what goes in, what comes out.

mod environment;
mod running;
mod services;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use super::addresses::Addresses;
use super::options::{Inputs, Selection};
use super::ports::Holder;
use super::report::{Report, table};
use super::spec::{Environment, ExitOn, Spec};
use super::*;
use crate::config::{BasePort, Located, Settings};
use crate::dotenv::Assignment;
use crate::formation::Formation;
use crate::location::Diagnostic;
use crate::name::TypeName;
use crate::procfile::{Entry, Procfile};
use crate::signal::Signal;

/// A case is the input; `plan` is the result.
#[derive(Clone, Default)]
struct Case {
    types: Vec<&'static str>,
    /// The lines behind the types; without them, each has one of its own.
    commands: Vec<&'static str>,
    dotenv: Vec<Assignment>,
    shell: Vec<(Vec<u8>, Vec<u8>)>,
    settings: Settings,
    words: Vec<&'static str>,
    taken: Vec<u16>,
    running: Option<super::running::Running>,
}

impl Case {
    fn of(types: &[&'static str]) -> Self {
        Self { types: types.to_vec(), ..Self::default() }
    }

    /// A line of `.env`; they are numbered as they come.
    fn line(mut self, name: &str, value: &str) -> Self {
        let line = u32::try_from(self.dotenv.len()).unwrap() + 1;
        let file = ".env".into();
        self.dotenv.push(Assignment { name: name.into(), value: value.into(), file, line, column: 1 });
        self
    }

    fn shell(mut self, name: &str, value: &str) -> Self {
        self.shell.push((name.into(), value.into()));
        self
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    fn formation(self, text: &str) -> Self {
        let formation = Formation::parse(text).unwrap();
        self.with(|settings| settings.formation = Some(Located::given(formation, &format!("-m {text}"))))
    }

    fn port(self, port: u16) -> Self {
        self.with(|settings| settings.port = Some(Located::given(BasePort::At(port), "-p")))
    }

    fn words(mut self, words: &[&'static str]) -> Self {
        self.words = words.to_vec();
        self
    }

    fn taken(mut self, ports: &[u16]) -> Self {
        self.taken = ports.to_vec();
        self
    }

    fn runs(mut self, running: super::running::Running) -> Self {
        self.running = Some(running);
        self
    }

    fn build(&self) -> Result<Plan, Vec<Diagnostic>> {
        let entries = self.types.iter().zip(1..).map(|(name, line)| Entry {
            name: TypeName::new(name).unwrap(),
            command: match self.commands.get(line as usize - 1) {
                Some(command) => (*command).into(),
                None => format!("run-{name} --now").into(),
            },
            line,
        });
        let inputs = Inputs {
            procfile: &Procfile { file: "Procfile".into(), entries: entries.collect() },
            dotenv: &self.dotenv,
            ambient: &self.shell,
            settings: &self.settings,
            selection: &Selection::parse(&self.words).unwrap(),
            root: Path::new("/srv/shop"),
            run: Some("r1"),
            running: self.running.as_ref(),
            kept: None,
            addresses: &Addresses::Local,
        };
        let puma = || Holder { pid: Some(7), name: Some("puma".into()) };
        let is_held = |port| self.running.as_ref().is_some_and(|running| running.held.contains(&port));
        Plan::build(&inputs, |port| (self.taken.contains(&port) && !is_held(port)).then(puma))
    }

    fn plan(&self) -> Plan {
        self.build().unwrap()
    }

    /// `web.1:5000 web.2:5001`.
    fn instances(&self) -> String {
        let plan = self.plan();
        let shown = |spec: &Spec| match spec.port {
            Some(port) => format!("{}:{port}", spec.name),
            None => spec.name.to_string(),
        };
        plan.instances.iter().map(shown).collect::<Vec<_>>().join(" ")
    }

    /// The variable of the first instance.
    fn variable(&self, name: &str) -> Option<String> {
        let plan = self.plan();
        let value = plan.instances[0].environment.get(name.as_bytes());
        value.map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// `place: message; hint` of each error.
    fn errors(&self) -> Vec<String> {
        shown(&self.build().unwrap_err())
    }
}

fn shown(diagnostics: &[Diagnostic]) -> Vec<String> {
    let line =
        |d: &Diagnostic| format!("{}: {}; {}", d.location, d.message, d.hint.as_deref().unwrap_or("-"));
    diagnostics.iter().map(line).collect()
}

#[test]
fn a_formation_says_how_many_of_each() {
    let case = || Case::of(&["web", "release", "worker"]);
    assert_eq!(case().instances(), "web.1:5000 worker.1:5200");
    assert_eq!(case().formation("web=2").instances(), "web.1:5000 web.2:5001");
    assert_eq!(case().formation("all=1,web=0").instances(), "worker.1:5200");
    assert_eq!(case().formation("web=0").instances(), "");
}

#[test]
fn words_after_start_choose_types() {
    let case = || Case::of(&["web", "release", "worker"]);
    assert_eq!(case().words(&["worker"]).instances(), "worker.1:5200");
    assert_eq!(case().words(&["worker=2", "web=1"]).instances(), "web.1:5000 worker.1:5200 worker.2:5201");
    assert_eq!(case().words(&["web=2,worker=0"]).instances(), "web.1:5000 web.2:5001");
    assert_eq!(case().formation("web=2").words(&["web"]).instances(), "web.1:5000 web.2:5001");
    assert_eq!(case().formation("all=1,worker=0").words(&["worker"]).instances(), "worker.1:5200");
    assert_eq!(case().words(&["all=1"]).instances(), "web.1:5000 worker.1:5200");
    let except = |settings: &mut Settings| settings.except = vec![Located::given("web".into(), "-x web")];
    assert_eq!(case().with(except).instances(), "worker.1:5200");
}

#[test]
fn a_release_runs_first_and_only_when_asked_for() {
    let case = || Case::of(&["web", "release"]);
    let release = |settings: &mut Settings| settings.release = Some(Located::given(true, "--release"));
    assert_eq!(case().plan().notes, ["release is not run; --release runs it first"]);
    assert_eq!(case().formation("all=2").instances(), "web.1:5000 web.2:5001");
    assert_eq!(case().words(&["web"]).plan().notes, [""; 0]);
    assert_eq!(case().formation("web=1").plan().notes, [""; 0]);
    assert_eq!(case().words(&["release"]).instances(), "release.1:5100");
    let plan = case().with(release).plan();
    assert_eq!(case().with(release).instances(), "release.1:5100 web.1:5000");
    assert!(plan.instances[0].once && plan.instances[0].after.is_empty());
    assert!(!plan.instances[1].once && plan.instances[1].after[..] == [plan.instances[0].name.kind.clone()]);
    assert_eq!(plan.notes, [""; 0]);
    assert_eq!(
        Case::of(&["web"]).with(release).errors(),
        ["--release: Procfile has no `release` line that could run first; leave --release out, or add a \
          line `release: COMMAND`"]
    );
    assert!(case().formation("release=2").errors()[0].contains("`release` runs once, not 2 times"));
}

#[test]
fn an_unknown_type_is_an_error_with_a_suggestion_and_all_are_named() {
    let case = Case::of(&["web", "worker"]).formation("wbe=1").words(&["wroker"]).with(|settings| {
        settings.except = vec![Located::given("clock".into(), "-x clock")];
        settings.exit_on = Some(Located::given("webb".into(), "--exit-on webb"));
        settings.exit_code_from = Some(Located::given("w".into(), "--exit-code-from w"));
    });
    assert_eq!(
        case.errors(),
        [
            "wroker: Procfile has no type `wroker`; did you mean `worker`?",
            "-m wbe=1: Procfile has no type `wbe`; did you mean `web`?",
            "-x clock: Procfile has no type `clock`; its types are web, worker",
            "--exit-on webb: Procfile has no type `webb`; did you mean `web`?",
            "--exit-code-from w: Procfile has no type `w`; its types are web, worker",
        ]
    );
}

#[test]
fn a_file_may_speak_of_a_type_that_this_procfile_lacks_but_a_flag_may_not() {
    let set = |place: Located<u32>| {
        Case::of(&["web"]).with(|settings| {
            let name = TypeName::new("worker").unwrap();
            settings.processes.entry(name).or_default().formation = Some(place);
        })
    };
    let plan = set(Located::on_line(2, &"ganger.toml".into(), 4)).plan();
    assert_eq!(shown(&plan.shadowed), ["ganger.toml:4: Procfile has no type `worker`; its types are web"]);
    assert_eq!(set(Located::given(2, "worker=2")).errors().len(), 1);
}

#[test]
fn the_policy_is_a_word_or_a_type() {
    let policy = |word: &str| {
        let given = Some(Located::given(word.to_owned(), "--exit-on"));
        Case::of(&["web"]).with(|settings| settings.exit_on = given).plan().policy.exit_on
    };
    assert_eq!(policy("any"), ExitOn::Any);
    assert_eq!(policy("failure"), ExitOn::Failure);
    assert_eq!(policy("never"), ExitOn::Never);
    assert_eq!(policy("web"), ExitOn::Type(TypeName::new("web").unwrap()));
}

#[test]
fn an_end_that_cannot_come_is_worth_a_warning() {
    let on_worker = |settings: &mut Settings| {
        settings.exit_on = Some(Located::given("worker".into(), "--exit-on worker"));
    };
    let warnings = Case::of(&["web", "worker"]).with(on_worker).words(&["web"]).plan().warnings;
    assert_eq!(
        shown(&warnings),
        [
            "--exit-on worker: no instance of `worker` runs, so its end will not come; run one, or name another type"
        ]
    );
    assert_eq!(Case::of(&["web", "worker"]).with(on_worker).plan().warnings, []);
}

#[test]
fn a_base_by_default_moves_and_a_chosen_one_stays() {
    let case = || Case::of(&["web", "worker"]).taken(&[5000, 5200]);
    assert_eq!(case().instances(), "web.1:5300 worker.1:5400");
    assert_eq!(case().plan().notes, ["port 5000 is in use by puma (pid 7): ports begin at 5300 instead"]);
    let stays = case().port(5000);
    assert_eq!(stays.instances(), "web.1:5000 worker.1:5100");
    assert_eq!(
        shown(&stays.plan().warnings),
        ["-p: port 5000 of web.1 is in use by puma (pid 7); stop that program, choose another base \
          with -p, or let it move: -p auto"]
    );
    let auto = |settings: &mut Settings| settings.port = Some(Located::given(BasePort::Auto, "-p auto"));
    assert_eq!(case().shell("PORT", "5000").with(auto).instances(), "web.1:5300 worker.1:5400");
}

#[test]
fn ports_are_left_out_on_request_and_a_step_is_as_asked() {
    let none = |settings: &mut Settings| settings.no_port = Some(true);
    let case = Case::of(&["web"]).shell("PORT", "what I say").with(none);
    assert_eq!(case.instances(), "web.1");
    assert_eq!(case.variable("PORT").as_deref(), Some("what I say"));
    assert_eq!(case.variable("GANGER_PORT_WEB"), None);
    let step = |settings: &mut Settings| settings.port_step = Some(Located::given(10, "--port-step 10"));
    assert_eq!(Case::of(&["a", "b"]).with(step).instances(), "a.1:5000 b.1:5010");
    assert_eq!(
        Case::of(&["a", "b"]).with(step).formation("a=11,b=1").errors(),
        [
            "--port-step 10: with a step of 10 two types would share a port, or a port would pass 65535; leave \
          --port-step out, or use one from 11 to 60535"
        ]
    );
    let many = Case::of(&["a", "b"]).formation("a=101,b=1").plan();
    assert_eq!(many.notes, ["ports of two types are 200 apart, not 100, so that all fit"]);
    assert_eq!(Case::of(&["a"]).port(65535).formation("a=2").errors().len(), 1);
}

#[test]
fn a_type_ends_as_it_is_told_or_as_all_do() {
    let plan = Case::of(&["web", "worker"]).with(|settings| {
        settings.timeout = Some(Located::given(Duration::from_secs(9), "-t 9"));
        let web = settings.processes.entry(TypeName::new("web").unwrap()).or_default();
        web.stop_signal = Some(Located::given(Signal::QUIT, "--stop-signal web=QUIT"));
        web.timeout = Some(Located::given(Duration::ZERO, "-t web=0"));
    });
    let ends: Vec<_> =
        plan.plan().instances.iter().map(|spec| (spec.stop_signal, spec.grace.as_secs())).collect();
    assert_eq!(ends, [(Signal::QUIT, 0), (Signal::TERMINATE, 9)]);
    assert_eq!(Case::of(&["web"]).plan().instances[0].grace, Duration::from_secs(5));
}

#[test]
fn the_report_is_a_table_and_a_document() {
    let plan = Case::of(&["web", "css"]).formation("web=2").line("A", "1").shell("A", "2").plan();
    let expected = "TYPE  COUNT  PORT       COMMAND\n\
                    web       2  5000-5001  run-web --now\n\
                    css       0  -          run-css --now\n";
    assert_eq!(table(&plan, None), expected);
    let document = serde_json::to_string(&Report::of(&plan, &[])).unwrap();
    assert_eq!(
        document,
        concat!(
            r#"{"schema":1,"processes":[{"name":"web","command":"run-web --now","line":1,"instances":["#,
            r#"{"name":"web.1","port":5000},{"name":"web.2","port":5001}]},"#,
            r#"{"name":"css","command":"run-css --now","line":2,"instances":[]}],"#,
            r#""warnings":[{"file":".env","line":1,"column":1,"message":"A has no effect here: the shell's "#,
            r#"environment has it already","hint":"unset it in the shell, or let .env files win with "#,
            r#"--env-wins"}],"errors":[]}"#
        )
    );
}
