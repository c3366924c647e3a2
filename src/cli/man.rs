//! `ganger man`: the manual page, made of the same texts as the help.

use std::io::{self, Write};

use clap_mangen::Man;

use super::failure::Failure;
use super::{print, usage};
use crate::exit::Outcome;

/// Prints the page as roff.
///
/// # Errors
///
/// That standard output cannot be written to.
pub(crate) fn run() -> Result<Outcome, Failure> {
    let mut page = Vec::new();
    write_page(&mut page)?;
    print::and_succeed(escaped(&String::from_utf8_lossy(&page)).as_bytes())
}

/// Letters beyond ASCII in groff's own notation: how it reads bytes depends on flags and on the locale.
fn escaped(page: &str) -> String {
    page.chars()
        .map(|c| if c.is_ascii() { c.to_string() } else { format!("\\[u{:04X}]", u32::from(c)) })
        .collect()
}

/// One page for all subcommands, so that a flag is searched for in one place.
fn write_page(page: &mut Vec<u8>) -> io::Result<()> {
    let mut command = usage::command();
    command.build();
    let man = Man::new(command.clone());
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    for subcommand in command.get_subcommands().filter(|of| of.get_name() != "help") {
        let part = Man::new(subcommand.clone());
        writeln!(page, ".SH GANGER {}", subcommand.get_name().to_uppercase())?;
        for render in
            [Man::render_synopsis_section, Man::render_description_section, Man::render_options_section]
        {
            let mut section = Vec::new();
            render(&part, &mut section)?;
            // A section of its own becomes a subsection of the subcommand's.
            page.write_all(String::from_utf8_lossy(&section).replace("\n.SH ", "\n.SS ").as_bytes())?;
        }
    }
    man.render_extra_section(page)
}
