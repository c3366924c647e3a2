//! An export on standard output: one document, each file under its name where there are several.

use crate::cli::failure::Failure;
use crate::cli::print;
use crate::export::Bundle;
use crate::export::options::{ExportFormat, Secrets};

/// Prints the files of `bundle`.
///
/// # Errors
///
/// That standard output cannot be written to.
pub(super) fn print(bundle: &Bundle, format: ExportFormat, secrets: Secrets) -> Result<(), Failure> {
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
fn separator(format: ExportFormat, path: &str, is_first: bool) -> String {
    match format {
        // A stream of YAML documents, as kubectl reads them.
        ExportFormat::Kubernetes | ExportFormat::Compose if is_first => String::new(),
        ExportFormat::Kubernetes | ExportFormat::Compose => "---\n".to_owned(),
        // JSON has no comments: one document after the other.
        ExportFormat::Nomad => String::new(),
        ExportFormat::Launchd => format!("<!-- {path} -->\n"),
        ExportFormat::Systemd
        | ExportFormat::SystemdUser
        | ExportFormat::Supervisord
        | ExportFormat::Runit
        | ExportFormat::S6
        | ExportFormat::Procfile => {
            let gap = if is_first { "" } else { "\n" };
            format!("{gap}# {path}\n")
        }
    }
}
