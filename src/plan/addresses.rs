//! Where the types of a stack find each other.

use std::collections::HashMap;

use memchr::arch::all::memchr::One;

use crate::name::TypeName;
use crate::procfile::Procfile;

/// What the variables with the other types' ports begin with.
const PORT_OF: &str = "GANGER_PORT_";
/// What the variables with their addresses begin with.
const ADDRESS_OF: &str = "GANGER_ADDRESS_";
/// What the variables with their URLs begin with.
const URL_OF: &str = "GANGER_URL_";

const ALL: [&str; 3] = [PORT_OF, ADDRESS_OF, URL_OF];

/// The variable with the first port of a type: `GANGER_PORT_WEB`.
pub(crate) fn name_of_port(kind: &TypeName) -> String {
    format!("{PORT_OF}{}", kind.to_variable())
}

/// The variable with the host and port of a type: `GANGER_ADDRESS_WEB`.
pub(crate) fn name_of_address(kind: &TypeName) -> String {
    format!("{ADDRESS_OF}{}", kind.to_variable())
}

/// The variable with the URL of a type: `GANGER_URL_WEB`.
pub(crate) fn name_of_url(kind: &TypeName) -> String {
    format!("{URL_OF}{}", kind.to_variable())
}

/// What all others are told of a type with this port and this address, if it is known.
pub(super) fn variables(
    kind: &TypeName,
    port: u16,
    address: Option<String>,
) -> impl Iterator<Item = (String, String)> + use<> {
    let url = address.as_deref().map(url_at).map(|url| (name_of_url(kind), url));
    let address = address.map(|address| (name_of_address(kind), address));
    [Some((name_of_port(kind), port.to_string())), address, url].into_iter().flatten()
}

/// Whether a variable is called as these are.
pub(super) fn is_one(name: &[u8]) -> bool {
    ALL.iter().any(|beginning| name.starts_with(beginning.as_bytes()))
}

/// The types, as variables have them (`WEB`), whose variables `text` names.
pub(super) fn named_in(text: &str) -> impl Iterator<Item = &str> {
    // A thousand commands name none.
    let beginnings: &[&str] = if may_be_named_in(text.as_bytes()) { &ALL } else { &[] };
    beginnings.iter().flat_map(move |beginning| {
        text.match_indices(beginning).map(move |(at, _)| name_at(&text[at + beginning.len()..]))
    })
}

/// What of a text that begins with a name is that name.
fn name_at(rest: &str) -> &str {
    let end = rest.find(|of: char| !of.is_ascii_alphanumeric() && of != '_');
    end.map_or(rest, |end| &rest[..end])
}

/// Whether `text` may name one of these variables.
pub(crate) fn may_be_named_in(text: &[u8]) -> bool {
    let begins_at = |at: usize| ALL.iter().any(|name| text[at..].starts_with(name.as_bytes()));
    One::new(b'G').iter(text).any(begins_at)
}

/// Whether a variable is that of a type of this Procfile.
pub(crate) fn is_of(procfile: &Procfile, name: &str) -> bool {
    let rest = ALL.iter().find_map(|beginning| name.strip_prefix(beginning));
    rest.is_some_and(|rest| procfile.entries.iter().any(|of| of.name.to_variable() == rest))
}

/// The address of what listens on a port of this machine.
pub(crate) fn local_address(port: u16) -> String {
    format!("localhost:{port}")
}

/// The URL of what listens on a port of this machine.
pub(crate) fn local_url(port: u16) -> String {
    url_at(&local_address(port))
}

/// The URL of what listens at an address; 80 is the port of the scheme (RFC 9110, 4.2.1).
pub(crate) fn url_at(address: &str) -> String {
    format!("http://{}", address.strip_suffix(":80").unwrap_or(address))
}

/// At which addresses the types are found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Addresses {
    /// On this machine, each at its port.
    #[default]
    Local,
    /// Where an export runs: the host and port of those for which they are known beforehand.
    Elsewhere(HashMap<TypeName, String>),
}

impl Addresses {
    /// The address of this type, which has this port here.
    pub(super) fn of(&self, kind: &TypeName, port: u16) -> Option<String> {
        match self {
            Self::Local => Some(local_address(port)),
            Self::Elsewhere(addresses) => addresses.get(kind).cloned(),
        }
    }
}
