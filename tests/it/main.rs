//! The integration tests: one binary, one file a promise.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
#![expect(clippy::disallowed_methods, reason = "tests start programs and bound their own waiting")]
#![expect(
    clippy::format_collect,
    clippy::naive_bytecount,
    reason = "the shortest way to write a Procfile of many lines"
)]

mod app_json;
mod architecture;
mod attach;
mod attach_programs;
mod auto_ports;
mod cli;
mod commands;
mod completions;
mod conformance;
mod control;
mod control_hostile;
mod corpus;
mod dist;
mod docs;
mod doctor;
mod doctor_live;
mod doctor_programs;
mod drawing;
mod errors;
mod events;
mod examples;
mod exec;
mod exec_rule;
mod export;
mod folder;
mod foreground;
mod fuzz;
mod graceful;
mod groups;
mod hangup;
mod harmless;
mod harness;
mod hooks;
mod injection;
mod input_line;
mod isolating;
mod json_failures;
mod last_run;
mod late;
mod listening;
mod log_files;
mod logs;
mod looks;
mod ls;
mod main_processes;
mod mcp;
mod pair;
mod parents;
mod peers;
mod random_kill;
mod readme;
mod ready;
mod real_programs;
mod reload;
#[cfg(target_os = "linux")]
mod removed;
mod rest;
mod rolling;
mod running;
mod scale;
mod scarcity;
mod schema;
mod settings;
mod shell;
#[cfg(target_os = "linux")]
mod signals;
mod slow;
mod speaking;
mod stalled;
mod standard_output;
mod states;
mod stopping;
mod surroundings;
mod suspended;
mod sweeping;
mod switching;
mod terminal;
mod timeline;
mod trees;
mod twelve_factor;
mod ui;
mod ui_keys;
mod ui_rest;
mod watching;
mod without_procfile;
