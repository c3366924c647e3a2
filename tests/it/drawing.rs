//! Programs that draw, beside others on one terminal (tmux): each keeps its rows, and the terminal its modes.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::harness::{Pane, Project, are_there};

/// A stack on a terminal with these two programs, once `text` is shown; `None` without tmux.
fn drawn(program: &str, beside: &str, text: &str) -> Option<(Project, Pane, String)> {
    if !are_there(&["tmux"]) {
        return None;
    }
    let project = Project::new("draw: sh program\nother: sh beside\n");
    project.write("program", program);
    project.write("beside", beside);
    let pane = project.in_tmux(&["start", "--no-port", "--color=never"]);
    let screen = pane.shows(text);
    Some((project, pane, screen))
}

const WAITS: &str = "probe wait";

fn end(pane: &Pane) {
    pane.press(&["C-c"]);
    pane.has_ended();
    assert_eq!(pane.modes(), "010000", "the modes are those of before");
}

#[test]
fn a_program_that_clears_the_screen_clears_no_rows_of_others() {
    for clear in [r"\033[2J\033[3J\033[H", r"\033c", r"\033[H\033[J", r"\033[?1049h", r"\033[1;5r"] {
        let program =
            format!("until [ -e go ]; do sleep 0.05; done; printf '{clear}Compiling...\\n'; {WAITS}\n");
        let beside = format!("echo booked; touch go; {WAITS}\n");
        let Some((_project, pane, screen)) = drawn(&program, &beside, "draw.1  | Compiling...") else {
            return;
        };
        assert!(screen.contains("other.1 | booked\n") && screen.contains("draw.1 started"), "{screen}");
        end(&pane);
    }
}

#[test]
fn a_program_that_moves_up_draws_rows_of_its_own() {
    let program = format!(
        "printf 'one\\ntwo\\n'; touch drawn; until [ -e go ]; do sleep 0.05; done; printf '\\033[2A\\033[2KONE\\n\\033[2KTWO\\n'; {WAITS}\n"
    );
    let beside =
        format!("until [ -e drawn ]; do sleep 0.05; done; echo booked; echo again; touch go; {WAITS}\n");
    let Some((_project, pane, screen)) = drawn(&program, &beside, "draw.1  | TWO") else { return };
    for row in
        ["draw.1  | one\n", "draw.1  | two\n", "other.1 | booked\n", "other.1 | again\n", "draw.1  | ONE\n"]
    {
        assert!(screen.contains(row), "{row:?}: {screen}");
    }
    end(&pane);
}

#[test]
fn a_row_that_is_erased_keeps_its_prefix() {
    let program = format!(
        "printf '\\r\\033[2Kimported 1'; printf '\\r\\033[2Kimported 2\\n'; printf '\\033[1G\\033[0Kfrom one\\n'; {WAITS}\n"
    );
    let Some((_project, pane, screen)) = drawn(&program, WAITS, "draw.1  | from one") else { return };
    assert!(screen.contains("draw.1  | imported 2\n") && !screen.contains("imported 1"), "{screen}");
    end(&pane);
}

/// How a stack ends, or the program alone before it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Key,
    Restart,
    KillMonitor,
    KillWorker,
}

#[test]
fn modes_are_those_of_before_after_every_end() {
    let modes = r"\033[?25l\033[?1000h\033[?1006h\033[?1049h\033[?2004h\033[?1004h\033=\033[4h\033(0\033[>1u\033]0;title\a";
    for end in [End::Key, End::Restart, End::KillMonitor, End::KillWorker] {
        let program = format!("printf '{modes}working\\n'; {WAITS}\n");
        let Some((project, pane, _)) = drawn(&program, WAITS, "draw.1  | working") else { return };
        assert_eq!(pane.modes(), "010000", "while it runs");
        let document = project.json(&["ps", "--json"]).1;
        let monitor = i32::try_from(document["pid"].as_i64().unwrap()).unwrap();
        let children = std::fs::read_to_string(format!("/proc/{monitor}/task/{monitor}/children")).unwrap();
        let kill = |pid: i32| kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
        match end {
            End::Key => {}
            End::Restart => {
                pane.enter("r draw");
                pane.is("it is drawn again", |screen| screen.matches("draw.1  | working").count() == 2);
            }
            End::KillMonitor => {
                kill(monitor);
                pane.shows("other.1 killed by SIGTERM");
                pane.press(&["Enter"]);
            }
            End::KillWorker => kill(children.trim().parse().unwrap()),
        }
        if matches!(end, End::Key | End::Restart) {
            pane.press(&["C-c"]);
        }
        let screen = pane.has_ended();
        assert!(screen.contains("draw.1  | working"), "{end:?}: {screen}");
        assert_eq!(pane.modes(), "010000", "{end:?}");
        pane.enter("echo $((6 * 7)) letters");
        pane.shows("42 letters\n");
    }
}

