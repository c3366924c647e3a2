//! `ganger port`: where an instance can be reached.

use super::args::PortArgs;
use super::failure::{Failure, Sentence};
use super::system_env::SystemEnv;
use super::{print, stack};
use crate::config::Settings;
use crate::control::protocol::SCHEMA;
use crate::exit::{self, Outcome};

/// Prints the port.
///
/// # Errors
///
/// No stack runs here, nothing has that name, or it has no port.
pub(crate) fn run(port: &PortArgs, given: &Settings, system: &SystemEnv) -> Result<Outcome, Failure> {
    let (_, status) = stack::look(given, system)?;
    let name = &port.instance;
    let Some(row) = status.instances.iter().find(|row| row.name == *name || row.r#type == *name) else {
        let near = status.nearest(name).map(|near| format!("did you mean `{near}`?"));
        return Err(Failure::Sentence(Box::new(Sentence {
            message: format!("no type or instance is called `{name}`"),
            hint: near,
            status: exit::REFUSED,
            code: Some("unknown_name"),
            ..Sentence::default()
        })));
    };
    let Some(number) = row.serving_port() else {
        let hint = "the stack was started with --no-port".to_owned();
        return Err(Failure::sentence(exit::REFUSED, format!("{} has no port", row.name), Some(hint)));
    };
    if stack::is_json(given) {
        print::json(&serde_json::json!({ "schema": SCHEMA, "name": row.name, "port": number }))?;
        return Ok(Outcome::Status(exit::SUCCESS));
    }
    print::and_succeed(format!("{number}\n").as_bytes())
}
