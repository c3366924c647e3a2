//! What a project or a user can set: one type for flags, `GANGER_…` variables, `ganger.toml`, `.foreman` and `app.json`
//! ([`Settings`]), one entry for each setting ([`table`]), and one function for precedence ([`Settings::or`]).

pub(crate) mod app_json;
mod deployment;
mod detach_keys;
mod export_choices;
pub(crate) mod foreman;
pub(crate) mod ganger_toml;
mod groups;
pub(crate) mod invalid;
mod layers;
mod numbers;
mod places;
mod probe;
pub(crate) mod service_policy;
pub(crate) mod setting;
pub(crate) mod settings;
mod source;
pub(crate) mod table;
#[cfg(test)]
mod tests;
mod value;

pub(crate) use deployment::{Resource, ScaleRange};
pub(crate) use detach_keys::DetachKeys;
pub(crate) use export_choices::CheckMode;
pub use export_choices::Secrets;
pub(crate) use groups::Groups;
pub(crate) use probe::{BUFFERING, listens_elsewhere};
pub(crate) use probe::{Observation, OutsideCheck, Probe, ProbeKind, ProbePort, ReadySetting};
pub(crate) use service_policy::{Hook, Hooks};
pub use service_policy::{RestartPolicy, ServicePolicy};
pub(crate) use settings::{
    BasePort, ColorChoice, DeclaredVariable, DeploymentSettings, ExportSettings, ParentToWatch,
    ParsedSettings, ProcessSettings, Timestamps,
};
pub use settings::{Located, Settings};
