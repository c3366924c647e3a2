//! What was asked for, and what it means for this Procfile: how many of each, and what ends the stack.

use std::collections::HashSet;
use std::path::Path;

use super::addresses::Addresses;
use super::error::{Error, index_of, type_named};
use super::ports::KeptPorts;
use super::running::Running;
pub use super::selection::Selection;
use super::spec::{ExitOn, Policy};
use crate::config::{Located, Settings};
use crate::dotenv::Assignment;
use crate::location::{Diagnostic, Location};
use crate::name::TypeName;
use crate::procfile::{Entry, Procfile};

/// The type that is run to its end before the others, and only when asked for (Heroku's release phase).
pub(crate) const RELEASE: &str = "release";

/// All that a plan is made of. Reading it is the caller's work: a plan touches nothing outside.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// What runs.
    pub procfile: &'a Procfile,
    /// The .env files' lines in order, a later file's after an earlier one's.
    pub dotenv: &'a [Assignment],
    /// The environment that ganger was given, in its order; of a name that stands there twice the first
    /// counts, as for `getenv`.
    pub ambient: &'a [(Vec<u8>, Vec<u8>)],
    /// Flags over variables over files, merged with [`Settings::or`].
    pub settings: &'a Settings,
    /// The words after `start`.
    pub selection: &'a Selection,
    /// Where commands run: an absolute path.
    pub root: &'a Path,
    /// The mark of this run, put into every instance's environment as `GANGER_RUN`; `None`: no mark
    /// (`check`, `env`, `run`).
    pub run: Option<&'a str>,
    /// The stack that runs already and is to become this plan; `None` for all others.
    pub running: Option<&'a Running>,
    /// The ports of earlier starts with `--port auto`; `None` for all that starts nothing.
    pub kept: Option<&'a KeptPorts>,
    /// Where the types find each other.
    pub addresses: &'a Addresses,
}

/// What was asked for, in terms of the Procfile.
#[derive(Debug, Default)]
pub(super) struct PlanOptions<'a> {
    /// How many instances each line has.
    pub(super) counts: Vec<u32>,
    /// The types that are named, and those that they come `after`, at once or by way of others.
    pub(super) needed: HashSet<&'a str>,
    /// What ends the stack.
    pub(super) policy: Policy,
    /// Settings for types that this Procfile does not have. They stand in a file that may serve several
    /// Procfiles, so they are no error.
    pub(super) idle: Vec<Diagnostic>,
}

impl<'a> PlanOptions<'a> {
    /// What `inputs` ask for, and all that is wrong with it.
    pub(super) fn resolve(inputs: &Inputs<'a>) -> (Self, Vec<Diagnostic>) {
        // Only a one-off command gets as far as this without a Procfile, and what is set about types is
        // no concern of it.
        if inputs.procfile.entries.is_empty() {
            return (Self::default(), Vec::new());
        }
        let mut errors = unknown_types(inputs);
        let mut idle = unknown_processes(inputs, &mut errors);
        let of_groups = inputs.settings.groups.values().flatten();
        idle.extend(
            of_groups
                .filter_map(|given| Some(index_of(&given.value, inputs.procfile).err()?.at(&given.place))),
        );
        let mut refuse = |place: &Location, error: &Error| errors.push(error.at(place));
        let mut counts = Vec::with_capacity(inputs.procfile.entries.len());
        let needed = needed(inputs);
        for entry in &inputs.procfile.entries {
            let count = asked(entry, &needed, inputs);
            if entry.name.as_str() == RELEASE && count > 1 {
                refuse(&formation_place(inputs), &Error::ReleaseOften { count });
            }
            counts.push(count);
        }
        if let Some(wish) = inputs.settings.release.as_ref().filter(|wish| wish.value)
            && index_of(RELEASE, inputs.procfile).is_err()
        {
            refuse(&wish.place, &Error::NoRelease { file: inputs.procfile.file.to_string() });
        }
        let policy = policy(inputs, &mut errors);
        (Self { counts, needed, policy, idle }, errors)
    }
}

/// How many of `entry` run.
fn asked(entry: &Entry, needed: &HashSet<&str>, inputs: &Inputs<'_>) -> u32 {
    let name = entry.name.as_str();
    if let Some(count) = inputs.running.and_then(|running| running.counts.get(&entry.name)) {
        return *count;
    }
    if inputs.settings.except.iter().any(|except| except.value == name) {
        return 0;
    }
    let is_release = name == RELEASE;
    let wants_release = inputs.settings.release.as_ref().is_some_and(|wish| wish.value);
    match inputs.selection.types.get(name) {
        Some(Some(count)) => *count,
        // A type that is named is wanted, also one that a file sets to 0.
        Some(None) => standing(entry, inputs).max(1),
        None if is_release && wants_release => 1,
        None if inputs.selection.is_empty() => standing(entry, inputs),
        None if is_release => 0,
        None if inputs.selection.all.is_none() && needed.contains(name) => standing(entry, inputs).max(1),
        None => inputs.selection.all.unwrap_or(0),
    }
}

