//! What a word or flag of another runner is here, where ganger does not know it.

use std::ffi::OsString;

use super::peer::{Ours, Peer, PeerFlag, Words};
use super::table::{OWN, PEERS};
use crate::config::setting::Setting;
use crate::config::table;

/// Subcommands of programs of which no other word is taken.
const OF_OTHERS: [(&str, &str); 1] = [(
    "up",
    "'up' of docker compose and process-compose is `ganger start`, in the background `ganger start -D`",
)];

/// The meaning of a subcommand that only other runners have.
pub(crate) fn of_subcommand(word: &str) -> Option<String> {
    if let Some((_, tip)) = OF_OTHERS.iter().find(|(other, _)| *other == word) {
        return Some((*tip).to_owned());
    }
    let meaning = |peer: &Peer| {
        let command = peer.commands.iter().find(|command| command.names.contains(&word))?;
        let all = if command.words == Words::NamesOrAll { " '*'" } else { "" };
        Some(format!("is `ganger {}{all}`", command.ours.join(" ")))
    };
    tip(word, &PEERS.iter().filter_map(|peer| Some((peer.name, meaning(peer)?))).collect::<Vec<_>>())
}

/// The meaning of an argument of our `subcommand` that only other runners have, as it stands in `words`.
pub(crate) fn of_argument(subcommand: &str, argument: &str, words: &[OsString]) -> Option<String> {
    if subcommand == "export" && !argument.starts_with('-') {
        return Some(format!("'{argument}', the folder of foreman and honcho, is `-o {argument}`"));
    }
    of_flag(subcommand, argument, value_of(argument, words).unwrap_or("…"))
}

/// The value that this flag has in `words`.
fn value_of<'a>(flag: &str, words: &'a [OsString]) -> Option<&'a str> {
    let words: Vec<&str> = words.iter().filter_map(|word| word.to_str()).collect();
    let at = words.iter().position(|word| word.starts_with(flag))?;
    let inline = words[at].strip_prefix(flag).filter(|inline| !inline.is_empty());
    let inline = inline.map(|inline| inline.strip_prefix('=').unwrap_or(inline));
    inline.or_else(|| words.get(at + 1).copied().filter(|next| !next.starts_with('-')))
}

/// The meaning of a flag with this value.
fn of_flag(subcommand: &str, flag: &str, value: &str) -> Option<String> {
    let meaning = |peer: &Peer| {
        let mut own = peer.commands.iter().filter(|command| command.ours.first() == Some(&subcommand));
        let flag = own.find_map(|command| command.flag(flag))?;
        let name = if let Ours::Flag(ours) = flag.ours { ours.strip_prefix("--") } else { None };
        let letter = name.and_then(|name| table::named(name)?.flag_of(subcommand)?.short);
        Some(match (flag.ours, flag.ours.words(value)) {
            _ if let Some(letter) = letter => format!("is `-{letter} {value}`"),
            (Ours::Nothing(reason), _) => format!("has no counterpart here: {reason}"),
            (_, words) if words.is_empty() => "is the default here".to_owned(),
            (_, words) => format!("is `{}`", words.join(" ")),
        })
    };
    tip(flag, &PEERS.iter().filter_map(|peer| Some((peer.name, meaning(peer)?))).collect::<Vec<_>>())
}

/// What stands above the help of our `subcommand` (`None`: above that of all) where ganger is called as `peer`; empty under its own name.
pub(crate) fn above_help(peer: &Peer, subcommand: Option<&str>) -> String {
    if *peer == OWN {
        return String::new();
    }
    let own = peer.commands.iter().filter(|command| command.ours.first().copied() == subcommand);
    let flags = own.flat_map(|command| command.flags);
    let other: Vec<String> = flags.filter_map(|flag| other_than_ours(subcommand?, flag)).collect();
    let name = peer.name;
    let mut lines = vec![format!("ganger, called as {name}: {name}'s command line (docs/migrating.md).")];
    if subcommand.is_none() && peer.commands.iter().any(|command| command.names.contains(&"")) {
        lines
            .push(format!("`{name}` alone is `ganger start`, of which `ganger start --help` has the flags."));
    }
    if !other.is_empty() {
        lines.push(format!("Other than written below, {}.", other.join(", ")));
    }
    lines.join("\n") + "\n\n"
}

