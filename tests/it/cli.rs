//! Promised: what can be typed and what is answered; settings win in their order; `run` is replaced by its
//! command, so that nothing of ours is in between.
//!
//! Not promised: the words of the completion scripts, which are clap's.

use crate::folder::{Folder, same_as_before};
use crate::harness::{are_there, write_program};

const STACK: (&str, &str) =
    ("Procfile", "web: ./server --port $PORT\nworker: bin/work | tee log\nrelease: bin/migrate\n");

/// The document of `check --json` with these arguments.
fn checked(folder: &Folder, arguments: &[&str]) -> serde_json::Value {
    let words: Vec<&str> = ["check", "--json"].iter().chain(arguments).copied().collect();
    serde_json::from_str(&folder.run(&words).out).unwrap()
}

/// `web.1:5000 worker.1:5100` of such a document.
fn instances(document: &serde_json::Value) -> String {
    let processes = document["processes"].as_array().unwrap();
    let all = processes.iter().flat_map(|process| process["instances"].as_array().unwrap());
    let shown = all.map(|instance| format!("{}:{}", instance["name"].as_str().unwrap(), instance["port"]));
    shown.collect::<Vec<_>>().join(" ")
}

#[test]
fn help_and_version_fit_a_terminal_of_80_columns() {
    let lines = ["", "-h", "--help", "--version", "version", "start -h", "start --help", "run --help"];
    let more = ["check --help", "env --help", "completions --help", "man --help"];
    let all: Vec<&str> = lines.into_iter().chain(more).collect();
    let text = Folder::with(&[]).transcript(&all);
    let wide: Vec<&str> = text.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(wide.is_empty(), "{wide:#?}");
    same_as_before("help.txt", &text);
}

#[test]
fn a_verbose_version_says_what_a_bug_report_needs() {
    let ran = Folder::with(&[]).run(&["version", "--verbose"]);
    let rows: Vec<_> = ran.out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    assert_eq!(rows[0], ["ganger", env!("CARGO_PKG_VERSION")]);
    let names: Vec<&str> = rows[1..].iter().map(|row| row[0]).collect();
    assert_eq!(names, ["commit", "profile", "target", "kernel", "pidfd"]);
    assert!(rows.iter().all(|row| row.len() > 1), "{}", ran.out);
    assert!(ran.out.contains(std::env::consts::ARCH), "{}", ran.out);
}

#[test]
fn check_shows_what_would_run() {
    let folder = Folder::with(&[STACK, (".env", "A=1\nPATH=/opt\nB=pa$$word\n")]);
    let text =
        folder.transcript(&["check", "check -m web=2 -p 3000", "check -m all=0,worker=1", "check --no-port"]);
    same_as_before("check.txt", &text);
}

