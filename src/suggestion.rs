//! "Did you mean": the known word closest to a mistyped one.

/// The one of `known` that is closest to `text`, if any is near: one mistake (a letter too many, too few, another, or two
/// swapped) for every three letters, whatever the letter case.
//
// clap has its own for its flags, by Jaro's distance; that one is not public.
pub(crate) fn nearest<'a>(text: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let text = text.to_lowercase();
    let mistakes = (text.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&text, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= mistakes && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_word_is_recognised_and_another_word_is_not() {
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
