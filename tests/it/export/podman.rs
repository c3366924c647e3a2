//! A machine with podman 5 and an image of busybox, and a project that is exported into it.
//!
//! systemd 257 and podman 5 are those of a root folder of Debian 13, which `.ci/podman-root` makes: the podman of Debian 12 has no
//! Quadlet.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::machine::Machine;
use super::random;
use crate::harness::{Project, can};

/// What the types run: it writes down its environment, serves it where it has a port, and works until its name and `.go` is a file; a
/// stop signal meanwhile is written down too.
const SERVE: &str = "trap 'asked=1; : >/out/$PS.asked' TERM INT\n\
                     cat /proc/$$/environ >/out/$PS.new; mv /out/$PS.new /out/$PS.environ\n\
                     [ -z \"$1\" ] || httpd -p \"$1\" -h /out\n\
                     while [ ! -e /out/$PS.go ] || [ -z \"$asked\" ]; do sleep 0.1; done\n\
                     : >/out/$PS.finished\n";

/// Debian 13 with podman, made by `.ci/podman-root`.
pub(super) fn root() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/ci-podman");
    can(
        "a root with podman 5 in target/ci-podman (.ci/podman-root)",
        root.join("usr/libexec/podman/quadlet").exists(),
    )
    .then_some(root)
}

/// The files of an image that has what the types need, from the busybox of `root`.
pub(super) fn make_image(root: &Path, image: &Path) {
    for folder in ["bin", "proc", "tmp", "out"] {
        fs::create_dir_all(image.join(folder)).unwrap();
    }
    fs::copy(root.join("usr/bin/busybox"), image.join("bin/busybox")).unwrap();
    for name in ["sh", "cat", "mv", "sleep", "touch", "test", "httpd", "wget", "true"] {
        std::os::unix::fs::symlink("busybox", image.join("bin").join(name)).unwrap();
    }
}

/// A project, exported into a machine.
pub(super) struct Stack {
    pub(super) machine: Machine,
    pub(super) project: Project,
}

impl Stack {
    /// A machine with the image, and no stack yet.
    pub(super) fn new(procfile: &str, settings: &str, env: &[u8]) -> Option<Self> {
        let root = root()?;
        let machine = Machine::boot(&root, &[], |files| {
            let image = files.join("srv/image");
            make_image(&root, &image);
            fs::create_dir_all(files.join("srv/out")).unwrap();
            fs::create_dir_all(files.join("etc/containers/systemd")).unwrap();
            fs::write(image.join("serve"), SERVE).unwrap();
        })?;
        machine.ask(&["sh", "-c", "tar -C /srv/image -c . | podman import - localhost/shop:1"]);
        let project = Project::new(procfile).file("ganger.toml", settings);
        fs::write(project.path().join(".env"), env).unwrap();
        Some(Self { machine, project })
    }

    /// What `ganger export WORDS` has printed: on standard output, and on standard error.
    pub(super) fn export(&self, words: &[&str]) -> (Vec<u8>, String) {
        let output = self.project.ganger(&[&["export"], words].concat()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{said}");
        (output.stdout, said)
    }

    pub(super) fn out(name: &str) -> String {
        format!("/srv/out/{name}")
    }

    pub(super) fn is_there(&self, name: &str) -> bool {
        self.machine.path(&Self::out(name)).exists()
    }

    pub(super) fn touch(&self, name: &str) {
        fs::write(self.machine.path(&Self::out(name)), "").unwrap();
    }

    pub(super) fn remove(&self, name: &str) {
        fs::remove_file(self.machine.path(&Self::out(name))).unwrap();
    }

    /// The environment of an instance, when it has been written.
    pub(super) fn environment(&self, instance: &str) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let file = Self::out(&format!("{instance}.environ"));
        self.machine.waits_for(&file);
        environment(&fs::read(self.machine.path(&file)).unwrap())
    }

    /// The containers: their names, and their ids.
    pub(super) fn containers(&self) -> BTreeMap<String, String> {
        let list =
            self.machine.ask(&["podman", "ps", "--all", "--no-trunc", "--format", "{{.Names}} {{.ID}}"]);
        let pairs = list.lines().filter_map(|line| line.split_once(' '));
        pairs.map(|(name, id)| (name.to_owned(), id.to_owned())).collect()
    }
}

/// Values that are awkward on purpose, but for those that are refused, as a .env has them in double quotes, and as they are.
pub(super) fn values(is_refused: fn(&str) -> bool) -> (Vec<u8>, BTreeMap<Vec<u8>, Vec<u8>>) {
    let is_kept = |(_, value): &(String, Vec<u8>)| std::str::from_utf8(value).is_ok_and(|of| !is_refused(of));
    let mut values: Vec<_> = random::values(250).into_iter().filter(is_kept).collect();
    values.push(("LONG".into(), b"0123456789abcdef".repeat(256)));
    let mut file = Vec::new();
    for (name, value) in &values {
        file.extend(format!("{name}=\"").into_bytes());
        for byte in value {
            match byte {
                b'\n' => file.extend(b"\\n"),
                b'\r' => file.extend(b"\\r"),
                b'"' | b'\\' | b'$' | b'`' => file.extend([b'\\', *byte]),
                other => file.push(*other),
            }
        }
        file.extend(b"\"\n");
    }
    (file, values.into_iter().map(|(name, value)| (name.into_bytes(), value)).collect())
}

/// What /proc/PID/environ says.
pub(super) fn environment(bytes: &[u8]) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let pairs = bytes.split(|byte| *byte == 0).filter_map(|pair| {
        let at = pair.iter().position(|byte| *byte == b'=')?;
        Some((pair[..at].to_vec(), pair[at + 1..].to_vec()))
    });
    pairs.collect()
}

/// That `environment` has all of `values`.
pub(super) fn has_all(
    environment: &BTreeMap<Vec<u8>, Vec<u8>>,
    values: &BTreeMap<Vec<u8>, Vec<u8>>,
    of: &str,
) {
    for (name, value) in values {
        let shown = String::from_utf8_lossy(name);
        assert_eq!(
            environment.get(name).map(|of| of.escape_ascii().to_string()),
            Some(value.escape_ascii().to_string()),
            "{of}: {shown}"
        );
    }
}
