//! What `ganger scale` can ask for: `web=3`, `worker+1`, `clock-1`, as Heroku's ps:scale has it.

use serde::Serialize;
use thiserror::Error;

use crate::formation::MOST;
use crate::name::TypeName;

/// Another number of instances for one type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScaleStep {
    /// The type.
    pub r#type: String,
    /// How many.
    #[serde(flatten)]
    pub count: InstanceCount,
}

/// How many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InstanceCount {
    /// So many.
    To(u32),
    /// So many more than there are; less, if negative.
    By(i32),
}

/// What is wrong with a step.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ScaleError {
    /// It is no such word.
    #[error("write TYPE=N, TYPE+N or TYPE-N, for example `web=3`")]
    Shape,
    /// The type cannot have this name.
    #[error("`{0}` names no type: a name is letters, digits, `-` and `_`")]
    Name(String),
    /// The count is no number, or too large.
    #[error("a count is a whole number from 0 to {MOST}")]
    Count,
    /// More instances than a type may have.
    #[error("{0} of {1} are too many: at most {MOST}")]
    TooMany(i64, String),
    /// Fewer instances than none.
    #[error("{name} has {count} instances, so {fewer} cannot go")]
    TooFew {
        /// The type.
        name: String,
        /// How many it has.
        count: u32,
        /// How many less it would have.
        fewer: i64,
    },
}

impl ScaleStep {
    /// Reads `web=3`, `worker+1` or `clock-1`. A name may end in `-1` itself, so the sign is the last one.
    ///
    /// # Errors
    /// What is wrong with the word.
    pub fn parse(word: &str) -> Result<Self, ScaleError> {
        let at = word.find('=').or_else(|| word.rfind(['+', '-']));
        let Some(at) = at.filter(|at| *at > 0) else {
            return Err(ScaleError::Shape);
        };
        let (name, sign, number) = (&word[..at], &word[at..=at], &word[at + 1..]);
        if TypeName::new(name).is_none() {
            return Err(ScaleError::Name(name.into()));
        }
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        // So a type of that name, without a count, gets the right answer too.
        if !is_number && sign != "=" {
            return Err(ScaleError::Shape);
        }
        let number = number.parse().ok().filter(|number| is_number && *number <= MOST);
        let number = number.ok_or(ScaleError::Count)?;
        let change = i32::try_from(number).unwrap_or(i32::MAX);
        let count = match sign {
            "=" => InstanceCount::To(number),
            "+" => InstanceCount::By(change),
            _ => InstanceCount::By(-change),
        };
        Ok(Self { r#type: name.into(), count })
    }

    /// What becomes of `count` instances.
    ///
    /// # Errors
    /// Less than none, or more than a type may have.
    pub fn apply(&self, count: u32) -> Result<u32, ScaleError> {
        let result = match self.count {
            InstanceCount::To(result) => i64::from(result),
            InstanceCount::By(change) => i64::from(count) + i64::from(change),
        };
        let name = self.r#type.clone();
        match u32::try_from(result) {
            Ok(result) if result <= MOST => Ok(result),
            Ok(_) => Err(ScaleError::TooMany(result, name)),
            Err(_) => Err(ScaleError::TooFew { name, count, fewer: i64::from(count) - result }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_a_type_and_a_count() {
        for (word, name, count) in [
            ("web=3", "web", InstanceCount::To(3)),
            ("web=0", "web", InstanceCount::To(0)),
            ("worker+1", "worker", InstanceCount::By(1)),
            ("clock-1", "clock", InstanceCount::By(-1)),
            ("my-worker-2", "my-worker", InstanceCount::By(-2)),
            ("a-1=2", "a-1", InstanceCount::To(2)),
            ("a-1+2", "a-1", InstanceCount::By(2)),
        ] {
            assert_eq!(ScaleStep::parse(word), Ok(ScaleStep { r#type: name.into(), count }), "{word}");
        }
        for word in [
            "",
            "web",
            "=3",
            "+1",
            "web=",
            "web=x",
            "web=-1",
            "web=+1",
            "web+",
            "web-x",
            "web.1=2",
            "web=10001",
            "web+1.5",
        ] {
            assert!(ScaleStep::parse(word).is_err(), "{word}");
        }
    }

    #[test]
    fn a_count_is_not_below_nothing_nor_above_the_most() {
        let apply = |word: &str, count| ScaleStep::parse(word).unwrap().apply(count);
        assert_eq!((apply("a=3", 9), apply("a+1", 2), apply("a-2", 2)), (Ok(3), Ok(3), Ok(0)));
        let refused = |word, count| apply(word, count).unwrap_err().to_string();
        assert_eq!(refused("a-3", 2), "a has 2 instances, so 3 cannot go");
        assert!(refused("a+1", MOST).contains("too many"));
    }

    #[test]
    fn a_step_is_sent_as_docs_protocol_says() {
        let step = ScaleStep { r#type: "worker".into(), count: InstanceCount::By(-1) };
        assert_eq!(serde_json::to_string(&step).unwrap(), r#"{"type":"worker","by":-1}"#);
    }
}
