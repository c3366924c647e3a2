//! What can be asked of an export.

use std::path::PathBuf;

use indexmap::IndexMap;

use super::document::Setting;
pub use super::format::ExportFormat;
/// Where the values of .env go.
pub use crate::config::Secrets;
use crate::config::{DeploymentSettings, Located};
use crate::location::Location;
use crate::name::TypeName;
/// What the engine does when a program ends, in the plan's words.
pub(crate) use crate::plan::spec::RestartPolicy;

/// What can be asked of an export.
#[derive(Clone, Debug)]
pub struct ExportOptions {
    /// The engine.
    pub format: ExportFormat,
    /// What the stack is called there: a lower-case DNS label, as [`app_name`](super::app_name) makes one.
    pub app: String,
    /// Where it was said, for messages.
    pub app_place: Location,
    /// The namespace of its objects, for engines that have such; `None`: the one that the engine takes.
    pub namespace: Option<String>,
    /// Where the project lies on the machine of the engine, an absolute path; `None`: as here.
    pub working_directory: Option<PathBuf>,
    /// The container image, for engines that run containers.
    pub image: Option<String>,
    /// The user that programs run as; `None`: the engine's own default.
    pub user: Option<String>,
    /// The types that listen on their port; empty: `web`, and those whose command names PORT.
    pub expose: Vec<Located<String>>,
    /// Whether the files are a base of kustomize (kubernetes).
    pub kustomize: bool,
    /// Where values go.
    pub secrets: Secrets,
    /// What is set for single types.
    pub types: IndexMap<TypeName, DeploymentSettings>,
    /// Changes that the user asks for.
    pub set: Vec<Setting>,
    /// The folder under which the values lie that files refer to: `/etc`. Tests have one of their own.
    pub etc: String,
    /// What reads commands, an absolute path: `/bin/sh`. Tests put a program here that writes down what
    /// it was given.
    pub shell: String,
}
