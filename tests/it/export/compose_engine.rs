//! Promised: what `ganger export compose` writes runs under Docker Compose v2 and dockerd as it did under ganger: values byte for
//! byte, ports, stop signals and graces, work that is finished at the stop; and by the commands of docs/export/compose.md through
//! upgrades, a release that fails, a rollback, a scale and a removal.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::docker::{Docker, Stack};
use super::page::Page;
use super::succeeds;
use crate::harness::{Project, Running, holds};

const PROCFILE: &str = "release: test ! -e /out/broken && exec touch /out/released\n\
                        web-api: sh /serve web-api $PORT\n\
                        my_worker: echo before; sh /serve my_worker; true\n\
                        job: sh /serve job\n";

/// A value with what the formats on the way have a meaning for.
const NASTY: &str = "a $HOME ${B} $$ % \\ \\n \" ` # é 🦀\nnext  line ";

/// The commands of docs/export/compose.md, run in the folder of a project as they stand there.
struct Walk<'a> {
    stack: Stack<'a>,
    page: Page,
}

impl<'a> Walk<'a> {
    /// A project whose images are made by its Dockerfile.
    fn new(docker: &'a Docker) -> Self {
        let settings = format!(
            "timeout = 60\n[export.compose]\nset = ['volumes=[\"{}:/out\"]']\n",
            docker.path("out").display()
        );
        let procfile = "release: test ! -e /out/broken && exec touch /out/released\n\
                        web: exec sh /serve web $PORT\n\
                        worker: echo before; sh /serve worker; true\n";
        let project = Project::new(procfile)
            .file(".env", &format!("NASTY='{NASTY}'\n"))
            .file("ganger.toml", &settings)
            .file("Dockerfile", "FROM shop:1\nCOPY Procfile /\n");
        Self { stack: Stack { docker, project }, page: Page::read("compose") }
    }

    /// Runs the commands below `heading`, all of which succeed.
    fn does(&mut self, heading: &str) {
        let script = self.page.take(heading);
        succeeds(heading, self.stack.docker.script(&self.stack.project, &script));
    }

    /// Runs the commands below `heading`, by which the instances of `kinds` end, after what they do.
    fn replaces(&mut self, heading: &str, kinds: &[&str]) {
        let old: Vec<(String, String)> = kinds
            .iter()
            .flat_map(|kind| self.stack.of(kind).into_values().map(|id| ((*kind).to_owned(), id)))
            .collect();
        for (kind, id) in &old {
            // It hears signals then.
            self.stack.environment(kind, id);
            self.stack.go(kind);
        }
        self.does(heading);
        for (kind, id) in &old {
            self.stack.file(kind, id, "finished");
            let _ = fs::remove_file(self.stack.docker.path(&format!("out/{kind}.go")));
            assert!(!self.stack.of(kind).values().any(|new| new == id), "{kind} is new");
        }
    }
}

#[test]
fn a_stack_lives_under_docker_compose_by_its_page() {
    let Some(docker) = Docker::start() else { return };
    let out = docker.path("out");
    fs::create_dir(&out).unwrap();
    let mut walk = Walk::new(&docker);
    let both = |walk: &Walk<'_>| (walk.stack.of("web"), walk.stack.of("worker"));

    walk.does("The first deployment");
    assert!(out.join("released").exists(), "the release has run before the rest");
    let before = both(&walk);
    assert_eq!((before.0.len(), before.1.len()), (2, 1));
    for (kind, id) in before.0.values().map(|id| ("web", id)) {
        assert_eq!(walk.stack.environment(kind, id)["NASTY"], NASTY);
    }

    fs::write(out.join("broken"), "").unwrap();
    let upgrade = walk.page.again("An upgrade");
    assert!(
        !docker.script(&walk.stack.project, &upgrade).output().unwrap().status.success(),
        "the status tells"
    );
    fs::remove_file(out.join("broken")).unwrap();
    assert_eq!(both(&walk), before, "all goes on");
    walk.replaces("An upgrade", &["web", "worker"]);
    let web = walk.stack.of("web");
    let procfile = fs::read_to_string(walk.stack.project.path().join("Procfile")).unwrap();
    walk.stack.project.write("Procfile", &procfile.replace("before", "changed"));
    walk.replaces("An upgrade of one type", &["worker"]);
    assert_eq!(walk.stack.of("web"), web, "the others go on");
    walk.replaces("A rollback", &["web", "worker"]);

    let before = both(&walk);
    walk.does("Scale");
    let (web, worker) = both(&walk);
    assert!(web.len() == 3 && before.0.iter().all(|(name, id)| web.get(name) == Some(id)), "{web:?}");
    assert_eq!(worker, before.1);
    walk.replaces("A type that is gone", &["worker"]);
    assert_eq!((walk.stack.of("web"), walk.stack.of("worker").len()), (web, 0));

    walk.replaces("The end", &["web"]);
    assert!(docker.containers().is_empty());
    assert!(!docker.ask(&["network", "ls"]).contains("shop"));
    walk.page.ends();
}

fn is_there(path: &Path) -> bool {
    holds(|| path.exists())
}