/// What this flag is, where our flag with its letter is another one.
fn other_than_ours(subcommand: &str, flag: &PeerFlag) -> Option<String> {
    let letter = flag.names.iter().find_map(|name| name.strip_prefix('-').filter(|name| name.len() == 1))?;
    let has_letter = |setting: &&Setting| {
        let short = setting.flag_of(subcommand).and_then(|flag| flag.short);
        short.is_some_and(|short| letter == short.to_string())
    };
    let setting = table::all().find(has_letter)?;
    match (flag.ours, flag.ours.words("").first()) {
        (Ours::Nothing(_), _) => Some(format!("-{letter} has no effect")),
        (_, Some(word)) => {
            let ours = word.split('=').next().unwrap_or(word);
            (ours != format!("--{}", setting.name)).then(|| format!("-{letter} is {ours}"))
        }
        (_, None) => None,
    }
}

/// One clause for each meaning, with the runners that have it.
fn tip(word: &str, meanings: &[(&str, String)]) -> Option<String> {
    let mut clauses: Vec<(&str, Vec<&str>)> = Vec::new();
    for (name, meaning) in meanings {
        match clauses.iter_mut().find(|(known, _)| known == meaning) {
            Some((_, names)) => names.push(name),
            None => clauses.push((meaning, vec![name])),
        }
    }
    let clauses: Vec<String> =
        clauses.iter().map(|(meaning, names)| format!("{} {meaning}", names.join(" and "))).collect();
    (!clauses.is_empty()).then(|| format!("'{word}' of {}", clauses.join(", of ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_under_another_name_says_which_letters_mean_something_else() {
        let above = |name: &str, subcommand| {
            let peer = PEERS.iter().find(|peer| peer.name == name).unwrap();
            above_help(peer, subcommand)
        };
        let overmind = above("overmind", Some("start"));
        assert!(overmind.starts_with("ganger, called as overmind: "), "{overmind}");
        assert!(overmind.contains("below, -c is --can-die.\n"), "{overmind}");
        let honcho = above("honcho", Some("start"));
        assert!(honcho.contains(" -c is --formation, -q has no effect.\n"), "{honcho}");
        assert!(!above("foreman", Some("start")).contains("Other than"));
        assert!(above("hivemind", None).contains("`hivemind` alone is `ganger start`"));
        assert_eq!(above_help(&OWN, Some("start")), "");
    }

    #[test]
    fn a_word_of_another_runner_is_explained() {
        for (word, tip) in [
            ("interrupt", "'interrupt' of overmind is `ganger stop '*'`"),
            ("k", "'k' of overmind is `ganger down --timeout=0`"),
            (
                "up",
                "'up' of docker compose and process-compose is `ganger start`, in the background `ganger start -D`",
            ),
        ] {
            assert_eq!(of_subcommand(word).as_deref(), Some(tip));
        }
        let of = |line: &str| {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let argument = line.split([' ', '=']).nth(1).unwrap();
            of_argument(words[0].to_str().unwrap(), argument, &words)
        };
        for (line, tip) in [
            ("start --daemonize", "'--daemonize' of overmind is `--detach`"),
            ("start --show-timestamps", "'--show-timestamps' of overmind is `--timestamps`"),
            ("start --auto-restart api", "'--auto-restart' of overmind is `--restart=api=always`"),
            ("start --ignored-processes=web", "'--ignored-processes' of overmind is `-x web`"),
            ("start --ignored-processes", "'--ignored-processes' of overmind is `-x …`"),
            ("start -j Procfile.x", "'-j' of nf is `-f Procfile.x`"),
            ("export -u app", "'-u' of foreman and honcho is `--user=app`"),
            ("export out", "'out', the folder of foreman and honcho, is `-o out`"),
            ("start --no-timestamp", "'--no-timestamp' of foreman is the default here"),
            (
                "start -w",
                "'-w' of overmind and hivemind has no counterpart here: no title is set, of nf is the default here",
            ),
            (
                "start -b 7100",
                "'-b' of overmind has no counterpart here: each type has a colour of the terminal's own, \
                 of goreman is `-p 7100`",
            ),
        ] {
            assert_eq!(of(line).as_deref(), Some(tip));
        }
        assert_eq!(of_subcommand("strat"), None);
        assert_eq!(of("start --formatoin"), None);
        assert_eq!(of("logs -w"), None);
    }
}