/// The types that are named, and those that they come `after`, at once or by way of others; none where those are left out.
fn needed<'a>(inputs: &Inputs<'a>) -> HashSet<&'a str> {
    if inputs.settings.no_deps == Some(true) {
        return HashSet::new();
    }
    let named = inputs.selection.types.iter().filter(|(_, count)| **count != Some(0));
    let mut unfollowed: Vec<&str> = named.map(|(name, _)| name.as_str()).collect();
    let mut needed: HashSet<&str> = unfollowed.iter().copied().collect();
    while let Some(kind) = unfollowed.pop() {
        let own = TypeName::new(kind).and_then(|kind| inputs.settings.processes.get(&kind));
        let before = own.into_iter().flat_map(|own| &own.after).map(|given| given.value.as_str());
        unfollowed.extend(before.filter(|before| needed.insert(before)));
    }
    needed
}

/// How many of `entry` run when the command line names no types.
fn standing(entry: &Entry, inputs: &Inputs<'_>) -> u32 {
    let own = inputs.settings.processes.get(&entry.name).and_then(|own| own.formation.as_ref());
    if let Some(own) = own {
        return own.value;
    }
    let is_release = entry.name.as_str() == RELEASE;
    match &inputs.settings.formation {
        // `all=1` means all that serve; a release that runs by surprise may migrate a database.
        Some(formation) if is_release => formation.value.counts.get(&entry.name).copied().unwrap_or(0),
        Some(formation) => formation.value.count(&entry.name),
        None => u32::from(!is_release),
    }
}

/// Where the formation was said; the words after `start` if nowhere else.
fn formation_place(inputs: &Inputs<'_>) -> Location {
    let said = inputs.settings.formation.as_ref().map(|given| given.place.clone());
    said.unwrap_or_else(|| Located::given((), RELEASE).place)
}

/// The types that are named anywhere and that the Procfile does not have.
fn unknown_types(inputs: &Inputs<'_>) -> Vec<Diagnostic> {
    let settings = inputs.settings;
    let words = inputs.selection.types.keys().map(|name| (name.as_str(), Located::given((), name).place));
    let formation = settings
        .formation
        .iter()
        .flat_map(|given| given.value.counts.keys().map(|name| (name.as_str(), given.place.clone())));
    let lists = settings.except.iter().chain(&settings.can_die);
    let lists = lists.map(|given| (given.value.as_str(), given.place.clone()));
    words
        .chain(formation)
        .chain(lists)
        .filter(|(name, place)| place.line.is_some() || !was_known(name, inputs))
        .filter_map(|(name, place)| Some(index_of(name, inputs.procfile).err()?.at(&place)))
        .collect()
}

/// What is set for a type that the Procfile does not have: an error if a flag says it, else it is idle.
fn unknown_processes(inputs: &Inputs<'_>, errors: &mut Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut idle = Vec::new();
    for (name, own) in &inputs.settings.processes {
        let Err(error) = index_of(name.as_str(), inputs.procfile) else { continue };
        let is_gone = was_known(name.as_str(), inputs);
        for place in own.places() {
            let list = if place.line.is_some() || is_gone { &mut idle } else { &mut *errors };
            list.push(error.at(place));
        }
    }
    idle
}

/// Whether the stack that runs had a type of this name when it was started.
fn was_known(name: &str, inputs: &Inputs<'_>) -> bool {
    inputs.running.is_some_and(|running| running.knew(name))
}

/// What ends the stack.
fn policy(inputs: &Inputs<'_>, errors: &mut Vec<Diagnostic>) -> Policy {
    let mut named = |given: &Located<String>| {
        let found = type_named(&given.value, inputs.procfile);
        found.map_err(|error| errors.push(error.at(&given.place))).ok()
    };
    let exit_on = inputs.settings.exit_on.as_ref().and_then(|given| match given.value.as_str() {
        "any" => Some(ExitOn::Any),
        "failure" => Some(ExitOn::Failure),
        "never" => Some(ExitOn::Never),
        _ => named(given).map(ExitOn::Type),
    });
    let exit_code_from = inputs.settings.exit_code_from.as_ref().and_then(named);
    // A type that waits for another at the start needs it until its own end: a worker hands its jobs back to the queue.
    let has_order = inputs.settings.processes.values().any(|own| !own.after.is_empty());
    let ordered_stop = inputs.settings.ordered_stop.unwrap_or(has_order);
    Policy { exit_on: exit_on.unwrap_or_default(), exit_code_from, ordered_stop, ..Policy::default() }
}
