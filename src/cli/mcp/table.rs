//! The tools: names, help, arguments, and the command of ganger that answers each. Data.

use super::messages::RpcError;
use super::tools::{GivenAs, Kind, Parameter, Tool};

const BASE: Parameter =
    Parameter { name: "", help: "", kind: Kind::Text, given_as: GivenAs::Names, is_required: false };
const NAMES: Parameter = Parameter {
    name: "names",
    help: "Types (web), instances (web.1), groups (@back) or globs; all by default",
    kind: Kind::Texts,
    ..BASE
};
const BASIC: Tool = Tool { name: "", help: "", words: &[], parameters: &[], schema: None, reads: false };

/// All tools.
pub(crate) static TOOLS: [Tool; 13] = [
    Tool {
        name: "check",
        help: "Read the Procfile and .env and show what would run, or all errors with their place. Starts nothing.",
        words: &["check", "--json"],
        reads: true,
        ..BASIC
    },
    Tool {
        name: "env",
        help: "Names and origins of the variables that the project sets. Values of .env are not shown.",
        words: &["env", "--json"],
        parameters: &[Parameter { name: "type", help: "The type of which the environment is shown", ..BASE }],
        reads: true,
        ..BASIC
    },
    Tool {
        name: "start",
        help: "Start the stack in the background and wait until it is ready; where it runs already, start the named \
               types. On failure the answer has the reason and the last lines of the process. Unless `keep` is true, the \
               stack ends when this session ends.",
        words: &["start", "--detach", "--json"],
        parameters: &[
            Parameter {
                name: "types",
                help: "Only these types or groups (@back); with =N, N instances of a type",
                kind: Kind::Texts,
                ..BASE
            },
            Parameter {
                name: "wait_seconds",
                help: "How long to wait until all are ready; 60 by default",
                kind: Kind::Count(600),
                given_as: GivenAs::Within("--wait", 60),
                ..BASE
            },
            Parameter {
                name: "keep",
                help: "Let the stack run on when this session ends",
                kind: Kind::Switch,
                given_as: GivenAs::Keep,
                ..BASE
            },
        ],
        ..BASIC
    },
    Tool {
        name: "ps",
        help: "The instances of the running stack: state, readiness, pid, port, URL, exit status.",
        words: &["ps", "--json"],
        schema: Some(include_str!("../../../docs/schema/status.json")),
        reads: true,
        ..BASIC
    },
    Tool {
        name: "logs",
        help: "The latest lines that the instances printed.",
        words: &["logs", "--json"],
        parameters: &[
            NAMES,
            Parameter {
                name: "lines",
                help: "How many lines; 100 by default",
                kind: Kind::Count(2000),
                given_as: GivenAs::FlagOr("--lines", 100),
                ..BASE
            },
            Parameter {
                name: "since",
                help: "Only lines of this time: 30s, 5m",
                given_as: GivenAs::Flag("--since"),
                ..BASE
            },
            Parameter {
                name: "grep",
                help: "Only lines that match this regular expression",
                given_as: GivenAs::Flag("--grep"),
                ..BASE
            },
        ],
        schema: Some(include_str!("../../../docs/schema/logs.json")),
        reads: true,
    },
    Tool {
        name: "wait",
        help: "Wait until instances are ready, have exited or have printed a line. On timeout the answer says what is \
               missing.",
        words: &["wait", "--json"],
        parameters: &[
            NAMES,
            Parameter {
                name: "for",
                help: "up, ready (the default), exited, or log=REGULAR EXPRESSION",
                given_as: GivenAs::Flag("--for"),
                ..BASE
            },
            Parameter {
                name: "timeout_seconds",
                help: "60 by default",
                kind: Kind::Count(600),
                given_as: GivenAs::Within("--timeout", 60),
                ..BASE
            },
        ],
        reads: true,
        ..BASIC
    },
    Tool {
        name: "restart",
        help: "Restart instances with the Procfile, .env and ganger.toml as they are now; without names the whole stack \
               follows the files.",
        words: &["restart", "--json"],
        parameters: &[NAMES],
        ..BASIC
    },
    Tool {
        name: "stop",
        help: "Stop some instances; the others go on. `start` starts them again.",
        words: &["stop", "--json"],
        parameters: &[Parameter {
            help: "Types (web), instances (web.1), groups (@back) or globs",
            is_required: true,
            ..NAMES
        }],
        ..BASIC
    },
    Tool {
        name: "scale",
        help: "Run more or fewer instances of a type.",
        words: &["scale", "--json"],
        parameters: &[Parameter {
            name: "steps",
            help: "web=2, web+1 or web-1",
            kind: Kind::Texts,
            is_required: true,
            ..BASE
        }],
        ..BASIC
    },
    Tool {
        name: "run",
        help: "Run one command with the environment of the stack, without a terminal and without input. Answers with \
               its exit status and the end of its output.",
        words: &["run"],
        parameters: &[
            Parameter {
                name: "command",
                help: "The program and its arguments, one word each; or a type of the Procfile",
                kind: Kind::Texts,
                given_as: GivenAs::Words,
                is_required: true,
            },
            Parameter {
                name: "timeout_seconds",
                help: "It is stopped after this time; 60 by default",
                kind: Kind::Count(3600),
                given_as: GivenAs::Limit(60),
                ..BASE
            },
        ],
        ..BASIC
    },
    Tool {
        name: "port",
        help: "The port of an instance.",
        words: &["port", "--json"],
        parameters: &[Parameter {
            name: "name",
            help: "web.1; of a type, its first instance",
            is_required: true,
            ..BASE
        }],
        schema: Some(include_str!("../../../docs/schema/port.json")),
        reads: true,
    },
    Tool {
        name: "down",
        help: "Stop the whole stack and wait until it is gone.",
        words: &["down", "--json"],
        ..BASIC
    },
    Tool {
        name: "doctor",
        help: "Hold the project against the twelve factors: what is wrong, where, and the way out. Reads files only.",
        words: &["doctor", "--json", "--static"],
        parameters: &[Parameter {
            name: "only",
            help: "Only this factor: VII, 7",
            given_as: GivenAs::Flag("--only"),
            ..BASE
        }],
        reads: true,
        ..BASIC
    },
];

