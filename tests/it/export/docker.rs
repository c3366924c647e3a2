//! dockerd, in namespaces of its own (network, mounts, processes), with all its files below a temporary folder: it ends with them. The
//! image is made of busybox.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::harness::{Project, Running, are_there, can, holds, python_has, search_path, write_program};

/// What the types run: it writes down its environment, and works until its name and `.go` is a file; a stop signal
/// meanwhile is written down too.
const SERVE: &str = "trap 'asked=1; : >/out/$1.$HOSTNAME.asked' TERM INT\n\
                     cat /proc/$$/environ >/out/$1.$HOSTNAME.environ\n\
                     while [ ! -e /out/$1.go ] || [ -z \"$asked\" ]; do sleep 0.1; done\n\
                     : >/out/$1.$HOSTNAME.finished\n";

/// dockerd, in a folder of its own.
pub(super) struct Docker {
    pub(super) socket: String,
    pub(super) compose: PathBuf,
    _daemon: Running,
    folder: tempfile::TempDir,
}

impl Docker {
    /// A daemon that answers, with an image `shop:1`; `None` where this cannot be.
    pub(super) fn start() -> Option<Self> {
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

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn command(&self, program: impl AsRef<Path>, words: &[&str]) -> Output {
        let mut command = Command::new(program.as_ref());
        command.args(words).env("DOCKER_HOST", &self.socket).output().unwrap()
    }

    /// What `docker WORDS` prints.
    pub(super) fn ask(&self, words: &[&str]) -> String {
        let output = self.command("docker", words);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// A script that is run in the folder of a project, where `docker compose` is Compose's own program.
    pub(super) fn script(&self, project: &Project, text: &str) -> Command {
        let programs = self.path("programs");
        if !programs.exists() {
            fs::create_dir(&programs).unwrap();
            let found = Command::new("sh").args(["-c", "command -v docker"]).output().unwrap();
            let (compose, docker) = (self.compose.display(), String::from_utf8(found.stdout).unwrap());
            let compose = format!("if [ \"$1\" = compose ]; then shift; exec {compose} \"$@\"; fi");
            write_program(
                &programs.join("docker"),
                &format!("#!/bin/sh\n{compose}\nexec {} \"$@\"\n", docker.trim_end()),
            );
        }
        let ganger = Path::new(env!("CARGO_BIN_EXE_ganger")).parent().unwrap();
        let path = format!("{}:{}:{}", programs.display(), ganger.display(), search_path());
        let mut command = project.command(&["bash", "-c", text]);
        command.env("PATH", path).env("DOCKER_HOST", &self.socket);
        command
    }

    fn make_image(&self) {
        let root = self.path("root");
        for folder in ["bin", "proc", "tmp", "out"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        // Debian has it with its libraries apart (`busybox`) and in one (`busybox-static`), of which ldd finds none.
        let script = "cp \"$(command -v busybox)\" bin/busybox && \
                      for of in $(ldd bin/busybox | grep -o '/[^ ]*'); do cp -L --parents \"$of\" .; done; \
                      for name in sh cat sleep touch test; do ln -s busybox bin/$name; done \
                      && tar -c . | docker import - shop:1";
        fs::write(root.join("serve"), SERVE).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", script]).current_dir(root).env("DOCKER_HOST", &self.socket);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// The containers: their names, and their ids.
    pub(super) fn containers(&self) -> BTreeMap<String, String> {
        let list = self.ask(&["ps", "--all", "--no-trunc", "--format", "{{.Names}} {{.ID}}"]);
        list.lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(name, id)| (name.into(), id.into()))
            .collect()
    }

    /// A field of a container.
    pub(super) fn inspect(&self, container: &str, field: &str) -> String {
        self.ask(&["inspect", "--format", &format!("{{{{{field}}}}}"), container])
    }
}

/// A project, exported beside the daemon.
pub(super) struct Stack<'a> {
    pub(super) docker: &'a Docker,
    pub(super) project: Project,
}

impl Stack<'_> {
    /// What `docker compose WORDS` has said, and whether its status is 0.
    pub(super) fn compose(&self, words: &[&str]) -> (bool, String) {
        let file = self.project.path().join("out/compose.yaml");
        let all = [&["--file", file.to_str().unwrap()], words].concat();
        let output = self.docker.command(&self.docker.compose, &all);
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// Exports, with the values beside the file, and brings the stack up as docs/export.md has it.
    pub(super) fn up(&self, formation: &str) {
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
    pub(super) fn of(&self, kind: &str) -> BTreeMap<String, String> {
        let mut all = self.docker.containers();
        all.retain(|name, _| name.starts_with(&format!("shop-{kind}-")));
        all
    }

    /// The file that the instance in the container `id` writes, when it is there.
    pub(super) fn file(&self, kind: &str, id: &str, what: &str) -> Vec<u8> {
        let path = self.docker.path(&format!("out/{kind}.{}.{what}", &id[..12]));
        assert!(holds(|| path.exists()), "{}", path.display());
        fs::read(path).unwrap()
    }

    /// Lets the instances of `kind` end when they are asked to.
    pub(super) fn go(&self, kind: &str) {
        fs::write(self.docker.path(&format!("out/{kind}.go")), "").unwrap();
    }

    /// The environment of the instance in the container `id`, when it has all been written.
    pub(super) fn environment(&self, kind: &str, id: &str) -> BTreeMap<String, String> {
        let text = || String::from_utf8(self.file(kind, id, "environ")).unwrap();
        assert!(holds(|| text().ends_with('\0')));
        text()
            .split_terminator('\0')
            .filter_map(|pair| pair.split_once('='))
            .map(|(a, b)| (a.into(), b.into()))
            .collect()
    }
}
