//! Promised: docs/settings.md has every setting that there is, as flag, variable and key. `BLESS=1` writes it anew.

use ganger::parts::config::setting::{Setting, Takes};
use ganger::parts::config::table;

use crate::folder::same_as_kept;

const HEAD: &str = "# Settings

Every setting of a stack, in the order of `ganger start --help`. A flag wins over the variable, the variable over `ganger.toml`,
that over `.foreman` and `app.json`; an empty variable sets nothing. What is set for one type (`[process.web]`, or `web=VALUE`
in a flag) wins over the same setting for all types of the same file, and gives way to a flag for all.

| key | flag | variable | for one type | what it sets | example |
|---|---|---|---|---|---|
";

const FOOT: &str = "
A setting without a flag is for files alone, one without a key for the command line alone. `TYPE` in the fourth column: a table
`[process.TYPE]` of ganger.toml may have it; `TYPE=`: the flag and the variable take `TYPE=VALUE` too. What is `of an export`
stands in `[export]`, or in `[export.FORMAT]` for one format; what else `ganger export` takes as a flag may stand there too, and then
wins over the same key above. A running stack keeps the settings marked with * as they were at its start, also when
`ganger restart` reads the files again.

tests/it/settings.rs prints this page from the entries in src/config/table.
";

fn flag_of(setting: &Setting) -> String {
    let Some(flag) = setting.flags.first() else { return String::new() };
    let short = flag.short.map(|short| format!("`-{short}`, ")).unwrap_or_default();
    let value = match setting.takes {
        Takes::Nothing => String::new(),
        Takes::Value(name) => format!(" {name}"),
        Takes::Optional(name, _) => format!("[={name}]"),
    };
    format!("{short}`--{}{value}`", setting.name)
}

fn row(setting: &Setting) -> String {
    let mark = if setting.is_fixed { "*" } else { "" };
    let other = setting.alias.map(|alias| format!(", `{alias}`")).unwrap_or_default();
    let key = match (setting.flag_only, setting.stack) {
        (Some(_), _) => String::new(),
        (None, Some(_)) if setting.is_for_export => format!("`{}` of an export", setting.name),
        (None, Some(_)) => format!("`{}`{other}{mark}", setting.name),
        (None, None) => format!("`{}` of a type", setting.name),
    };
    let variable =
        if setting.flags.is_empty() { String::new() } else { format!("`{}`", setting.variable_name()) };
    let types = match (setting.by_type && !setting.flags.is_empty(), setting.each) {
        (true, _) => "TYPE, TYPE=",
        (false, Some(_)) => "TYPE",
        (false, None) => "",
    };
    let help = setting.help.split("\n\n").collect::<Vec<_>>().join(". ").replace('|', "\\|");
    let flag = flag_of(setting).replace('|', "\\|");
    format!("| {key} | {flag} | {variable} | {types} | {help} | `{}` |\n", setting.example)
}

#[test]
fn the_page_of_settings_has_every_entry() {
    let page = format!("{HEAD}{}{FOOT}", table::all().map(row).collect::<String>());
    same_as_kept("docs/settings.md".as_ref(), &page);
}
