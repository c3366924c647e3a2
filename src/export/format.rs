//! The formats, each with what is known of its engine beside what it reads.

use std::path::Path;

use super::removal::{self, Removal};
use crate::config::Settings;
use crate::location::Diagnostic;
use crate::suggestion::nearest;

/// The engine that the files are for. CONTRIBUTING.md has an example of a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// Units of the system's manager.
    Systemd,
    /// Units of a user's own manager.
    SystemdUser,
    /// Property lists of macOS.
    Launchd,
    /// A configuration and scripts of supervisord.
    Supervisord,
    /// Service folders of runit.
    Runit,
    /// Service folders of s6.
    S6,
    /// A file of Docker Compose.
    Compose,
    /// Containers as units: files for the generator of podman.
    Quadlet,
    /// Objects of Kubernetes.
    Kubernetes,
    /// Jobs of Nomad, as JSON.
    Nomad,
    /// A Procfile for Heroku, Dokku and buildpacks.
    Procfile,
}

impl ExportFormat {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 11] = [
        Self::Systemd,
        Self::SystemdUser,
        Self::Launchd,
        Self::Supervisord,
        Self::Runit,
        Self::S6,
        Self::Compose,
        Self::Quadlet,
        Self::Kubernetes,
        Self::Nomad,
        Self::Procfile,
    ];

    /// The word after `ganger export`.
    pub fn as_str(self) -> &'static str {
        self.details().word
    }

    /// What is known of it.
    pub fn details(self) -> &'static FormatDetails {
        match self {
            Self::Systemd => &FormatDetails {
                word: "systemd",
                validators: &SYSTEM,
                resources: Some(OF_A_CGROUP),
                end: |of| removal::units(of, "sudo systemctl", "sudo rm -f /etc/systemd/system/"),
                ..PLAIN
            },
            Self::SystemdUser => &FormatDetails {
                word: "systemd-user",
                validators: &USER,
                resources: Some(OF_A_CGROUP),
                end: |of| removal::units(of, "systemctl --user", "rm -f ~/.config/systemd/user/"),
                ..PLAIN
            },
            Self::Launchd => &FormatDetails {
                word: "launchd",
                separator: |path, _| format!("<!-- {path} -->\n"),
                validators: &PROPERTY_LIST,
                end: |of| of.each(".plist", |label| format!("sudo launchctl bootout system/{label}")),
                ..PLAIN
            },
            Self::Supervisord => &FormatDetails {
                word: "supervisord",
                end: |_| Some("sudo supervisorctl update".to_owned()),
                ..SCRIPTS
            },
            Self::Runit => &FormatDetails {
                word: "runit",
                end: |of| {
                    of.each("/run", |name| {
                        let (links, folder) = (format!("/etc/service/{name} /var/service/{name}"), of.folder);
                        format!("sudo sv stop {name}; sudo rm -f {links}; sudo rm -r {folder}/{name}")
                    })
                },
                ..SCRIPTS
            },
            Self::S6 => &FormatDetails {
                word: "s6",
                end: |of| {
                    let folder = of.folder;
                    of.each("/run", |name| {
                        format!("sudo s6-svc -wD -d {folder}/{name}; sudo rm -r {folder}/{name}")
                    })
                    .map(|ends| format!("{ends}; sudo s6-svscanctl -an {folder}"))
                },
                ..SCRIPTS
            },
            Self::Compose => &COMPOSE_DETAILS,
            Self::Quadlet => &QUADLET_DETAILS,
            Self::Kubernetes => &KUBERNETES_DETAILS,
            Self::Nomad => &NOMAD_DETAILS,
            Self::Procfile => &FormatDetails {
                word: "procfile",
                runs_on: RunsOn::Platform,
                finds: FindsBy::Nothing,
                ..PLAIN
            },
        }
    }
}

/// The tables `[export.FORMAT]` of formats that there are not.
pub(crate) fn unknown(settings: &Settings) -> Vec<Diagnostic> {
    let words = ExportFormat::ALL.map(ExportFormat::as_str);
    let tables = settings.exports.iter().flat_map(|exports| &exports.formats);
    let unknown = tables.filter(|(word, _)| !words.contains(&word.as_str()));
    unknown
        .map(|(word, table)| {
            let near = nearest(word, words);
            let guess = near.map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default();
            let hint = near.is_none().then(|| format!("the formats are {}", words.join(", ")));
            Diagnostic::at(&table.place, format!("unknown format `{word}`{guess}"), hint)
        })
        .collect()
}

/// Where an engine runs programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunsOn {
    /// On the machine, in the folder of the project.
    Machine,
    /// In images; Nomad, without one, on the machine.
    Images,
    /// On a platform that reads the project itself, in which what is not carried over has to be changed.
    Platform,
}

/// How a type is found by the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindsBy {
    /// At its port of this machine.
    Port,
    /// By its name, at its port.
    TypeName,
    /// By its Service, which what is exposed has.
    Service,
    /// By nothing that is known beforehand.
    Nothing,
}

/// What is known of a format.
#[derive(Debug)]
pub struct FormatDetails {
    word: &'static str,
    /// What stands before a file (its path, and whether it is the first) on standard output: what the format takes for a
    /// comment, if it has one.
    pub separator: fn(&str, bool) -> String,
    /// The validators, the best first.
    pub validators: &'static [Validator],
    /// Whether a validator takes one file at a time.
    pub is_checked_one_by_one: bool,
    /// Whether the engine looks for the file of values beside the others.
    pub has_values_beside: bool,
    /// A file that means something in a folder only, and is left out of standard output.
    pub folder_only: Option<&'static str>,
    /// Where programs run.
    pub runs_on: RunsOn,
    /// At which URL the types find each other.
    pub finds: FindsBy,
    /// What it has of `requests` and `limits`; `None`: all, and `scale` too.
    pub resources: Option<&'static [&'static str]>,
    /// The command that ends what ran from files that an export has no more; `None`: the engine does that when it reads the rest.
    pub end: fn(&Removal<'_>) -> Option<String>,
}

