//! What is typed and what is said: standard output has the export, standard error the rest.

use std::path::Path;
use std::process::Output;

use crate::harness::{Project, are_there};

fn run(project: &Project, arguments: &[&str]) -> Output {
    let words: Vec<&str> = ["export"].iter().chain(arguments).copied().collect();
    project.ganger(&words).env("AMBIENT", "of-the-shell").env("TOKEN", "of-the-shell").output().unwrap()
}

fn said(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn an_export_does_not_depend_on_the_shell_and_holds_nothing_of_it() {
    let project = Project::new("web: a\n").file(".env", "TOKEN=of-the-file\n");
    for format in ["systemd", "launchd", "runit", "compose", "kubernetes", "nomad", "supervisord", "s6"] {
        for secrets in ["reference", "inline", "only"] {
            let output = run(&project, &[format, "--image", "i", "--secrets", secrets]);
            let (stdout, stderr) = said(&output);
            assert!(output.status.success(), "{stderr}");
            assert!(!stdout.contains("of-the-shell") && !stderr.contains("of-the-"), "{format} {secrets}");
            assert_eq!(stdout.contains("of-the-file"), secrets != "reference", "{format} {secrets}");
            assert!(!stdout.contains("GANGER_INSTANCE") && !stdout.contains("GANGER_RUN"));
            assert_eq!(said(&run(&project, &[format, "--image", "i", "--secrets", secrets])).0, stdout);
        }
    }
}

#[test]
fn what_app_json_asks_for_may_come_from_the_shell() {
    let project = Project::new("web: a\n").file("app.json", r#"{"env": {"TOKEN": {"required": true}}}"#);
    let (stdout, _) = said(&run(&project, &["runit", "--secrets", "only"]));
    assert_eq!(stdout, "TOKEN=\"of-the-shell\"\n");
}

#[test]
fn the_command_for_the_values_has_the_flags_that_matter() {
    let project = Project::new("web: a\n").file("a b.env", "X=1\n");
    let (_, stderr) = said(&run(&project, &["kubernetes", "--image", "i", "-e", "a b.env", "--app", "shop"]));
    let command =
        "ganger export kubernetes -e 'a b.env' --app shop --secrets only | kubectl apply --server-side -f -";
    assert!(stderr.contains(command), "{stderr}");
}

#[test]
fn all_mistakes_are_reported_and_nothing_is_printed() {
    let project = Project::new("web_: a\nweb-: b\nWeb: c\nweb: d\n").file(".env", "UID=5\n");
    let (stdout, stderr) =
        said(&run(&project, &["kubernetes", "--app", "Shop", "--set", "spec.replicas.x=1"]));
    assert_eq!(stdout, "");
    for text in [
        "--app Shop: the stack's name is not",
        "--image: kubernetes runs an image",
        "Procfile:2: `web-` cannot be exported to kubernetes: it would have the same name",
        "Procfile:4: `web` cannot be exported to kubernetes: it would have the same name",
        "`x` would lie inside of a single value",
        "nothing was written",
    ] {
        assert!(stderr.contains(text), "{text}: {stderr}");
    }
    let (_, stderr) = said(&run(&project, &["kubernetes", "--app", "shop", "--image", "i"]));
    assert!(stderr.contains("Procfile:1: `web_` cannot be exported to kubernetes: `shop-web-`"), "{stderr}");
    let (_, stderr) = said(&run(&project, &["runit", "--app", "shop"]));
    assert!(stderr.contains(".env:1:1: `UID` cannot be exported to runit"), "{stderr}");
    let (_, stderr) = said(&run(&project, &["systemd", "--set", "wbe:Service.Nice=5", "--expose", "x"]));
    assert!(stderr.contains("no instance of `wbe` runs") && stderr.contains("no instance of `x` runs"));
    let (_, stderr) = said(&run(&project, &["s6", "--set", "a=1", "-e", "/dev/null"]));
    assert!(stderr.contains("s6 has no values to set"), "{stderr}");
    let (_, stderr) = said(&run(&project, &["systmd"]));
    assert!(stderr.contains("systemd"), "{stderr}");
}

#[test]
fn a_value_can_be_set_in_every_document() {
    let project = Project::new("web: a $PORT\nworker: b\n");
    let table: [(&str, &[&str], &str); 6] = [
        ("systemd", &["--set", "web:Service.MemoryMax=512M"], "MemoryMax=512M\n"),
        (
            "kubernetes",
            &["--set", "spec.template.spec.containers.0.resources={\"limits\":{\"memory\":\"1Gi\"}}"],
            "memory: 1Gi",
        ),
        ("compose", &["--set", "web:cpu_shares=73"], "cpu_shares: 73"),
        ("nomad", &["--set", "web:Count=7"], "\"Count\": 7"),
        ("supervisord", &["--set", "program.stdout_logfile=/dev/stdout"], "stdout_logfile=/dev/stdout\n"),
        ("launchd", &["--set", "Nice=5"], "<integer>5</integer>"),
    ];
    for (format, set, expected) in table {
        let arguments = [&[format, "--image", "i", "--app", "shop"][..], set].concat();
        let (stdout, stderr) = said(&run(&project, &arguments));
        assert!(stdout.contains(expected), "{format}: {stdout}{stderr}");
    }
    let (stdout, _) =
        said(&run(&project, &["kubernetes", "--image", "i", "--set", "web:spec.replicas=null"]));
    assert_eq!(stdout.matches("replicas:").count(), 1);
}

#[test]
fn stop_signals_grace_restart_and_users_are_carried_over() {
    let project = Project::new("web: a\n");
    let flags =
        ["--stop-signal", "QUIT", "-t", "1500ms", "--restart", "always", "--user", "shop", "--app", "shop"];
    let table: [(&str, &[&str]); 8] = [
        ("systemd", &["KillSignal=SIGQUIT", "TimeoutStopSec=1500ms", "Restart=always", "User=shop"]),
        ("launchd", &["<integer>2</integer>", "<key>KeepAlive</key>\n  <true/>", "<key>UserName</key>"]),
        ("supervisord", &["stopsignal=QUIT", "stopwaitsecs=2", "autorestart=true", "user=shop"]),
        ("runit", &["\nkill -3 ", "exec chpst -P -u shop /bin/sh -c 'exec a'"]),
        ("s6", &["exec s6-setuidgid shop /bin/sh -c 'exec a'"]),
        ("compose", &["stop_signal: SIGQUIT", "stop_grace_period: 1500ms", "restart: always", "user: shop"]),
        ("kubernetes", &["terminationGracePeriodSeconds: 7"]),
        ("nomad", &["\"KillSignal\": \"SIGQUIT\"", "\"KillTimeout\": 1500000000", "\"User\": \"shop\""]),
    ];
    for (format, expected) in table {
        let arguments = [&[format, "--image", "i"][..], &flags].concat();
        let (stdout, stderr) = said(&run(&project, &arguments));
        for text in expected {
            assert!(stdout.contains(text), "{format} {text}: {stdout}{stderr}");
        }
    }
    for format in ["launchd", "kubernetes"] {
        let (_, stderr) = said(&run(&project, &[&[format, "--image", "i"][..], &flags].concat()));
        assert!(stderr.contains("SIGQUIT"), "{format}: {stderr}");
    }
}

#[test]
fn the_engines_validator_is_asked() {
    let project = Project::new("web: sh -c true\n").file(".env", "A=1\n");
    for (format, program) in [
        ("systemd", "systemd-analyze"),
        ("systemd-user", "systemd-analyze"),
        ("compose", "check-jsonschema"),
        ("kubernetes", "kubernetes-validate"),
        ("runit", "sh"),
        ("s6", "sh"),
        ("supervisord", "sh"),
    ] {
        if !are_there(&[program]) {
            continue;
        }
        let output = run(&project, &[format, "--image", "i", "--check"]);
        let (_, stderr) = said(&output);
        assert!(output.status.success() && stderr.contains("finds nothing wrong"), "{format}: {stderr}");
    }
    if are_there(&["kubernetes-validate"]) {
        let output = run(&project, &["kubernetes", "--image", "i", "--check", "--set", "spec.replicas=many"]);
        let (stdout, stderr) = said(&output);
        assert_eq!((output.status.code(), stdout.as_str()), (Some(1), ""), "{stderr}");
        let folder = project.path().join("out");
        let arguments = ["kubernetes", "--image", "i", "--check", "--set", "spec.replicas=many", "-o", "out"];
        assert_eq!(run(&project, &arguments).status.code(), Some(1));
        assert!(!folder.exists(), "what is refused is not written");
    }
    if are_there(&["systemd-analyze"]) {
        // systemd ignores it, and its validator has status 0.
        let output = run(&project, &["systemd", "--check", "--set", "Service.MemoryMxa=1G"]);
        let (stdout, stderr) = said(&output);
        assert_eq!((output.status.code(), stdout.as_str()), (Some(1), ""), "{stderr}");
        assert!(stderr.contains("Unknown key") && stderr.ends_with("nothing was written\n"), "{stderr}");
    }
    let output = run(&project, &["procfile", "--check"]);
    assert!(said(&output).1.contains("not checked") && said(&output).0.contains("web:"));
    assert_eq!(output.status.code(), Some(3));
    let output = run(&project, &["procfile", "--check=require"]);
    assert_eq!((output.status.code(), said(&output).0.as_str()), (Some(1), ""));
}

#[test]
fn a_release_is_part_of_an_export_by_default() {
    let project = Project::new("release: migrate\nweb: a\n");
    let has_release = |arguments: &[&str]| {
        let all = [&["systemd", "--app", "shop"][..], arguments].concat();
        said(&run(&project, &all)).0.contains("shop-release.1.service")
    };
    assert!(has_release(&[]));
    assert!(has_release(&["-m", "web=2"]));
    assert!(!has_release(&["-x", "release"]));
    assert!(!has_release(&["-m", "web=2,release=0"]));
    assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/export.md").exists());
}

#[test]
fn a_liveness_check_of_app_json_is_carried_over_or_reported() {
    let checks = r#"{"healthchecks": {"web": [{"type": "liveness", "path": "/alive"}]}}"#;
    let project = Project::new("web: a $PORT\n").file("app.json", checks);
    let (stdout, stderr) = said(&run(&project, &["kubernetes", "--image", "i"]));
    assert!(stdout.contains("livenessProbe:\n          httpGet:\n            path: /alive"), "{stdout}");
    assert!(
        stdout.contains("readinessProbe:\n          tcpSocket:") && !stderr.contains("liveness"),
        "{stdout}{stderr}"
    );
    let (_, stderr) = said(&run(&project, &["systemd"]));
    assert!(stderr.contains("whether these still live (`liveness` of app.json): web"), "{stderr}");
}

#[test]
fn a_program_of_a_virtual_environment_is_reported_by_its_path() {
    let project = Project::new("web: FOO=1 gunicorn -b :$PORT\njob: ./gunicorn\n").file(".env", "A=1\n");
    std::fs::create_dir_all(project.path().join(".venv/bin")).unwrap();
    project.write(".venv/bin/gunicorn", "");
    let reported = "web: `gunicorn` is in .venv/bin here";
    let (_, stderr) = said(&run(&project, &["systemd"]));
    assert_eq!(stderr.matches("is in .venv/bin here").count(), 1, "{stderr}");
    assert!(stderr.contains(reported), "{stderr}");
    assert!(!said(&run(&project, &["compose", "--image", "i"])).1.contains(reported));
    project.write(".env", "PATH=/srv/.venv/bin:/usr/bin\n");
    assert!(!said(&run(&project, &["systemd"])).1.contains(reported));
}

#[test]
fn what_an_export_no_longer_has_is_to_be_ended_by_hand() {
    let project = Project::new("web: a\nbox: b\n");
    let out =
        |formation: &str| said(&run(&project, &["s6", "-o", "out", "--app", "shop", "-m", formation])).1;
    assert!(!out("web=1,box=1").contains("goes on running"));
    let stderr = out("web=1");
    assert!(
        stderr.contains("what is no longer in it goes on running; this ends it:\n  sudo s6-svc -wD -d "),
        "{stderr}"
    );
}

#[test]
fn ganger_toml_has_what_an_export_is_asked_for_and_flags_win_over_it() {
    let project = Project::new("release: m\nweb: a $PORT\nworker: b\n").file(".env", "A=1\n").file(
        "ganger.toml",
        "[export]\napp = \"shop\"\n[export.kubernetes]\nimage = \"shop:1\"\nnamespace = \"prod\"\noutput = \"k8s\"\n\
         formation = \"web=3\"\nset = [\"web:spec.minReadySeconds=7\"]\n[export.nomad]\nimage = \"shop:2\"\nnamespace = \"n\"\n",
    );
    let diff = ["kubernetes", "--diff"];
    assert_eq!(run(&project, &diff).status.code(), Some(1), "nothing is there yet");
    let (_, stderr) = said(&run(&project, &["kubernetes"]));
    assert!(stderr.contains("k8s: 2 written"), "{stderr}");
    assert!(stderr.contains("  ganger export kubernetes --secrets only | kubectl apply"), "{stderr}");
    assert_eq!(run(&project, &diff).status.code(), Some(0));
    let web = std::fs::read_to_string(project.path().join("k8s/shop-web.yaml")).unwrap();
    assert_eq!(web.matches("namespace: prod\n").count(), 2, "{web}");
    for text in ["image: shop:1\n", "replicas: 3\n", "minReadySeconds: 7\n"] {
        assert!(web.contains(text), "{text}: {web}");
    }
    // The folder of the files is not that of the values, and `-` is standard output.
    let (stdout, _) = said(&run(&project, &["kubernetes", "--secrets", "only"]));
    assert!(stdout.contains("name: shop-env") && stdout.contains("namespace: prod"), "{stdout}");
    let flags =
        ["kubernetes", "-o", "-", "--image", "shop:9", "-m", "worker=2", "--app", "x", "--set", "a=1"];
    let (stdout, _) = said(&run(&project, &flags));
    assert!(stdout.contains("image: shop:9") && stdout.contains("name: x-worker"), "{stdout}");
    assert!(!stdout.contains("x-web") && !stdout.contains("minReadySeconds"), "{stdout}");
    let (stdout, stderr) = said(&run(&project, &["nomad"]));
    assert_eq!(stdout.matches("\"Namespace\": \"n\"").count(), 2, "{stdout}");
    assert!(stderr.contains("nomad var put -namespace=n -force"), "{stderr}");
    let elsewhere = project.command(&[env!("CARGO_BIN_EXE_ganger"), "export", "kubernetes", "-d", ".."]);
    let mut elsewhere = elsewhere;
    elsewhere.current_dir(project.path().join("k8s"));
    assert!(said(&elsewhere.output().unwrap()).1.contains("../k8s: 0 written"));
    project.write("ganger.toml", "[export.kubernets]\nimage = \"i\"\n");
    let (_, stderr) = said(&run(&project, &["kubernetes"]));
    assert!(stderr.contains("ganger.toml:1:9: unknown format `kubernets` (did you mean `kubernetes`?)"));
    project.write("ganger.toml", "[export]\napp = \"Shop\"\nexpose = [\"wbe\"]\nset = [\"x\"]\n");
    let (_, stderr) = said(&run(&project, &["systemd"]));
    assert!(stderr.contains("ganger.toml:4:8: write [TYPE:]KEY.KEY=VALUE"), "{stderr}");
    project.write("ganger.toml", "[export]\napp = \"Shop\"\nexpose = [\"wbe\"]\n");
    let (_, stderr) = said(&run(&project, &["systemd"]));
    assert!(stderr.contains("ganger.toml:3:11: no instance of `wbe` runs"), "{stderr}");
    project.write("ganger.toml", "[export]\napp = \"Shop\"\n");
    let (_, stderr) = said(&run(&project, &["systemd"]));
    assert!(stderr.contains("ganger.toml:2:7: the stack's name is not"), "{stderr}");
}

#[test]
fn the_command_for_values_names_the_real_file_where_the_export_reads_an_example() {
    let named = |file: &str| {
        let table = format!("[export]\nimage = \"shop:1\"\nenv = \"{file}\"\n");
        let project = Project::new("web: a $PORT\n").file("ganger.toml", &table);
        let project = project.file(".env", "A=secret\n").file(file, "A=\n");
        said(&run(&project, &["kubernetes", "-o", "k8s"])).1
    };
    let stderr = named(".env.example");
    assert!(stderr.contains("  ganger export kubernetes -e .env --secrets only | kubectl"), "{stderr}");
    let stderr = named(".env.production");
    assert!(stderr.contains("  ganger export kubernetes --secrets only | kubectl"), "{stderr}");
}
