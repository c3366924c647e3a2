//! Two projects in all formats, kept in tests/export: a change of an export is seen in review. `BLESS=1 cargo test --test it export::snapshots` writes them anew.
//!
//! The files are also run past the validators, and by hand past rules that those do not know.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ganger::parts::export::options::ExportFormat;

use super::readers;
use crate::folder::same_as_kept;
use crate::harness::{are_there, python_has};

/// A project whose exports are kept.
#[derive(Clone, Copy, Debug)]
enum Example {
    /// examples/twelve-factor.
    TwelveFactor,
    /// One that says all that can be said about order and readiness.
    CaredFor,
}

impl Example {
    const ALL: [Self; 2] = [Self::TwelveFactor, Self::CaredFor];

    /// Where it lies.
    fn folder(self) -> PathBuf {
        let name = match self {
            Self::TwelveFactor => "examples/twelve-factor",
            Self::CaredFor => "tests/export/cared-for",
        };
        Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
    }

    /// Where its exports are kept.
    fn kept(self) -> PathBuf {
        let name = match self {
            Self::TwelveFactor => "twelve-factor",
            Self::CaredFor => "cared-for/kept",
        };
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/export").join(name)
    }

    fn flags(self) -> &'static [&'static str] {
        match self {
            Self::TwelveFactor => &["-m", "all=1,web=2,redis=0", "--expose", "web,api"],
            Self::CaredFor => &["-m", "all=1,worker=2"],
        }
    }
}

/// The export of an example, with the folder of this machine taken out: its files, and what is said.
fn exported(example: Example, format: ExportFormat) -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let output = Command::new(env!("CARGO_BIN_EXE_ganger"))
        .args(["export", format.as_str(), "--image", "registry.example.com/shop:1.4.2", "--app", "shop"])
        .args(example.flags())
        .arg("-o")
        .arg(&out)
        .current_dir(example.folder())
        .env_clear()
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    let clean = |text: String| {
        let here = example.folder().display().to_string();
        text.replace(&here, "/srv/shop").replace(&out.display().to_string(), "out")
    };
    let mut files = BTreeMap::from([("stderr".to_owned(), clean(said))]);
    let mut folders = vec![out.clone()];
    while let Some(inside) = folders.pop() {
        for entry in fs::read_dir(inside).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(&out).unwrap().display().to_string();
            if path.is_dir() {
                folders.push(path);
            } else if !name.starts_with(".ganger-export.") {
                files.insert(name, clean(fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files
}

#[test]
fn the_examples_are_exported_as_they_were() {
    for (example, format) in
        Example::ALL.into_iter().flat_map(|of| ExportFormat::ALL.map(|format| (of, format)))
    {
        let mut text = String::new();
        for (name, content) in exported(example, format) {
            // The Job's name follows from the file, which names this machine's folder nowhere: it stays.
            text += &["==> ", &name, "\n", &content, "\n"].concat();
        }
        same_as_kept(&example.kept().join(format!("{}.txt", format.as_str())), &text);
    }
}

#[test]
fn the_examples_objects_have_names_that_kubernetes_takes() {
    if !python_has(&["yaml"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let is_label = |name: &str| {
        name.len() <= 63
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.ends_with(|c: char| c.is_ascii_alphanumeric())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    for (example, expected) in [
        (Example::TwelveFactor, [("Deployment", 4), ("Job", 1), ("Service", 2)]),
        (Example::CaredFor, [("Deployment", 7), ("Job", 2), ("Service", 3)]),
    ] {
        let mut kinds = BTreeMap::new();
        let files = exported(example, ExportFormat::Kubernetes);
        for (name, content) in files.into_iter().filter(|(name, _)| name != "stderr") {
            let path = folder.path().join(&name);
            fs::write(&path, content).unwrap();
            if are_there(&["kubernetes-validate"]) {
                readers::succeeds("kubernetes-validate", &["--strict", &name], folder.path());
            }
            for object in readers::python("read_yaml.py", &path).as_array().unwrap() {
                assert!(is_label(object["metadata"]["name"].as_str().unwrap()), "{object}");
                *kinds.entry(object["kind"].as_str().unwrap().to_owned()).or_insert(0) += 1;
                let labels = &object["metadata"]["labels"];
                for selector in [&object["spec"]["selector"], &object["spec"]["selector"]["matchLabels"]] {
                    for (name, value) in selector.as_object().into_iter().flatten() {
                        assert!(
                            name == "matchLabels" || labels[name] == *value,
                            "a selector finds its own pods"
                        );
                    }
                }
                let container = &object["spec"]["template"]["spec"]["containers"][0];
                for entry in container["env"].as_array().into_iter().flatten() {
                    assert!(entry["value"].is_string() || entry["valueFrom"].is_object(), "{entry}");
                }
            }
        }
        let kinds: Vec<(&str, i32)> = kinds.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
        assert_eq!(kinds, expected, "{example:?}");
    }
}

#[test]
fn the_examples_jobs_have_the_shape_that_nomad_has() {
    let jobs = [("shop.json", "service"), ("shop-release.json", "batch")];
    for (example, (name, kind)) in Example::ALL.into_iter().flat_map(|of| jobs.map(|job| (of, job))) {
        let files = exported(example, ExportFormat::Nomad);
        let document: serde_json::Value = serde_json::from_str(&files[name]).unwrap();
        let job = &document["Job"];
        assert_eq!(job["Type"], kind);
        for group in job["TaskGroups"].as_array().unwrap() {
            assert!(group["Count"].is_u64() && group["Name"].is_string());
            let task = &group["Tasks"][0];
            assert_eq!(task["Driver"], "docker");
            assert!(task["KillTimeout"].is_u64() && task["Config"]["args"].is_array());
            for value in task["Env"].as_object().unwrap().values() {
                assert!(value.is_string());
            }
            let labels: Vec<&str> = group["Networks"]
                .as_array()
                .into_iter()
                .flatten()
                .flat_map(|network| network["DynamicPorts"].as_array().unwrap())
                .map(|port| port["Label"].as_str().unwrap())
                .collect();
            for service in group["Services"].as_array().into_iter().flatten() {
                assert!(labels.contains(&service["PortLabel"].as_str().unwrap()));
            }
        }
    }
}

#[test]
fn the_examples_units_are_what_systemd_takes() {
    if !are_there(&["systemd-analyze"]) {
        return;
    }
    let formats = [(ExportFormat::Systemd, "--system"), (ExportFormat::SystemdUser, "--user")];
    for (example, (format, flag)) in
        Example::ALL.into_iter().flat_map(|of| formats.map(|format| (of, format)))
    {
        let folder = tempfile::tempdir().unwrap();
        let mut names = Vec::new();
        for (name, content) in exported(example, format).into_iter().filter(|(name, _)| name != "stderr") {
            fs::write(folder.path().join(&name), content).unwrap();
            names.push(name);
        }
        let mut arguments = vec!["verify", "--man=no", "--generators=no", flag];
        arguments.extend(names.iter().map(String::as_str));
        readers::succeeds("systemd-analyze", &arguments, folder.path());
    }
}

#[test]
fn the_examples_services_are_what_compose_takes() {
    if !are_there(&["check-jsonschema"]) {
        return;
    }
    for example in Example::ALL {
        let folder = tempfile::tempdir().unwrap();
        fs::write(
            folder.path().join("compose.yaml"),
            &exported(example, ExportFormat::Compose)["compose.yaml"],
        )
        .unwrap();
        let arguments = ["--builtin-schema", "vendor.compose-spec", "compose.yaml"];
        readers::succeeds("check-jsonschema", &arguments, folder.path());
    }
}
