//! The words after `start`.

use indexmap::IndexMap;

use crate::config::{Groups, Located};
use crate::formation::Formation;
use crate::location::Diagnostic;

/// The words after `start`: `web worker`, `web=2 worker=1`, `web=2,worker=1`, or none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// What types not named run (`all=1`); `None`: not at all.
    pub all: Option<u32>,
    /// The types named, in the order of the words, and how many of each; `None`: as many as the
    /// formation says, or one. Whether there are such types is for the plan to say.
    pub types: IndexMap<String, Option<u32>>,
}

impl Selection {
    /// The words as a selection. A word that comes twice counts as the later one says.
    ///
    /// # Errors
    ///
    /// A count that is none; the place is the word itself.
    pub fn parse<S: AsRef<str>>(words: &[S]) -> Result<Self, Vec<Diagnostic>> {
        let mut selection = Self::default();
        let mut errors = Vec::new();
        for word in words.iter().flat_map(|words| words.as_ref().split(',')).filter(|word| !word.is_empty()) {
            if !word.contains('=') {
                selection.types.entry(word.into()).or_default();
                continue;
            }
            match Formation::parse(word) {
                Ok(formation) => selection.take(formation),
                Err(error) => errors.push(Diagnostic {
                    location: Located::given((), word).place,
                    message: error.to_string(),
                    hint: None,
                    excerpt: None,
                }),
            }
        }
        if errors.is_empty() { Ok(selection) } else { Err(errors) }
    }

    /// The same with the types of a group in its place.
    ///
    /// # Errors
    ///
    /// A group that cannot be used; the place is the word itself.
    pub fn expand(self, groups: &Groups) -> Result<Self, Vec<Diagnostic>> {
        let mut expanded = Self { all: self.all, types: IndexMap::new() };
        let mut errors = Vec::new();
        for (word, count) in self.types {
            match groups.types(&word) {
                // A type that is named with a count beside its group has that count.
                Ok(types) => types.into_iter().for_each(|name| {
                    let held = expanded.types.entry(name).or_default();
                    *held = count.or(*held);
                }),
                Err(error) => errors.push(error.at(Located::given((), &word).place)),
            }
        }
        if errors.is_empty() { Ok(expanded) } else { Err(errors) }
    }

    /// Whether it leaves all to the formation.
    pub fn is_empty(&self) -> bool {
        self.all.is_none() && self.types.is_empty()
    }

    fn take(&mut self, formation: Formation) {
        self.all = formation.all.or(self.all);
        self.types.extend(formation.counts.into_iter().map(|(name, count)| (name.to_string(), Some(count))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> (Option<u32>, Vec<(String, Option<u32>)>) {
        let selection = Selection::parse(words).unwrap();
        (selection.all, selection.types.into_iter().collect())
    }

    #[test]
    fn words_are_types_or_counts() {
        let web = |count| ("web".to_owned(), count);
        let job = |count| ("job".to_owned(), count);
        assert_eq!(parse(&[]), (None, vec![]));
        assert_eq!(parse(&["web", "job"]), (None, vec![web(None), job(None)]));
        assert_eq!(parse(&["web=2", "job=0"]), (None, vec![web(Some(2)), job(Some(0))]));
        assert_eq!(parse(&["web=2,job"]), (None, vec![web(Some(2)), job(None)]));
        assert_eq!(parse(&["all=3", "web=1", "web"]), (Some(3), vec![web(Some(1))]));
    }

    #[test]
    fn a_group_is_replaced_by_its_types() {
        let text = b"[group.back]\ntypes = [\"web\", \"job\"]\n";
        let settings = crate::config::ganger_toml::parse("ganger.toml", text).settings;
        let groups = Groups::of(&settings, |_| true);
        let expand = |words: &[&str]| Selection::parse(words).unwrap().expand(&groups);
        assert_eq!(expand(&["css", "@back"]), Selection::parse(&["css", "web", "job"]).map_err(|_| vec![]));
        assert_eq!(expand(&["job=3", "@back"]), Selection::parse(&["job=3", "web"]).map_err(|_| vec![]));
        assert_eq!(expand(&["@back", "job=3"]), Selection::parse(&["web", "job=3"]).map_err(|_| vec![]));
        let errors = expand(&["@bakc"]).unwrap_err();
        assert_eq!((errors.len(), errors[0].location.to_string().as_str()), (1, "@bakc"));
    }

    #[test]
    fn a_count_that_is_none_is_refused_at_its_word_and_all_are_named() {
        let errors = Selection::parse(&["web=x", "job=-1", "css"]).unwrap_err();
        let places: Vec<_> = errors.iter().map(|error| error.location.to_string()).collect();
        assert_eq!(places, ["web=x", "job=-1"]);
    }
}
