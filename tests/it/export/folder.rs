//! `-o DIR`: all or nothing, no file of another export or program, and nothing left of what is stale.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use crate::harness::Project;

const PROCFILE: &str = "web: serve $PORT\nworker: work\nrelease: migrate\n";

/// A project in a folder called `shop`, whatever the temporary one is.
fn shop() -> Project {
    Project::new(PROCFILE).file(".env", "TOKEN=hunter2-and-more\n")
}

fn run(project: &Project, arguments: &[&str]) -> Output {
    let mut words = vec!["export"];
    words.extend(arguments);
    words.extend(["--app", "shop"]);
    project.ganger(&words).output().unwrap()
}

fn succeeds(project: &Project, arguments: &[&str]) -> String {
    let output = run(project, arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{arguments:?}: {said}");
    said
}

/// Every file below `folder` with its bytes, but for the manifest.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inside) = folders.pop() {
        for entry in fs::read_dir(&inside).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.insert(name, fs::read(path).unwrap());
            }
        }
    }
    found.retain(|name, _| !name.starts_with(".ganger-export."));
    found
}

fn names(folder: &Path) -> Vec<String> {
    files(folder).into_keys().collect()
}

#[test]
fn a_changed_formation_a_renamed_and_a_removed_type_leave_exactly_the_right_files() {
    let project = shop();
    let out = project.path().join("out");
    let said = succeeds(&project, &["systemd", "-m", "web=3,worker=1", "-o", "out"]);
    assert!(said.contains("out: 7 written, 0 removed, 0 as before"), "{said}");
    let three = [
        "shop-release.1.service",
        "shop-upgrade.service",
        "shop-web.1.service",
        "shop-web.2.service",
        "shop-web.3.service",
        "shop-worker.1.service",
        "shop.target",
    ];
    assert_eq!(names(&out), three);
    fs::write(out.join("README"), "mine").unwrap();
    let said = succeeds(&project, &["systemd", "-m", "web=1,worker=1", "-o", "out"]);
    assert!(said.contains("2 written, 2 removed, 3 as before"), "{said}");
    let one = [
        "README",
        "shop-release.1.service",
        "shop-upgrade.service",
        "shop-web.1.service",
        "shop-worker.1.service",
        "shop.target",
    ];
    assert_eq!(names(&out), one);
    // worker is renamed, release is gone.
    fs::write(project.path().join("Procfile"), "web: serve $PORT\njobs: work\n").unwrap();
    succeeds(&project, &["systemd", "-o", "out"]);
    assert_eq!(names(&out), ["README", "shop-jobs.1.service", "shop-web.1.service", "shop.target"]);
    assert_eq!(fs::read(out.join("README")).unwrap(), b"mine");
}

#[test]
fn an_export_again_changes_nothing_and_folders_that_are_empty_go() {
    let project = shop();
    let out = project.path().join("out");
    for format in ["runit", "s6", "supervisord", "launchd", "nomad", "procfile", "systemd-user"] {
        let folder = format!("out/{format}");
        succeeds(&project, &[format, "-m", "all=2", "-o", &folder]);
        let before = files(&out.join(format));
        let manifest = fs::read(out.join(format).join(format!(".ganger-export.shop.{format}"))).unwrap();
        let said = succeeds(&project, &[format, "-m", "all=2", "-o", &folder]);
        assert!(said.contains(": 0 written, 0 removed"), "{format}: {said}");
        assert_eq!(files(&out.join(format)), before);
        assert_eq!(
            fs::read(out.join(format).join(format!(".ganger-export.shop.{format}"))).unwrap(),
            manifest
        );
    }
    succeeds(&project, &["runit", "-m", "web=1", "-x", "release", "-o", "out/runit"]);
    let left: Vec<_> = fs::read_dir(out.join("runit")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "shop-web-1 and the manifest: {left:?}");
}

#[test]
fn foreign_files_files_changed_by_hand_and_links_are_never_touched() {
    let project = shop();
    let out = project.path().join("out");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("shop.target"), "another's").unwrap();
    let refused = |arguments: &[&str]| {
        let output = run(&project, arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        said
    };
    let said = refused(&["systemd", "-o", "out"]);
    assert!(said.contains("shop.target: it was not written by this export"), "{said}");
    assert!(said.contains("nothing was written"), "{said}");
    assert_eq!(names(&out), ["shop.target"]);
    fs::remove_file(out.join("shop.target")).unwrap();
    succeeds(&project, &["systemd", "-m", "web=2", "-o", "out"]);
    fs::write(out.join("shop-web.2.service"), "edited").unwrap();
    let said = refused(&["systemd", "-m", "web=1", "-o", "out"]);
    assert!(said.contains("shop-web.2.service: it was changed by hand"), "{said}");
    // A link out of the folder is not followed.
    succeeds(&project, &["s6", "-o", "s6"]);
    let elsewhere = project.path().join("elsewhere");
    fs::rename(project.path().join("s6/shop-web-1"), &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, project.path().join("s6/shop-web-1")).unwrap();
    let said = refused(&["s6", "-m", "worker=1", "-o", "s6"]);
    assert!(said.contains("shop-web-1/run: it was changed by hand"), "{said}");
    assert!(elsewhere.join("run").exists());
    let said = refused(&["runit", "-m", "worker=1", "-o", "s6"]);
    assert!(said.contains("shop-worker-1/run: it was not written by this export"), "{said}");
}

