//! The keys: what each means, for `?`, the last row and docs/ui.md. One table.

use super::input::{Key, KeyCode};

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Another instance, or others.
    Choose(Choice),
    /// Another part of the log, or another look of it.
    Log(LogKey),
    /// Something of the stack.
    Stack(StackKey),
    /// Typing what is searched.
    Search,
    /// Typing what rows have to contain.
    Filter,
    /// Copying rows.
    Copy,
    /// The mouse for the terminal, or for the screen.
    Mouse,
    /// The list of keys.
    Help,
    /// The timeline of the start.
    Timeline,
    /// Ctrl-Z.
    Suspend,
    /// The end of the screen alone.
    Detach,
    /// The end of the screen, and of a stack that was started for it.
    Quit,
}

/// Which instances are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    Up,
    Down,
    Mark,
    Fold,
    Nothing,
}

/// What of the log is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LogKey {
    LineUp,
    LineDown,
    PageUp,
    PageDown,
    Left,
    Right,
    Top,
    End,
    Follow,
    Next,
    Previous,
    Wrap,
    Times,
}

/// What is asked of the stack, or of one instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StackKey {
    Restart,
    StopOrStart,
    Kill,
    /// Of the instance with the cursor.
    One(OneKey),
}

/// What is about one instance, or its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OneKey {
    More,
    Fewer,
    Attach,
    Open,
    Environment,
}

/// A key, or several that mean the same.
pub(super) struct KeyBinding {
    /// What it asks for.
    pub command: Command,
    /// The keys.
    pub keys: &'static [Key],
    /// Their names.
    pub names: &'static str,
    /// What it does.
    pub help: &'static str,
    /// The same in a word, for the last row; empty where it is not there.
    pub short: &'static str,
}

const fn key(letter: char) -> Key {
    Key::new(KeyCode::Char(letter))
}

const fn binding(
    command: Command,
    keys: &'static [Key],
    names: &'static str,
    help: &'static str,
    short: &'static str,
) -> KeyBinding {
    KeyBinding { command, keys, names, help, short }
}

