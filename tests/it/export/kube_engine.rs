//! Promised: what `ganger export kubernetes` writes is played by podman: the values of the Secret byte for byte, a release to its
//! end and one that fails, an upgrade of one type, and a stop that waits for work. A Service is nothing to podman.

use std::collections::BTreeMap;
use std::fs;

use super::podman::{Stack, has_all, values};
use crate::harness::Running;

const PROCFILE: &str = "release: test ! -e /out/broken && exec touch /out/released\n\
                        web-api: sh /serve\n\
                        my_worker: echo \"50%\" '$HOME' \\ \"a  b\" \"$$(PORT)\" >/out/words; sh /serve; true\n";

const SETTINGS: &str = "timeout = 600\n[export]\napp = \"shop\"\nimage = \"localhost/shop:1\"\noutput = \"k8s\"\n\
                        formation = \"web-api=1,my_worker=1\"\n[export.kubernetes]\n\
                        set = ['spec.template.spec.containers.0.volumeMounts=[{\"name\": \"out\", \"mountPath\": \"/out\"}]', \
                        'spec.template.spec.volumes=[{\"name\": \"out\", \"hostPath\": {\"path\": \"/srv/out\"}}]']\n";

/// The pods of the types, which are their instances.
const PODS: [&str; 2] = ["shop-web-api-pod", "shop-my-worker-pod"];

/// Exports, and plays what begins with one of `files`, in the order of their names.
fn play(stack: &Stack, files: &[&str]) {
    stack.export(&["kubernetes"]);
    let folder = stack.project.path().join("k8s");
    let mut names: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    for name in names.iter().filter(|name| files.iter().any(|file| name.starts_with(file))) {
        let place = format!("/srv/{name}");
        fs::copy(folder.join(name), stack.machine.path(&place)).unwrap();
        stack.machine.ask(&["podman", "kube", "play", "--replace", &place]);
    }
}

/// The status of the release that is not among `old`, when it has ended.
fn release(stack: &Stack, old: &BTreeMap<String, String>) -> String {
    let is_new = |name: &String| name.starts_with("shop-release-") && !old.contains_key(name);
    let name = stack.containers().into_keys().find(is_new).unwrap();
    stack.machine.ask(&["podman", "wait", &name])
}

#[test]
fn what_is_for_kubernetes_is_played_by_podman() {
    let (file, values) = values(|_| false);
    let Some(stack) = Stack::new(PROCFILE, SETTINGS, &file) else { return };
    let machine = &stack.machine;
    let (secret, _) = stack.export(&["kubernetes", "--secrets", "only"]);
    fs::write(machine.path("/srv/secret.yaml"), secret).unwrap();
    machine.ask(&["podman", "kube", "play", "/srv/secret.yaml"]);

    play(&stack, &["0-"]);
    assert_eq!((release(&stack, &BTreeMap::new()).as_str(), stack.is_there("released")), ("0", true));
    play(&stack, &["shop-"]);
    for (pod, port) in PODS.into_iter().zip(["5100", "5200"]) {
        let environment = stack.environment(pod);
        has_all(&environment, &values, pod);
        assert_eq!(environment[&b"PORT"[..]], port.as_bytes());
    }
    let words = fs::read_to_string(machine.path("/srv/out/words")).unwrap();
    assert!(words.starts_with("50% $HOME  a  b ") && words.ends_with("(PORT)\n"), "{words:?}");

    // One type is changed: the other goes on.
    let before = stack.containers();
    stack.touch("shop-my-worker-pod.go");
    stack.project.write("Procfile", &PROCFILE.replace("a  b", "changed"));
    stop(&stack, PODS[1]);
    play(&stack, &["shop-my"]);
    stack.remove("shop-my-worker-pod.go");
    let after = stack.containers();
    assert_eq!(before[&container(PODS[0])], after[&container(PODS[0])]);
    assert_ne!(before[&container(PODS[1])], after[&container(PODS[1])]);

    // The release of another image is another Job. It fails: its status tells, and all goes on.
    machine.ask(&["podman", "tag", "localhost/shop:1", "localhost/shop:2"]);
    stack.project.write("ganger.toml", &SETTINGS.replace("shop:1", "shop:2"));
    stack.touch("broken");
    play(&stack, &["0-"]);
    assert_eq!(release(&stack, &after), "1");
    let mut now = stack.containers();
    now.retain(|name, _| after.contains_key(name));
    assert_eq!(now, after);

    a_removal_waits_for_work(&stack);
}

/// `shop-web-api-pod-web-api`.
fn container(pod: &str) -> String {
    format!("{pod}-{}", pod.trim_start_matches("shop-").trim_end_matches("-pod"))
}

/// Stops a pod that may end; what it was doing is finished. `podman kube down` stops the first process of the pod and the program
/// side by side, and with the first, all end that share its process ids.
fn stop(stack: &Stack, pod: &str) {
    stack.machine.ask(&["podman", "stop", &container(pod)]);
    assert!(stack.is_there(&format!("{pod}.finished")), "{pod}");
}

fn a_removal_waits_for_work(stack: &Stack) {
    let machine = &stack.machine;
    for pod in PODS {
        let _ = stack.environment(pod);
        let _ = fs::remove_file(machine.path(&Stack::out(&format!("{pod}.asked"))));
        let _ = fs::remove_file(machine.path(&Stack::out(&format!("{pod}.finished"))));
    }
    let mut stops = PODS.map(|pod| Running::start(machine.inside(&["podman", "stop", &container(pod)])));
    for (stop, pod) in stops.iter_mut().zip(PODS) {
        machine.waits_for(&Stack::out(&format!("{pod}.asked")));
        assert!(!stack.is_there(&format!("{pod}.finished")), "it goes on with what it does");
        stack.touch(&format!("{pod}.go"));
        assert!(stop.wait().success(), "{pod}");
        assert!(stack.is_there(&format!("{pod}.finished")), "{pod}");
        let file = format!("/srv/{}.yaml", pod.trim_end_matches("-pod"));
        machine.ask(&["podman", "kube", "down", &file]);
    }
    let mut left = stack.containers();
    left.retain(|name, _| name.starts_with("shop-") && !name.contains("release"));
    assert_eq!(left, BTreeMap::new());
}