/// The tool with this name.
///
/// # Errors
///
/// There is none.
pub(crate) fn named(name: &str) -> Result<&'static Tool, RpcError> {
    let found = TOOLS.iter().find(|tool| tool.name == name);
    found.ok_or_else(|| RpcError::arguments(format!("there is no tool {name}")))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn line(tool: &str, arguments: &Value) -> Result<(String, u64), String> {
        let arguments = arguments.as_object().unwrap();
        let line =
            named(tool).and_then(|tool| tool.command_line(arguments, 7)).map_err(|error| error.message)?;
        Ok((format!("{} -- {}", line.words.join(" "), line.operands.join(" ")), line.limit.as_secs()))
    }

    #[test]
    fn each_call_is_a_command_line_and_what_is_wrong_is_named() {
        for (tool, arguments, wanted, limit) in [
            ("check", json!({}), "check --json -- ", 60),
            ("start", json!({}), "start --detach --json --wait=60 --die-with-parent=7 -- ", 120),
            (
                "start",
                json!({"types": ["web=2"], "wait_seconds": 5, "keep": true}),
                "start --detach --json --wait=5 -- web=2",
                65,
            ),
            (
                "start",
                json!({"keep": false, "types": null}),
                "start --detach --json --wait=60 --die-with-parent=7 -- ",
                120,
            ),
            (
                "logs",
                json!({"names": ["web"], "grep": "a b"}),
                "logs --json --lines=100 --grep=a b -- web",
                60,
            ),
            ("logs", json!({"lines": 5}), "logs --json --lines=5 -- ", 60),
            ("wait", json!({"for": "log=up"}), "wait --json --for=log=up --timeout=60 -- ", 120),
            (
                "run",
                json!({"command": ["--version"], "timeout_seconds": 9}),
                "run --die-with-parent=7 -- -- --version",
                9,
            ),
            ("port", json!({"name": "web"}), "port --json -- web", 60),
        ] {
            assert_eq!(line(tool, &arguments), Ok((wanted.to_owned(), limit)), "{tool} {arguments}");
        }
        for (tool, arguments, wanted) in [
            ("fly", json!({}), "there is no tool fly"),
            ("ps", json!({"all": true}), "ps has no argument all"),
            ("run", json!({}), "command is missing"),
            ("stop", json!({"names": []}), "names is missing"),
            ("start", json!({"types": ["--keep"]}), "types cannot begin with -"),
            ("stop", json!({"names": "web"}), "names has to be an array of strings"),
            ("stop", json!({"names": ["a\u{0}b"]}), "names has to be an array of strings"),
            ("logs", json!({"lines": 0}), "lines has to be a whole number from 1 to 2000"),
            ("logs", json!({"lines": 1.5}), "lines has to be a whole number from 1 to 2000"),
            ("logs", json!({"grep": 1}), "grep has to be a string"),
            ("start", json!({"keep": "yes"}), "keep has to be true or false"),
        ] {
            assert_eq!(line(tool, &arguments), Err(wanted.to_owned()), "{tool} {arguments}");
        }
    }

    #[test]
    fn each_schema_is_json_and_each_subcommand_is_one_of_ours() {
        let all = crate::cli::usage::command();
        for tool in &TOOLS {
            let entry = tool.entry();
            assert!(
                entry["inputSchema"].is_object()
                    && (tool.schema.is_none() || entry["outputSchema"].is_object())
            );
            assert!(all.find_subcommand(tool.subcommand()).is_some(), "{}", tool.name);
        }
    }
}
