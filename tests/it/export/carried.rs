//! What the project says arrives in the files of each format, and nothing else changes them.

use std::path::Path;
use std::process::Command;

use ganger::parts::export::document::Setting;
use ganger::parts::export::export;
use ganger::parts::export::options::{ExportFormat, Secrets};

use super::{Exported, options};
use crate::harness::Project;

fn project(procfile: &str) -> Exported {
    Exported { procfile: procfile.into(), values: vec![("KEY".into(), b"secret".to_vec())] }
}

/// All files of the export, one after the other.
fn files(format: ExportFormat, settings: &str, procfile: &str) -> String {
    let plan = project(procfile).plan_with(settings, Path::new("/srv/shop"));
    text_of(&export(&plan, &options(format, Secrets::Reference)).unwrap())
}

fn text_of(bundle: &ganger::parts::export::Bundle) -> String {
    let one = |file: &ganger::parts::export::File| {
        format!("{}\n{}", file.path, String::from_utf8_lossy(&file.bytes))
    };
    bundle.files.iter().map(one).collect()
}

#[test]
fn restart_never_is_carried_over_and_so_is_its_absence() {
    let table = [
        (ExportFormat::Systemd, "Restart=no\n", "Restart=on-failure\n"),
        (ExportFormat::Launchd, "<key>KeepAlive</key>\n  <false/>", "<key>SuccessfulExit</key>"),
        (ExportFormat::Supervisord, "autorestart=false\n", "autorestart=unexpected\n"),
        (ExportFormat::Runit, "exec sv down", ""),
        (ExportFormat::S6, "exit 125\n", ""),
        (ExportFormat::Compose, "restart: \"no\"", "restart: unless-stopped"),
        (ExportFormat::Nomad, "\"Attempts\": 0", ""),
    ];
    for (format, never, habit) in table {
        let set = files(format, "[process.web]\nrestart = \"never\"\n", "web: a\n");
        assert!(set.contains(never), "{format:?}: {set}");
        let unset = files(format, "", "web: a\n");
        assert!(!unset.contains(never) && unset.contains(habit), "{format:?}: {unset}");
    }
}

#[test]
fn a_check_of_compose_has_no_key_that_an_older_docker_refuses() {
    let text = files(ExportFormat::Compose, "[process.web]\nready = \"cmd:true\"\n", "web: a\n");
    assert!(text.contains("interval: 5s") && !text.contains("start_interval"), "{text}");
}

#[test]
fn a_dollar_sign_of_kubernetes_is_doubled_only_where_it_has_a_meaning() {
    let text = files(ExportFormat::Kubernetes, "", "web: a $PORT ${A} $(b) $$ $$(c)\n");
    assert!(text.contains("a $PORT ${A} $$(b) $$$ $$$$(c)"), "{text}");
}

#[test]
fn another_type_in_the_procfile_changes_no_container() {
    let (before, after) = (
        "release: m\nweb: a\nbox: b $GANGER_PORT_WEB\n",
        "release: m\nweb: a\nbox: b $GANGER_PORT_WEB\nnew: c\n",
    );
    for format in [ExportFormat::Compose, ExportFormat::Kubernetes, ExportFormat::Nomad] {
        let (old, new) = (files(format, "", before), files(format, "", after));
        let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
        // The new one stands at the end, or in a file of its own.
        let kept = old.iter().filter(|line| new.contains(line)).count();
        assert_eq!(kept, old.len(), "{format:?}: {old:#?}");
        let text = new.join("\n");
        assert_eq!(
            text.matches("GANGER_PORT_WEB").count(),
            3,
            "{format:?}: its own, box's, and in box's command"
        );
        assert_eq!(text.matches("GANGER_PORT_NEW").count(), 1, "{format:?}");
    }
}

