//! What a project or a user can set: one type for flags, `GANGER_…` variables, `ganger.toml`, `.foreman` and `app.json`
//! ([`Settings`]), one entry for each setting ([`table`]), and one function for precedence ([`Settings::or`]).

pub mod app_json;
mod deployment;
mod detach_keys;
mod export_choices;
pub mod foreman;
pub mod ganger_toml;
mod groups;
pub mod invalid;
mod layers;
mod numbers;
mod probe;
pub mod service_policy;
pub mod setting;
pub mod settings;
mod source;
pub mod table;
#[cfg(test)]
mod tests;
mod value;

pub use deployment::{Resource, ScaleRange};
pub use detach_keys::{DetachKey, DetachKeys};
pub use export_choices::{CheckMode, Secrets};
pub use groups::{GroupError, Groups};
pub use probe::{
    BUFFERING, Observation, OutsideCheck, Probe, ProbeKind, ProbePort, ReadySetting, listens_elsewhere,
};
pub use service_policy::{Hook, Hooks, RestartPolicy, ServicePolicy};
pub use settings::{
    BasePort, ColorChoice, DeclaredVariable, DeploymentSettings, ExportSettings, ExportTables, Located,
    ParentToWatch, ParsedSettings, ProcessSettings, Settings, Timestamps,
};
