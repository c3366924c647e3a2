//! Promised: names of the Procfile and of the running stack complete in bash, zsh and fish, each asked in a terminal.

use std::path::Path;

use crate::harness::{Project, are_there};

/// The shell without the user's files, and the line that takes the script.
const SHELLS: [(&str, &str, &str); 3] = [
    ("bash", "PS1='ready> ' bash --norc --noprofile -i", "source <(ganger completions bash); echo taken"),
    (
        "zsh",
        "PS1='ready> ' zsh -f",
        "autoload -Uz compinit; compinit -D; source <(ganger completions zsh); echo taken",
    ),
    ("fish", "fish --no-config", "ganger completions fish | source; echo taken"),
];

#[test]
fn names_complete_in_the_shells_themselves() {
    if !are_there(&["tmux"]) {
        return;
    }
    let folder = Path::new(env!("CARGO_BIN_EXE_ganger")).parent().unwrap().display();
    for (name, start, take) in SHELLS {
        if !are_there(&[name]) {
            continue;
        }
        let project = Project::new("web: probe wait\nworker: probe wait\n");
        let pane = project.pane(&format!("clear; PATH={folder}:$PATH {start}"));
        pane.enter(take);
        pane.is("the script is taken", |screen| screen.lines().any(|line| line == "taken"));
        let completes = |words: &str, expected: &str| {
            pane.press(&["-l", words]);
            pane.shows(words);
            // What a shell only suggests goes with the next key.
            pane.press(&["Tab"]);
            pane.is(expected, |screen| screen.contains(expected));
            pane.press(&["-l", "x"]);
            pane.shows(&format!("{expected} x"));
            pane.press(&["C-u"]);
            pane.is("the line is erased", |screen| !screen.contains(expected));
        };
        completes("ganger restart wo", "ganger restart worker");
        completes("ganger start -x wo", "ganger start -x worker");
        assert_eq!(project.run(&["start", "-D", "--no-port"]).0, 0);
        completes("ganger logs worker.", "ganger logs worker.1");
        completes("ganger attach web.", "ganger attach web.1");
        completes("ganger exec --with web.", "ganger exec --with web.1");
        assert_eq!(project.run(&["down"]).0, 0);
    }
}
