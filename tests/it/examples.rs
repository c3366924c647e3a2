//! Each example of a stack is started, and answers what its own check asks; nothing of it is left afterwards.

use std::path::Path;

use nix::sys::signal::Signal;

use crate::harness::{PATIENCE, Ports, Project, Running, are_there, python_has};

/// Runs a command of the example to its end, which is a good one, with lines that contain these texts.
fn succeeds(project: &Project, words: &[&str], lines: &[&str]) {
    let mut command = project.command(words);
    command.env("HOME", project.path());
    let ganger = Path::new(env!("CARGO_BIN_EXE_ganger")).parent().unwrap().display().to_string();
    let path = command.get_envs().find(|(name, _)| *name == "PATH").unwrap().1.unwrap().to_owned();
    command.env("PATH", format!("{ganger}:{}", path.display()));
    let (status, printed) = Running::start(command).end();
    assert!(status.success(), "{status}: {printed:#?}");
    for line in lines {
        assert!(printed.iter().any(|text| text.contains(line)), "no {line}: {printed:#?}");
    }
}

/// Starts the example on ports of its own, runs its check beside it, and stops it.
fn is_checked(project: &Project, flags: &[&str], lines: &[&str]) {
    let ports = Ports::claim();
    let base = ports.base();
    let words = [&["ganger", "exec", "-p", &base, "--timeout", "100"], flags, &["--", "sh", "check.sh"]];
    succeeds(project, &words.concat(), lines);
}

#[test]
fn rails_like_serves_and_rebuilds_a_changed_stylesheet() {
    if are_there(&["ruby", "puma", "curl"]) {
        let lines = ["Hello from web.1", "p { color: red }"];
        is_checked(&Project::example("rails-like"), &["-f", "Procfile.dev"], &lines);
    }
}

#[test]
fn django_has_its_worker_add() {
    if are_there(&["redis-server", "curl"]) && python_has(&["celery", "django", "redis"]) {
        is_checked(&Project::example("django-celery"), &[], &[r#"{"total": 42}"#]);
    }
}

#[test]
fn vite_passes_on_to_the_api() {
    if are_there(&["node", "npx", "vite", "curl"]) {
        let project = Project::example("vite-api");
        // Where `npm install` has put it is found by the program, so that no test asks a registry.
        let path = std::env::var("PATH").unwrap();
        let mut folders = std::env::split_paths(&path);
        let vite = folders.find_map(|folder| folder.join("vite").canonicalize().ok()).unwrap();
        std::os::unix::fs::symlink(vite.ancestors().nth(3).unwrap(), project.path().join("node_modules"))
            .unwrap();
        is_checked(&project, &[], &["<title>vite-api", r#"{"hello":"/api/world"}"#]);
    }
}

#[test]
fn go_is_built_and_started_anew_when_its_source_changes() {
    if are_there(&["go", "curl"]) {
        is_checked(&Project::example("go-watch"), &[], &["version one", "version two"]);
    }
}

#[test]
fn two_stacks_of_a_monorepo_run_beside_each_other() {
    if are_there(&["node", "curl"]) {
        let project = Project::example("monorepo");
        let ports = Ports::claim();
        // The one port that both stacks know.
        for file in ["api/ganger.toml", "web/.env"] {
            let text = std::fs::read_to_string(project.path().join(file)).unwrap();
            assert!(text.contains("5900"), "{file}");
            project.write(file, &text.replace("5900", &ports.base()));
        }
        succeeds(&project, &["sh", "check.sh"], &["web got: hello from the API"]);
    }
}

fn recipe(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/recipes").join(name))
        .unwrap()
}

#[test]
fn the_workflow_starts_asks_and_stops() {
    if are_there(&["go", "curl"]) {
        let workflow = recipe("github.yml");
        let steps = workflow.lines().filter_map(|line| line.trim().strip_prefix("- run: "));
        let script: Vec<&str> = steps.filter(|step| *step != "|").collect();
        assert_eq!(script.len(), 4, "{script:?}");
        let ports = Ports::claim();
        let script = format!("set -e\nexport GANGER_PORT={}\n{}\n", ports.base(), script.join("\n"));
        let project = Project::example("go-watch").file("steps.sh", &script);
        succeeds(&project, &["sh", "steps.sh"], &["web.1 running", "version one"]);
    }
}

#[test]
fn the_editor_sees_when_its_task_is_ready_and_the_task_ends_with_it() {
    if !are_there(&["python3"]) {
        return;
    }
    let tasks: serde_json::Value = serde_json::from_str(&recipe("tasks.json")).unwrap();
    let [start, stop] = tasks["tasks"].as_array().unwrap().as_slice() else { panic!("{tasks}") };
    let words = |task: &serde_json::Value| {
        let arguments = task["args"].as_array().unwrap().iter().map(|word| word.as_str().unwrap());
        arguments.map(str::to_owned).collect::<Vec<_>>().join(" ")
    };
    // As in parents.rs: the caller is a shell that is killed.
    let project = Project::new("web: python3 -m http.server --bind 127.0.0.1 $PORT\n");
    let ports = Ports::claim();
    project.write("editor.sh", &format!("GANGER_PORT={} ganger {}\n:\n", ports.base(), words(start)));
    let mut stack = Running::start(project.command(&["sh", "editor.sh"]));
    for pattern in ["beginsPattern", "endsPattern"] {
        let pattern = start["problemMatcher"]["background"][pattern].as_str().unwrap();
        let pattern = regex_lite::Regex::new(pattern).unwrap();
        stack.line_where(pattern.as_str(), |line| pattern.is_match(line));
    }
    stack.signal(Signal::SIGKILL);
    assert!(stack.all_gone_within(PATIENCE));
    assert_eq!(project.run(&words(stop).split(' ').collect::<Vec<_>>()).0, 3, "no stack runs any more");
}
