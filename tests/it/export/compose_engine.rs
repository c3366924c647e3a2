//! Promised: what `ganger export compose` writes runs under Docker Compose v2 and dockerd as it did under ganger: values byte for
//! byte, ports, stop signals and graces, work that is finished at the stop; and the ways of docs/export.md through an upgrade, a
//! release that fails, a scale and a removal.
//!
//! dockerd runs in namespaces of its own (network, mounts, processes), with all its files below a temporary folder, and ends with
//! them. The image is made of busybox.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::harness::{Project, Running, are_there, can, holds, python_has};

/// What the types run: it writes down its environment, and works until its name and `.go` is a file; a stop signal
/// meanwhile is written down too.
const SERVE: &str = "trap 'asked=1; : >/out/$1.$HOSTNAME.asked' TERM INT\n\
                     cat /proc/$$/environ >/out/$1.$HOSTNAME.environ\n\
                     while [ ! -e /out/$1.go ] || [ -z \"$asked\" ]; do sleep 0.1; done\n\
                     : >/out/$1.$HOSTNAME.finished\n";

const PROCFILE: &str = "release: test ! -e /out/broken && exec touch /out/released\n\
                        web-api: sh /serve web-api $PORT\n\
                        my_worker: echo before; sh /serve my_worker; true\n\
                        job: sh /serve job\n";

/// A value with what the formats on the way have a meaning for.
const NASTY: &str = "a $HOME ${B} $$ % \\ \\n \" ` # é 🦀\nnext  line ";

/// dockerd, in a folder of its own.
struct Docker {
    socket: String,
    compose: PathBuf,
    _daemon: Running,
    folder: tempfile::TempDir,
}

impl Docker {
    /// A daemon that answers, with an image `shop:1`; `None` where this cannot be.
    fn start() -> Option<Self> {
        let is_root = || can("root, for dockerd", nix::unistd::geteuid().is_root());
        if !are_there(&["dockerd", "docker", "unshare", "busybox"]) || !python_has(&["compose"]) || !is_root()
        {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().to_str().unwrap().to_owned();
        let socket = format!("unix://{place}/socket");
        let mut command = Command::new("unshare");
        // The shell is process 1: all that dockerd has started ends with it.
        let script = "dockerd --iptables=false --ip6tables=false --bridge=none --data-root=\"$0/data\" --exec-root=\"$0/exec\" \
                      --pidfile=\"$0/pid\" -H \"$1\" >\"$0/log\" 2>&1; exit";
        command.args([
            "--net",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
            "sh",
            "-c",
            script,
        ]);
        let daemon = Running::start({
            command.args([&place, &socket]);
            command
        });
        // The wrapper in PATH has status 0 in any case.
        let find =
            "import compose, os; print(os.path.join(os.path.dirname(compose.__file__), 'docker-compose'))";
        let found = Command::new("python3").args(["-c", find]).output().unwrap();
        let compose = PathBuf::from(String::from_utf8(found.stdout).unwrap().trim_end());
        let docker = Self { socket, compose, _daemon: daemon, folder };
        let log = || fs::read_to_string(docker.path("log")).unwrap_or_default();
        assert!(holds(|| docker.command("docker", &["info"]).status.success()), "{}", log());
        docker.make_image();
        Some(docker)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, program: impl AsRef<Path>, words: &[&str]) -> Output {
        let mut command = Command::new(program.as_ref());
        command.args(words).env("DOCKER_HOST", &self.socket).output().unwrap()
    }

    /// What `docker WORDS` prints.
    fn ask(&self, words: &[&str]) -> String {
        let output = self.command("docker", words);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    fn make_image(&self) {
        let root = self.path("root");
        for folder in ["bin", "proc", "tmp", "out"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        let script = "cp \"$(command -v busybox)\" bin/busybox && for name in sh cat sleep touch test; do ln -s busybox bin/$name; done \
                      && tar -c . | docker import - shop:1";
        fs::write(root.join("serve"), SERVE).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", script]).current_dir(root).env("DOCKER_HOST", &self.socket);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// The containers: their names, and their ids.
    fn containers(&self) -> BTreeMap<String, String> {
        let list = self.ask(&["ps", "--all", "--no-trunc", "--format", "{{.Names}} {{.ID}}"]);
        list.lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(name, id)| (name.into(), id.into()))
            .collect()
    }

    /// A field of a container.
    fn inspect(&self, container: &str, field: &str) -> String {
        self.ask(&["inspect", "--format", &format!("{{{{{field}}}}}"), container])
    }
}

/// A project, exported beside the daemon.
struct Stack<'a> {
    docker: &'a Docker,
    project: Project,
}

impl Stack<'_> {
    /// What `docker compose WORDS` has said, and whether its status is 0.
    fn compose(&self, words: &[&str]) -> (bool, String) {
        let file = self.project.path().join("out/compose.yaml");
        let all = [&["--file", file.to_str().unwrap()], words].concat();
        let output = self.docker.command(&self.docker.compose, &all);
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// Exports, with the values beside the file, and brings the stack up as docs/export.md has it.
    fn up(&self, formation: &str) {
        let export = |words: &[&str]| {
            let output = self
                .project
                .ganger(&[&["export", "compose", "-m", formation], words].concat())
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            output.stdout
        };
        export(&[]);
        fs::write(self.project.path().join("out/shop.env"), export(&["--secrets", "only"])).unwrap();
        let (is_up, said) = self.compose(&["up", "-d", "--wait", "--remove-orphans"]);
        assert!(is_up, "{said}");
    }

    /// The containers of `type`.
    fn of(&self, kind: &str) -> BTreeMap<String, String> {
        let mut all = self.docker.containers();
        all.retain(|name, _| name.starts_with(&format!("shop-{kind}-")));
        all
    }

    /// The file that the instance in the container `id` writes, when it is there.
    fn file(&self, kind: &str, id: &str, what: &str) -> Vec<u8> {
        let path = self.docker.path(&format!("out/{kind}.{}.{what}", &id[..12]));
        assert!(holds(|| path.exists()), "{}", path.display());
        fs::read(path).unwrap()
    }

    /// Lets the instances of `kind` end when they are asked to.
    fn go(&self, kind: &str) {
        fs::write(self.docker.path(&format!("out/{kind}.go")), "").unwrap();
    }

    /// The environment of the instance in the container `id`, when it has all been written.
    fn environment(&self, kind: &str, id: &str) -> BTreeMap<String, String> {
        let text = || String::from_utf8(self.file(kind, id, "environ")).unwrap();
        assert!(holds(|| text().ends_with('\0')));
        text()
            .split_terminator('\0')
            .filter_map(|pair| pair.split_once('='))
            .map(|(a, b)| (a.into(), b.into()))
            .collect()
    }
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
