//! What a tool is: its arguments, and the command line that a call becomes. `table.rs` has all of them. Pure.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::messages::RpcError;

/// A tool.
pub(crate) struct Tool {
    /// Its name.
    pub name: &'static str,
    pub(super) help: &'static str,
    /// The subcommand and the flags that it always has.
    pub(super) words: &'static [&'static str],
    pub(super) parameters: &'static [Parameter],
    /// The schema of its answer (docs/schema), for those that are short; the others answer with the same document as `ps`.
    pub(super) schema: Option<&'static str>,
    /// Whether it only reads.
    pub(super) reads: bool,
}

/// An argument of a tool.
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) kind: Kind,
    pub(super) given_as: GivenAs,
    pub(super) is_required: bool,
}

/// The values of a parameter.
pub(super) enum Kind {
    Text,
    Texts,
    /// From 1, to this; in seconds or lines.
    Count(u64),
    Switch,
}

/// How a parameter is given to the command.
pub(super) enum GivenAs {
    /// As words behind `--`, of a command that ends with this process.
    Words,
    /// As words behind all flags, none of which can be one.
    Names,
    /// `--flag=VALUE`, or `--flag` alone for a switch.
    Flag(&'static str),
    /// `--flag=VALUE`, with this one where none is given.
    FlagOr(&'static str, u64),
    /// The same, and the call itself may take as long: these are seconds.
    Within(&'static str, u64),
    /// Not at all: it bounds the time of the call, with this one where none is given.
    Limit(u64),
    /// With `--die-with-parent` of this process, unless it is true.
    Keep,
}

/// A call of a tool, as a command of ganger.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CommandLine {
    /// The subcommand, then its flags.
    pub words: Vec<String>,
    /// What follows them.
    pub operands: Vec<String>,
    /// How long it may take.
    pub limit: Duration,
}

/// The time that a call may take beside what it waits for.
const MARGIN: u64 = 60;

impl Tool {
    /// Its subcommand.
    pub(crate) fn subcommand(&self) -> &'static str {
        self.words[0]
    }

    /// Whether it answers with a JSON document.
    pub(crate) fn is_json(&self) -> bool {
        self.words.contains(&"--json")
    }

    /// Its entry of `tools/list`.
    pub(crate) fn entry(&self) -> Value {
        let properties: Map<String, Value> =
            self.parameters.iter().map(|parameter| (parameter.name.to_owned(), parameter.schema())).collect();
        let required: Vec<&str> = self
            .parameters
            .iter()
            .filter(|parameter| parameter.is_required)
            .map(|parameter| parameter.name)
            .collect();
        let mut input = json!({"type": "object", "properties": properties, "additionalProperties": false});
        if !required.is_empty() {
            input["required"] = json!(required);
        }
        let mut entry = json!({
            "name": self.name,
            "description": self.help,
            "inputSchema": input,
            "annotations": {"readOnlyHint": self.reads, "openWorldHint": false},
        });
        if let Some(schema) = self.schema {
            entry["outputSchema"] = serde_json::from_str(schema).unwrap_or_default();
        }
        entry
    }

    /// The command line of a call with these arguments; the process `parent` makes it.
    ///
    /// # Errors
    ///
    /// An argument is missing, unknown or out of its bounds: named.
    pub(crate) fn command_line(
        &self,
        arguments: &Map<String, Value>,
        parent: u32,
    ) -> Result<CommandLine, RpcError> {
        let known = |name: &&String| self.parameters.iter().any(|parameter| parameter.name == **name);
        if let Some(strange) = arguments.keys().find(|name| !known(name)) {
            return Err(RpcError::arguments(format!("{} has no argument {strange}", self.name)));
        }
        let mut line = CommandLine {
            words: self.words.iter().map(|word| (*word).to_owned()).collect(),
            operands: Vec::new(),
            limit: Duration::from_secs(MARGIN),
        };
        for parameter in self.parameters {
            let value = arguments.get(parameter.name).filter(|value| !value.is_null());
            parameter.add(value, parent, &mut line)?;
        }
        Ok(line)
    }
}

impl Parameter {
    fn schema(&self) -> Value {
        let mut schema = match self.kind {
            Kind::Text => json!({"type": "string"}),
            Kind::Texts => json!({"type": "array", "items": {"type": "string"}}),
            Kind::Count(most) => json!({"type": "integer", "minimum": 1, "maximum": most}),
            Kind::Switch => json!({"type": "boolean"}),
        };
        if self.is_required && matches!(self.kind, Kind::Texts) {
            schema["minItems"] = json!(1);
        }
        schema["description"] = json!(self.help);
        schema
    }

    fn add(&self, value: Option<&Value>, parent: u32, line: &mut CommandLine) -> Result<(), RpcError> {
        let texts = value.map(|value| self.texts(value)).transpose()?.unwrap_or_default();
        if self.is_required && texts.is_empty() {
            return Err(RpcError::arguments(format!("{} is missing", self.name)));
        }
        let number = |default: u64| texts.first().and_then(|text| text.parse().ok()).unwrap_or(default);
        match self.given_as {
            GivenAs::Names if texts.iter().any(|text| text.starts_with('-')) => {
                return Err(RpcError::arguments(format!("{} cannot begin with -", self.name)));
            }
            GivenAs::Names => line.operands.extend(texts),
            GivenAs::Words => {
                line.words.push(format!("--die-with-parent={parent}"));
                line.operands.extend(std::iter::once("--".to_owned()).chain(texts));
            }
            GivenAs::Flag(flag) => line.words.extend(texts.iter().map(|text| format!("{flag}={text}"))),
            GivenAs::FlagOr(flag, default) => line.words.push(format!("{flag}={}", number(default))),
            GivenAs::Within(flag, default) => {
                line.words.push(format!("{flag}={}", number(default)));
                line.limit += Duration::from_secs(number(default));
            }
            GivenAs::Limit(default) => line.limit = Duration::from_secs(number(default)),
            GivenAs::Keep if texts.is_empty() => line.words.push(format!("--die-with-parent={parent}")),
            GivenAs::Keep => {}
        }
        Ok(())
    }

    /// The words of a value; of a switch one word, or none where it is false.
    fn texts(&self, value: &Value) -> Result<Vec<String>, RpcError> {
        let refuse = |what: &str| Err(RpcError::arguments(format!("{} has to be {what}", self.name)));
        match (&self.kind, value) {
            (Kind::Text, Value::String(text)) if is_without_nul(text) => Ok(vec![text.clone()]),
            (Kind::Texts, Value::Array(items)) => {
                let texts: Option<Vec<String>> = items
                    .iter()
                    .map(|item| item.as_str().filter(|text| is_without_nul(text)).map(str::to_owned))
                    .collect();
                texts.map_or_else(|| refuse("an array of strings"), Ok)
            }
            (Kind::Count(most), Value::Number(number)) => match number.as_u64() {
                Some(number) if (1..=*most).contains(&number) => Ok(vec![number.to_string()]),
                _ => refuse(&format!("a whole number from 1 to {most}")),
            },
            (Kind::Switch, Value::Bool(is_set)) => {
                Ok(if *is_set { vec![self.name.to_owned()] } else { Vec::new() })
            }
            (Kind::Text, _) => refuse("a string"),
            (Kind::Texts, _) => refuse("an array of strings"),
            (Kind::Count(most), _) => refuse(&format!("a whole number from 1 to {most}")),
            (Kind::Switch, _) => refuse("true or false"),
        }
    }
}

fn is_without_nul(text: &str) -> bool {
    !text.contains('\0')
}
