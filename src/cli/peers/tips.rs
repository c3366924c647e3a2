//! What a word or flag of another runner is here, where ganger does not know it.

use super::peer::{Ours, Peer, Words};
use super::table::PEERS;

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

/// The meaning of a flag of our `subcommand` that only other runners have.
pub(crate) fn of_flag(subcommand: &str, flag: &str) -> Option<String> {
    let meaning = |peer: &Peer| {
        let mut own = peer.commands.iter().filter(|command| command.ours.first() == Some(&subcommand));
        let flag = own.find_map(|command| command.flag(flag))?;
        Some(match (flag.ours, flag.ours.words(flag.example)) {
            (Ours::Nothing(reason), _) => format!("has no counterpart here: {reason}"),
            (_, words) if words.is_empty() => "is the default here".to_owned(),
            (_, words) => format!("is `{}`", words.join(" ")),
        })
    };
    tip(flag, &PEERS.iter().filter_map(|peer| Some((peer.name, meaning(peer)?))).collect::<Vec<_>>())
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
        for (flag, tip) in [
            ("--daemonize", "'--daemonize' of overmind is `--detach`"),
            ("--show-timestamps", "'--show-timestamps' of overmind is `--timestamps`"),
            ("--auto-restart", "'--auto-restart' of overmind is `--restart=web=always`"),
            ("--no-timestamp", "'--no-timestamp' of foreman is the default here"),
            ("-w", "'-w' of overmind and hivemind has no counterpart here: no title is set"),
            (
                "-b",
                "'-b' of overmind has no counterpart here: each type has a colour of the terminal's own, \
                 of goreman is `--port=7000`",
            ),
        ] {
            assert_eq!(of_flag("start", flag).as_deref(), Some(tip));
        }
        assert_eq!(of_subcommand("strat"), None);
        assert_eq!(of_flag("start", "--formatoin"), None);
        assert_eq!(of_flag("logs", "-w"), None);
    }
}
