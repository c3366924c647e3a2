//! The engines that start programs on this machine, started for real.

use std::collections::BTreeMap;
use std::path::Path;

use ganger::parts::export::export;
use ganger::parts::export::options::{ExportFormat, ExportOptions, Secrets};

use super::random::{commands, values};
use super::recorder::{Engine, Given, Job, Recorder};
use super::{Exported, export_without_refused, options};

/// The name of the only instance in [`all_values_through`].
const ONLY: &str = "web.1";

fn options_for(recorder: &Recorder, format: ExportFormat, secrets: Secrets) -> ExportOptions {
    ExportOptions { etc: recorder.etc(), shell: recorder.shell(), ..options(format, secrets) }
}

/// Every one of 2,000 values in the child of `engine`, but for those that were refused by name; returns why.
fn all_values_through(engine: Engine, format: ExportFormat, secrets: Secrets) -> Vec<String> {
    let recorder = Recorder::new();
    let mut project = Exported { procfile: "web: serve $PORT\n".into(), values: values(2000) };
    let all = project.values.clone();
    let root = recorder.path().to_owned();
    let only = options_for(&recorder, format, Secrets::Only);
    let (mut refused, mut file) = (Vec::new(), Vec::new());
    if secrets == Secrets::Reference {
        let (bundle, messages, _) = export_without_refused(&mut project, &root, &only);
        file.clone_from(&bundle.files[0].bytes);
        assert_eq!(bundle.files[0].mode, 0o600);
        refused.extend(messages);
    }
    let (bundle, messages, kept) =
        export_without_refused(&mut project, &root, &options_for(&recorder, format, secrets));
    refused.extend(messages);
    assert_eq!(kept.len() + refused.len(), all.len());
    assert_no_value_is_printed(&refused, &all);
    let is_inline = secrets == Secrets::Inline;
    assert_eq!(bundle.files.iter().any(ganger::parts::export::File::is_secret), is_inline, "{engine:?}");
    let given =
        engine.run(&recorder, &Job { bundle: &bundle, values: &file, names: &[ONLY.to_owned()] }, |_| {});
    for (name, value) in &kept {
        let arrived = given[ONLY].environment.get(name.as_bytes());
        assert_eq!(arrived, Some(value), "{engine:?} {secrets:?} {name}");
    }
    for (name, value) in [("PORT", "5000"), ("PS", "web.1"), ("GANGER_PORT_WEB", "5000")] {
        assert_eq!(given[ONLY].environment[name.as_bytes()], value.as_bytes());
    }
    assert!(!given[ONLY].environment.keys().any(|name| name.starts_with(b"GANGER_INSTANCE")));
    refused
}

/// No message holds a value that is long enough not to stand there by chance.
pub(super) fn assert_no_value_is_printed(messages: &[String], values: &[(String, Vec<u8>)]) {
    for message in messages {
        for (name, value) in values.iter().filter(|(_, value)| value.len() > 6) {
            let text = String::from_utf8_lossy(value);
            assert!(!message.contains(text.trim()) || text.trim().len() < 6, "{name} is said: {message}");
        }
    }
}

/// 500 commands in the children of `engine`.
fn all_commands_through(engine: Engine, format: ExportFormat) {
    let recorder = Recorder::new();
    let lines = commands(500);
    let procfile: String = lines.iter().enumerate().map(|(n, line)| format!("t{n}: {line}\n")).collect();
    let project = Exported { procfile, values: vec![("A".into(), b"1".to_vec())] };
    let mut plan = project.plan(recorder.path());
    let options = options_for(&recorder, format, Secrets::Reference);
    let bundle = match export(&plan, &options) {
        Ok(bundle) => bundle,
        Err(errors) => {
            // What XML cannot hold is refused by the name of the type, and left out.
            assert!(matches!(engine, Engine::Launchd), "{engine:?}: {}", super::say(&errors[0]));
            let is_refused =
                |name: &str| errors.iter().any(|e| e.message.starts_with(&format!("`{name}` cannot")));
            plan.processes.retain(|process| !is_refused(process.name.as_str()));
            plan.instances.retain(|spec| !is_refused(spec.name.kind.as_str()));
            assert_eq!(plan.processes.len() + errors.len(), lines.len());
            export(&plan, &options).unwrap()
        }
    };
    let names: Vec<String> = plan.instances.iter().map(|spec| spec.name.to_string()).collect();
    let given = engine.run(&recorder, &Job { bundle: &bundle, values: b"A=\"1\"\n", names: &names }, |_| {});
    for spec in &plan.instances {
        let words = &given[&spec.name.to_string()].words;
        let text = ganger::parts::shell::text_for_shell(&spec.command).into_owned();
        assert_eq!(words.as_slice(), [b"-c".to_vec(), text.into_bytes()], "{engine:?} {:?}", spec.command);
        assert_own(&given, spec);
    }
}

