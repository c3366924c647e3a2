//! The word that may have been meant.

/// The one of `known` that `text` is most likely a slip of, if any is near: one slip (a letter too many,
/// too few, another, or two swapped) for every three letters, letter case aside.
pub fn nearest<'a>(text: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let text = text.to_lowercase();
    let slips = (text.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&text, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= slips && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_recognised_and_another_word_is_not() {
        let known = ["web", "worker", "css"];
        let table = [
            ("wbe", Some("web")),
            ("Web", Some("web")),
            ("we", Some("web")),
            ("wroker", Some("worker")),
            ("workers", Some("worker")),
            ("clock", None),
            ("x", None),
            ("", None),
        ];
        for (text, meant) in table {
            assert_eq!(nearest(text, known), meant, "{text:?}");
        }
    }
}
