//! Promised: the manifests are a base of kustomize and apply as a folder, `--user` makes them what a `restricted` namespace takes,
//! and a host has an Ingress.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::readers;
use crate::harness::{Project, are_there, python_has};

/// A project whose `web` has a time to become ready, and is told to still live.
fn project() -> Project {
    Project::new("release: migrate\nweb: serve $PORT\nmy_worker: work\n")
        .file(".env", "A=1\n")
        .file("app.json", r#"{"healthchecks": {"web": [{"type": "liveness", "path": "/alive"}]}}"#)
        .file(
            "ganger.toml",
            "[process.web]\nready = \"http:/health\"\nready-timeout = 31\ntimeout = 20\n[export.kubernetes]\napp = \"shop\"\n\
             image = \"shop:1\"\noutput = \"k8s\"\nkustomize = true\n",
        )
}

fn export(project: &Project, flags: &[&str]) -> String {
    let output = project.ganger(&[&["export", "kubernetes"], flags].concat()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The objects of a file of YAML.
fn objects(path: &Path) -> Vec<Value> {
    readers::python("read_yaml.py", path).as_array().unwrap().clone()
}

/// What kustomize makes of `folder`.
fn built(folder: &Path) -> Vec<Value> {
    let output = Command::new("kubectl").arg("kustomize").arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let path = folder.join("built");
    fs::write(&path, output.stdout).unwrap();
    objects(&path)
}

#[test]
fn the_manifests_are_a_base_of_kustomize() {
    if !are_there(&["kubectl"]) || !python_has(&["yaml"]) {
        return;
    }
    let project = project();
    export(&project, &[]);
    let base = project.path().join("k8s");
    let name = |object: &Value| format!("{}/{}", object["kind"], object["metadata"]["name"]);
    let files = ["0-shop-release.yaml", "shop-web.yaml", "shop-my-worker.yaml"];
    let written: BTreeSet<String> =
        files.iter().flat_map(|file| objects(&base.join(file))).map(|object| name(&object)).collect();
    assert_eq!(built(&base).iter().map(name).collect::<BTreeSet<_>>(), written);
    let overlay = project.path().join("prod");
    fs::create_dir(&overlay).unwrap();
    let text = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [../k8s]\nnamespace: prod\n\
                images: [{name: shop, newTag: '2'}]\nreplicas: [{name: shop-web, count: 4}]\n";
    fs::write(overlay.join("kustomization.yaml"), text).unwrap();
    let objects = built(&overlay);
    assert!(objects.iter().all(|object| object["metadata"]["namespace"] == "prod"));
    let web = objects.iter().find(|object| name(object) == r#""Deployment"/"shop-web""#).unwrap();
    assert_eq!(web["spec"]["replicas"], 4);
    assert_eq!(web["spec"]["template"]["spec"]["containers"][0]["image"], "shop:2");
    // On standard output there are objects alone, for `kubectl apply -f -`.
    assert!(!export(&project, &["-o", "-"]).contains("kustomize.config"));
}

/// What <https://kubernetes.io/docs/concepts/security/pod-security-standards/> asks of a pod, where we say anything about it.
#[test]
fn with_a_user_a_pod_is_what_a_restricted_namespace_takes() {
    if !python_has(&["yaml"]) {
        return;
    }
    let project = project();
    export(&project, &["--user", "1000:1001"]);
    for file in ["0-shop-release.yaml", "shop-web.yaml", "shop-my-worker.yaml"] {
        let spec = &objects(&project.path().join("k8s").join(file))[0]["spec"]["template"]["spec"];
        let (pod, container) = (&spec["securityContext"], &spec["containers"][0]["securityContext"]);
        assert_eq!(
            (&pod["runAsNonRoot"], &pod["runAsUser"], &pod["runAsGroup"]),
            (&true.into(), &1000.into(), &1001.into())
        );
        assert_eq!(pod["seccompProfile"]["type"], "RuntimeDefault");
        assert_eq!(container["allowPrivilegeEscalation"], false);
        assert_eq!(container["capabilities"]["drop"], serde_json::json!(["ALL"]));
        if are_there(&["kubernetes-validate"]) {
            readers::succeeds("kubernetes-validate", &["--strict", file], &project.path().join("k8s"));
        }
    }
    let output = project.ganger(&["export", "kubernetes", "--user", "shop"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("a user is a number there (--user 1000 or 1000:1000), and `shop` is none"),
        "{said}"
    );
}

#[test]
fn a_host_has_an_ingress_and_a_service_is_left_before_the_stop() {
    if !python_has(&["yaml"]) {
        return;
    }
    let project = project();
    export(&project, &["--expose", "web=shop.example.com"]);
    let found = objects(&project.path().join("k8s/shop-web.yaml"));
    let kinds: Vec<&str> = found.iter().map(|object| object["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["Deployment", "Service", "Ingress"]);
    let rule = &found[2]["spec"]["rules"][0];
    assert_eq!(
        (&rule["host"], &rule["http"]["paths"][0]["backend"]["service"]["name"]),
        (&"shop.example.com".into(), &"shop-web".into())
    );
    let spec = &found[0]["spec"]["template"]["spec"];
    let container = &spec["containers"][0];
    assert_eq!(
        spec["terminationGracePeriodSeconds"], 25,
        "the pause before the signal is no part of the grace"
    );
    assert_eq!(container["lifecycle"]["preStop"]["exec"]["command"][2], "sleep 5");
    // 31 seconds to become ready, then the other two are asked.
    let startup = &container["startupProbe"];
    assert_eq!((&startup["periodSeconds"], &startup["failureThreshold"]), (&2.into(), &16.into()));
    assert_eq!(
        (&startup["httpGet"]["path"], &container["livenessProbe"]["httpGet"]["path"]),
        (&"/health".into(), &"/alive".into())
    );
    assert!(container["livenessProbe"]["initialDelaySeconds"].is_null());
    if are_there(&["kubernetes-validate"]) {
        readers::succeeds("kubernetes-validate", &["--strict", "shop-web.yaml"], &project.path().join("k8s"));
    }
    let worker = &objects(&project.path().join("k8s/shop-my-worker.yaml"))[0]["spec"]["template"]["spec"];
    assert!(worker["containers"][0]["lifecycle"].is_null() && worker["terminationGracePeriodSeconds"] == 5);
    let output = project.ganger(&["export", "systemd", "--expose", "web=shop.example.com"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("web: nothing there leads from shop.example.com to it; put a proxy in front"),
        "{said}"
    );
}

#[test]
fn resources_and_scale_of_ganger_toml_are_carried_over() {
    if !python_has(&["yaml"]) {
        return;
    }
    let settings = "[process.web]\nrequests = { cpu = \"250m\", memory = \"256Mi\" }\nlimits = { memory = \"512Mi\" }\n\
                    scale = { min = 2, max = 10, cpu = 70 }\n[process.one]\nscale = { min = 1, max = 3, cpu = 50 }\n";
    let project = Project::new("web: serve $PORT\none: a\nplain: b\n").file("ganger.toml", settings);
    let output = project
        .ganger(&["export", "kubernetes", "--app", "shop", "--image", "i", "-o", "k8s"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("no `resources` for one, plain: `requests` and `limits` below [process.TYPE]"),
        "{said}"
    );
    assert!(
        said.contains("one: its load is measured against `requests = { cpu = … }`, which is not set"),
        "{said}"
    );
    let of = |file: &str| objects(&project.path().join("k8s").join(file));
    let kinds = |objects: &[Value]| -> Vec<String> {
        objects.iter().map(|object| object["kind"].as_str().unwrap().to_owned()).collect()
    };
    let web = of("shop-web.yaml");
    assert_eq!(kinds(&web), ["Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget"]);
    assert!(web[0]["spec"]["replicas"].is_null(), "an apply does not scale back");
    let container = &web[0]["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(
        container["resources"],
        serde_json::json!({"requests": {"cpu": "250m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}})
    );
    let scaler = &web[2]["spec"];
    assert_eq!((&scaler["minReplicas"], &scaler["maxReplicas"]), (&2.into(), &10.into()));
    assert_eq!(scaler["scaleTargetRef"]["name"], "shop-web");
    assert_eq!(web[3]["spec"]["selector"], web[0]["spec"]["selector"]);
    assert_eq!(kinds(&of("shop-one.yaml")), ["Deployment", "HorizontalPodAutoscaler"]);
    assert_eq!(of("shop-plain.yaml")[0]["spec"]["replicas"], 1);
    if are_there(&["kubernetes-validate"]) {
        for file in ["shop-web.yaml", "shop-one.yaml"] {
            readers::succeeds("kubernetes-validate", &["--strict", file], &project.path().join("k8s"));
        }
    }
}

#[test]
fn other_engines_have_what_they_know_of_resources_and_the_rest_is_reported() {
    let settings = "[process.web]\nrequests = { cpu = \"250m\", memory = \"256Mi\" }\nlimits = { cpu = \"1100m\", memory = \"0.5G\" }\n\
                    [process.one]\nscale = { min = 1, max = 3, cpu = 50 }\n";
    let project = Project::new("web: serve $PORT\none: a\n").file("ganger.toml", settings);
    let unit = &["CPUQuota=110%\n", "MemoryLow=268435456\n", "MemoryMax=500000000\n"][..];
    let table: [(&str, &[&str], &str); 6] = [
        ("systemd", unit, "web (requests.cpu), one (scale)"),
        ("systemd-user", unit, "web (requests.cpu), one (scale)"),
        ("quadlet", unit, "web (requests.cpu), one (scale)"),
        (
            "compose",
            &["cpus: \"1.1\"\n", "memory: \"500000000\"\n", "memory: \"268435456\"\n"],
            "web (requests.cpu), one (scale)",
        ),
        (
            "nomad",
            &["\"CPU\": 100", "\"MemoryMB\": 256", "\"MemoryMaxMB\": 477"],
            "web (requests.cpu, limits.cpu), one (scale)",
        ),
        ("runit", &[], "web (requests.cpu, requests.memory, limits.cpu, limits.memory), one (scale)"),
    ];
    for (format, carried, reported) in table {
        let (status, text, said) = project.run(&["export", format, "--image", "i"]);
        assert_eq!(status, 0, "{said}");
        for line in carried {
            assert!(text.contains(line), "{format}: {line} {text}");
        }
        assert!(said.contains(&format!("not to be had there: {reported}\n")), "{format}: {said}");
    }
}
