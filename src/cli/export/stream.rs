//! An export on standard output: one document, each file under its name where there are several.

use crate::cli::failure::Failure;
use crate::cli::print;
use crate::export::options::{ExportFormat, Secrets};
use crate::export::{Bundle, File};

/// Prints the files of `bundle`.
///
/// # Errors
///
/// That standard output cannot be written to.
pub(super) fn print(bundle: &Bundle, format: ExportFormat, secrets: Secrets) -> Result<(), Failure> {
    let mut text = Vec::new();
    let files: Vec<&File> =
        bundle.files.iter().filter(|file| format.details().folder_only != Some(file.path.as_str())).collect();
    let is_one = files.len() == 1 || secrets == Secrets::Only;
    for (number, file) in files.into_iter().enumerate() {
        if !is_one {
            text.extend((format.details().separator)(&file.path, number == 0).into_bytes());
        }
        text.extend_from_slice(&file.bytes);
    }
    print::bytes(&text)
}