#[test]
fn the_scrollback_of_the_shell_stays() {
    if !are_there(&["tmux"]) {
        return;
    }
    let project = Project::new("draw: sh program\n");
    project.write("program", &format!("printf '\\033[2J\\033[3J\\033c\\033[HCompiling...\\n'; {WAITS}\n"));
    let pane = project.pane(&format!("seq 60; {} start --no-port", env!("CARGO_BIN_EXE_ganger")));
    pane.shows("draw.1 | Compiling...");
    end(&pane);
    let rows = pane.scrollback();
    assert!((1..=60).all(|row| rows.contains(&format!("\n{row}\n"))), "{rows}");
}

#[test]
fn logs_on_a_terminal_keeps_each_row_behind_its_prefix() {
    let program =
        format!("printf 'loading 10%%\\rloading 100%%\\n'; printf 'x\\rother.1 | booked\\n'; {WAITS}\n");
    let project = Project::new("draw: sh program\nother: probe wait\n").file("program", &program);
    if !are_there(&["tmux"]) {
        return;
    }
    let mut running = project.start_until(&["--no-port"], &["booked"]);
    assert_eq!(project.run(&["wait", "draw", "--for", "log=booked"]).0, 0);
    let pane = project.in_tmux(&["logs"]);
    let screen = pane.shows("booked");
    assert!(screen.contains("\ndraw.1  | loading 100%\ndraw.1  | other.1 | booked\n"), "{screen}");
    assert_eq!(project.run(&["down", "-t", "1"]).0, 0);
    running.wait();
}

#[test]
fn a_question_to_the_terminal_is_answered_while_no_client_is_attached() {
    let program = "stty -icanon -echo min 1 time 0\nprintf '\\033[6n'\nanswer=$(dd bs=1 count=6 2>/dev/null | tr -d '\\033')\necho \"answer $answer\"\nprobe wait\n";
    let Some((_project, pane, _)) = drawn(program, WAITS, "draw.1  | answer [1;1R") else { return };
    end(&pane);
}

#[test]
fn the_stream_the_history_and_documents_have_rows_or_with_raw_what_was_written() {
    let program = format!("printf 'one\\r\\033[2Kthree\\n'; {WAITS}\n");
    for (flags, text) in [(&["--pty=always"][..], "three"), (&["--pty=always", "--raw"], "one\r\x1b[2Kthree")]
    {
        let project = Project::new("draw: sh program\n").file("program", &program);
        let mut running = project.start_until(flags, &["three"]);
        let waited = project.run(&["wait", "draw", "--for", "log=three$", "--timeout", "20"]);
        assert_eq!(waited.0, 0, "{waited:?}");
        let document = project.json(&["logs", "--json"]).1;
        assert_eq!(document["lines"][0]["text"], text);
        assert_eq!(project.run(&["logs", "--raw"]).1, format!("draw.1 | {text}\n"));
        assert_eq!(project.run(&["down", "-t", "1"]).0, 0);
        running.wait();
        assert!(running.all_said().contains(&format!("draw.1 | {text}")), "{:?}", running.all_said());
        project.write("program", &program.replace(WAITS, "probe exit 0"));
        let (_, lines, _) = project.run(&[&["start", "--json"], flags].concat());
        let of_draw = |line: &serde_json::Value| line["process"] == "draw.1" && line["text"].is_string();
        let lines: Vec<serde_json::Value> =
            lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.iter().find(|line| of_draw(line)).unwrap()["text"], text);
    }
}

#[test]
fn a_row_that_is_wider_than_the_terminal_goes_on_under_its_text() {
    let text = "x".repeat(75);
    let Some((_project, pane, screen)) = drawn(&format!("echo {text}; {WAITS}\n"), WAITS, "draw.1  | xxx")
    else {
        return;
    };
    let expected = format!("draw.1  | {}\n          {}\n", "x".repeat(70), "x".repeat(5));
    assert!(screen.contains(&expected), "{screen}");
    pane.resize(60, 24);
    pane.enter("h");
    pane.shows("a NAME");
    end(&pane);
}

#[test]
fn blank_rows_that_scroll_a_screen_away_are_left_out() {
    let program = format!(
        "echo before; for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo; done; printf '\\033[1;1H\\033[0JReady\\n'; {WAITS}\n"
    );
    let Some((_project, pane, screen)) = drawn(&program, WAITS, "draw.1  | Ready") else { return };
    assert!(screen.contains("draw.1  | before\ndraw.1  |\n"), "{screen}");
    assert_eq!(screen.lines().filter(|row| row.trim_end() == "draw.1  |").count(), 1, "{screen}");
    end(&pane);
}
