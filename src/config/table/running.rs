//! Settings of a run: what runs, and how it stops.

use super::base::{COMMANDS, EXPORTED, RUNNING, SETTING, of_stack, of_type};
use crate::config::setting::{Flag, Setting, Takes};
use crate::config::value;

pub(super) static SETTINGS: [Setting; 13] = [
    Setting {
        name: "except",
        flags: &[Flag { short: Some('x'), ..EXPORTED }],
        takes: Takes::Value("TYPE"),
        help: "Run all types but these",
        example: "worker",
        stack: Some(&of_stack(|s| &mut s.except, value::text)),
        ..SETTING
    },
    Setting {
        name: "no-deps",
        flags: &[RUNNING],
        help: "Run named types without those they come after\n\n\
               `ganger start web` also runs the types that `after` of ganger.toml names for web, unless this is given.",
        stack: Some(&of_stack(|s| &mut s.no_deps, value::boolean)),
        ..SETTING
    },
    Setting {
        name: "can-die",
        flags: &[RUNNING],
        takes: Takes::Value("TYPE"),
        help: "Types whose exit does not end the stack\n\n\
               Separate several by commas, or repeat the flag. With --exit-on never it is all types.",
        example: "worker",
        stack: Some(&of_stack(|s| &mut s.can_die, value::text)),
        ..SETTING
    },
    Setting {
        name: "release",
        flags: &[RUNNING],
        help: "Run the `release` line to its end first\n\n\
               Where it needs a database of the same Procfile: `[process.release]` with `after = [\"db\"]` in ganger.toml.",
        stack: Some(&of_stack(|s| &mut s.release, value::boolean)),
        ..SETTING
    },
    Setting {
        name: "timeout",
        flags: &[Flag { short: Some('t'), ..EXPORTED }],
        takes: Takes::Value("SECS"),
        by_type: true,
        help: "Grace before SIGKILL: `10`, `500ms`, `web=2m`\n\n\
               The time between the stop signal and SIGKILL, 5 seconds by default.",
        example: "9",
        stack: Some(&of_stack(|s| &mut s.timeout, value::span)),
        each: Some(&of_type(|p| &mut p.timeout, value::span)),
        ..SETTING
    },
    Setting {
        name: "sweep",
        flags: &[RUNNING],
        help: "First stop processes that an earlier run left\n\n\
               After SIGKILL of both processes of ganger, processes of that run may remain. A start in the same root \
               finds them by their mark and names them; on a terminal it asks whether to stop them.",
        stack: Some(&of_stack(|s| &mut s.sweep, value::boolean)),
        ..SETTING
    },
    Setting {
        name: "isolate",
        flags: &[RUNNING],
        is_fixed: true,
        help: "Run the stack in its own PID namespace\n\n\
               Linux only: the kernel ends every process in it when ganger ends, SIGKILL included. Needs root, or user \
               namespaces, in which sudo does not work. Refused where the kernel does not allow it.",
        stack: Some(&of_stack(|s| &mut s.isolate, value::boolean)),
        ..SETTING
    },
    Setting {
        name: "die-with-parent",
        flags: &[COMMANDS],
        takes: Takes::Optional("PID", "true"),
        flag_only: Some("a file does not know which process starts ganger"),
        is_fixed: true,
        help: "Stop all when the calling process ends\n\n\
               However it ends, SIGKILL included. Without a PID it is the parent of ganger; where that is a shell with `-c` or \
               a launcher of a package, also the process that started it. For `run` and with --detach only the flag counts, \
               not its variable. With it `run` does not become the command but stays around it, and stops what it leaves, as \
               `exec` does. Linux only.",
        example: "true",
        stack: Some(&of_stack(|s| &mut s.die_with_parent, value::parent)),
        ..SETTING
    },
    Setting {
        name: "exit-on",
        flags: &[RUNNING],
        takes: Takes::Value("WHICH"),
        choices: &["any", "failure", "never"],
        help: "Exit that stops all: any, failure, never, TYPE\n\n\
               That of any instance (the default), of one whose status is not 0, of none (ganger goes on until all have \
               exited), or of an instance of TYPE.",
        example: "failure",
        stack: Some(&of_stack(|s| &mut s.exit_on, value::text)),
        ..SETTING
    },
    Setting {
        name: "exit-code-from",
        flags: &[RUNNING],
        takes: Takes::Value("TYPE"),
        help: "Exit with the status of this type",
        example: "web",
        stack: Some(&of_stack(|s| &mut s.exit_code_from, value::text)),
        ..SETTING
    },
    Setting {
        name: "stop-signal",
        flags: &[EXPORTED],
        takes: Takes::Value("SIGNAL"),
        by_type: true,
        help: "Stop with this signal: `INT`, `web=QUIT`\n\n\
               TERM by default. Separate several by commas, or repeat the flag.",
        example: "INT",
        stack: Some(&of_stack(|s| &mut s.stop_signal, value::signal)),
        each: Some(&of_type(|p| &mut p.stop_signal, value::signal)),
        ..SETTING
    },
    Setting {
        name: "stop-to",
        takes: Takes::Value("main|group"),
        choices: &["main", "group"],
        help: "Processes of an instance that get the stop signal\n\n\
               `main`, the default: the program first, then what is left of its tree. `group`: all at once.",
        example: "group",
        stack: Some(&of_stack(|s| &mut s.stop_to, value::reach)),
        each: Some(&of_type(|p| &mut p.stop_to, value::reach)),
        ..SETTING
    },
    Setting {
        name: "ordered-stop",
        flags: &[RUNNING],
        takes: Takes::Optional("WHETHER", "true"),
        help: "Stop in reverse start order: true, false\n\n\
               `true` by default where ganger.toml has `after`: a type stops when the types that start `after` it have \
               exited, and then has its whole grace. `--ordered-stop=false` stops all at once.",
        stack: Some(&of_stack(|s| &mut s.ordered_stop, value::boolean)),
        ..SETTING
    },
];
