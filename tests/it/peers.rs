//! Promised: under the name of another runner, by a link, ganger takes its command line; docs/migrating.md has each word and flag of
//! theirs with ours, and both do the same. `BLESS=1` writes the page's table anew.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::os::unix::fs::symlink;

use ganger::parts::cli::peers::peer::{Ours, Peer, PeerCommand, Words};
use ganger::parts::cli::peers::table;
use ganger::parts::cli::peers::words::translate;

use crate::folder::{Folder, same_as_kept};
use crate::harness::Ports;

/// Where the table begins in the page.
const BEGIN: &str = "## Word for word\n";

/// The words that a command needs.
fn example(command: &PeerCommand) -> &'static str {
    match command.words {
        Words::Command => " env",
        Words::FormatAndFolder => " systemd out",
        Words::Names if ["stop", "attach"].contains(&command.ours[0]) => " web",
        Words::Names | Words::NamesOrAll | Words::Procfile => "",
    }
}

/// A command line of theirs for each command and each flag; `None` for ours where it has none, with the reason.
fn rows(peer: &Peer) -> Vec<(String, Result<String, &'static str>)> {
    let mut rows = Vec::new();
    for command in peer.commands {
        let start = |name: &str| format!("{} {name}", peer.name).trim_end().to_owned();
        let is_named = peer.name != "ganger" || command.names == ["echo"];
        for name in command.names.iter().filter(|_| is_named) {
            let theirs = start(name) + example(command);
            rows.push((theirs.clone(), Ok(ours(&theirs))));
        }
        for flag in command.flags {
            let value = if flag.example.is_empty() { String::new() } else { format!(" {}", flag.example) };
            let theirs = format!("{} {}{value}{}", start(command.names[0]), flag.names[0], example(command));
            let nothing = if let Ours::Nothing(reason) = flag.ours { Err(reason) } else { Ok(ours(&theirs)) };
            rows.push((theirs, nothing));
        }
    }
    rows
}

fn ours(theirs: &str) -> String {
    let words = translate(theirs.split(' ').map(OsString::from).collect()).words;
    let words = words[1..].iter().map(|word| word.to_str().unwrap());
    format!("ganger {}", words.collect::<Vec<_>>().join(" "))
}

fn peers() -> impl Iterator<Item = &'static Peer> {
    table::PEERS.iter().chain([&table::OWN])
}

