//! Settings of the output.

use super::base::{DOCUMENT, OUTPUT, RUNNING, SETTING, WHEN, of_stack};
use crate::config::detach_keys::DetachKeys;
use crate::config::setting::{Flag, Parse, Parsed, Setting, Takes, path};
use crate::config::settings::Settings;
use crate::config::value;

pub(super) static SETTINGS: [Setting; 11] = [
    Setting {
        name: "timestamps",
        flags: &[Flag { short: Some('T'), ..OUTPUT }],
        takes: Takes::Optional("FORMAT", "true"),
        is_fixed: true,
        help: "Print the time of each line\n\nAs 15:04:05, or in a strftime FORMAT.",
        stack: Some(&of_stack(|s| &mut s.timestamps, value::timestamps)),
        ..SETTING
    },
    Setting {
        name: "prefix",
        is_fixed: true,
        help: "Print the instance's name before each line",
        example: "false",
        stack: Some(&of_stack(|s| &mut s.prefix, value::boolean)),
        ..SETTING
    },
    Setting {
        name: "no-prefix",
        flags: &[OUTPUT, Flag { commands: &["logs"], heading: "", ..OUTPUT }],
        help: "Print lines without their instance's name",
        stack: Some(&of_stack(|s| &mut s.prefix, value::negated)),
        ..SETTING
    },
    Setting {
        name: "quiet",
        flags: &[Flag { short: Some('q'), ..OUTPUT }],
        is_fixed: true,
        help: "Hide notices about starts and clean exits",
        stack: Some(&of_stack(|s| &mut s.quiet, value::boolean)),
        ..SETTING
    },
    Setting {
        name: "color",
        flags: &[Flag { short: Some('c'), ..OUTPUT }],
        takes: Takes::Optional("WHEN", "always"),
        choices: &WHEN,
        is_fixed: true,
        help: "Use colours: auto, always, never\n\n\
               `auto`, the default: if standard output is a terminal, unless NO_COLOR, FORCE_COLOR or CLICOLOR decide \
               otherwise. `-c` alone means always.",
        example: "never",
        stack: Some(&of_stack(|s| &mut s.color, value::when)),
        ..SETTING
    },
    Setting {
        name: "log-dir",
        flags: &[OUTPUT],
        takes: Takes::Value("DIR"),
        is_fixed: true,
        help: "Also write a file for each instance into DIR\n\n\
               DIR/web.1.log has the lines of web.1, each with its time (UTC). Readable by its owner only. A file that cannot be \
               written is reported once, and the stack goes on.",
        example: "log",
        stack: Some(&Parsed { at: |s: &mut Settings| &mut s.log_dir, parse: Parse::Path(path) }),
        ..SETTING
    },
    Setting {
        name: "log-size",
        flags: &[OUTPUT],
        takes: Takes::Value("SIZE"),
        is_fixed: true,
        help: "Rotate these files at this size: `512K`, `10M`\n\n\
               10M by default. Four older files are kept of each instance: web.1.log.1 to web.1.log.4.",
        example: "1M",
        stack: Some(&of_stack(|s| &mut s.log_size, value::size)),
        ..SETTING
    },
    Setting {
        name: "no-keep",
        flags: &[OUTPUT],
        is_fixed: true,
        help: "Keep no record of this run\n\n\
               By default the last lines and states are kept in $XDG_STATE_HOME/ganger (~/.local/state/ganger), readable by \
               their owner only, so that `ganger logs`, `ps` and `wait` explain a stack that has ended.",
        stack: Some(&of_stack(|s| &mut s.no_keep, value::boolean)),
        ..SETTING
    },
    Setting {
        name: "json",
        flags: &[OUTPUT, DOCUMENT, Flag { commands: &["check", "doctor", "env"], heading: "", ..DOCUMENT }],
        is_fixed: true,
        help: "Print one JSON object a line",
        stack: Some(&of_stack(|s| &mut s.json, value::boolean)),
        ..SETTING
    },
    Setting {
        name: "raw",
        flags: &[OUTPUT, Flag { commands: &["logs"], heading: "", ..OUTPUT }],
        is_fixed: true,
        help: "Print output as the programs wrote it\n\n\
               Without it, what a program draws on its terminal is printed as rows. With it, a program can clear the screen, \
               erase the rows of others and change the modes of the terminal, and its questions are not answered. `logs \
               --raw` prints the lines as the stack has kept them: as rows, unless it was started with --raw.",
        stack: Some(&of_stack(|s| &mut s.raw, value::boolean)),
        ..SETTING
    },
    Setting {
        name: "detach-keys",
        flags: &[RUNNING, Flag { commands: &["attach", "ui"], heading: "", ..RUNNING }],
        takes: Takes::Value("KEYS"),
        is_fixed: true,
        help: "Keys that leave an attached program\n\n\
               In docker's notation: a character or ctrl-LETTER, several separated by commas, as `ctrl-p,ctrl-q`. The \
               default is `ctrl-]`.",
        example: "ctrl-p,ctrl-q",
        stack: Some(&of_stack(|s| &mut s.detach_keys, DetachKeys::parse)),
        ..SETTING
    },
];