#[test]
fn check_json_is_one_document_with_errors_inside() {
    let folder = Folder::with(&[STACK, ("bad", "web: a\nworker\n")]);
    let ran = folder.run(&["check", "--json", "-m", "web=2"]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    let document: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        document["processes"][0],
        serde_json::json!({
            "name": "web", "command": "./server --port $PORT", "line": 1,
            "instances": [{"name": "web.1", "port": 5000}, {"name": "web.2", "port": 5001}],
        })
    );
    assert_eq!((&document["schema"], &document["errors"]), (&serde_json::json!(1), &serde_json::json!([])));

    let ran = folder.run(&["check", "--json", "-f", "bad"]);
    assert_eq!((ran.status, ran.err.as_str()), (1, ""));
    let document: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(document["processes"][0]["name"], "web");
    assert_eq!((&document["errors"][0]["file"], &document["errors"][0]["line"]), (&"bad".into(), &2.into()));

    let ran = folder.run(&["check", "--json", "-d", "nope"]);
    assert_eq!(ran.status, 1);
    assert!(ran.out.starts_with(r#"{"schema":1,"processes":[],"warnings":[],"errors":[{"file":"nope""#));
}

#[test]
fn flags_win_over_variables_and_variables_over_files() {
    let files =
        [STACK, ("ganger.toml", "formation = \"web=4\"\n"), (".foreman", "formation: web=5\nport: 7000\n")];
    let folder = Folder::with(&files);
    assert!(instances(&checked(&folder, &[])).starts_with("web.1:7000 web.2:7001 web.3:7002 web.4:7003"));
    let folder = folder.variable("GANGER_FORMATION", "web=3").variable("GANGER_PORT", "8000");
    assert_eq!(instances(&checked(&folder, &[])), "web.1:8000 web.2:8001 web.3:8002");
    assert_eq!(instances(&checked(&folder, &["-m", "web=1", "-p", "9000"])), "web.1:9000");
    let folder = folder.variable("GANGER_NO_PORT", "yes");
    assert_eq!(instances(&checked(&folder, &["-m", "web=1"])), "web.1:null");
    assert_eq!(instances(&checked(&folder, &["-m", "web=1", "-p", "9000"])), "web.1:9000");
}

#[test]
fn what_is_added_to_a_script_wins_over_what_the_script_says() {
    let folder = Folder::with(&[STACK, ("Procfile.dev", "web: a\ncss: b\n"), (".env", "broken line\n")])
        .variable("GANGER", env!("CARGO_BIN_EXE_ganger"));
    let script =
        "#!/bin/sh\nexec \"$GANGER\" check --json -f Procfile.dev --env /dev/null -m all=1,web=0 \"$@\"\n";
    write_program(&folder.path().join("dev"), script);
    let dev = |arguments: &[&str]| {
        let mut command = folder.command_of(&["./dev"]);
        let ran = command.args(arguments).output().unwrap();
        instances(&serde_json::from_slice(&ran.stdout).unwrap())
    };
    assert_eq!(dev(&[]), "css.1:5100");
    assert_eq!(dev(&["-m", "web=2", "-p", "3000"]), "web.1:3000 web.2:3001");
}

#[test]
fn a_procfile_comes_from_a_folder_a_pipe_or_another_name() {
    let folder =
        Folder::with(&[("app/Procfile", "web: pwd\n"), ("app/.env", "A=app\n"), (".env", "A=here\n")]);
    let ran = folder.run(&["run", "-d", "app", "sh", "-c", "echo $A; pwd"]);
    assert_eq!(ran.out, format!("app\n{}/app\n", folder.path().display()));
    let ran = folder.run(&["run", "-f", "app/Procfile", "web"]);
    assert_eq!(ran.out, format!("{}/app\n", folder.path().display()), "the Procfile's folder is the root");
    let ran = folder.run_with_input(&["check", "-f", "-"], b"web: a\n");
    assert_eq!(ran.status, 0, "{}", ran.err);
    let ran = folder.run_with_input(&["run", "-f", "/dev/stdin", "web"], b"web: echo $A\n");
    assert_eq!(ran.out, "here\n", "{}", ran.err);
}

#[test]
fn a_foreman_file_says_where_things_are_and_is_read_from_the_root() {
    let foreman =
        "procfile: conf/Procfile.dev\nroot: app\nenv: conf/a.env,conf/b.env\nport: 4000\nformation: web=2\n";
    let files = [(".foreman", foreman), ("conf/Procfile.dev", "web: pwd\ncss: b\n"), ("app/x", "")];
    let more = [("conf/a.env", "A=a\nB=a\n"), ("conf/b.env", "B=b\n"), ("elsewhere/x", "")];
    let folder = Folder::with(&[files, more].concat());
    assert_eq!(instances(&checked(&folder, &[])), "web.1:4000 web.2:4001");
    let ran = folder.run(&["run", "sh", "-c", "echo $A $B $PORT; pwd"]);
    assert_eq!(ran.out, format!("a b 4000\n{}/app\n", folder.path().display()), "{}", ran.err);
    // `-d` names the project: its files are read, paths in them are relative to it.
    let mut elsewhere = folder.command(&["check", "--json", "-d", ".."]);
    let ran = elsewhere.current_dir(folder.path().join("elsewhere")).output().unwrap();
    assert_eq!(instances(&serde_json::from_slice(&ran.stdout).unwrap()), "web.1:4000 web.2:4001");
}

#[test]
fn env_tells_names_and_places_and_keeps_values_to_itself() {
    let files = [
        ("Procfile", "web: a\nmy-job: b\n"),
        (".env", "SECRET=hunter2\nSHELL_HAS=file\nTWICE=1\nQUOTED='a b'\nTWICE=2\n"),
    ];
    let folder = Folder::with(&files).variable("SHELL_HAS", "hunter3").variable("OTHER", "x");
    let text = folder.transcript(&["env", "env my-job --explain", "env web --json"]);
    assert!(!text.contains("hunter"), "{text}");
    same_as_before("env.txt", &text);
    let shown = folder.run(&["env", "--show-values"]).out;
    assert!(shown.contains("SECRET=hunter2\n") && shown.contains("QUOTED='a b'\n"), "{shown}");
    assert!(!shown.contains("OTHER="), "{shown}");
    assert!(folder.run(&["env", "--all"]).out.contains("OTHER="));
}

#[test]
fn the_shell_wins_over_files_unless_it_is_asked_not_to() {
    let files = [("Procfile", "web: a\n"), (".env", "A=first\n"), ("b", "A=second\nP=bin:$Q\n")];
    let folder = Folder::with(&files).variable("Q", "outside");
    let print = ["sh", "-c", "echo $A $P"];
    let run = |folder: &Folder, flags: &[&str]| folder.run(&[&["run"], flags, &print].concat()).out;
    assert_eq!(run(&folder, &[]), "first\n");
    assert_eq!(run(&folder, &["-e", ".env,b"]), "second bin:outside\n", "a later file wins");
    assert_eq!(run(&folder, &["-e", "b", "-e", ".env"]), "first bin:outside\n");
    assert_eq!(run(&folder, &["-e", "/dev/null"]), "\n");
    let folder = folder.variable("A", "shell");
    assert_eq!(run(&folder, &[]), "shell\n");
    assert_eq!(run(&folder, &["--env-wins", "-e", "b"]), "second bin:outside\n");
}

#[test]
fn a_line_of_an_env_file_can_use_the_port_of_a_type() {
    let env = "REDIS_URL=redis://localhost:${GANGER_PORT_MY_DB:?no port}/0\nBARE=$GANGER_PORT_WEB\nNONE=${GANGER_PORT_RELEASE:-none}\nOTHER=$GANGER_PORT_X\n";
    let folder = Folder::with(&[("Procfile", "web: a\nmy-db: b\nrelease: c\n"), (".env", env)]);
    let shown = |words: &[&str]| folder.run(&[&["env", "--show-values"], words].concat());
    let of = |words: &[&str], name: &str| {
        let out = shown(words).out;
        out.lines().find_map(|line| line.strip_prefix(&format!("{name}="))).unwrap().to_owned()
    };
    assert_eq!(of(&[], "REDIS_URL"), "redis://localhost:5100/0");
    assert_eq!(of(&["-p", "3000"], "REDIS_URL"), "redis://localhost:3100/0");
    assert_eq!(of(&["-p", "3000"], "BARE"), "3000");
    assert_eq!(of(&[], "NONE"), "none", "a type that does not run has no port");
    assert!(!shown(&[]).err.contains("REDIS_URL") && !shown(&[]).err.contains("BARE"), "{}", shown(&[]).err);
    assert!(shown(&[]).err.contains("OTHER"), "a type that is not there is a variable like any other");
    let ran = folder.run(&["run", "-p", "4000", "sh", "-c", "echo $REDIS_URL"]);
    assert_eq!(ran.out, "redis://localhost:4100/0\n", "{}", ran.err);
}

#[test]
fn a_line_of_an_env_file_knows_the_port_of_each_of_very_many_types() {
    let types: String = (0..120).map(|number| format!("t{number}: probe env GANGER_PORT_T7\n")).collect();
    let folder =
        Folder::with(&[("Procfile", &types), (".env", "API=http://localhost:${GANGER_PORT_T119}/\n")]);
    let of = |name: &str, words: &[&str]| {
        folder.run(&[&["run"], words, &["sh", "-c", &format!("echo ${name}")]].concat())
    };
    assert_eq!(of("API", &[]).out, "http://localhost:16900/\n");
    assert_eq!(of("GANGER_PORT_T3", &[]).out, "5300\n");
    let shown = folder.run(&["env", "t1", "--show-values"]).out;
    assert!(shown.starts_with("API=http://localhost:16900/\n"), "{shown}");
    assert!(shown.contains("\nGANGER_PORT_T7=5700\n") && !shown.contains("GANGER_PORT_T8="), "{shown}");
}

#[test]
fn the_names_that_overmind_has_for_commands_are_taken() {
    let folder = Folder::with(&[STACK]);
    for words in [&["status"][..], &["quit"]] {
        let ran = folder.run(words);
        assert_eq!((ran.status, ran.err.lines().next()), (3, Some("error: no stack runs here")), "{words:?}");
    }
    assert!(folder.run(&["connect", "web"]).err.starts_with("error: attach needs a terminal"));
    assert!(folder.run(&["status", "--json"]).out.contains("\"code\":\"nothing_runs\""));
}

#[test]
fn run_passes_arguments_environment_and_status_exactly() {
    let folder = Folder::with(&[
        (
            "Procfile",
            "web: printf '<%s>' \"$PS\" \"$PORT\" web\nwords: printf <%s> fixed\nexit: exit 5\nnoted: printf '<%s>' a # why\n",
        ),
        (".env", "FROM_FILE=yes\n"),
    ]);
    let run = |words: &[&str]| folder.run(&[&["run"], words].concat());
    let all = ["printf", "<%s>", "a b", "$HOME", "x*", "", "--flag", "-e", "--"];
    assert_eq!(run(&all).out, "<a b><$HOME><x*><><--flag><-e><-->");
    assert_eq!(run(&["--", "printf", "<%s>", "--"]).out, "<-->");
    assert_eq!(run(&["sh", "-c", "echo $FROM_FILE $PORT"]).out, "yes 5000\n");
    assert_eq!(run(&["web"]).out, "<web.1><5000><web>");
    assert_eq!(run(&["web", "a b", "$X", "--", "-h"]).out, "<web.1><5000><web><a b><$X><--><-h>");
    assert_eq!(run(&["noted", "b c"]).out, "<a><b c>");
    assert_eq!(run(&["-p", "3000", "sh", "-c", "echo $PORT"]).out, "3000\n");
    assert_eq!(run(&["exit"]).status, 5);
    assert_eq!(run(&["sh", "-c", "kill -9 $$"]).status, 137);
    assert_eq!(run(&["sh", "-c", "kill -PIPE $$"]).status, 141);
    assert_eq!(run(&["nosuch"]).status, 127);
    assert!(run(&["echo $X"]).err.contains("a command line is run by `sh -c LINE`"));
    let without = Folder::with(&[]);
    assert_eq!(without.run(&["run", "echo", "hi"]).out, "hi\n", "a Procfile is not needed for a command");
}

#[test]
fn run_leaves_no_process_of_ours_in_between() {
    let folder = Folder::with(&[("Procfile", "web: sh -c 'echo $$ $PPID'\n")]);
    let (pid, said) = folder.run_with_pid(&["run", "sh", "-c", "echo $$ $PPID"]);
    assert_eq!(said, format!("{pid} {}\n", std::process::id()));
}

/// The masks of /proc/PID/status, without the two signals that glibc has for itself (32 and 33): whether they are ignored
/// depends on how std starts a program, by posix_spawn or by fork.
fn masks(status: &str) -> Vec<(&str, u64)> {
    let of_line = |line| {
        let (name, mask) = str::split_once(line, ":\t").unwrap();
        (name, u64::from_str_radix(mask, 16).unwrap() & !(3 << 31))
    };
    status.lines().map(of_line).collect()
}

#[test]
fn run_gives_signals_as_ganger_had_them() {
    let folder = Folder::with(&[]);
    let grep = ["grep", "-E", "^Sig(Ign|Blk|Cgt)", "/proc/self/status"];
    let direct = String::from_utf8(folder.command_of(&grep).output().unwrap().stdout).unwrap();
    let through = folder.run(&[&["run"], &grep[..]].concat()).out;
    assert_eq!(masks(&through), masks(&direct));
    let ran = folder.run(&[
        "run",
        "sh",
        "-c",
        "trap '' INT; exec \"$0\" run grep SigIgn /proc/self/status",
        env!("CARGO_BIN_EXE_ganger"),
    ]);
    assert!(ran.out.trim_end().ends_with('2'), "an ignored SIGINT stays ignored: {}", ran.out);
}

#[test]
fn the_manual_page_names_every_flag() {
    let page = Folder::with(&[]).run(&["man"]).out;
    assert!(page.starts_with(".ie ") || page.contains(".TH ganger 1"), "{page}");
    for flag in ["procfile", "formation", "stop\\-signal", "exit\\-code\\-from", "show\\-values"] {
        assert!(page.contains(&format!("\\-\\-{flag}")), "{flag}");
    }
}

#[test]
fn every_shell_has_a_script_and_types_complete() {
    let groups = "[group.back]\ntypes = [\"web\"]\n";
    let folder = Folder::with(&[STACK, ("other", "css: x\n"), ("ganger.toml", groups)]);
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = folder.run(&["completions", shell]);
        assert_eq!(ran.status, 0);
        assert!(ran.out.contains("GANGER_COMPLETE"), "{shell}: {}", ran.out);
    }
    let folder = folder.variable("GANGER_COMPLETE", "fish");
    let complete = |words: &[&str]| folder.run(&[&["--", "ganger"], words].concat()).out;
    let first =
        |text: &str| text.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(first(&complete(&["start", "w"])), ["web", "worker"]);
    // Each command that takes a name as a word.
    let takes_name = |word: &&clap::Arg| {
        let names = word.get_value_names().unwrap_or_default().iter();
        word.is_positional() && names.clone().any(|name| name.contains("TYPE") || name.contains("NAME"))
    };
    let command = ganger::parts::cli::usage::command();
    let taking =
        command.get_subcommands().filter(|command| command.get_arguments().any(|word| takes_name(&word)));
    let mut count = 0;
    for name in taking.map(clap::Command::get_name).chain(["exec"]) {
        assert_eq!(first(&complete(&[name, "wo"])), ["worker"], "{name}");
        count += 1;
    }
    assert!(count > 12, "{count}");
    assert_eq!(first(&complete(&["start", "-f", "other", "c"])), ["css"]);
    assert_eq!(first(&complete(&["start", "-x", "re"])), ["release"]);
    assert_eq!(first(&complete(&["sta"])), ["start"]);
    for words in [&["start", "@"][..], &["start", "-x", "@"], &["doctor", "@"], &["wait", "@"]] {
        assert_eq!(first(&complete(words)), ["@back"], "{words:?}");
    }
    assert_eq!(first(&complete(&["logs", "wo"])), ["worker"], "of the Procfile, where no stack runs");
    assert_eq!(first(&complete(&["start", "--restart", "o"])), ["on-failure"]);
    assert_eq!(
        first(&complete(&["start", "--exit-on", ""])),
        ["any", "failure", "never", "web", "worker", "release"]
    );
}

#[test]
fn bash_completes_with_the_script() {
    if !are_there(&["bash"]) {
        return;
    }
    let folder = Folder::with(&[STACK]);
    let path = std::path::Path::new(env!("CARGO_BIN_EXE_ganger")).parent().unwrap();
    let script = "PATH=$1:$PATH; source <(ganger completions bash) || exit
        COMP_WORDS=(ganger start wo) COMP_CWORD=2 COMP_LINE='ganger start wo' COMP_POINT=15 COMP_TYPE=9
        words=$(complete -p ganger) || exit
        [[ $words =~ -F\\ ([^ ]+) ]] && ${BASH_REMATCH[1]} ganger wo start; echo \"${COMPREPLY[*]}\"";
    let ran = std::process::Command::new("bash")
        .args(["--norc", "-c", script, "bash", path.to_str().unwrap()])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!((text(&ran.stdout).trim(), text(&ran.stderr).as_str()), ("worker", ""));
}