#[test]
fn the_page_has_each_word_and_flag_of_the_others_and_ours() {
    let mut text = String::from(BEGIN);
    text += "\nEach line is what the other runner takes, and what ganger makes of it.\n";
    for peer in peers() {
        let _ = write!(text, "\n| {} | ganger |\n|---|---|\n", peer.name);
        for (theirs, ours) in rows(peer) {
            let ours = ours.map_or_else(|reason| format!("nothing: {reason}"), |ours| format!("`{ours}`"));
            let _ = writeln!(text, "| `{theirs}` | {ours} |");
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/migrating.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (head, _) = page.split_once(BEGIN).unwrap_or((&page, ""));
    same_as_kept("docs/migrating.md".as_ref(), &format!("{head}{text}"));
}

/// What a run of these words does: its status, and what its instances print, in any order.
fn done(folder: &Folder, words: &[&str]) -> (i32, BTreeSet<String>) {
    let output = folder.command_of(words).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().filter_map(|line| Some(line.split_once("says ")?.1.to_owned()));
    (output.status.code().unwrap_or(-1), lines.collect())
}

#[test]
fn each_line_of_theirs_does_what_ours_does() {
    let ports = Ports::claim();
    let procfile = "web: echo says $PORT $PS $MODE\nworker: echo says $PS\n";
    let folder = Folder::with(&[
        ("Procfile", procfile),
        ("Procfile.dev", "web: echo says dev $PORT\nworker: echo says dev $PS\n"),
        (".env", "MODE=plain\n"),
        (".env.dev", "MODE=dev\n"),
    ])
    // A base by default moves where its ports are in use.
    .variable("GANGER_PORT", &ports.base())
    // Otherwise the end of the first may come before the line of the second.
    .variable("GANGER_EXIT_ON", "never")
    .variable("GANGER_RESTART", "never");
    let ganger = env!("CARGO_BIN_EXE_ganger");
    let mut count = 0;
    for peer in &table::PEERS {
        let link = folder.path().join(peer.name);
        symlink(ganger, &link).unwrap();
        for (theirs, ours) in rows(peer) {
            // Restarts have no end of their own, a background stack has one that is not awaited here.
            if theirs.contains(" -r web") && theirs.contains("start") || theirs.ends_with(" -D") {
                continue;
            }
            let program = link.to_str().unwrap();
            let words: Vec<&str> = [program].into_iter().chain(theirs.split(' ').skip(1)).collect();
            let theirs_done = done(&folder, &words);
            let ours = ours.unwrap_or_else(|_| self::ours(&theirs));
            let words: Vec<&str> = [ganger].into_iter().chain(ours.split(' ').skip(1)).collect();
            let ours_done = done(&folder, &words);
            assert_eq!(theirs_done.0, ours_done.0, "{theirs}: {ours}");
            // Where the first end is that of all, what the other one has printed by then is chance.
            assert!(
                ours.contains("--exit-on=any") || theirs_done.1 == ours_done.1,
                "{theirs}: {ours}: {theirs_done:?} {ours_done:?}"
            );
            assert_ne!(theirs_done.0, 2, "{theirs}: {ours}");
            count += 1;
        }
    }
    assert!(count > 80, "{count}");
}

#[test]
fn a_background_stack_of_overmind_is_reached_by_its_words() {
    let folder = Folder::with(&[("Procfile", "web: sleep 99\n")]).variable("OVERMIND_NO_PORT", "1");
    symlink(env!("CARGO_BIN_EXE_ganger"), folder.path().join("overmind")).unwrap();
    let overmind = folder.path().join("overmind");
    let run = |words: &[&str]| {
        let output = folder.command_of(&[&[overmind.to_str().unwrap()], words].concat()).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (status, err) = run(&["start", "-D", "-w", "shop"]);
    assert_eq!(status, 0, "{err}");
    assert!(err.contains("warning: -w of overmind has no effect here: no title is set"), "{err}");
    for words in [&["ps"][..], &["restart", "web#1"], &["r"], &["stop"], &["quit"]] {
        assert!(matches!(run(words).0, 0 | 5), "{words:?}");
    }
    assert_eq!(run(&["status"]).0, 3);
}

#[test]
fn variables_and_files_of_the_others_count_below_ours() {
    let files = [
        ("Procfile", "web: true\n"),
        ("Procfile.dev", "dev: true\n"),
        ("Procfile.env", "env: true\n"),
        (".env", "PROCFILE=Procfile.env\n"),
    ];
    let checked = |folder: &Folder, word: &str| {
        let ran = folder.run(&["check"]);
        assert!(ran.out.contains(word), "{word}: {}{}", ran.out, ran.err);
        ran.err
    };
    checked(&Folder::with(&files), "env       1");
    checked(&Folder::with(&files).file("ganger.toml", b"procfile = \"Procfile\"\n"), "web       1");
    checked(&Folder::with(&files).variable("OVERMIND_PROCFILE", "Procfile.dev"), "dev       1");
    let both = Folder::with(&files)
        .variable("OVERMIND_PROCFILE", "Procfile.dev")
        .variable("GANGER_PROCFILE", "Procfile");
    checked(&both, "web       1");
    let overmind = "OVERMIND_PORT=7000\nOVERMIND_FORMATION=web=2\nOVERMIND_CAN_DIE=web\nOVERMIND_TITLE=x\nOVERMIND_PORT_STEP=10\n";
    let folder = Folder::with(&files[..1]).file(".overmind.env", overmind.as_bytes());
    let err = checked(&folder, "web       2");
    assert!(err.contains("OVERMIND_TITLE has no effect here") && err.contains("no title is set"), "{err}");
    assert!(folder.run(&["check"]).out.contains("7001"), "{}", folder.run(&["check"]).out);
    let wrong = Folder::with(&files[..1]).file(".env", b"HIVEMIND_PORT=many\n");
    let ran = wrong.run(&["check"]);
    assert_eq!(ran.status, 1);
    assert!(ran.err.contains("HIVEMIND_PORT: expected a number"), "{}", ran.err);
    let ran = Folder::with(&files[..1]).variable("HIVEMIND_PORT", "many").run(&["check"]);
    assert_eq!(
        (ran.status, ran.err.contains("HIVEMIND_PORT=many: expected a number")),
        (2, true),
        "{}",
        ran.err
    );
}

#[test]
fn paths_of_others_begin_where_theirs_do() {
    let procfile = |name: &str| format!("web: echo says {name} $A $B $(basename $PWD)\n");
    let (dev, app) = (procfile("dev"), procfile("app"));
    let folder = Folder::with(&[
        ("top/Procfile", &procfile("top")),
        ("top/.env", "A=here\n"),
        ("top/config/Procfile.dev", &dev),
        ("top/app/Procfile", &app),
        ("top/app/.env", "A=there\n"),
        ("home/.overmind.env", "B=home\n"),
    ]);
    let home = folder.path().join("home");
    let folder = folder.variable("HOME", home.to_str().unwrap());
    let said = |words: &str| {
        let (program, words) = words.split_once(' ').unwrap();
        let link = folder.path().join(program);
        if !link.exists() {
            symlink(env!("CARGO_BIN_EXE_ganger"), &link).unwrap();
        }
        let words: Vec<&str> = [link.to_str().unwrap()].into_iter().chain(words.split(' ')).collect();
        let output = folder.command_of(&words).current_dir(folder.path().join("top")).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (out, err) = (text(output.stdout), text(output.stderr));
        (out.split_once("says ").map(|(_, said)| said.lines().next().unwrap().to_owned()), err)
    };
    for (theirs, expected) in [
        // `.env` of the current folder, but for `-d`.
        ("foreman start -f config/Procfile.dev", "dev here config"),
        ("foreman start -d app", "app there app"),
        ("honcho start -f config/Procfile.dev", "dev here top"),
        ("honcho start -d config -f Procfile.dev", "dev top"),
        ("honcho start -d app -e .env,.env.local", "app there top"),
        ("overmind start -f config/Procfile.dev", "dev here home config"),
        ("overmind start -d app", "top here home app"),
        ("hivemind config/Procfile.dev", "dev here config"),
        ("hivemind -d app", "top here app"),
        ("goreman start -f config/Procfile.dev", "dev here top"),
        ("goreman start -basedir config -f Procfile.dev", "dev config"),
        ("ganger start -f config/Procfile.dev -e .env", "dev here config"),
        ("ganger start -f config/Procfile.dev -d .", "dev here top"),
    ] {
        assert_eq!(said(theirs), (Some(expected.to_owned()), String::new()), "{theirs}");
    }
    said("honcho export -d app systemd units");
    let units = folder.path().join("top/units");
    let names: Vec<_> = std::fs::read_dir(&units).unwrap().map(|unit| unit.unwrap().path()).collect();
    let texts = names.iter().filter_map(|unit| std::fs::read_to_string(unit).ok());
    assert!(texts.into_iter().any(|text| text.contains("WorkingDirectory=") && text.contains("top/app\n")));
    let (out, err) = said("ganger start -f config/Procfile.dev");
    assert_eq!(out.as_deref(), Some("dev config"));
    assert!(err.contains("warning: ./.env: not read") && err.contains("`-e .env` reads it"), "{err}");
}

#[test]
fn help_under_another_name_begins_with_what_differs() {
    let folder = Folder::with(&[]);
    symlink(env!("CARGO_BIN_EXE_ganger"), folder.path().join("overmind")).unwrap();
    let overmind = folder.path().join("overmind");
    for (words, beginning) in [
        (&["start", "--help"][..], "ganger, called as overmind: "),
        (&["--help"], "ganger, called as overmind: "),
    ] {
        let output = folder.command_of(&[&[overmind.to_str().unwrap()], words].concat()).output().unwrap();
        let out = String::from_utf8(output.stdout).unwrap();
        assert!(out.starts_with(beginning), "{words:?}: {out}");
        assert_eq!(out.contains("-c is --can-die"), words[0] == "start", "{out}");
    }
    assert!(
        folder.run(&["start", "--help"]).out.starts_with("Run"),
        "{:?}",
        folder.run(&["start", "--help"]).out
    );
}

#[test]
fn words_of_others_are_taken_under_our_own_name() {
    let folder = Folder::with(&[("Procfile", "web: echo says $PS\nworker: echo says $PS\n")]);
    let lines = |words: &[&str]| {
        done(&folder, &[&[env!("CARGO_BIN_EXE_ganger"), "start", "--exit-on", "never"], words].concat())
    };
    assert_eq!(lines(&["-c", "web=2"]).1.len(), 2);
    assert_eq!(lines(&["-l", "worker"]).1.len(), 1);
    assert_eq!(folder.run(&["echo"]).status, 3);
}

#[test]
fn the_exit_of_a_type_that_can_die_ends_nothing() {
    let folder = Folder::with(&[(
        "Procfile",
        "job: exit 3\nweb: while test ! -e go; do sleep 0.05; done; echo ends\n",
    )]);
    let ran = folder.run(&["start", "--can-die", "nope"]);
    assert_eq!((ran.status, ran.err.contains("Procfile has no type `nope`")), (1, true), "{}", ran.err);
    let folder = folder.file("ganger.toml", b"can-die = [\"job\"]\n");
    let waits = "job: exit 3\nweb: while test ! -e go; do sleep 0.05; done; echo ends\ngo: sleep 0.1; touch go; exec sleep 99\n";
    let ran = folder.file("Procfile", waits.as_bytes()).run(&["start"]);
    assert!(ran.out.contains("| ends"), "{}", ran.out);
}

/// What honcho 2.0 tests in its tests/integration, but for its own sentences (`Valid procfile detected`) and for upstart.
#[test]
fn the_integration_tests_of_honcho_hold() {
    let script = ("test.sh", "echo ${ANIMAL-elephant}\necho error output >&2\n");
    let procfile = ("Procfile", "foo: sh test.sh\n");
    let run = ["run", "sh", "test.sh"];
    let folder = |files: &[(&str, &str)]| {
        let folder = Folder::with(files).file("honcho.d/x", b"");
        symlink(env!("CARGO_BIN_EXE_ganger"), folder.path().join("honcho.d/honcho")).unwrap();
        folder
    };
    for program in ["honcho.d/honcho", env!("CARGO_BIN_EXE_ganger")] {
        let ran = |files: &[(&str, &str)], words: &[&str]| {
            let folder = folder(files);
            let program = folder.path().join(program);
            let output = folder.command_of(&[&[program.to_str().unwrap()], words].concat()).output().unwrap();
            let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
            let is_there = folder.path().join("giraffe/neck.conf").exists();
            (output.status.code(), text(output.stdout), text(output.stderr), is_there)
        };
        let animal = |name| (name, "ANIMAL=giraffe");
        for (files, words, out) in [
            (&[script][..], &run[..], "elephant\n"),
            (&[script, animal(".env")], &run, "giraffe\n"),
            (&[script, animal(".env.x")], &["-e", ".env.x", "run", "sh", "test.sh"], "giraffe\n"),
            (&[script], &["run", "--", "sh", "test.sh"], "elephant\n"),
        ] {
            let ran = ran(files, words);
            assert_eq!(
                (ran.0, ran.1.as_str(), ran.2.as_str()),
                (Some(0), out, "error output\n"),
                "{words:?}"
            );
        }
        let dev = ("Procfile.dev", "bar: echo mongoose\n");
        for (files, status, parts) in [
            (&[script, procfile][..], 0, &["elephant", "error output"][..]),
            (&[script, procfile, animal(".env")], 0, &["giraffe"]),
            (&[script, procfile, dev, (".env", "PROCFILE=Procfile.dev")], 0, &["mongoose"]),
            (&[("Procfile", "foo: exit 42\n")], 42, &[]),
        ] {
            let ran = ran(files, &["start"]);
            assert_eq!(ran.0, Some(status), "{ran:?}");
            assert!(parts.iter().all(|part| ran.1.contains(part)), "{parts:?}: {ran:?}");
        }
        let words: &[&str] = if program.ends_with("honcho") {
            &["export", "supervisord", "giraffe", "-a", "neck"]
        } else {
            &["export", "supervisord", "-o", "giraffe", "--app", "neck"]
        };
        let ran = ran(&[("Procfile", "web: python web.py\n")], words);
        assert_eq!((ran.0, ran.3), (Some(0), true), "{ran:?}");
    }
}
