//! Settings of the project: what a stack is read from, and where it runs.

use super::base::{PROJECT, SETTING, STACK, START, of_stack, of_type};
use crate::config::setting::{Flag, Parse, Parsed, Setting, Takes, path};
use crate::config::settings::Settings;
use crate::config::value;

pub(super) static SETTINGS: [Setting; 14] = [
    Setting {
        name: "detach",
        flags: &[Flag { short: Some('D'), ..START }],
        flag_only: Some("a file would send every start of the project to the background"),
        help: "Run in the background; return when all are up\n\n\
               The terminal is released. `ganger logs`, `ps`, `restart` and `down` reach the stack.",
        stack: Some(&of_stack(|s| &mut s.detach, value::boolean)),
        ..SETTING
    },
    Setting {
        name: "wait",
        flags: &[START],
        takes: Takes::Optional("SECS", "60"),
        flag_only: Some("it belongs to --detach"),
        help: "With -D: return when all are ready\n\n\
               Waits SECS at most, 60 by default; then the status is 124, and the stack goes on.",
        example: "30",
        stack: Some(&of_stack(|s| &mut s.wait, value::span)),
        ..SETTING
    },
    Setting {
        name: "name",
        flags: &[
            Flag { commands: &["start", "exec", "mcp", "ui"], ..START },
            Flag { help: Some("The stack that was started with this name"), ..STACK },
        ],
        takes: Takes::Value("NAME"),
        flag_only: Some("a name in a file would be that of every stack of the folder"),
        help: "Name the stack, to run several in one folder",
        example: "blue",
        stack: Some(&of_stack(|s| &mut s.name, value::text)),
        ..SETTING
    },
    Setting {
        name: "procfile",
        flags: &[
            Flag { short: Some('f'), ..PROJECT },
            Flag {
                commands: &["ps", "restart", "stop", "scale", "kill", "wait", "attach", "port", "down"],
                short: Some('f'),
                help: Some("The stack of this Procfile's folder"),
                ..STACK
            },
            // Its -f is `--follow`.
            Flag { commands: &["logs"], help: Some("The stack of this Procfile's folder"), ..STACK },
        ],
        takes: Takes::Value("FILE"),
        given_once: Some("one Procfile is read; for both: `cat A B | ganger start -f -`"),
        help: "Read this Procfile; `-` is standard input",
        example: "Procfile.dev",
        stack: Some(&Parsed { at: |s: &mut Settings| &mut s.procfile, parse: Parse::Path(path) }),
        ..SETTING
    },
    Setting {
        name: "npm",
        flags: &[Flag { commands: &["start", "check"], ..PROJECT }],
        takes: Takes::Value("SCRIPT"),
        help: "Run scripts of package.json: `dev`, `dev:*`\n\n\
               They take the place of a Procfile. With a `*` a type is called after what stands there. The lock file tells \
               whether npm, pnpm, yarn or bun runs them.",
        example: "dev:*",
        stack: Some(&of_stack(|s| &mut s.npm, value::text)),
        ..SETTING
    },
    Setting {
        name: "root",
        flags: &[
            Flag { short: Some('d'), ..PROJECT },
            Flag {
                short: Some('d'),
                help: Some("The stack of this folder, not of the current one"),
                ..STACK
            },
        ],
        takes: Takes::Value("DIR"),
        help: "The project's folder, with its files and commands\n\n\
               Procfile, ganger.toml and .env are looked for in DIR, and commands run there. Without it, DIR is the folder of -f's \
               Procfile, else the current one. Paths of -f and -e begin in the current folder all the same.",
        example: "app",
        stack: Some(&Parsed { at: |s: &mut Settings| &mut s.root, parse: Parse::Path(path) }),
        ..SETTING
    },
    Setting {
        name: "env",
        flags: &[Flag { short: Some('e'), ..PROJECT }],
        takes: Takes::Value("FILE"),
        help: "Read variables from these files, not from .env\n\n\
               Separate several by commas, or repeat the flag; a later file wins over an earlier one. A file that is \
               named here must exist. /dev/null means none.",
        example: ".env,.env.local",
        stack: Some(&Parsed { at: |s: &mut Settings| &mut s.env, parse: Parse::Path(path) }),
        ..SETTING
    },
    Setting {
        name: "env-wins",
        flags: &[PROJECT],
        help: "Let .env files win over the environment",
        stack: Some(&of_stack(|s| &mut s.env_wins, value::boolean)),
        ..SETTING
    },
    Setting {
        name: "app-json",
        flags: &[PROJECT],
        help: "Set and require the variables of app.json\n\n\
               By default only the health checks and the formation of app.json are used, as it describes a deployment. \
               `ganger export` always reads all of it.",
        stack: Some(&of_stack(|s| &mut s.app_json, value::boolean)),
        ..SETTING
    },
    Setting {
        name: "otel",
        flags: &[PROJECT],
        takes: Takes::Value("ENDPOINT"),
        help: "Send OpenTelemetry data to this address\n\n\
               Sets OTEL_EXPORTER_OTLP_ENDPOINT, and OTEL_SERVICE_NAME to the type, where neither the environment nor a .env file \
               sets them. http://localhost:4318 is the usual address.",
        example: "http://localhost:4318",
        stack: Some(&of_stack(|s| &mut s.otel, value::endpoint)),
        ..SETTING
    },
    Setting {
        name: "formation",
        alias: Some("concurrency"),
        flags: &[Flag { short: Some('m'), ..PROJECT }],
        takes: Takes::Value("TYPE=N,…"),
        help: "Instances of each type: `all=1,web=2`\n\n\
               Types that are not named do not run, unless all=N is given. --concurrency is another name for it.",
        example: "web=2",
        stack: Some(&of_stack(|s| &mut s.formation, value::formation)),
        each: Some(&of_type(|p| &mut p.formation, value::count)),
        ..SETTING
    },
    Setting {
        name: "port",
        flags: &[Flag { short: Some('p'), ..PROJECT }],
        takes: Takes::Value("BASE"),
        help: "The first port, or `auto`\n\n\
               By default PORT of the environment or of .env, else 5000. The n-th instance of the i-th line of the \
               Procfile has the port BASE + 100·i + n-1. With `auto`, and with the default 5000, ganger moves BASE to \
               the next free hundred where a port is in use, or was given out by a stack of yours less than a minute ago. \
               With `auto` a folder has the same ports again while they are free, and other folders get others.",
        example: "3000",
        stack: Some(&of_stack(|s| &mut s.port, value::port)),
        ..SETTING
    },
    Setting {
        name: "port-step",
        // Not GANGER_PORT_STEP: that is the port of a type `step`, in the instances of a stack that has one.
        variable: Some("GANGER_STEP"),
        flags: &[PROJECT],
        takes: Takes::Value("N"),
        help: "Ports from one type to the next, instead of 100",
        example: "10",
        stack: Some(&of_stack(|s| &mut s.port_step, value::step)),
        ..SETTING
    },
    Setting {
        name: "no-port",
        flags: &[PROJECT],
        help: "Assign no ports",
        stack: Some(&of_stack(|s| &mut s.no_port, value::boolean)),
        ..SETTING
    },
];
