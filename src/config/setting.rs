//! What a setting is: one value with its name, its flags, its variable, its key, its help, its parser and the field
//! that it sets. [`super::table`] has all of them.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::detach_keys::DetachKeys;
use super::invalid::InvalidValue;
use super::settings::{ColorChoice, Located, ProcessSettings, Settings};
use crate::location::Location;
use crate::name::TypeName;

/// One setting. Flag, variable and key have the same name: `--exit-on`, `GANGER_EXIT_ON`, `exit-on = …`.
#[derive(Clone, Copy)]
pub struct Setting {
    /// Its name, as the flag and the key of ganger.toml have it.
    pub name: &'static str,
    /// Another name for flag and key.
    pub alias: Option<&'static str>,
    /// The variable, where it is not called after the name.
    pub variable: Option<&'static str>,
    /// The flags that set it, each with the commands that take it. None: it is for files only.
    pub flags: &'static [Flag],
    /// The value of the flag.
    pub takes: Takes,
    /// All values that there are, where they can be listed, for completions.
    pub choices: &'static [&'static str],
    /// Why ganger.toml cannot set it, where it cannot.
    pub flag_only: Option<&'static str>,
    /// The way out for a flag that is given twice with two values, where the last one must not win in silence.
    pub given_once: Option<&'static str>,
    /// Whether `TYPE=VALUE` sets it for one type.
    pub by_type: bool,
    /// Whether a running stack keeps it as it was at the start, also when the files are read again.
    pub is_fixed: bool,
    /// Whether it is about `ganger export` alone: its key stands in `[export]` or `[export.FORMAT]`.
    pub is_for_export: bool,
    /// The help: a short sentence, then an empty line and more for `--help` and the manual page, if there is more.
    pub help: &'static str,
    /// A value that is not the default, for the page of all settings and for tests.
    pub example: &'static str,
    /// The field of the whole stack.
    pub stack: Option<&'static dyn Field<Settings>>,
    /// The field of one type (`[process.web]`).
    pub each: Option<&'static dyn Field<ProcessSettings>>,
}

/// A flag of some commands.
#[derive(Clone, Copy)]
pub struct Flag {
    /// The commands that take it.
    pub commands: &'static [&'static str],
    /// The heading above it in their help; empty: `Options`.
    pub heading: &'static str,
    /// Its short form.
    pub short: Option<char>,
    /// Its help, where it is not the setting's.
    pub help: Option<&'static str>,
}

/// The value of a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// None: `--quiet`.
    Nothing,
    /// One, called like this in the help: `--port BASE`.
    Value(&'static str),
    /// One or none: `--color[=WHEN]`, and the value that it has without one.
    Optional(&'static str, &'static str),
}

impl Setting {
    /// Its variable: `GANGER_PORT`, `GANGER_EXPORT_IMAGE`.
    pub fn variable_name(&self) -> String {
        let room = if self.is_for_export { "EXPORT_" } else { "" };
        self.variable.map_or_else(
            || format!("GANGER_{room}{}", self.name.to_uppercase().replace('-', "_")),
            str::to_owned,
        )
    }

    /// Its flag for `command`, if that takes one.
    pub fn flag_of(&self, command: &str) -> Option<&'static Flag> {
        self.flags.iter().find(|flag| flag.commands.contains(&command))
    }

    /// Whether it has an effect on `command` as a variable. The stack that `exec` or `ui` starts, and that `check` shows, is the one that `start`
    /// starts.
    pub fn is_taken_by(&self, command: &str) -> bool {
        self.flag_of(command).is_some()
            || ["check", "exec", "ui"].contains(&command) && self.flag_of("start").is_some()
    }

    /// Whether several values can be given, separated by commas or by repeating the flag.
    pub fn is_repeatable(&self) -> bool {
        self.by_type || self.stack.is_some_and(Field::is_list) || self.each.is_some_and(Field::is_list)
    }

    /// Sets it for the whole stack; `web=VALUE`, where that is possible, for one type.
    ///
    /// # Errors
    ///
    /// The value is invalid.
    pub fn set(&self, settings: &mut Settings, value: &OsStr, place: &Location) -> Result<(), InvalidValue> {
        match (self.stack, self.each) {
            (Some(stack), Some(each)) if self.by_type => set_by_type(stack, each, settings, value, place),
            (Some(stack), _) => stack.set(settings, value, place),
            (None, _) => Ok(()),
        }
    }
}

/// `INT`, `web=QUIT` or both, separated by commas.
fn set_by_type(
    stack: &dyn Field<Settings>,
    each: &dyn Field<ProcessSettings>,
    settings: &mut Settings,
    value: &OsStr,
    place: &Location,
) -> Result<(), InvalidValue> {
    // `--watch web=src,*.py`: a pattern without a type is that of the type before.
    let mut last = None;
    for part in utf8(value)?.split(',') {
        match part.split_once('=').or(last.filter(|_| stack.is_list()).map(|name| (name, part))) {
            Some((name, value)) => {
                last = Some(name);
                let kind = TypeName::new(name.trim()).ok_or_else(|| {
                    InvalidValue::new(part, format!("`{name}` cannot be the name of a type"))
                        .with_hint("write TYPE=VALUE")
                })?;
                each.set(settings.processes.entry(kind).or_default(), value.as_ref(), place)?;
            }
            None => stack.set(settings, part.as_ref(), place)?,
        }
    }
    Ok(())
}

