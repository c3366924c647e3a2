//! examples/twelve-factor in all formats, kept in tests/export/twelve-factor: a change of an export is seen
//! in review. `UPDATE=1 cargo test --test it export::snapshots` writes them anew.
//!
//! The files are also run past the validators, and by hand past rules that those do not know.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use ganger::export::options::Format;

use super::{are_there, python_has, readers};

fn example() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/twelve-factor")
}

fn kept() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/export/twelve-factor")
}

/// The export of the example, with the folder of this machine taken out: its files, and what is said.
fn exported(format: Format) -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let output = Command::new(env!("CARGO_BIN_EXE_ganger"))
        .args([
            "export",
            format.as_str(),
            "-m",
            "all=1,web=2,redis=0",
            "--image",
            "registry.example.com/shop:1.4.2",
        ])
        .args(["--expose", "web,api", "--app", "shop", "-o"])
        .arg(&out)
        .current_dir(example())
        .env_clear()
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    let clean = |text: String| {
        let here = example().display().to_string();
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
            } else if name != ".ganger-export.json" {
                files.insert(name, clean(fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files
}

#[test]
fn the_example_is_exported_as_it_was() {
    let is_update = std::env::var_os("UPDATE").is_some();
    for format in Format::ALL {
        let mut text = String::new();
        for (name, content) in exported(format) {
            // The Job's name follows from the file, which names this machine's folder nowhere: it stays.
            text += &["==> ", &name, "\n", &content, "\n"].concat();
        }
        let path = kept().join(format!("{}.txt", format.as_str()));
        if is_update {
            fs::create_dir_all(kept()).unwrap();
            fs::write(&path, &text).unwrap();
        }
        let before = fs::read_to_string(&path).unwrap_or_default();
        assert!(text == before, "{} differs; UPDATE=1 writes it anew:\n{text}", path.display());
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
    let mut kinds = Vec::new();
    for (name, content) in exported(Format::Kubernetes).into_iter().filter(|(name, _)| name != "stderr") {
        let path = folder.path().join(&name);
        fs::write(&path, content).unwrap();
        if are_there(&["kubernetes-validate"]) {
            readers::succeeds("kubernetes-validate", &["--strict", &name], folder.path());
        }
        for object in readers::python("read_yaml.py", &path).as_array().unwrap() {
            assert!(is_label(object["metadata"]["name"].as_str().unwrap()), "{object}");
            kinds.push(object["kind"].as_str().unwrap().to_owned());
            let labels = &object["metadata"]["labels"];
            for selector in [&object["spec"]["selector"], &object["spec"]["selector"]["matchLabels"]] {
                if selector.get("app.kubernetes.io/name").is_some() {
                    assert_eq!(selector, labels, "a selector finds its own pods");
                }
            }
            let container = &object["spec"]["template"]["spec"]["containers"][0];
            for entry in container["env"].as_array().into_iter().flatten() {
                assert!(entry["value"].is_string() || entry["valueFrom"].is_object(), "{entry}");
            }
        }
    }
    kinds.sort();
    let expected = ["Deployment", "Deployment", "Deployment", "Deployment", "Job", "Service", "Service"];
    assert_eq!(kinds, expected);
}

#[test]
fn the_examples_jobs_have_the_shape_that_nomad_has() {
    let files = exported(Format::Nomad);
    for (name, kind) in [("shop.json", "service"), ("shop-release.json", "batch")] {
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
    for (format, flag) in [(Format::Systemd, "--system"), (Format::SystemdUser, "--user")] {
        let folder = tempfile::tempdir().unwrap();
        let mut names = Vec::new();
        for (name, content) in exported(format).into_iter().filter(|(name, _)| name != "stderr") {
            fs::write(folder.path().join(&name), content).unwrap();
            names.push(name);
        }
        let mut arguments = vec!["verify", "--man=no", "--generators=no", flag];
        arguments.extend(names.iter().map(String::as_str));
        readers::succeeds("systemd-analyze", &arguments, folder.path());
    }
}
