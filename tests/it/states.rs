//! docs/states.md is what the machine does.

use crate::folder::same_as_kept;

#[test]
fn the_page_of_states_is_printed_from_the_table() {
    same_as_kept("docs/states.md".as_ref(), &ganger::parts::machine::table::page());
}