/// Everything that ganger itself would have set, but for the marks of its runs.
fn assert_own(given: &BTreeMap<String, Given>, spec: &ganger::parts::plan::spec::Spec) {
    let environment = &given[&spec.name.to_string()].environment;
    for (name, value) in spec.environment.variables().filter(|(name, _)| *name != b"GANGER_INSTANCE") {
        assert_eq!(environment.get(name).map(Vec::as_slice), Some(value));
    }
}

#[test]
fn values_and_commands_arrive_under_systemd() {
    if !Engine::Systemd.is_there() {
        return;
    }
    for secrets in [Secrets::Reference, Secrets::Inline] {
        let refused = all_values_through(Engine::Systemd, ExportFormat::SystemdUser, secrets);
        assert!(refused.iter().all(|message| message.contains("is not UTF-8")), "{refused:?}");
    }
    all_commands_through(Engine::Systemd, ExportFormat::SystemdUser);
}

/// What `after`, `ready` and `listen` mean is the same there: the awaited service is up, and a socket is passed.
#[test]
fn systemd_waits_for_what_is_ready_and_hands_sockets_over() {
    if !Engine::Systemd.is_there() || !crate::harness::are_there(&["systemd-notify"]) {
        return;
    }
    let recorder = Recorder::that_runs();
    let (shell, folder) = (recorder.shell(), recorder.path().to_owned());
    let project = Exported {
        // Whoever comes too early ends before it has said a word, and the test waits in vain.
        procfile: format!(
            "seed: touch seeded; exec {shell} -c true\n\
             db: exec {shell} -c 'touch db; exec sleep 600'\n\
             mail: exec {shell} -c 'touch mail; systemd-notify --ready; exec sleep 600'\n\
             web: test -e seeded && test -e db && test -e mail && exec {shell} -c 'exec sleep 600'\n"
        ),
        values: Vec::new(),
    };
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let settings = format!(
        "restart = \"never\"\nport = {free}\n[process.seed]\nonce = true\n[process.db]\nready = \"cmd:test -e db\"\nafter = [\"seed\"]\n\
         [process.mail]\nready = \"notify\"\n[process.web]\nafter = [\"seed\", \"db\", \"mail\"]\nlisten = \"127.0.0.1\"\n"
    );
    let plan = project.plan_with(&settings, &folder);
    // Not the recorder's shell: it would take the question of `db` for one more instance.
    let options =
        ExportOptions { etc: recorder.etc(), ..options(ExportFormat::SystemdUser, Secrets::Reference) };
    let bundle = export(&plan, &options).unwrap();
    assert_eq!(bundle.lost, Vec::<String>::new());
    let names: Vec<String> = plan.instances.iter().map(|spec| spec.name.to_string()).collect();
    let given = Engine::Systemd.run(&recorder, &Job { bundle: &bundle, values: b"", names: &names }, |_| {});
    let web = &given["web.1"];
    let of_web = |name: &str| String::from_utf8(web.environment[name.as_bytes()].clone()).unwrap();
    assert_eq!(of_web("LISTEN_FDS"), "1");
    assert_eq!(of_web("LISTEN_PID"), web.pid.to_string());
}

/// systemctl in the manager that runs the process `pid`; whether its status is 0.
fn systemctl(pid: i32, words: &[&str]) -> bool {
    let mut command = std::process::Command::new("nsenter");
    command.args([
        "-t",
        &pid.to_string(),
        "--mount",
        "env",
        "XDG_RUNTIME_DIR=/run/mine",
        "systemctl",
        "--user",
    ]);
    command.args(words).status().unwrap().success()
}

#[test]
fn under_systemd_a_release_that_fails_leaves_the_old_version_running() {
    if !Engine::Systemd.is_there() || !crate::harness::are_there(&["nsenter"]) {
        return;
    }
    let recorder = Recorder::that_runs();
    let (shell, folder) = (recorder.shell(), recorder.path().to_owned());
    let procfile = format!("release: test ! -e broken\nweb: exec {shell} -c 'exec sleep 600'\n");
    let project = Exported { procfile, values: Vec::new() };
    let plan = project.plan_with("release = true\n", &folder);
    let options =
        ExportOptions { etc: recorder.etc(), ..options(ExportFormat::SystemdUser, Secrets::Reference) };
    let bundle = export(&plan, &options).unwrap();
    let names = ["web.1".to_owned()];
    Engine::Systemd.run(&recorder, &Job { bundle: &bundle, values: b"", names: &names }, |given| {
        let web = given["web.1"].pid;
        let runs = |pid: i32| Path::new(&format!("/proc/{pid}")).exists();
        std::fs::write(folder.join("broken"), "").unwrap();
        assert!(!systemctl(web, &["start", "shop-upgrade.service"]), "the status tells");
        assert!(runs(web));
        std::fs::remove_file(folder.join("broken")).unwrap();
        assert!(systemctl(web, &["start", "shop-upgrade.service"]));
        assert!(!runs(web));
        let new = recorder.pid_of("web.1", web);
        assert!(systemctl(new, &["stop", "ganger-shop.slice"]));
        assert!(!runs(new), "the stop of the slice returns when all have stopped");
    });
}