/// The name of a Kustomization. kustomize reads it without an ending, and `kubectl apply -f` passes it over, as it would not know
/// the kind.
pub(super) const KUSTOMIZATION: &str = "Kustomization";

/// What most engines limit by a cgroup.
const OF_A_CGROUP: &[&str] = &["limits.cpu", "limits.memory", "requests.memory"];

/// Files with comments after `#`.
const PLAIN: FormatDetails = FormatDetails {
    word: "",
    separator: |path, is_first| format!("{}# {path}\n", if is_first { "" } else { "\n" }),
    validators: &[],
    is_checked_one_by_one: false,
    has_values_beside: false,
    folder_only: None,
    runs_on: RunsOn::Machine,
    finds: FindsBy::Port,
    resources: Some(&[]),
    end: |_| None,
};

/// Engines that run scripts.
const SCRIPTS: FormatDetails = FormatDetails {
    validators: &[validator("sh", &["-c", ":"], &["-n"], is_script)],
    is_checked_one_by_one: true,
    ..PLAIN
};

const COMPOSE_DETAILS: FormatDetails = FormatDetails {
    word: "compose",
    separator: yaml_separator,
    validators: &COMPOSE,
    resources: Some(OF_A_CGROUP),
    has_values_beside: true,
    runs_on: RunsOn::Images,
    finds: FindsBy::TypeName,
    ..PLAIN
};

const QUADLET_DETAILS: FormatDetails = FormatDetails {
    word: "quadlet",
    validators: &QUADLET,
    resources: Some(OF_A_CGROUP),
    runs_on: RunsOn::Images,
    finds: FindsBy::TypeName,
    end: removal::containers,
    ..PLAIN
};

const KUBERNETES_DETAILS: FormatDetails = FormatDetails {
    word: "kubernetes",
    separator: yaml_separator,
    validators: &KUBERNETES,
    resources: None,
    folder_only: Some(KUSTOMIZATION),
    runs_on: RunsOn::Images,
    finds: FindsBy::Service,
    end: |of| Some(removal::objects(of)),
    ..PLAIN
};

const NOMAD_DETAILS: FormatDetails = FormatDetails {
    word: "nomad",
    // JSON has no comments: one document after the other.
    separator: |_, _| String::new(),
    validators: &NOMAD,
    resources: Some(&["limits.memory", "requests.memory"]),
    runs_on: RunsOn::Images,
    finds: FindsBy::Nothing,
    end: |of| of.each(".json", |job| format!("nomad job stop {job}")),
    is_checked_one_by_one: true,
    ..PLAIN
};

/// A stream of YAML documents, as kubectl reads them.
fn yaml_separator(_: &str, is_first: bool) -> String {
    if is_first { String::new() } else { "---\n".to_owned() }
}

/// A program that can say whether files are right.
#[derive(Debug)]
pub struct Validator {
    /// Its name.
    pub program: &'static str,
    /// What it has to answer with status 0 to be there at all: docker may lack compose.
    pub probe: &'static [&'static str],
    /// What stands before the files.
    pub arguments: &'static [&'static str],
    /// Which of the files it reads.
    pub reads: fn(&str) -> bool,
}

const fn validator(
    program: &'static str,
    probe: &'static [&'static str],
    arguments: &'static [&'static str],
    reads: fn(&str) -> bool,
) -> Validator {
    Validator { program, probe, arguments, reads }
}

fn all(_: &str) -> bool {
    true
}

fn is_object(path: &str) -> bool {
    path != KUSTOMIZATION
}

fn is_script(path: &str) -> bool {
    Path::new(path).extension().is_none_or(|extension| extension != "conf")
        && !["down", "down-signal", "timeout-finish", "timeout-kill"]
            .iter()
            .any(|name| path.ends_with(&format!("/{name}")))
}

const SYSTEM: [Validator; 1] =
    [validator("systemd-analyze", &["--version"], &["verify", "--man=no", "--generators=no"], all)];
const USER: [Validator; 1] =
    [validator("systemd-analyze", &["--version"], &["verify", "--user", "--man=no", "--generators=no"], all)];
const PROPERTY_LIST: [Validator; 1] = [validator("plutil", &["-help"], &["-lint"], all)];
const COMPOSE: [Validator; 3] = [
    validator(
        "docker",
        &["compose", "version"],
        &["compose", "--file", "compose.yaml", "config", "--quiet"],
        |_| false,
    ),
    validator("check-jsonschema", &["--version"], &["--builtin-schema", "vendor.compose-spec"], |path| {
        path == "compose.yaml"
    }),
    validator("podman-compose", &["--version"], &["-f", "compose.yaml", "config"], |_| false),
];
/// Where distributions have it: Debian and Fedora, then Arch. It reads the folder that `QUADLET_UNIT_DIRS` names.
const QUADLET: [Validator; 2] = [
    validator("/usr/libexec/podman/quadlet", &["-version"], &["-dryrun"], |_| false),
    validator("/usr/lib/podman/quadlet", &["-version"], &["-dryrun"], |_| false),
];
const KUBERNETES: [Validator; 2] = [
    validator("kubeconform", &["-v"], &["-strict"], is_object),
    validator("kubernetes-validate", &["--version"], &["--strict"], is_object),
];
const NOMAD: [Validator; 1] = [validator("nomad", &["version"], &["job", "validate", "-json"], all)];