/// A field of `H` (the settings of the stack, or those of a type), whatever its type is.
pub trait Field<H>: Sync {
    /// Sets it to `value`; a list gets longer.
    ///
    /// # Errors
    ///
    /// The value is invalid.
    fn set(&self, holder: &mut H, value: &OsStr, place: &Location) -> Result<(), InvalidValue>;
    /// Whether it is set.
    fn is_set(&self, holder: &mut H) -> bool;
    /// Takes it from `lower` where `upper` does not set it. A list is replaced, not lengthened.
    fn fill(&self, upper: &mut H, lower: &mut H);
    /// Whether both set it to the same value, wherever that was given.
    fn is_same(&self, one: &mut H, other: &mut H) -> bool;
    /// Whether it has several values.
    fn is_list(&self) -> bool;
}

/// A [`Field`] by the way to it and the parser of its value.
pub(super) struct Parsed<H, S: Slot> {
    pub(super) at: fn(&mut H) -> &mut S,
    pub(super) parse: Parse<S::Value>,
}

/// How a value is made of text.
pub(super) enum Parse<T> {
    /// By a function.
    Text(fn(&str) -> Result<T, InvalidValue>),
    /// By a function, also where it has commas and the field is a list.
    Whole(fn(&str) -> Result<T, InvalidValue>),
    /// As it is: a path need not be UTF-8.
    Path(fn(&OsStr) -> T),
}

impl<H, S: Slot> Field<H> for Parsed<H, S> {
    fn set(&self, holder: &mut H, value: &OsStr, place: &Location) -> Result<(), InvalidValue> {
        let slot = (self.at)(holder);
        let mut put = |part: &OsStr| {
            let value = match self.parse {
                Parse::Text(parse) | Parse::Whole(parse) => parse(utf8(part)?)?,
                Parse::Path(make) => make(part),
            };
            slot.put(value, place);
            Ok(())
        };
        if !S::IS_LIST || matches!(self.parse, Parse::Whole(_)) {
            return put(value);
        }
        let parts = value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        parts.filter(|part| !part.is_empty()).map(OsStr::from_bytes).try_for_each(put)
    }

    fn is_set(&self, holder: &mut H) -> bool {
        (self.at)(holder).is_set()
    }

    fn fill(&self, upper: &mut H, lower: &mut H) {
        let slot = (self.at)(upper);
        if !slot.is_set() {
            std::mem::swap(slot, (self.at)(lower));
        }
    }

    fn is_same(&self, one: &mut H, other: &mut H) -> bool {
        (self.at)(one).is_same((self.at)(other))
    }

    fn is_list(&self) -> bool {
        S::IS_LIST
    }
}

fn utf8(value: &OsStr) -> Result<&str, InvalidValue> {
    value.to_str().ok_or_else(|| InvalidValue::new(&value.to_string_lossy(), "expected UTF-8"))
}

/// Where a value is put: an option or a list, with its place or without.
pub(super) trait Slot {
    type Value;
    const IS_LIST: bool = false;

    fn put(&mut self, value: Self::Value, place: &Location);
    fn is_set(&self) -> bool;
    fn is_same(&self, other: &Self) -> bool;
}

impl<T: PartialEq> Slot for Option<Located<T>> {
    type Value = T;

    fn put(&mut self, value: T, place: &Location) {
        *self = Some(Located { value, place: place.clone() });
    }

    fn is_set(&self) -> bool {
        self.is_some()
    }

    fn is_same(&self, other: &Self) -> bool {
        self.as_ref().map(|given| &given.value) == other.as_ref().map(|given| &given.value)
    }
}

impl<T: PartialEq> Slot for Vec<Located<T>> {
    type Value = T;
    const IS_LIST: bool = true;

    fn put(&mut self, value: T, place: &Location) {
        self.push(Located { value, place: place.clone() });
    }

    fn is_set(&self) -> bool {
        !self.is_empty()
    }

    fn is_same(&self, other: &Self) -> bool {
        self.iter().map(|given| &given.value).eq(other.iter().map(|given| &given.value))
    }
}

/// Values that cannot turn out to be wrong later, so that their place is not kept.
pub(super) trait Unplaced: Clone + PartialEq {}
impl Unplaced for bool {}
impl Unplaced for ColorChoice {}
impl Unplaced for DetachKeys {}

impl<T: Unplaced> Slot for Option<T> {
    type Value = T;

    fn put(&mut self, value: T, _: &Location) {
        *self = Some(value);
    }

    fn is_set(&self) -> bool {
        self.is_some()
    }

    fn is_same(&self, other: &Self) -> bool {
        self == other
    }
}

/// A path as it is.
pub(super) fn path(value: &OsStr) -> PathBuf {
    value.into()
}
