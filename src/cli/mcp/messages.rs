//! Messages of JSON-RPC 2.0 (<https://www.jsonrpc.org/specification>), as the Model Context Protocol uses them: one object a
//! line. Pure.

use serde_json::{Map, Value, json};

/// The protocol versions that are spoken, the latest first (<https://modelcontextprotocol.io/specification/versioning>).
pub(crate) const VERSIONS: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

/// A message of the client.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Message {
    /// It is answered.
    Request(RpcRequest),
    /// It is not.
    Notification {
        /// What happened.
        method: String,
        /// More about it.
        params: Map<String, Value>,
    },
    /// An answer to a request; this server makes none.
    Response,
}

/// A request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RpcRequest {
    /// Comes back with the answer: a string or a number.
    pub id: Value,
    /// What is asked.
    pub method: String,
    /// The arguments.
    pub params: Map<String, Value>,
}

/// Why a request has no result.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RpcError {
    /// JSON-RPC's number of the kind.
    pub code: i32,
    /// One sentence.
    pub message: String,
}

impl RpcError {
    /// The line is no JSON.
    pub(crate) fn no_json() -> Self {
        Self { code: -32700, message: "the message is not JSON".into() }
    }

    /// It is JSON, and no message.
    pub(crate) fn no_message(message: &str) -> Self {
        Self { code: -32600, message: message.into() }
    }

    /// There is no such method.
    pub(crate) fn no_method(method: &str) -> Self {
        Self { code: -32601, message: format!("there is no method {method}") }
    }

    /// An argument is missing, unknown or out of its bounds.
    pub(crate) fn arguments(message: impl Into<String>) -> Self {
        Self { code: -32602, message: message.into() }
    }

    /// There is no such resource (MCP's own code).
    pub(crate) fn no_resource(uri: &str) -> Self {
        Self { code: -32002, message: format!("there is no resource {uri}") }
    }
}

/// The messages of a line: one, or those of a batch (protocol version 2025-03-26). Each that is invalid is an error, with the
/// id to answer it with.
pub(crate) fn parse(line: &[u8]) -> Vec<Result<Message, (Value, RpcError)>> {
    match serde_json::from_slice(line) {
        Err(_) => vec![Err((Value::Null, RpcError::no_json()))],
        Ok(Value::Array(batch)) if !batch.is_empty() => batch.into_iter().map(message).collect(),
        Ok(other) => vec![message(other)],
    }
}

fn message(value: Value) -> Result<Message, (Value, RpcError)> {
    let Value::Object(mut fields) = value else {
        return Err((Value::Null, RpcError::no_message("a message is an object")));
    };
    let id = fields.remove("id");
    let refuse = |why| Err((id.clone().unwrap_or(Value::Null), RpcError::no_message(why)));
    if fields.get("jsonrpc") != Some(&json!("2.0")) {
        return refuse("jsonrpc has to be \"2.0\"");
    }
    let params = match fields.remove("params") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(params)) => params,
        Some(_) => return refuse("params has to be an object"),
    };
    match (fields.remove("method"), &id) {
        (Some(Value::String(method)), None) => Ok(Message::Notification { method, params }),
        (Some(Value::String(method)), Some(Value::String(_) | Value::Number(_))) => {
            Ok(Message::Request(RpcRequest { id: id.unwrap_or_default(), method, params }))
        }
        (Some(Value::String(_)), Some(_)) => refuse("id has to be a string or a number"),
        (None, Some(_)) if fields.contains_key("result") || fields.contains_key("error") => {
            Ok(Message::Response)
        }
        (_, _) => refuse("method has to be a string"),
    }
}

/// The answer to the request `id`.
pub(crate) fn answer(id: &Value, result: Result<Value, RpcError>) -> Value {
    match result {
        Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
        Err(RpcError { code, message }) => {
            json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
        }
    }
}

/// A notification.
pub(crate) fn notification(method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "method": method, "params": params})
}

/// The version for a client that wants `wanted`: that one, or our latest.
pub(crate) fn version(wanted: Option<&str>) -> &'static str {
    VERSIONS.into_iter().find(|version| Some(*version) == wanted).unwrap_or(VERSIONS[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_request_a_notification_a_response_or_an_error_with_its_id() {
        let error = |id: Value, code| (id, code);
        let refused = |line: &str| match parse(line.as_bytes()).remove(0) {
            Err((id, refusal)) => error(id, refusal.code),
            Ok(message) => panic!("{line} is {message:?}"),
        };
        for (line, wanted) in [
            ("{", error(Value::Null, -32700)),
            ("[]", error(Value::Null, -32600)),
            ("1", error(Value::Null, -32600)),
            (r#"{"id":1,"method":"ping"}"#, error(json!(1), -32600)),
            (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, error(Value::Null, -32600)),
            (r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, error(json!({}), -32600)),
            (r#"{"jsonrpc":"2.0","id":2,"method":"ping","params":[1]}"#, error(json!(2), -32600)),
            (r#"{"jsonrpc":"2.0","id":3,"method":7}"#, error(json!(3), -32600)),
        ] {
            assert_eq!(refused(line), wanted, "{line}");
        }
        let batch =
            br#"[{"jsonrpc":"2.0","id":"a","method":"ping"},{"jsonrpc":"2.0","method":"x","params":{"y":1}},
            {"jsonrpc":"2.0","id":9,"result":{}}]"#;
        let messages: Vec<Message> = parse(batch).into_iter().map(Result::unwrap).collect();
        let request = RpcRequest { id: json!("a"), method: "ping".into(), params: Map::new() };
        assert_eq!(messages[0], Message::Request(request));
        assert!(
            matches!(&messages[1], Message::Notification { method, params } if method == "x" && params["y"] == 1)
        );
        assert_eq!(messages[2], Message::Response);
    }

    #[test]
    fn a_version_that_both_speak_is_taken_else_the_latest() {
        assert_eq!(version(Some("2024-11-05")), "2024-11-05");
        assert_eq!(version(Some("1999-01-01")), VERSIONS[0]);
        assert_eq!(version(None), VERSIONS[0]);
    }
}
