//! A command line of ganger, made of one of another runner.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::peer::{Ours, Peer, PeerCommand, PeerFlag, Words};
use super::table::{OWN, PEERS};
use crate::cli::values::with_value;
use crate::config::setting::Takes;
use crate::config::table;

/// A command line of ganger.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Translated {
    /// Its words, the name of the program first.
    pub words: Vec<OsString>,
    /// The flags that have no meaning here, and why.
    pub ignored: Vec<String>,
    /// The runner of which the command line was.
    pub peer: &'static Peer,
}

/// The command line of ganger that `words` are: as they stand, unless the program has the name of another runner or a word is one
/// that ganger takes from others.
pub fn translate(words: Vec<OsString>) -> Translated {
    let peer = words.first().and_then(|name| named(Path::new(name))).unwrap_or(&OWN);
    let Some((program, rest)) = words.split_first() else { return Translated::default() };
    let Some((command, before, after)) = split(peer, rest) else {
        return Translated { words, ignored: Vec::new(), peer };
    };
    let translated = Translated { peer, ..Translated::default() };
    let mut translator = Translator { peer, command, translated, count: 0 };
    let ours = [program.as_os_str()].into_iter().chain(command.ours.iter().map(OsStr::new));
    translator.translated.words.extend(ours.map(OsStr::to_owned));
    translator.take(before);
    translator.take(after);
    if command.words == Words::NamesOrAll && translator.count == 0 {
        translator.push("*");
    }
    translator.translated
}

/// The peer that a program of this name is.
fn named(program: &Path) -> Option<&'static Peer> {
    let name = program.file_name()?;
    PEERS.iter().find(|peer| name == peer.name)
}

/// The command among these words, those before it, and those after it.
fn split<'a>(
    peer: &Peer,
    words: &'a [OsString],
) -> Option<(&'static PeerCommand, &'a [OsString], &'a [OsString])> {
    let commands: &'static [PeerCommand] = peer.commands;
    let named = |name: &str| commands.iter().find(|command| command.names.contains(&name));
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let word = word.to_str()?;
        if let Some(command) = named(word) {
            return Some((command, &words[..at], &words[at + 1..]));
        }
        let two = words.get(at + 1).and_then(|next| Some(format!("{word} {}", next.to_str()?)));
        if let Some(command) = two.as_deref().and_then(named) {
            return Some((command, &words[..at], &words[at + 2..]));
        }
        if !word.starts_with('-') || word == "-" {
            break;
        }
        at += if takes_next(peer, word) { 2 } else { 1 };
    }
    // A runner without subcommands; help is ours.
    let is_help = words.first().is_some_and(|word| ["-h", "--help", "help"].iter().any(|help| word == help));
    named("").filter(|_| !is_help).map(|command| (command, &words[..0], words))
}

/// Whether the word after this flag is its value.
fn takes_next(peer: &Peer, word: &str) -> bool {
    if word.contains('=') {
        return false;
    }
    if let Some(flag) = peer.flag(word) {
        return !flag.example.is_empty();
    }
    takes_value(word.trim_start_matches('-'))
}

/// Whether a flag of ganger has this name, and a value.
fn takes_value(name: &str) -> bool {
    table::all().filter(|setting| matches!(setting.takes, Takes::Value(_))).any(|setting| {
        let mut short = setting.flags.iter().filter_map(|flag| flag.short);
        setting.name == name || short.any(|short| name == short.to_string())
    })
}

struct Translator<'a> {
    peer: &'a Peer,
    command: &'static PeerCommand,
    translated: Translated,
    /// How many words there were that are no flags.
    count: usize,
}

impl Translator<'_> {
    fn push(&mut self, word: impl Into<OsString>) {
        self.translated.words.push(word.into());
    }

    fn take(&mut self, words: &[OsString]) {
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            let text = word.to_str().unwrap_or_default();
            if text == "--" || self.command.words == Words::Command && !text.starts_with('-') {
                self.push(word);
                self.translated.words.extend(rest.cloned());
                return;
            }
            if !text.starts_with('-') || text == "-" {
                self.take_word(word);
                continue;
            }
            match self.flag(text) {
                None => {
                    self.push(word);
                    // A value of ours is no word of theirs.
                    if takes_next(self.peer, text) {
                        self.translated.words.extend(rest.next().cloned());
                    }
                }
                Some((flag, inline)) => {
                    let has_value = !flag.example.is_empty();
                    let next = rest.as_slice().first().and_then(|next| next.to_str());
                    let value = inline.or_else(|| next.filter(|_| has_value)).unwrap_or_default();
                    // `-c` alone is a colour of ganger's.
                    if flag.ours == Ours::Formation && !is_formation(value) {
                        self.push(word);
                        continue;
                    }
                    if has_value && inline.is_none() {
                        rest.next();
                    }
                    self.take_flag(flag, text, value);
                }
            }
        }
    }

    /// The flag, and the value that stands in the same word: `--port=1`, `-p1`.
    fn flag<'w>(&self, word: &'w str) -> Option<(&'static PeerFlag, Option<&'w str>)> {
        let find = |name: &str| self.command.flag(name);
        if let Some(flag) = find(word) {
            return Some((flag, None));
        }
        if let Some((name, value)) = word.split_once('=') {
            return find(name).map(|flag| (flag, Some(value)));
        }
        let (short, value) = word.split_at_checked(2)?;
        let flag = find(short).filter(|flag| !flag.example.is_empty() && !word.starts_with("--"))?;
        Some((flag, Some(value)))
    }

    fn take_flag(&mut self, flag: &PeerFlag, word: &str, value: &str) {
        if let Ours::Nothing(reason) = flag.ours {
            self.translated
                .ignored
                .push(format!("{word} of {} has no effect here: {reason}", self.peer.name));
        }
        self.translated.words.extend(flag.ours.words(value).into_iter().map(OsString::from));
    }

    fn take_word(&mut self, word: &OsString) {
        self.count += 1;
        match self.command.words {
            Words::Procfile => self.push(with_value("--procfile", word)),
            Words::FormatAndFolder if self.count == 2 => self.push(with_value("--output", word)),
            Words::Names | Words::NamesOrAll => {
                let name = word.to_str().map(|name| name.replace('#', "."));
                self.push(name.map_or_else(|| word.clone(), OsString::from));
            }
            Words::FormatAndFolder | Words::Command => self.push(word),
        }
    }
}

