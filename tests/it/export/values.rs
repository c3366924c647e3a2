//! The engines that are not here, by what reads for them: a YAML and a JSON reader, their validators, and
//! their own escapes written anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD as STANDARD;
use ganger::parts::export::options::{ExportFormat, Secrets};
use ganger::parts::export::{Bundle, export};
use ganger::parts::plan::Plan;
use ganger::parts::procfile;
use serde_json::Value;

use super::engines::assert_no_value_is_printed;
use super::random::{commands, values};
use super::{Exported, export_without_refused, lay_out, options, readers};
use crate::harness::{are_there, python_has};

const ROOT: &str = "/srv/shop";

/// 2,000 values in an export: those kept, and the reasons for the rest.
struct Values {
    bundle: Bundle,
    kept: BTreeMap<String, Vec<u8>>,
    folder: tempfile::TempDir,
}

fn two_thousand(format: ExportFormat, secrets: Secrets, reasons: &[&str]) -> Values {
    let mut project = Exported { procfile: "web: serve\n".into(), values: values(2000) };
    let all = project.values.clone();
    let (bundle, refused, kept) =
        export_without_refused(&mut project, Path::new(ROOT), &options(format, secrets));
    assert_no_value_is_printed(&refused, &all);
    for message in &refused {
        assert!(reasons.iter().any(|reason| message.contains(reason)), "{message}");
    }
    assert_eq!(kept.len() + refused.len(), all.len());
    let folder = tempfile::tempdir().unwrap();
    lay_out(&bundle, folder.path());
    Values { bundle, kept: kept.into_iter().collect(), folder }
}

impl Values {
    fn file(&self) -> PathBuf {
        self.folder.path().join(&self.bundle.files[0].path)
    }

    fn text(&self) -> String {
        String::from_utf8(self.bundle.files[0].bytes.clone()).unwrap()
    }

    /// Each value that was kept is what `read` finds under its name.
    fn assert(&self, read: impl Fn(&str) -> Option<Vec<u8>>) {
        for (name, value) in &self.kept {
            assert_eq!(read(name).as_ref(), Some(value), "{name}");
        }
    }
}

fn bytes(value: &Value) -> Option<Vec<u8>> {
    value.as_str().map(|text| text.as_bytes().to_vec())
}