#[test]
fn a_job_of_kubernetes_runs_once_for_an_image_and_a_command() {
    let name = |values: &str, image: &str, command: &str| {
        let project = Exported {
            procfile: format!("release: {command}\n"),
            values: vec![("KEY".into(), values.into())],
        };
        let mut options = options(ExportFormat::Kubernetes, Secrets::Reference);
        options.image = Some(image.into());
        let text =
            text_of(&export(&project.plan_with("release = true\n", Path::new("/srv")), &options).unwrap());
        assert!(!text.contains("ttlSecondsAfterFinished") && !text.contains("checksum/env"), "{text}");
        assert!(text.contains("argocd.argoproj.io/sync-wave: \"-1\""), "{text}");
        text.lines().find(|line| line.starts_with("  name: ")).unwrap().to_owned()
    };
    let first = name("1", "shop:1", "migrate");
    assert_eq!(first, name("2", "shop:1", "migrate"));
    assert_ne!(first, name("1", "shop:2", "migrate"));
    assert_ne!(first, name("1", "shop:1", "migrate --all"));
}

#[test]
fn metadata_that_is_set_reaches_all_objects_of_kubernetes() {
    let project = project("release: m\nweb: a\n");
    let plan = project.plan_with("release = true\n", Path::new("/srv"));
    let mut options = options(ExportFormat::Kubernetes, Secrets::Inline);
    options.set = vec![Setting::parse("metadata.namespace=prod").unwrap()];
    let text = text_of(&export(&plan, &options).unwrap());
    let objects = text.matches("\nkind: ").count();
    assert_eq!((objects, text.matches("  namespace: prod\n").count()), (4, 4), "{text}");
    options.set = vec![Setting::parse("web:metadata.namespace=prod").unwrap()];
    let text = text_of(&export(&plan, &options).unwrap());
    assert_eq!(text.matches("  namespace: prod\n").count(), 2, "the Deployment and its Service: {text}");
}

#[test]
fn a_value_of_any_object_of_kubernetes_can_be_set() {
    let project = project("web: a $PORT\nworker: b\n");
    let plan = project.plan_with("", Path::new("/srv"));
    let mut options = options(ExportFormat::Kubernetes, Secrets::Inline);
    let with = |options: &mut super::ExportOptions, text: &str| {
        options.set = vec![Setting::parse(text).unwrap()];
        export(&plan, options).map(|bundle| text_of(&bundle)).map_err(|errors| super::say(&errors[0]))
    };
    let text = with(&mut options, "web:Service/spec.type=LoadBalancer").unwrap();
    assert_eq!(text.matches("\n  type: LoadBalancer\n").count(), 1, "{text}");
    let text = with(&mut options, "Deployment/spec.minReadySeconds=7").unwrap();
    assert_eq!(text.matches("\n  minReadySeconds: 7\n").count(), 2, "{text}");
    assert!(with(&mut options, "Secret/immutable=true").unwrap().contains("\nimmutable: true\n"));
    let said = with(&mut options, "worker:Service/spec.type=LoadBalancer").unwrap_err();
    assert!(said.ends_with("there is no object `Service` (the objects are Deployment)"), "{said}");
    options.format = ExportFormat::Compose;
    let said = with(&mut options, "Service/x=1").unwrap_err();
    assert!(said.contains("there is no object `Service` (only kubernetes has objects"), "{said}");
}