impl Ours {
    /// Our words for it, each flag with its value in one word.
    pub fn words(self, value: &str) -> Vec<String> {
        let parts = || value.split(',').filter(|part| !part.is_empty());
        match self {
            Self::Flag(flag) => vec![format!("{flag}={value}")],
            Self::Words(words) => words.iter().map(|word| (*word).to_owned()).collect(),
            Self::Counts if parts().any(|part| part.starts_with("all=")) => {
                vec![format!("--formation={value}")]
            }
            Self::Counts => vec![format!("--formation=all=1,{value}")],
            Self::Formation => vec![format!("--formation={value}")],
            Self::Each(flag, to) => parts()
                .map(
                    |part| if part == "all" { format!("{flag}={to}") } else { format!("{flag}={part}={to}") },
                )
                .collect(),
            Self::Types => parts().map(str::to_owned).collect(),
            Self::Nothing(_) => Vec::new(),
        }
    }
}

fn is_formation(value: &str) -> bool {
    value.contains('=') && !value.starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(line: &str) -> String {
        let words = line.split(' ').map(OsString::from).collect();
        let words = translate(words).words;
        words[1..].iter().map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_command_line_of_another_runner_becomes_ours() {
        for (theirs, expected) in [
            (
                "foreman start -f Procfile.dev -m all=1,web=2",
                "start --procfile=Procfile.dev --formation=all=1,web=2",
            ),
            ("/usr/bin/foreman start -fProcfile.dev web", "start --procfile=Procfile.dev web"),
            ("foreman start -c web", "start --color=always web"),
            ("foreman run -e .env.dev rake -f x", "run --env=.env.dev rake -f x"),
            ("foreman export systemd out -a shop", "export systemd --output=out --app=shop"),
            ("foreman help", "help"),
            (
                "honcho -f Procfile.dev -e .env start -c web=2 web",
                "start --procfile=Procfile.dev --env=.env --formation=all=1,web=2 web",
            ),
            ("honcho run -- env -f", "run -- env -f"),
            (
                "overmind s -l web,worker -r web -c worker",
                "start web worker --restart=web=always --can-die=worker",
            ),
            ("overmind start -r all --any-can-die", "start --restart=always --exit-on=never"),
            ("overmind start -can-die=web", "start --can-die=web"),
            ("overmind stop", "stop *"),
            ("overmind c web#1", "attach web.1"),
            ("overmind kill", "down --timeout=0"),
            ("hivemind", "start"),
            ("hivemind -T - -l web", "start --timestamps --procfile=- web"),
            ("hivemind --version", "version"),
            ("goreman -f x -b 7000 start web", "start --exit-on=never --procfile=x --port=7000 web"),
            ("goreman run restart-all", "restart"),
            ("goreman start -set-ports=false", "start --exit-on=never --no-port"),
            ("nf -j Procfile.dev start web=2,api -w -t 80", "start --procfile=Procfile.dev web=2,api"),
            ("ganger start -c web=2", "start --formation=web=2"),
            ("ganger start -c", "start -c"),
            ("ganger start -c web", "start -c web"),
            ("ganger start -c=never -l web,worker", "start -c=never web worker"),
            ("ganger -f start start -r web", "start -f start --restart=web=always"),
            ("ganger run start -l x", "run start -l x"),
            ("ganger echo web", "logs --follow web"),
            ("ganger start -- -l x", "start -- -l x"),
        ] {
            assert_eq!(ours(theirs), expected, "{theirs}");
        }
        let ignored = translate(["overmind", "s", "-w", "shop"].map(OsString::from).to_vec());
        assert_eq!(ignored.ignored, ["-w of overmind has no effect here: no title is set"]);
    }
}
