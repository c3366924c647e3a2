//! Settings of the output.

use super::base::{DOCUMENT, OUTPUT, SETTING, WHEN, of_stack};
use crate::config::setting::{Flag, Setting, Takes};
use crate::config::value;

pub(super) static SETTINGS: [Setting; 7] = [
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
];
