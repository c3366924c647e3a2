//! docs/states.md is what the machine does.

#[test]
#[expect(clippy::disallowed_methods, reason = "the variable asks for the page to be written")]
fn the_page_of_states_is_printed_from_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/states.md");
    let page = ganger::parts::machine::table::page();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(kept == page, "docs/states.md differs: BLESS=1 cargo test --test it states");
}