#[test]
fn values_and_commands_arrive_under_supervisord() {
    through_scripts(Engine::Supervisord, ExportFormat::Supervisord);
}

#[test]
fn values_and_commands_arrive_under_runit() {
    through_scripts(Engine::Runit, ExportFormat::Runit);
}

#[test]
fn values_and_commands_arrive_under_s6() {
    through_scripts(Engine::S6, ExportFormat::S6);
}

/// Scripts can hold everything that an environment can.
fn through_scripts(engine: Engine, format: ExportFormat) {
    if !engine.is_there() {
        return;
    }
    for secrets in [Secrets::Reference, Secrets::Inline] {
        assert_eq!(all_values_through(engine, format, secrets), Vec::<String>::new());
    }
    all_commands_through(engine, format);
}

#[test]
fn values_and_commands_arrive_from_a_property_list() {
    if !Engine::Launchd.is_there() {
        return;
    }
    assert_eq!(
        all_values_through(Engine::Launchd, ExportFormat::Launchd, Secrets::Reference),
        Vec::<String>::new()
    );
    let refused = all_values_through(Engine::Launchd, ExportFormat::Launchd, Secrets::Inline);
    let is_meant =
        |message: &String| message.contains("is not UTF-8") || message.contains("control character");
    assert!(refused.iter().all(is_meant), "{refused:?}");
    all_commands_through(Engine::Launchd, ExportFormat::Launchd);
}

#[test]
fn a_variable_that_a_shell_has_for_itself_is_refused_by_name() {
    for format in [ExportFormat::Supervisord, ExportFormat::Runit, ExportFormat::S6, ExportFormat::Launchd] {
        for name in ["UID", "OPTIND", "RANDOM", "a.b", "1A"] {
            let project =
                Exported { procfile: "web: a\n".into(), values: vec![(name.into(), b"hunter2".to_vec())] };
            let errors =
                export(&project.plan(Path::new("/srv")), &options(format, Secrets::Only)).unwrap_err();
            assert!(errors[0].message.contains(&format!("`{name}` cannot be exported")), "{errors:?}");
            assert!(!super::say(&errors[0]).contains("hunter2"));
        }
    }
}

/// examples/hello under `engine`: both programs run there, with the environment that ganger would give them.
fn the_example_runs(engine: Engine, format: ExportFormat) {
    if !engine.is_there() {
        return;
    }
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hello");
    let project = Exported {
        procfile: std::fs::read_to_string(example.join("Procfile")).unwrap(),
        values: vec![
            ("GREETING".into(), b"Hello from 'there', $USER".to_vec()),
            ("TICKS".into(), b"100".to_vec()),
        ],
    };
    let recorder = Recorder::that_runs();
    let plan = project.plan(&example);
    let values = export(&plan, &options_for(&recorder, format, Secrets::Only)).unwrap().files.remove(0).bytes;
    let bundle = export(&plan, &options_for(&recorder, format, Secrets::Reference)).unwrap();
    let names: Vec<String> = plan.instances.iter().map(|spec| spec.name.to_string()).collect();
    assert!(!names.is_empty());
    let given = engine.run(&recorder, &Job { bundle: &bundle, values: &values, names: &names }, |given| {
        for process in given.values() {
            assert!(Path::new(&format!("/proc/{}", process.pid)).exists(), "{engine:?}: it runs on");
        }
    });
    for spec in &plan.instances {
        assert_own(&given, spec);
        let is_gone = !Path::new(&format!("/proc/{}", given[&spec.name.to_string()].pid)).exists();
        assert!(is_gone || matches!(engine, Engine::Launchd), "{engine:?}: {} is stopped", spec.name);
    }
}

#[test]
fn the_example_runs_under_every_engine() {
    the_example_runs(Engine::Systemd, ExportFormat::SystemdUser);
    the_example_runs(Engine::Supervisord, ExportFormat::Supervisord);
    the_example_runs(Engine::Runit, ExportFormat::Runit);
    the_example_runs(Engine::S6, ExportFormat::S6);
    the_example_runs(Engine::Launchd, ExportFormat::Launchd);
}
