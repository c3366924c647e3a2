//! The table of states as a page: docs/states.md is this text, and a test holds the two together.

use std::fmt::Write;

use super::state::{Effect, InstanceEvent, Intent, State, step};

/// The page: one row a state, one column an event.
pub fn page() -> String {
    let mut page = String::from(HEAD);
    row(&mut page, "state", InstanceEvent::ALL.iter().map(ToString::to_string));
    row(&mut page, "---", InstanceEvent::ALL.iter().map(|_| "---".to_string()));
    for state in State::ALL {
        row(&mut page, &format!("**{state}**"), InstanceEvent::ALL.iter().map(|event| cell(state, *event)));
    }
    page.push_str(FOOT);
    page
}

const HEAD: &str = "\
# States

What happens to one instance at each event in each state. This page is printed from `src/machine/state.rs`; a test
fails where the two differ (`BLESS=1 cargo test --test it states` writes it anew).

A cell has the next state (`=` is the same one) and, in brackets, what is done on the way. Where the intent
decides, `up` and `down` stand before the two answers.

";

const FOOT: &str = "
Done on the way: *spawn* its own process; *stop*: send the stop signal and SIGCONT to its main processes; *stop rest*: to what
is left of its tree after them, each process once; *stop all*: to all of its tree, each process once; *kill* the whole tree;
*scan* /proc for what is left of it; *report exit*: print how its own process ended, after the remaining output; *give up*:
name what could not be ended.

The machine keeps one more instance for the processes that belong to none (for example, a daemon that wiped
its environment). It enters *clearing* when the stack is stopped, and is *ended* only when the kernel says
that no child is left.
";

fn row(page: &mut String, first: &str, cells: impl Iterator<Item = String>) {
    let _ = write!(page, "| {first} |");
    for cell in cells {
        let _ = write!(page, " {cell} |");
    }
    page.push('\n');
}

fn cell(state: State, event: InstanceEvent) -> String {
    let up = answer(state, step(state, Intent::Up, event));
    let down = answer(state, step(state, Intent::Down, event));
    if up == down { up } else { format!("up: {up}; down: {down}") }
}

fn answer(before: State, (after, effects): (State, &[Effect])) -> String {
    let state = if before == after { "=".to_string() } else { after.to_string() };
    let effects: Vec<String> = effects.iter().map(ToString::to_string).collect();
    if effects.is_empty() { state } else { format!("{state} [{}]", effects.join(", ")) }
}
