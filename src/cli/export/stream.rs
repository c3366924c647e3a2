//! An export on standard output: one document, each file under its name where there are several.

use crate::cli::failure::Failure;
use crate::cli::print;
use crate::export::Bundle;
use crate::export::options::{Format, Secrets};

/// Prints the files of `bundle`.
///
/// # Errors
///
/// That standard output cannot be written to.
pub(super) fn print(bundle: &Bundle, format: Format, secrets: Secrets) -> Result<(), Failure> {
    let mut text = Vec::new();
    let is_one = bundle.files.len() == 1 || secrets == Secrets::Only;
    for (number, file) in bundle.files.iter().enumerate() {
        if !is_one {
            text.extend(separator(format, &file.path, number == 0).into_bytes());
        }
        text.extend_from_slice(&file.bytes);
    }
    print::bytes(&text)
}

/// What stands between two files: what the format takes for a comment, if it has one.
fn separator(format: Format, path: &str, is_first: bool) -> String {
    match format {
        // A stream of YAML documents, as kubectl reads them.
        Format::Kubernetes | Format::Compose if is_first => String::new(),
        Format::Kubernetes | Format::Compose => "---\n".to_owned(),
        // JSON has no comments: one document after the other.
        Format::Nomad => String::new(),
        Format::Launchd => format!("<!-- {path} -->\n"),
        Format::Systemd
        | Format::SystemdUser
        | Format::Supervisord
        | Format::Runit
        | Format::S6
        | Format::Procfile => {
            let gap = if is_first { "" } else { "\n" };
            format!("{gap}# {path}\n")
        }
    }
}
