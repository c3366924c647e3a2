//! Settings of services: readiness, order, restarts, watched files.

use super::base::{RESTARTS, RUNNING, SETTING, WHEN, of_stack, of_type};
use crate::config::deployment::{Resource, ScaleRange};
use crate::config::probe::ReadySetting;
use crate::config::setting::{Flag, Setting, Takes};
use crate::config::value;

pub(super) static SETTINGS: [Setting; 15] = [
    Setting {
        name: "restart",
        flags: &[
            RUNNING,
            Flag {
                commands: &["export"],
                help: Some(
                    "What the engine does when a program ends\n\n\
                     never, on-failure or always, or `web=always` for one type. Without it, the engine's own habit: \
                     docs/export.md has them.",
                ),
                ..RUNNING
            },
        ],
        takes: Takes::Value("WHEN"),
        choices: &RESTARTS,
        by_type: true,
        help: "Restart after an exit: never, on-failure, always\n\n\
               Or `web=always` for one type. After 0.5 s, then twice as long each time, and by chance up to half more, 30 s at most. \
               After five failures in a row the instance is given up; a run of ten seconds begins the count anew.",
        example: "on-failure",
        stack: Some(&of_stack(|s| &mut s.restart, value::restart)),
        each: Some(&of_type(|p| &mut p.restart, value::restart)),
        ..SETTING
    },
    Setting {
        name: "watch",
        flags: &[RUNNING],
        takes: Takes::Value("TYPE=PATTERN"),
        by_type: true,
        help: "Restart on changed files: `web=src,*.py`",
        example: "src",
        stack: Some(&of_stack(|s| &mut s.watch, value::pattern)),
        each: Some(&of_type(|p| &mut p.watch, value::pattern)),
        ..SETTING
    },
    Setting {
        name: "pty",
        flags: &[RUNNING],
        takes: Takes::Value("WHEN"),
        choices: &WHEN,
        is_fixed: true,
        help: "Give instances a terminal: auto, always, never\n\n\
               `auto`, the default: if standard output is a terminal.",
        example: "never",
        stack: Some(&of_stack(|s| &mut s.pty, value::when)),
        ..SETTING
    },
    Setting {
        name: "ready",
        takes: Takes::Value("PROBE"),
        help: "What shows that an instance is ready\n\n\
               listen, listen:6379, listen:$PGPORT, http:/health, log:REGEX, cmd:COMMAND, notify or alive.",
        example: "http:/health",
        each: Some(&of_type(|p| &mut p.ready, ReadySetting::parse)),
        ..SETTING
    },
    Setting {
        name: "ready-timeout",
        takes: Takes::Value("SECS"),
        by_type: true,
        help: "Time to become ready; then an instance has failed",
        example: "30",
        stack: Some(&of_stack(|s| &mut s.ready_timeout, value::span)),
        each: Some(&of_type(|p| &mut p.ready_timeout, value::span)),
        ..SETTING
    },
    Setting {
        name: "after",
        takes: Takes::Value("TYPE"),
        help: "Types that must be ready before it starts",
        example: "db",
        each: Some(&of_type(|p| &mut p.after, value::text)),
        ..SETTING
    },
    Setting {
        name: "once",
        help: "A one-shot: an exit with status 0 is success\n\n\
               Any other counts as `exit-on` and `can-die` say; where `exit-on` is a type, the stack ends if that comes after the \
               one-shot. A `release` that fails always ends it.",
        each: Some(&of_type(|p| &mut p.once, value::boolean)),
        ..SETTING
    },
    Setting {
        name: "listen",
        takes: Takes::Value("true|ADDRESS"),
        help: "Bind PORT in ganger and pass the socket (LISTEN_FDS)",
        each: Some(&of_type(|p| &mut p.listen, value::listen)),
        ..SETTING
    },
    Setting {
        name: "on-crash",
        takes: Takes::Value("COMMAND"),
        help: "Command to run when an instance has failed\n\n\
               It ended with a status that is not 0 or by a signal, was not ready in time, or could not be started; not where it \
               was stopped. A shell runs it in the root with the environment of the instance, and the event as JSON on standard \
               input: docs/running.md.",
        example: "bin/report-crash",
        stack: Some(&of_stack(|s| &mut s.on_crash, value::text)),
        each: Some(&of_type(|p| &mut p.on_crash, value::text)),
        ..SETTING
    },
    Setting {
        name: "on-ready",
        takes: Takes::Value("COMMAND"),
        help: "Command to run when an instance is ready",
        example: "bin/warm-up",
        stack: Some(&of_stack(|s| &mut s.on_ready, value::text)),
        each: Some(&of_type(|p| &mut p.on_ready, value::text)),
        ..SETTING
    },
    Setting {
        name: "hook-timeout",
        takes: Takes::Value("SECS"),
        help: "Time for such a command; then it is killed\n\n\
               30 seconds by default.",
        example: "5",
        stack: Some(&of_stack(|s| &mut s.hook_timeout, value::span)),
        each: Some(&of_type(|p| &mut p.hook_timeout, value::span)),
        ..SETTING
    },
    Setting {
        name: "no-hooks",
        flags: &[RUNNING],
        help: "Run neither on-crash nor on-ready commands",
        stack: Some(&of_stack(|s| &mut s.no_hooks, value::boolean)),
        ..SETTING
    },
    Setting {
        name: "requests",
        takes: Takes::Value("RESOURCE=N"),
        help: "What an export keeps free for an instance\n\n\
               As { cpu = \"250m\", memory = \"256Mi\" }, or \"cpu=250m,memory=256Mi\" (kubernetes).",
        example: "cpu=250m,memory=256Mi",
        each: Some(&of_type(|p| &mut p.deployment.requests, Resource::parse)),
        ..SETTING
    },
    Setting {
        name: "limits",
        takes: Takes::Value("RESOURCE=N"),
        help: "The most that an exported instance may take",
        example: "memory=512Mi",
        each: Some(&of_type(|p| &mut p.deployment.limits, Resource::parse)),
        ..SETTING
    },
    Setting {
        name: "scale",
        takes: Takes::Value("min=N,max=N,cpu=N"),
        help: "How many instances an export may have, by load\n\n\
               As { min = 2, max = 10, cpu = 70 }: cpu is in percent of what is requested (kubernetes).",
        example: "min=2,max=10,cpu=70",
        each: Some(&of_type(|p| &mut p.deployment.scale, ScaleRange::parse)),
        ..SETTING
    },
];
