//! Promised: every mistake of a user is answered with place, reason and way out, with the
//! right status (2 for words that mean nothing, 1 for words and files that do not fit, 125 for ganger's own
//! failure), all mistakes at once, and nothing is started. The texts stand in tests/transcripts.

use crate::folder::{Folder, same_as_before};

const GOOD: (&str, &str) = ("Procfile", "web: sleep 60\nworker: sleep 60\n");

#[test]
fn a_project_that_is_not_there() {
    let mut text = Folder::with(&[]).transcript(&["start", "check", "start -f nope", "start -d nope", "env"]);
    text += &Folder::with(&[("Procfile.dev", "web: true\n")]).transcript(&["start"]);
    text += &Folder::with(&[("procfile", "web: true\n")]).transcript(&["start"]);
    text += &Folder::with(&[("app/Procfile", "web: true\n"), ("file", "")]).transcript(&[
        "start -f app",
        "start -d file",
        "start -f file/Procfile",
        "start -f /dev/zero",
    ]);
    same_as_before("no_project.txt", &text);
}

#[test]
fn a_procfile_with_mistakes() {
    let mistakes = "web puma\n\nworker:\nbad name: x\nweb: a\nweb: b\n";
    let mut text = Folder::with(&[("Procfile", mistakes)]).transcript(&["start"]);
    text += &Folder::with(&[("Procfile", "")]).transcript(&["start"]);
    text += &Folder::with(&[("Procfile", "# only this\n")]).transcript(&["check"]);
    text += &Folder::with(&[]).file("Procfile", b"web: caf\xe9\nx: a\0b\n").transcript(&["start"]);
    same_as_before("procfile.txt", &text);
}

#[test]
fn a_dotenv_file_with_mistakes_is_refused_without_its_values() {
    let secret = "A=1\nPASSWORD='hunter2-secret\nTOKEN=hunter2-token\"x\n";
    let text = Folder::with(&[GOOD, (".env", secret), ("other", "not a line hunter2\n")]).transcript(&[
        "start",
        "start -e other",
        "start -e .env,other",
        "start -e nope",
        "run -e other env",
        "check -e .",
    ]);
    assert!(!text.contains("hunter2"), "a value was shown:\n{text}");
    same_as_before("dotenv.txt", &text);
}

#[test]
fn all_mistakes_of_all_files_come_at_once() {
    let folder = Folder::with(&[
        ("Procfile", "web puma\n"),
        (".env", "x y\n"),
        ("ganger.toml", "timeout = \"soon\"\nprot = 3000\n"),
        (".foreman", "port: many\n"),
        ("app.json", "{"),
    ]);
    same_as_before("all_at_once.txt", &folder.transcript(&["start"]));
}

#[test]
fn words_that_mean_nothing() {
    let text = Folder::with(&[GOOD]).transcript(&[
        "start -m web=x",
        "start -m web=-1",
        "start -m web=99999999999",
        "start -m web",
        "start -p 70000",
        "start -p -1",
        "start -p http",
        "start -t -1",
        "start -t soon",
        "start --stop-signal TREM",
        "start --color=sometimes",
        "start --pty maybe",
        "start --die-with-parent=npm",
        "start --die-with-parent=2147483647",
        "start -T=%!",
        "start --formatoin web=1",
        "start web=x",
        "strat",
        "scale",
        "attach web",
        "start --restart sometimes",
        "start --restart web=maybe",
        "run",
        "run --enf .env ls",
        "interrupt",
        "up",
        "logs -n many",
        "start --daemonize",
        "start -b 2,3",
        "env --json --explain",
        "completions csh",
    ]);
    same_as_before("usage.txt", &text);
}

#[test]
fn types_that_the_procfile_does_not_have() {
    let text = Folder::with(&[GOOD]).transcript(&[
        "start wbe",
        "start web clock",
        "start -m wrker=2,all=1",
        "start -x wbe",
        "start --exit-on wbe",
        "start --exit-code-from clock",
        "start --stop-signal wbe=INT",
        "start --release",
        "env wbe",
        "run wbe",
    ]);
    same_as_before("types.txt", &text);
}

#[test]
fn ports_that_do_not_fit() {
    let text = Folder::with(&[GOOD]).transcript(&[
        "start -p 65535",
        "start --port-step 1 -m all=5",
        "start -m web=70000",
    ]);
    same_as_before("ports.txt", &text);
}

#[test]
fn an_invalid_value_names_its_variable() {
    let mut text = Folder::with(&[GOOD]).variable("GANGER_PORT", "70000").transcript(&["check"]);
    text += &Folder::with(&[GOOD]).variable("GANGER_NO_PORT", "perhaps").transcript(&["check"]);
    text += &Folder::with(&[GOOD]).variable("GANGER_FORMATION", "wbe=2").transcript(&["check"]);
    text += &Folder::with(&[GOOD]).variable("PORT", "many").transcript(&["check"]);
    text += &Folder::with(&[GOOD]).variable("GANGER_PORT", "").transcript(&["check"]);
    same_as_before("variables.txt", &text);
}

#[test]
fn commands_that_cannot_be_run() {
    let folder = Folder::with(&[("Procfile", "web: nosuch-program a\n"), ("plain", "text")]);
    let text = folder.transcript(&["run nosuch-program", "run ./plain", "run web", "run ./nosuch"]);
    same_as_before("run.txt", &text);
    let ran = folder.run(&["run", "echo $X"]);
    let hint = "help: it is one word; a command line is run by `sh -c LINE`\n";
    assert_eq!((ran.status, ran.err.ends_with(hint)), (127, true), "{}", ran.err);
}

#[test]
fn orders_and_signs_that_cannot_be() {
    let circle = "[process.web]\nafter = [\"worker\"]\n[process.worker]\nafter = [\"web\"]\n";
    let unknown = "[process.web]\nafter = [\"wroker\", \"redis\"]\n";
    let words = "restart = \"sometimes\"\nordered-stop = \"perhaps\"\n[process.web]\nready = \"htp:/\"\n\
                 ready-timeout = \"soon\"\nonce = 2\nwatch = [\"src\", \"/etc\"]\nlisten = \"here\"\ndetach = true\n\
                 [process.worker]\nready = \"log:(\"\n";
    let mut text = Folder::with(&[GOOD, ("ganger.toml", circle)]).transcript(&["start"]);
    text += &Folder::with(&[GOOD, ("ganger.toml", unknown)]).transcript(&["check"]);
    text += &Folder::with(&[GOOD, ("ganger.toml", words)]).transcript(&["start"]);
    text += &Folder::with(&[GOOD, ("ganger.toml", "[process.web]\nready = \"listen\"\n")]).transcript(&[
        "start --no-port",
        "start --watch web=../src",
        "start --watch wbe=src",
    ]);
    let variable = "[process.web]\nready = \"listen:$PGPORT\"\n";
    text += &Folder::with(&[GOOD, ("ganger.toml", variable)]).transcript(&["start"]);
    same_as_before("service.txt", &text);
}