/// 500 commands, one a type: the plan, and the files of the export laid out.
fn five_hundred(format: ExportFormat) -> (Plan, Bundle, tempfile::TempDir) {
    let lines = commands(500);
    let procfile: String = lines.iter().enumerate().map(|(n, line)| format!("t{n}: {line}\n")).collect();
    let plan = Exported { procfile, values: Vec::new() }.plan(Path::new(ROOT));
    let bundle = export(&plan, &options(format, Secrets::Reference)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    lay_out(&bundle, folder.path());
    (plan, bundle, folder)
}

/// The last word of a command, which is the text for the shell.
fn last_of(command: &Value) -> &str {
    command.as_array().unwrap().last().unwrap().as_str().unwrap()
}

/// What the shell of an instance is given.
fn text_of(command: &str) -> String {
    ganger::parts::shell::text_for_shell(command).into_owned()
}

#[test]
fn values_arrive_by_compose() {
    if !python_has(&["yaml"]) {
        return;
    }
    let inline = two_thousand(ExportFormat::Compose, Secrets::Inline, &["is not UTF-8"]);
    assert_eq!(inline.bundle.files[0].mode, 0o600);
    let document = readers::python("read_yaml.py", &inline.file());
    let environment = &document[0]["services"]["web"]["environment"];
    inline.assert(|name| Some(readers::compose(environment[name].as_str()?).into_bytes()));
    if are_there(&["check-jsonschema"]) {
        let arguments = ["--builtin-schema", "vendor.compose-spec", "compose.yaml"];
        readers::succeeds("check-jsonschema", &arguments, inline.folder.path());
    }
    if are_there(&["podman-compose"]) {
        let said =
            readers::succeeds("podman-compose", &["-f", "compose.yaml", "config"], inline.folder.path());
        fs::write(inline.folder.path().join("said"), said).unwrap();
        let document = readers::python("read_yaml.py", &inline.folder.path().join("said"));
        let environment = &document[0]["services"]["web"]["environment"];
        inline.assert(|name| bytes(&environment[name]));
    }
}

#[test]
fn values_arrive_by_an_env_file_of_compose() {
    let file = two_thousand(ExportFormat::Compose, Secrets::Only, &["is not UTF-8"]);
    let read = readers::compose_values(&file.text());
    file.assert(|name| Some(read.get(name)?.as_bytes().to_vec()));
    if !python_has(&["podman_compose"]) {
        return;
    }
    let read = readers::python("read_podman.py", &file.file());
    let mut project = Exported { procfile: "web: serve\n".into(), values: values(2000) };
    let (bundle, ..) = export_without_refused(
        &mut project,
        Path::new(ROOT),
        &options(ExportFormat::Compose, Secrets::Reference),
    );
    let said = bundle.lost.iter().find_map(|lost| lost.strip_prefix("podman-compose would read ")).unwrap();
    let otherwise: Vec<&str> = said.split_once(" otherwise").unwrap().0.split(", ").collect();
    for (name, value) in file.kept.iter().filter(|(name, _)| !otherwise.contains(&name.as_str())) {
        assert_eq!(bytes(&read[name]).as_ref(), Some(value), "podman-compose, {name}");
    }
}

#[test]
fn commands_arrive_by_compose() {
    if !python_has(&["yaml"]) {
        return;
    }
    let (plan, _, folder) = five_hundred(ExportFormat::Compose);
    let document = readers::python("read_yaml.py", &folder.path().join("compose.yaml"));
    for process in &plan.processes {
        let command = &document[0]["services"][process.name.as_str()]["command"];
        assert_eq!((&command[0], &command[1]), (&"/bin/sh".into(), &"-c".into()));
        assert_eq!(readers::compose(last_of(command)), text_of(&process.command));
    }
}

#[test]
fn commands_arrive_by_podman_compose() {
    if !python_has(&["yaml"]) || !are_there(&["podman-compose"]) {
        return;
    }
    // In stacks of 10: its time grows with the square of the services.
    for lines in commands(500).chunks(10) {
        let procfile: String = lines.iter().enumerate().map(|(n, line)| format!("t{n}: {line}\n")).collect();
        let plan = Exported { procfile, values: Vec::new() }.plan(Path::new(ROOT));
        let bundle = export(&plan, &options(ExportFormat::Compose, Secrets::Reference)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        lay_out(&bundle, folder.path());
        let said = readers::succeeds("podman-compose", &["-f", "compose.yaml", "config"], folder.path());
        fs::write(folder.path().join("said"), said).unwrap();
        let document = readers::python("read_yaml.py", &folder.path().join("said"));
        for process in &plan.processes {
            let command = &document[0]["services"][process.name.as_str()]["command"];
            assert_eq!(last_of(command), text_of(&process.command));
        }
    }
}

#[test]
fn values_arrive_by_a_secret_of_kubernetes() {
    if !python_has(&["yaml"]) {
        return;
    }
    for secrets in [Secrets::Only, Secrets::Inline] {
        let values = two_thousand(ExportFormat::Kubernetes, secrets, &["is not UTF-8"]);
        let document = readers::python("read_yaml.py", &values.file());
        assert_eq!(document[0]["kind"], "Secret");
        assert_eq!(document[0]["metadata"]["name"], "shop-env");
        // What YAML has only with an escape comes as `data`.
        values.assert(|name| match document[0]["data"][name].as_str() {
            Some(encoded) => Some(STANDARD.decode(encoded).unwrap()),
            None => bytes(&document[0]["stringData"][name]),
        });
        if are_there(&["kubernetes-validate"]) {
            let path = values.bundle.files[0].path.as_str();
            readers::succeeds("kubernetes-validate", &["--strict", path], values.folder.path());
        }
    }
}

#[test]
fn commands_arrive_by_kubernetes() {
    if !python_has(&["yaml"]) {
        return;
    }
    let (plan, bundle, folder) = five_hundred(ExportFormat::Kubernetes);
    let all: Vec<u8> =
        bundle.files.iter().flat_map(|file| [b"---\n", file.bytes.as_slice()].concat()).collect();
    fs::write(folder.path().join("all"), all).unwrap();
    let documents = readers::python("read_yaml.py", &folder.path().join("all"));
    let documents = documents.as_array().unwrap();
    for process in &plan.processes {
        let name = format!("shop-{}", process.name);
        let is_it = |object: &&Value| object["kind"] == "Deployment" && object["metadata"]["name"] == *name;
        let object = documents.iter().find(is_it).unwrap();
        let command = &object["spec"]["template"]["spec"]["containers"][0]["command"];
        assert_eq!(readers::kubernetes(last_of(command)), text_of(&process.command));
    }
}

#[test]
fn values_arrive_by_nomad() {
    let reasons = ["is not UTF-8", "control character"];
    let file = two_thousand(ExportFormat::Nomad, Secrets::Only, &reasons);
    let document: Value = serde_json::from_str(&file.text()).unwrap();
    assert_eq!(document["Path"], "nomad/jobs/shop");
    // The Variable's values go through our template and Nomad's reader of the result.
    file.assert(|name| readers::go_envparse(&readers::consul_template(document["Items"][name].as_str()?)));
    let inline = two_thousand(ExportFormat::Nomad, Secrets::Inline, &["is not UTF-8", "a ${…}"]);
    let document: Value = serde_json::from_str(&inline.text()).unwrap();
    let environment = &document["Job"]["TaskGroups"][0]["Tasks"][0]["Env"];
    inline.assert(|name| {
        bytes(&environment[name]).filter(|v| !readers::nomad_interpolates(&String::from_utf8_lossy(v)))
    });
}

#[test]
fn nomads_template_escapes_what_its_reader_takes_back() {
    let project = Exported { procfile: "web: a\n".into(), values: vec![("A".into(), b"1".to_vec())] };
    let bundle =
        export(&project.plan(Path::new(ROOT)), &options(ExportFormat::Nomad, Secrets::Reference)).unwrap();
    let document: Value = serde_json::from_slice(&bundle.files[0].bytes).unwrap();
    let template =
        document["Job"]["TaskGroups"][0]["Tasks"][0]["Templates"][0]["EmbeddedTmpl"].as_str().unwrap();
    // Go's quoted strings; `readers::consul_template` does the same four steps.
    assert_eq!(
        template,
        "{{ with nomadVar \"nomad/jobs/shop\" }}{{ range .Tuples }}{{ .K }}=\"{{ .V | replaceAll \"\\\\\" \
         \"\\\\\\\\\" | replaceAll \"\\\"\" \"\\\\\\\"\" | replaceAll \"\\n\" \"\\\\n\" | replaceAll \"\\t\" \
         \"\\\\t\" }}\"\n{{ end }}{{ end }}"
    );
}

#[test]
fn commands_arrive_by_nomad() {
    for image in [Some("shop:1".to_owned()), None] {
        let lines = commands(500);
        let procfile: String = lines.iter().enumerate().map(|(n, line)| format!("t{n}: {line}\n")).collect();
        let plan = Exported { procfile, values: Vec::new() }.plan(Path::new(ROOT));
        let options = ganger::parts::export::options::ExportOptions {
            image,
            ..options(ExportFormat::Nomad, Secrets::Reference)
        };
        let bundle = export(&plan, &options).unwrap();
        let document: Value = serde_json::from_slice(&bundle.files[0].bytes).unwrap();
        for (group, process) in document["Job"]["TaskGroups"].as_array().unwrap().iter().zip(&plan.processes)
        {
            let task = &group["Tasks"][0];
            let words: Vec<&str> = task["Config"]["args"]
                .as_array()
                .unwrap()
                .iter()
                .map(|word| word.as_str().unwrap())
                .collect();
            assert!(!words.iter().any(|word| readers::nomad_interpolates(word)), "{words:?}");
            let template = task["Templates"][0].as_object();
            let read = match template {
                Some(template) => {
                    let text = template["EmbeddedTmpl"].as_str().unwrap();
                    let left = template["LeftDelim"].as_str().unwrap();
                    assert!(!text.contains(left) && template["DestPath"] == "local/command");
                    let reads = "exec \"$0\" -c \"$(cat \"$NOMAD_TASK_DIR/command\")\"";
                    assert!(words.iter().any(|word| word.ends_with(reads)), "{words:?}");
                    text
                }
                None => words[words.len() - 1],
            };
            assert_eq!(read, text_of(&process.command));
        }
    }
}

#[test]
fn commands_and_values_arrive_by_a_procfile() {
    let (plan, bundle, _) = five_hundred(ExportFormat::Procfile);
    let again = procfile::parse("Procfile", &bundle.files[0].bytes);
    assert!(again.errors.is_empty());
    let commands: Vec<&str> = again.procfile.entries.iter().map(|entry| &*entry.command).collect();
    let expected: Vec<&str> = plan.processes.iter().map(|process| &*process.command).collect();
    assert_eq!(commands, expected);
    let file = two_thousand(ExportFormat::Procfile, Secrets::Only, &[]);
    let pairs: BTreeMap<String, Vec<u8>> = file.bundle.files[0]
        .bytes
        .split(|byte| *byte == 0)
        .filter_map(|pair| {
            let at = pair.iter().position(|byte| *byte == b'=')?;
            Some((String::from_utf8(pair[..at].to_vec()).unwrap(), pair[at + 1..].to_vec()))
        })
        .collect();
    file.assert(|name| pairs.get(name).cloned());
}
