//! `OVERMIND_…` and `HIVEMIND_…`, and `PROCFILE` of honcho and foreman: settings, below those of `GANGER_…`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::peer::{Ours, PeerFlag};
use super::table::PEERS;
use crate::cli::system_env::SystemEnv;
use crate::config::invalid::InvalidValue;
use crate::config::setting::Setting;
use crate::config::{Located, Settings, table};
use crate::dotenv::Assignment;
use crate::location::{Diagnostic, Location};

/// Variables of others that are no flags of theirs: the name, and what it is here.
const OTHERS: [(&str, Ours); 4] = [
    ("HIVEMIND_PROCFILE", Ours::Flag("--procfile")),
    ("PROCFILE", Ours::Flag("--procfile")),
    ("OVERMIND_ENV", Ours::Flag("--env")),
    ("OVERMIND_SKIP_ENV", Ours::Words(&["--env=/dev/null"])),
];

/// What the environment sets by them for `command`.
///
/// # Errors
/// A value is invalid, with the variable.
pub(crate) fn of_environment(
    command: &str,
    system: &SystemEnv,
) -> Result<Settings, (Location, InvalidValue)> {
    let mut settings = Settings::default();
    for (name, value) in &system.variables {
        let (Ok(name), Ok(value)) = (str::from_utf8(name), str::from_utf8(value)) else { continue };
        let place = Located::given((), &format!("{name}={value}")).place;
        let Some(ours) = meaning(name).filter(|_| !value.is_empty()) else { continue };
        set(&mut settings, ours, value, &place, |setting| setting.is_taken_by(command))
            .map_err(|invalid| (place.clone(), invalid))?;
    }
    Ok(settings)
}

/// Whether a file may have one of them, so that the others need not be read for them.
pub(crate) fn may_be_in(file: &[u8]) -> bool {
    let beginnings = PEERS.iter().map(|peer| peer.variables).filter(|variables| !variables.is_empty());
    let mut names = beginnings.chain(OTHERS.iter().map(|(name, _)| *name));
    names.any(|name| memchr::memmem::find(file, name.as_bytes()).is_some())
}

/// What lines of .env files set by them, and the lines that are invalid.
pub(crate) fn of_files(assignments: &[Assignment]) -> (Settings, Vec<Diagnostic>) {
    let (mut settings, mut errors) = (Settings::default(), Vec::new());
    for line in assignments {
        let (Some(ours), Ok(value)) = (meaning(&line.name), str::from_utf8(&line.value)) else { continue };
        let place = Located::on_line((), &line.file, line.line).place;
        // The files are found before they are read.
        let done =
            set(&mut settings, ours, value, &place, |setting| !["root", "env"].contains(&setting.name));
        if let Err(invalid) = done {
            // Not the value: it may be a secret.
            let message = format!("{}: {}", line.name, invalid.reason);
            errors.push(Diagnostic { location: place, message, hint: invalid.hint, excerpt: None });
        }
    }
    (settings, errors)
}

/// A warning for each variable of theirs that has no meaning here.
pub(crate) fn without_meaning(system: &SystemEnv, assignments: &[Assignment]) -> Vec<Diagnostic> {
    let of_environment = system.variables.iter().filter_map(|(name, _)| {
        let name = str::from_utf8(name).ok()?;
        Some((name, Located::given((), name).place))
    });
    let of_files = assignments
        .iter()
        .map(|line| (line.name.as_str(), Located::on_line((), &line.file, line.line).place));
    of_environment
        .chain(of_files)
        .filter_map(|(name, location)| {
            let reason = match flag(name)? {
                Some(PeerFlag { ours: Ours::Nothing(reason), .. }) => *reason,
                Some(_) => return None,
                None => "ganger does not know it",
            };
            let message = format!("{name} has no effect here");
            Some(Diagnostic { location, message, hint: Some(reason.into()), excerpt: None })
        })
        .collect()
}

fn meaning(name: &str) -> Option<Ours> {
    let other = OTHERS.iter().find(|(known, _)| *known == name).map(|(_, ours)| *ours);
    other.or_else(|| flag(name).flatten().map(|flag| flag.ours))
}

/// The flag of which this is the variable; `Some(None)` if it begins as theirs do and is none of them.
#[expect(clippy::option_option, reason = "another variable, an unknown one of theirs, a known one")]
fn flag(name: &str) -> Option<Option<&'static PeerFlag>> {
    // Of the processes of overmind, not of overmind.
    if name.starts_with("OVERMIND_PROCESS_") || OTHERS.iter().any(|(known, _)| *known == name) {
        return None;
    }
    let peer = PEERS.iter().find(|peer| {
        !peer.variables.is_empty()
            && name.strip_prefix(peer.variables).is_some_and(|rest| rest.starts_with('_'))
    })?;
    let long = name[peer.variables.len() + 1..].to_lowercase().replace('_', "-");
    let start = peer.commands.iter().find(|command| command.ours == ["start"])?;
    Some(start.flag(&format!("--{long}")))
}

fn set(
    settings: &mut Settings,
    ours: Ours,
    value: &str,
    place: &Location,
    is_taken: impl Fn(&Setting) -> bool,
) -> Result<(), InvalidValue> {
    let is_off =
        matches!(ours, Ours::Words(_)) && ["0", "false", "f"].contains(&value.to_lowercase().as_str());
    if is_off {
        return Ok(());
    }
    let words = if ours == Ours::Types {
        // There are no words of a command: a formation means the same.
        vec![format!("--formation={}=1", value.replace(',', "=1,"))]
    } else {
        ours.words(value)
    };
    for word in words {
        let (name, value) = word.split_once('=').unwrap_or((&word, "true"));
        let setting = table::named(name.trim_start_matches('-'));
        if let Some(setting) = setting.filter(|setting| is_taken(setting)) {
            setting.set(settings, OsStr::from_bytes(value.as_bytes()), place)?;
        }
    }
    Ok(())
}
