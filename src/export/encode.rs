//! Documents as text.

use super::document::Document;

/// `document` as YAML. A text with several lines stays one quoted scalar, so that no indentation and no
/// trailing blank can get lost.
pub(super) fn yaml(document: &Document) -> String {
    let options = serde_saphyr::ser_options! {
        prefer_block_scalars: false,
        compact_list_indent: true,
    };
    // Writing to a String does not fail, and a document has no key that YAML could not have.
    serde_saphyr::to_string_with_options(document, options).unwrap_or_default()
}

/// `document` as JSON.
pub(super) fn json(document: &Document) -> String {
    // It has text for keys and no NaN.
    serde_json::to_string_pretty(document).unwrap_or_default() + "\n"
}