#[test]
fn a_stack_lives_under_docker_compose_as_it_did_under_ganger() {
    let Some(docker) = Docker::start() else { return };
    let out = docker.path("out");
    fs::create_dir(&out).unwrap();
    let long = "0123456789abcdef".repeat(256);
    let settings = format!(
        "[process.job]\nstop-signal = \"INT\"\ntimeout = 37\nafter = [\"web-api\"]\n[process.my_worker]\ntimeout = \"61s\"\n\
         [process.web-api]\ntimeout = 62\n[export.compose]\napp = \"shop\"\nimage = \"shop:1\"\noutput = \"out\"\n\
         set = ['volumes=[\"{}:/out\"]']\n",
        out.display()
    );
    let env = format!("NASTY='{NASTY}'\nLONG={long}\n");
    let project = Project::new(PROCFILE).file(".env", &env).file("ganger.toml", &settings);
    let stack = Stack { docker: &docker, project };
    let all = "web-api=2,my_worker=1,job=1";

    stack.up(all);
    assert!(out.join("released").exists(), "the release has run before the rest");
    let (web, worker, job) = (stack.of("web-api"), stack.of("my_worker"), stack.of("job"));
    assert_eq!((web.len(), worker.len(), job.len(), docker.containers().len()), (2, 1, 1, 5));
    for (kind, containers, port) in
        [("web-api", &web, "5100"), ("my_worker", &worker, "5200"), ("job", &job, "5300")]
    {
        for id in containers.values() {
            let environment = stack.environment(kind, id);
            assert_eq!((environment["NASTY"].as_str(), &environment["LONG"]), (NASTY, &long), "{kind}");
            assert_eq!(environment["PORT"], port);
        }
    }
    let config =
        |of: &BTreeMap<String, String>, field: &str| docker.inspect(of.keys().next().unwrap(), field);
    assert_eq!(config(&job, ".Config.StopSignal") + &config(&job, ".Config.StopTimeout"), "SIGINT37");
    assert_eq!(config(&web, ".Config.StopSignal") + &config(&web, ".Config.StopTimeout"), "SIGTERM62");

    // An upgrade that changes one type: the others go on, and what it was doing is finished.
    stack.go("my_worker");
    stack.project.write("Procfile", &PROCFILE.replace("before", "changed"));
    stack.up(all);
    let old = worker.values().next().unwrap();
    stack.file("my_worker", old, "finished");
    assert_eq!((stack.of("web-api"), stack.of("job")), (web.clone(), job.clone()));
    let worker = stack.of("my_worker");
    assert!(worker.len() == 1 && worker.values().all(|id| id != old));
    fs::remove_file(out.join("my_worker.go")).unwrap();

    // A release that fails: the status tells, and all goes on.
    fs::write(out.join("broken"), "").unwrap();
    assert!(!stack.compose(&["run", "--rm", "release"]).0);
    fs::remove_file(out.join("broken")).unwrap();
    let running = docker.ask(&["ps", "--quiet", "--no-trunc"]);
    for id in web.values().chain(worker.values()).chain(job.values()) {
        assert!(running.contains(id.as_str()));
    }

    // One type fewer, and one instance more.
    stack.go("job");
    stack.up("web-api=3,my_worker=1");
    stack.file("job", job.values().next().unwrap(), "finished");
    assert!(stack.of("job").is_empty());
    let more = stack.of("web-api");
    assert!(more.len() == 3 && web.iter().all(|(name, id)| more.get(name) == Some(id)), "{more:?}");

    the_stop_waits_for_work(&stack, &more, &worker);
    let (is_down, said) = stack.compose(&["down"]);
    assert!(is_down, "{said}");
    assert!(docker.containers().is_empty());
    assert!(!docker.ask(&["network", "ls"]).contains("shop"));
}

/// All are asked, go on with what they do, and end when they have done it.
fn the_stop_waits_for_work(
    stack: &Stack<'_>,
    web: &BTreeMap<String, String>,
    worker: &BTreeMap<String, String>,
) {
    let busy = || web.values().map(|id| ("web-api", id)).chain(worker.values().map(|id| ("my_worker", id)));
    // They hear signals from then on.
    for (kind, id) in busy() {
        stack.file(kind, id, "environ");
    }
    let file = stack.project.path().join("out/compose.yaml");
    let mut stop = Command::new(&stack.docker.compose);
    stop.arg("--file").arg(file).arg("stop").env("DOCKER_HOST", &stack.docker.socket);
    let mut stop = Running::start(stop);
    for (kind, id) in busy() {
        stack.file(kind, id, "asked");
        assert_eq!(stack.docker.inspect(id, ".State.Running"), "true");
    }
    stack.go("web-api");
    stack.go("my_worker");
    stop.wait();
    for (kind, id) in busy() {
        assert!(is_there(&stack.docker.path(&format!("out/{kind}.{}.finished", &id[..12]))));
        // The shell that stays in front of `my_worker` ends by the signal that it passes on; 137 would be SIGKILL.
        let status = if kind == "web-api" { "0" } else { "143" };
        assert_eq!(stack.docker.inspect(id, ".State.ExitCode"), status, "{kind}");
    }
}