/// A job of Nomad may read the variables below its own path only.
#[test]
fn what_runs_once_under_nomad_is_a_job_with_values_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let project = Exported {
        procfile: "release: m\nseed: s\nweb: a\n".into(),
        values: vec![
            ("KEY".into(), b"secret".to_vec()),
            ("Path".into(), b"x\n  \"Path\": \"nomad/jobs/y\"".to_vec()),
        ],
    };
    let settings = "release = true\n[process.seed]\nonce = true\n";
    let plan = project.plan_with(settings, Path::new("/srv"));
    let bundle = export(&plan, &options(ExportFormat::Nomad, Secrets::Reference)).unwrap();
    let jobs = [("shop-release", "batch"), ("shop-seed", "batch"), ("shop", "service")];
    assert_eq!(bundle.files.len(), jobs.len());
    for (file, (job, kind)) in bundle.files.iter().zip(jobs) {
        let text = String::from_utf8_lossy(&file.bytes);
        assert!(text.contains(&format!("nomadVar \\\"nomad/jobs/{job}\\\"")), "{text}");
        assert!(
            text.contains(&format!("\"ID\": \"{job}\"")) && text.contains(&format!("\"Type\": \"{kind}\"")),
            "{text}"
        );
        assert!(text.contains("\"MemoryMB\": 300"), "{text}");
    }
    let values = export(&plan, &options(ExportFormat::Nomad, Secrets::Only)).unwrap().files.remove(0).bytes;
    std::fs::write(folder.path().join("values"), &values).unwrap();
    let script = format!(
        "nomad() {{ [ \"$*\" = 'var put -force -in=json -' ] && cat >>put; }}; <values {}",
        bundle.secrets.unwrap()
    );
    let status = Command::new("sh")
        .args(["-c", &script.replace("<values", "cat values |")])
        .current_dir(&folder)
        .status();
    assert!(status.unwrap().success());
    let put = std::fs::read_to_string(folder.path().join("put")).unwrap();
    let expected = String::from_utf8(values).unwrap();
    let of = |job: &str| expected.replace("nomad/jobs/shop\"", &format!("nomad/jobs/{job}\""));
    assert_eq!(put, ["shop", "shop-release", "shop-seed"].map(of).concat());
}

#[test]
fn the_folder_of_the_project_there_need_not_be_the_one_here() {
    let mut options = options(ExportFormat::Systemd, Secrets::Reference);
    options.working_directory = Some("/srv/shop".into());
    let from = |root: &str| text_of(&export(&project("web: a\n").plan(Path::new(root)), &options).unwrap());
    assert!(from("/home/me/shop").contains("WorkingDirectory=/srv/shop\n"));
    assert_eq!(from("/home/me/shop"), from("/home/you/shop"));
}

#[test]
fn what_systemd_does_of_its_own_accord_is_reported() {
    let lost = |format, user: Option<&str>| {
        let mut options = options(format, Secrets::Reference);
        options.user = user.map(str::to_owned);
        export(&project("web: a\n").plan(Path::new("/srv")), &options).unwrap().lost.join("\n")
    };
    assert_eq!(lost(ExportFormat::Systemd, None), "the programs run as root: --user names another user");
    assert_eq!(lost(ExportFormat::Systemd, Some("shop")), "");
    assert_eq!(lost(ExportFormat::SystemdUser, None), "");
    assert!(files(ExportFormat::SystemdUser, "", "web: a\n").contains("`loginctl enable-linger`"));
    let text = files(ExportFormat::Systemd, "release = true\n", "release: m\nweb: a\n");
    // A release that ends with this status has failed.
    assert_eq!(text.matches("SuccessExitStatus=143\n").count(), 1, "{text}");
}

#[test]
fn localhost_in_a_container_is_reported_by_name_and_never_by_value() {
    let values = vec![
        ("REDIS_URL".to_owned(), b"redis://hunter2@localhost:6379".to_vec()),
        ("DATABASE_URL".to_owned(), b"sqlite:///hunter2.db".to_vec()),
        ("GREETING".to_owned(), b"hello".to_vec()),
    ];
    let project = Exported { procfile: "web: a $PORT\nbox: b --to 127.0.0.1\n".into(), values };
    let plan = project.plan(Path::new("/srv"));
    let table = [
        (
            ExportFormat::Compose,
            "; the types are GANGER_URL_WEB=http://web:5000, GANGER_URL_BOX=http://box:5100 there (GANGER_ADDRESS_… without http://), and on localhost with `start`",
        ),
        (
            ExportFormat::Kubernetes,
            "; the types are GANGER_URL_WEB=http://shop-web there (GANGER_ADDRESS_… without http://), and on localhost with `start`",
        ),
        (ExportFormat::Nomad, ""),
    ];
    for (format, addresses) in table {
        let lost = export(&plan, &options(format, Secrets::Reference)).unwrap().lost;
        let local = "localhost is the container itself, as is 127.0.0.1: REDIS_URL, the command of box";
        assert!(lost.contains(&[local, addresses].concat()), "{format:?}: {lost:#?}");
        let file =
            "a file in a container ends with it, as does a database of SQLite without a volume: DATABASE_URL";
        assert!(lost.iter().any(|line| line == file), "{format:?}: {lost:#?}");
        assert!(!lost.concat().contains("hunter2"));
    }
    let lost = export(&plan, &options(ExportFormat::Systemd, Secrets::Reference)).unwrap().lost;
    assert!(!lost.concat().contains("localhost"), "{lost:?}");
}