/// All keys, in the order of the help.
#[rustfmt::skip]
pub(super) const BINDINGS: [KeyBinding; 35] = [
    binding(Command::Choose(Choice::Up), &[Key::new(KeyCode::Up)], "Up", "choose the instance above; the first row is all of them", ""),
    binding(Command::Choose(Choice::Down), &[Key::new(KeyCode::Down)], "Down", "choose the instance below", ""),
    binding(Command::Choose(Choice::Mark), &[key(' ')], "Space", "mark the instance and go down: the logs of all marked ones are shown, and r, s and k are about them", "mark"),
    binding(Command::Choose(Choice::Fold), &[Key::new(KeyCode::Tab)], "Tab", "fold the list of instances into one line, or unfold it", ""),
    binding(Command::Log(LogKey::PageUp), &[Key::new(KeyCode::PageUp), Key::control('b')], "PgUp, Ctrl-B", "scroll the log up by a page", ""),
    binding(Command::Log(LogKey::PageDown), &[Key::new(KeyCode::PageDown), Key::control('f')], "PgDn, Ctrl-F", "scroll it down by a page", ""),
    binding(Command::Log(LogKey::LineUp), &[Key::shift(KeyCode::Up), Key::control('y')], "Shift-Up, Ctrl-Y", "scroll it up by a line", ""),
    binding(Command::Log(LogKey::LineDown), &[Key::shift(KeyCode::Down), Key::control('e')], "Shift-Down, Ctrl-E", "scroll it down by a line", ""),
    binding(Command::Log(LogKey::Left), &[Key::new(KeyCode::Left)], "Left", "where rows are cut: show columns further left", ""),
    binding(Command::Log(LogKey::Right), &[Key::new(KeyCode::Right)], "Right", "where rows are cut: show columns further right", ""),
    binding(Command::Log(LogKey::Top), &[key('g'), Key::new(KeyCode::Home)], "g, Home", "go to the oldest row", ""),
    binding(Command::Log(LogKey::End), &[key('G'), Key::new(KeyCode::End)], "G, End", "go to the latest row, and follow", ""),
    binding(Command::Log(LogKey::Follow), &[key('F')], "F", "follow the log, or stay where it is", "follow"),
    binding(Command::Search, &[key('/')], "/", "search a regular expression", "search"),
    binding(Command::Log(LogKey::Next), &[key('n')], "n", "go to the next match below", ""),
    binding(Command::Log(LogKey::Previous), &[key('N')], "N", "go to the next match above", ""),
    binding(Command::Filter, &[key('f')], "f", "show the rows alone in which a regular expression is found; an empty one shows all", "filter"),
    binding(Command::Log(LogKey::Wrap), &[key('w')], "w", "wrap long rows, or cut them", ""),
    binding(Command::Log(LogKey::Times), &[key('T')], "T", "show the time of each row, or hide it", ""),
    binding(Command::Copy, &[key('y')], "y", "copy the rows on the screen to the clipboard of the terminal (OSC 52)", "copy"),
    binding(Command::Stack(StackKey::Restart), &[key('r')], "r", "restart (`ganger restart`); asks once", "restart"),
    binding(Command::Stack(StackKey::StopOrStart), &[key('s')], "s", "stop what runs (`ganger stop`; asks once), start what does not (`ganger start`)", "stop/start"),
    binding(Command::Stack(StackKey::One(OneKey::More)), &[key('+'), key('=')], "+", "run one more of the type (`ganger scale`)", ""),
    binding(Command::Stack(StackKey::One(OneKey::Fewer)), &[key('-')], "-", "run one fewer of the type (`ganger scale`); asks once", ""),
    binding(Command::Stack(StackKey::Kill), &[key('k')], "k", "send a signal (`ganger kill`); asks which", ""),
    binding(Command::Stack(StackKey::One(OneKey::Attach)), &[key('a')], "a", "connect the terminal to the instance (`ganger attach`); Ctrl-] comes back", "attach"),
    binding(Command::Stack(StackKey::One(OneKey::Open)), &[key('o')], "o", "open the URL of the instance in a browser", ""),
    binding(Command::Stack(StackKey::One(OneKey::Environment)), &[key('e')], "e", "show the environment of the instance, and where each variable comes from; values are masked", ""),
    binding(Command::Timeline, &[key('t')], "t", "show the timeline of the start (`ganger ps --timeline`)", ""),
    binding(Command::Mouse, &[key('m')], "m", "leave the mouse to the terminal, or take it again", ""),
    binding(Command::Help, &[key('?'), key('h')], "?", "show these keys", "keys"),
    binding(Command::Suspend, &[Key::control('z')], "Ctrl-Z", "suspend the screen; `fg` comes back", ""),
    binding(Command::Detach, &[key('d')], "d", "leave; a stack that was started for the screen goes on in the background", ""),
    binding(Command::Quit, &[key('q'), Key::control('c')], "q, Ctrl-C", "leave; a stack that was started for the screen ends with it", "quit"),
    binding(Command::Choose(Choice::Nothing), &[Key::new(KeyCode::Escape)], "Esc", "remove the marks, the filter and the search", ""),
];

/// What this key asks for.
pub(super) fn command(key: Key) -> Option<Command> {
    BINDINGS.iter().find(|binding| binding.keys.contains(&key)).map(|binding| binding.command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_every_key_and_each_key_means_one_thing() {
        let page = include_str!("../../docs/ui.md");
        for (at, binding) in BINDINGS.iter().enumerate() {
            let row = format!("| {} | {} |", binding.names, binding.help);
            assert!(page.contains(&row), "docs/ui.md lacks:\n{row}");
            for key in binding.keys {
                let other = BINDINGS[at + 1..].iter().find(|other| other.keys.contains(key));
                assert!(other.is_none(), "{key:?} of {} has another meaning too", binding.names);
            }
        }
    }
}
