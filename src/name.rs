//! Names of process types and of their instances.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// The name of a process type: what stands before the colon of a Procfile line.
///
/// `[A-Za-z0-9_-]`, 1 to 63 characters: Heroku's letters, and the length that a DNS label allows, since
/// an exported type becomes a host, unit or Deployment name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeName(Arc<str>);

impl TypeName {
    /// The most characters that a name may have.
    pub const MAX_LENGTH: usize = 63;

    /// `text` as a name, or `None` if a character or its length is not allowed.
    pub fn new(text: &str) -> Option<Self> {
        let length = 1..=Self::MAX_LENGTH;
        (length.contains(&text.len()) && text.bytes().all(Self::allows)).then(|| Self(text.into()))
    }

    /// Whether a name may contain `byte`.
    pub fn allows(byte: u8) -> bool {
        byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as part of a variable's name: upper case, `-` becomes `_`.
    pub fn to_variable(&self) -> String {
        self.0.to_ascii_uppercase().replace('-', "_")
    }
}

impl fmt::Display for TypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for TypeName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// The name of one running copy of a type: `web.1`. Numbers start at 1, as Heroku's do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InstanceName {
    /// The type that it is a copy of.
    pub kind: TypeName,
    /// Which copy, from 1.
    pub number: u32,
}

impl fmt::Display for InstanceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{}", self.kind, self.number))
    }
}

impl Serialize for InstanceName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_letters_and_the_length_of_a_dns_label() {
        for good in ["web", "my-worker_2", "-", "_", "0", &"a".repeat(63)] {
            assert!(TypeName::new(good).is_some(), "{good:?}");
        }
        for bad in ["", "a.b", "a b", "é", "a/b", &"a".repeat(64)] {
            assert!(TypeName::new(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn a_name_becomes_part_of_a_variable() {
        assert_eq!(TypeName::new("my-Web_2").unwrap().to_variable(), "MY_WEB_2");
    }
}
