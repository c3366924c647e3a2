//! What is known of another runner's command line.

/// A runner of which the command line is taken.
#[derive(Debug, PartialEq, Eq)]
pub struct Peer {
    /// The name of its program.
    pub name: &'static str,
    /// The beginning of its variables: `OVERMIND`; empty: it has none.
    pub variables: &'static str,
    /// Where paths begin.
    pub path_rule: PathRule,
    /// Its commands. Where the first has no name, it is the one without a subcommand.
    pub commands: &'static [PeerCommand],
}

/// Where the paths of a runner's command line begin, and where its commands run. Without `-d` and `-f` all do the same: the current
/// folder has the files, and commands run there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PathRule {
    /// `-d` is the folder of the files and of the commands; by default it is that of the Procfile.
    #[default]
    Ganger,
    /// The same, but without `-d` the .env is that of the current folder.
    Foreman,
    /// `-d` is where the paths of Procfile and .env begin. Commands run in the current folder. A .env file that is named need not be
    /// there.
    Honcho,
    /// `-d` is the folder of the commands only; by default it is that of the Procfile. The .env is that of the current folder.
    Hivemind,
    /// The same, and below the others there is a .env in the user's home folder.
    Overmind,
    /// As for honcho, but commands run in the folder of `-d` (`-basedir`). node-foreman has no such flag.
    Goreman,
}

/// A command of another runner.
#[derive(Debug, PartialEq, Eq)]
pub struct PeerCommand {
    /// Its names.
    pub names: &'static [&'static str],
    /// Ours, with the arguments that it always has.
    pub ours: &'static [&'static str],
    /// What its words are.
    pub words: Words,
    /// Its flags. Those that are not listed are ours.
    pub flags: &'static [PeerFlag],
}

/// The words of a command that are no flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// Names: `web#1` is `web.1`.
    Names,
    /// Names, and all where there is none.
    NamesOrAll,
    /// The first word begins a command, which is left as it is.
    Command,
    /// The Procfile.
    Procfile,
    /// A format, then a folder.
    FormatAndFolder,
}

/// A flag of another runner.
#[derive(Debug, PartialEq, Eq)]
pub struct PeerFlag {
    /// Its names, the short one first.
    pub names: &'static [&'static str],
    /// A value, as an example; empty: it has none.
    pub example: &'static str,
    /// What it is here.
    pub ours: Ours,
}

/// What a flag of another runner is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ours {
    /// This flag, with the same value.
    Flag(&'static str),
    /// These words.
    Words(&'static [&'static str]),
    /// `--formation`, where the types that are not named run once.
    Counts,
    /// `--formation`, where the value has the form of one; any other value is that of our own flag.
    Formation,
    /// This flag for each name of a list: `--restart web=always`; `all` is all types.
    Each(&'static str, &'static str),
    /// The types to start.
    Types,
    /// Nothing, and why.
    Nothing(&'static str),
}

impl Peer {
    /// The flag of any of its commands with this name: `-f`, `--procfile`, or `-procfile`, as Go's parser takes it.
    pub(super) fn flag(&self, name: &str) -> Option<&'static PeerFlag> {
        self.commands.iter().find_map(|command| command.flag(name))
    }
}

impl PeerCommand {
    pub(super) fn flag(&self, name: &str) -> Option<&'static PeerFlag> {
        self.flags.iter().find(|flag| {
            flag.names
                .iter()
                .any(|known| *known == name || known.strip_prefix('-') == Some(name) && name.len() > 2)
        })
    }
}
