//! Where the types of a stack find each other.

use std::collections::HashMap;

use crate::name::TypeName;
use crate::procfile::Procfile;

/// What the variables with the other types' ports begin with.
const PORT_OF: &str = "GANGER_PORT_";
/// What the variables with the other types' URLs begin with.
const URL_OF: &str = "GANGER_URL_";

/// The variable with the first port of a type: `GANGER_PORT_WEB`.
pub(crate) fn name_of_port(kind: &TypeName) -> String {
    format!("{PORT_OF}{}", kind.to_variable())
}

/// The variable with the URL of a type: `GANGER_URL_WEB`.
pub(crate) fn name_of_url(kind: &TypeName) -> String {
    format!("{URL_OF}{}", kind.to_variable())
}

/// Whether a variable is called as these are.
pub(super) fn is_one(name: &[u8]) -> bool {
    [PORT_OF, URL_OF].iter().any(|beginning| name.starts_with(beginning.as_bytes()))
}

/// Whether `text` may name one of these variables.
pub(crate) fn may_be_named_in(text: &[u8]) -> bool {
    [PORT_OF, URL_OF].iter().any(|name| memchr::memmem::find(text, name.as_bytes()).is_some())
}

/// Whether a variable is that of a type of this Procfile.
pub(crate) fn is_of(procfile: &Procfile, name: &str) -> bool {
    is_one(name.as_bytes())
        && procfile.entries.iter().any(|of| name_of_port(&of.name) == name || name_of_url(&of.name) == name)
}

/// The URL of what listens on a port of this machine.
pub(crate) fn local_url(port: u16) -> String {
    format!("http://localhost:{port}")
}

/// At which URLs the types are found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Addresses {
    /// On this machine, each at its port.
    #[default]
    Local,
    /// Where an export runs: those whose URL is known beforehand.
    Elsewhere(HashMap<TypeName, String>),
}

impl Addresses {
    /// The URL of this type, which has this port here.
    pub(super) fn url(&self, kind: &TypeName, port: u16) -> Option<String> {
        match self {
            Self::Local => Some(local_url(port)),
            Self::Elsewhere(urls) => urls.get(kind).cloned(),
        }
    }
}
