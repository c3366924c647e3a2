//! Resources: the status of the stack, and the log of each instance. Pure.

use serde_json::{Value, json};

use super::messages::RpcError;

/// The address of the status.
pub(crate) const STATUS: &str = "ganger://status";

/// What the address of a log begins with.
const LOGS: &str = "ganger://logs/";

/// The entries of `resources/list`, for the document of `ps`.
pub(crate) fn list(status: &Value) -> Value {
    let names = status["instances"].as_array().into_iter().flatten().filter_map(|row| row["name"].as_str());
    let logs = names.map(|name| entry(&format!("{LOGS}{name}"), &format!("Log of {name}")));
    let all: Vec<Value> = std::iter::once(entry(STATUS, "Status of the stack")).chain(logs).collect();
    json!({"resources": all})
}

fn entry(uri: &str, name: &str) -> Value {
    json!({"uri": uri, "name": name, "mimeType": "application/json"})
}

/// The templates of `resources/templates/list`.
pub(crate) fn templates() -> Value {
    let template = format!("{LOGS}{{name}}");
    json!({"resourceTemplates": [{"uriTemplate": template, "name": "Log of an instance", "mimeType": "application/json"}]})
}

/// The result of `resources/read`.
pub(crate) fn contents(uri: &str, text: &Value) -> Value {
    json!({"contents": [{"uri": uri, "mimeType": "application/json", "text": text}]})
}

/// The tool and its argument that a resource is read with.
///
/// # Errors
///
/// There is no such resource.
pub(crate) fn tool_for(uri: &str) -> Result<(&'static str, Value), RpcError> {
    let name = uri.strip_prefix(LOGS).filter(|name| !name.is_empty());
    match name {
        Some(name) => Ok(("logs", json!({"names": [name]}))),
        None if uri == STATUS => Ok(("ps", json!({}))),
        None => Err(RpcError::no_resource(uri)),
    }
}