/// `GANGER_URL_API` in .env and in a command: on this machine at the port, in containers where the engine has the type.
#[test]
fn one_env_file_names_the_types_here_and_in_containers() {
    let project = Project::new("web: serve --api $GANGER_URL_API\nmy_api: serve $PORT\napi: serve $PORT\n")
        .file(
            ".env",
            "API=${GANGER_URL_API}/v1\nOTHER=${GANGER_URL_MY_API}\nCACHE=redis://${GANGER_ADDRESS_API}/0\n",
        );
    let all = |arguments: &[&str]| {
        let (status, out, err) = project.run(arguments);
        assert_eq!(status, 0, "{arguments:?}: {err}");
        (out, err)
    };
    let (here, _) = all(&["env", "--show-values", "-p", "6000"]);
    for line in [
        "API=http://localhost:6200/v1",
        "OTHER=http://localhost:6100",
        "CACHE=redis://localhost:6200/0",
        "GANGER_URL_WEB=http://localhost:6000",
    ] {
        assert!(here.contains(line), "{here}");
    }
    let table: [(&str, &[&str], &[&str]); 3] = [
        (
            "compose",
            &["GANGER_URL_API: http://api:5200"],
            &["http://api:5200/v1", "http://my_api:5100", "redis://api:5200/0"],
        ),
        (
            "kubernetes",
            &["value: http://shop-api\n"],
            &["http://shop-api/v1", "http://shop-my-api", "redis://shop-api:80/0"],
        ),
        (
            "systemd",
            &["GANGER_URL_API=http://localhost:5200"],
            &["http://localhost:5200/v1", "redis://localhost:5200/0"],
        ),
    ];
    for (format, in_files, in_values) in table {
        let words = ["export", format, "--image", "shop:1", "--app", "shop", "--user", "1000"];
        let (files, err) = all(&words);
        assert!(in_files.iter().all(|text| files.contains(text)), "{files}");
        assert!(!err.contains("localhost"), "{err}");
        let (values, _) = all(&[&words[..], &["--secrets", "only"]].concat());
        assert!(in_values.iter().all(|text| values.contains(text)), "{values}");
    }
}

#[test]
fn a_url_that_an_engine_does_not_have_is_left_out() {
    let project = Project::new("web: serve --api $GANGER_URL_WORKER\nworker: work\n")
        .file(".env", "W=${GANGER_URL_WORKER}\n");
    for format in ["kubernetes", "nomad", "procfile"] {
        let words = ["export", format, "--image", "shop:1", "--app", "shop", "--user", "1000"];
        let (status, out, err) = project.run(&words);
        assert_eq!(status, 0, "{err}");
        assert!(!out.contains("name: GANGER_URL_WORKER") && !out.contains("\"GANGER_URL_WORKER\""), "{out}");
        let line = "GANGER_URL_WORKER is not set there: no address of the type is known beforehand";
        assert!(err.contains(line), "{format}: {err}");
        let line = "warning: .env: GANGER_URL_WORKER is not known where this runs then, and is empty";
        assert!(err.contains(line), "{format}: {err}");
    }
}