#[test]
fn a_difference_is_shown_without_a_value_and_changes_nothing() {
    let project = shop();
    let arguments = ["compose", "--image", "shop:1", "--secrets", "inline", "-o", "out"];
    let with = |more: &[&'static str]| [&arguments[..], more].concat();
    let output = run(&project, &with(&["--diff"]));
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(shown.contains("+++ compose.yaml") && shown.contains("not shown"), "{shown}");
    assert!(!shown.contains("hunter2") && !project.path().join("out").exists());
    succeeds(&project, &arguments);
    assert_eq!(run(&project, &with(&["--diff"])).status.code(), Some(0));
    succeeds(&project, &["systemd", "-m", "web=1", "-o", "units"]);
    let output = run(&project, &["systemd", "-m", "web=1", "-t", "9", "-o", "units", "--diff"]);
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("-TimeoutStopSec=5s\n+TimeoutStopSec=9s\n"), "{shown}");
}

#[test]
fn what_holds_values_is_for_its_owner_only() {
    let project = shop();
    for (format, file, mode) in [
        ("systemd", "shop-web.1.service", 0o600),
        ("launchd", "local.shop.web.1.plist", 0o600),
        ("supervisord", "shop/web.1", 0o700),
        ("runit", "shop-web-1/run", 0o700),
        ("s6", "shop-web-1/run", 0o700),
        ("compose", "compose.yaml", 0o600),
        ("kubernetes", "shop-env.yaml", 0o600),
        ("nomad", "shop.json", 0o600),
    ] {
        let folder = format!("out/{format}");
        succeeds(&project, &[format, "--image", "shop:1", "--secrets", "inline", "-o", &folder]);
        let path = project.path().join(&folder).join(file);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode, "{format}");
        assert!(String::from_utf8(fs::read(&path).unwrap()).unwrap().contains("hunter2"), "{format}");
        // As a reference, no file of the export and no word on the screen has it.
        let folder = format!("out/{format}-by-reference");
        let said = succeeds(&project, &[format, "--image", "shop:1", "-o", &folder]);
        assert!(said.contains("--secrets only | "), "{format}: {said}");
        assert!(!said.contains("hunter2"));
        for (name, bytes) in files(&project.path().join(&folder)) {
            assert!(!String::from_utf8(bytes).unwrap().contains("hunter2"), "{format} {name}");
        }
    }
}

#[test]
fn an_export_that_was_cut_short_is_finished_by_the_next() {
    let project = shop();
    succeeds(&project, &["s6", "-m", "web=2", "-o", "out"]);
    let out = project.path().join("out");
    // A folder where a file has to go: the export fails midway, after the manifest says what was under way.
    fs::create_dir_all(out.join(".ganger-export.shop.s6.new")).unwrap();
    fs::write(out.join(".ganger-export.shop.s6.new/0"), "left by a crash").unwrap();
    let said = succeeds(&project, &["s6", "-m", "web=1", "-o", "out"]);
    assert!(said.contains("removed"), "{said}");
    assert!(!out.join(".ganger-export.shop.s6.new").exists());
    assert!(!out.join("shop-web-2").exists());
}

#[test]
fn several_stacks_formats_and_the_values_share_a_folder() {
    let project = shop();
    let export = |app: &str, words: &[&str]| {
        let all = [&["export"], words, &["--image", "shop:1", "-o", "out", "--app", app]].concat();
        let output = project.ganger(&all).output().unwrap();
        assert!(output.status.success(), "{all:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let out = project.path().join("out");
    let mut all = BTreeMap::new();
    for format in ["systemd", "supervisord", "runit", "kubernetes", "launchd"] {
        for app in ["shop", "shop-two"] {
            for words in [&[format][..], &[format, "--secrets", "only"]] {
                export(app, words);
                let now = files(&out);
                assert!(all.iter().all(|(name, bytes)| now.get(name) == Some(bytes)), "{app} {words:?}");
                assert!(now.len() > all.len() || words.len() > 1, "{app} {words:?}");
                all = now;
            }
        }
        // Each removes what is stale of its own.
        export("shop-two", &[format, "-m", "worker=1", "-x", "release"]);
        let now = files(&out);
        assert!(now.len() < all.len() && now.keys().all(|name| all.contains_key(name)), "{format}");
        let is_removed = |name: &&String| !now.contains_key(*name);
        assert!(all.keys().filter(is_removed).all(|name| name.contains("shop-two")), "{format}");
        all = now;
    }
}

#[test]
fn the_manifest_of_an_earlier_version_is_taken_over_and_no_engine_reads_the_new_one() {
    let project = shop();
    let out = project.path().join("out");
    let arguments = ["kubernetes", "--image", "shop:1", "-m", "web=1,worker=1", "-o", "out"];
    succeeds(&project, &arguments);
    let new = out.join(".ganger-export.shop.kubernetes");
    assert_eq!(new.extension().unwrap(), "kubernetes", "kubectl reads .json, .yaml and .yml");
    fs::rename(&new, out.join(".ganger-export.json")).unwrap();
    // Not that of another stack.
    let of_other = [&["export"], &arguments[..], &["--app", "other"]].concat();
    let output = project.ganger(&of_other).output().unwrap();
    assert!(output.status.success() && out.join(".ganger-export.json").exists());
    let said = succeeds(&project, &arguments);
    assert!(said.contains("0 written, 0 removed"), "{said}");
    assert!(new.exists() && !out.join(".ganger-export.json").exists());
    assert!(out.join("other-web.yaml").exists());
}
