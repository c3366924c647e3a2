//! `ganger mcp`: the stack as tools of the Model Context Protocol (<https://modelcontextprotocol.io>), on standard input and
//! output.
//!
//! Each call runs a command of ganger with `--json`, so an agent gets what a user gets, and nothing is described twice. [`table`]
//! has the tools, [`messages`] the protocol, [`call`] the child process, [`answers`] its bounds.

pub(crate) mod answers;
pub(crate) mod call;
pub(crate) mod messages;
pub(crate) mod resources;
pub(crate) mod table;
pub(crate) mod tools;
pub(crate) mod watch;

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{self, BufRead, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Scope};

use clap::Args;
use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::flags::GivenFlag;
use super::stack;
use super::system_env::SystemEnv;
use crate::config::Settings;
use crate::exit::{self, Outcome};
use call::CallEvent;
use messages::{Message, RpcError, RpcRequest};
use table::TOOLS;
use tools::{CommandLine, Tool};

/// The most bytes of a client's message.
const LONGEST: u64 = 4 << 20;

/// What `initialize` tells the model.
const INSTRUCTIONS: &str = "Runs the processes of this folder's Procfile. Use `start` (it returns when the stack is ready, or says \
    why it is not), `ps`, `logs` and `wait` to look, `restart` after a change of files that are not reloaded, `run` for one-off \
    commands, `down` at the end. Do not start servers in a shell: their ports and logs would not be seen here.";

/// Answers until standard input ends.
///
/// # Errors
///
/// There is no such folder; or standard input or output fails.
pub(crate) fn run(mcp: McpArgs, given: &Settings, system: &SystemEnv) -> Result<Outcome, Failure> {
    if system.input_is_terminal {
        let hint = "an agent starts it: docs/agents.md has the entry for its list of servers";
        return Err(Failure::usage(
            "`ganger mcp` answers a program, and standard input is a terminal".into(),
            Some(hint.into()),
        ));
    }
    let address = stack::find(given, system)?;
    let (session, watched) = UnixStream::pair()?;
    let server = McpServer {
        program: std::env::current_exe()
            .map_err(|error| Failure::Failed(format!("cannot find ganger itself: {error}")))?
            .into(),
        flags: mcp.flags,
        calls: Mutex::default(),
        is_initialized: Mutex::default(),
        session,
    };
    thread::scope(|scope| {
        let (address, server) = (&address, &server);
        scope.spawn(move || watch::watch(address, &watched, |message| server.send(message)));
        let done = server.serve(scope);
        // An error means that the other side is gone.
        let _ = server.session.shutdown(Shutdown::Both);
        server.cancel_all();
        done
    })?;
    Ok(Outcome::Status(exit::SUCCESS))
}

/// `ganger mcp`.
#[derive(Args, Debug)]
pub(crate) struct McpArgs {
    /// The flags of the project, which each command gets that takes them.
    #[arg(skip)]
    pub flags: Vec<GivenFlag>,
}

/// A tool and its arguments, as they were named.
struct ToolCall {
    tool: String,
    arguments: Map<String, Value>,
}

impl ToolCall {
    fn new(tool: &str, arguments: Option<&Value>) -> Self {
        Self {
            tool: tool.to_owned(),
            arguments: arguments.and_then(Value::as_object).cloned().unwrap_or_default(),
        }
    }
}

struct McpServer {
    /// This program.
    program: OsString,
    flags: Vec<GivenFlag>,
    /// The calls that run, by the text of the request's id.
    calls: Mutex<HashMap<String, Sender<CallEvent>>>,
    /// Whether the client has sent `notifications/initialized`. Its lock also keeps messages apart.
    is_initialized: Mutex<bool>,
    /// The way to the thread that follows the stack: one byte lets it begin.
    session: UnixStream,
}

impl McpServer {
    fn serve<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) -> io::Result<()> {
        let mut input = io::stdin().lock();
        let mut line = Vec::new();
        loop {
            line.clear();
            if (&mut input).take(LONGEST).read_until(b'\n', &mut line)? == 0 {
                return Ok(());
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            for message in messages::parse(&line) {
                match message {
                    Ok(Message::Request(request)) => self.request(request, scope),
                    Ok(Message::Notification { method, params }) => self.note(&method, &params),
                    Ok(Message::Response) => {}
                    Err((id, error)) => self.answer(&id, Err(error)),
                }
            }
        }
    }

    fn note(&self, method: &str, params: &Map<String, Value>) {
        match method {
            "notifications/initialized" => {
                let mut is_known = self.is_initialized.lock().unwrap_or_else(PoisonError::into_inner);
                if !std::mem::replace(&mut *is_known, true) {
                    // Without that thread nothing is told.
                    let _ = (&self.session).write_all(&[1]);
                }
            }
            "notifications/cancelled" => {
                let id = params.get("requestId").map(Value::to_string).unwrap_or_default();
                let call = self.calls.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
                // It may have ended meanwhile; what is cancelled is not answered.
                call.map(|call| call.send(CallEvent::Cancelled));
            }
            _ => {}
        }
    }

    /// Answers at once, or in a thread where a command has to run.
    fn request<'scope>(&'scope self, request: RpcRequest, scope: &'scope Scope<'scope, '_>) {
        let RpcRequest { id, method, params } = request;
        let text = |name: &str| params.get(name).and_then(Value::as_str).unwrap_or_default();
        let result = match method.as_str() {
            "initialize" => Ok(initialized(params.get("protocolVersion").and_then(Value::as_str))),
            "ping" | "logging/setLevel" | "resources/subscribe" | "resources/unsubscribe" => Ok(json!({})),
            "tools/list" => Ok(json!({"tools": TOOLS.iter().map(Tool::entry).collect::<Vec<_>>()})),
            "resources/templates/list" => Ok(resources::templates()),
            "tools/call" => {
                let call = ToolCall::new(text("name"), params.get("arguments"));
                return self.in_thread(id, call, scope, |result| result);
            }
            "resources/list" => {
                return self.in_thread(id, ToolCall::new("ps", None), scope, |result| {
                    resources::list(&result["structuredContent"])
                });
            }
            "resources/read" => match resources::tool_for(text("uri")) {
                Ok((tool, arguments)) => {
                    let uri = text("uri").to_owned();
                    return self.in_thread(id, ToolCall::new(tool, Some(&arguments)), scope, move |result| {
                        resources::contents(&uri, &result["content"][0]["text"])
                    });
                }
                Err(error) => Err(error),
            },
            other => Err(RpcError::no_method(other)),
        };
        self.answer(&id, result);
    }

    /// Runs the command of a call in a thread, and answers with the result in the `shape` of the method.
    fn in_thread<'scope>(
        &'scope self,
        id: Value,
        wanted: ToolCall,
        scope: &'scope Scope<'scope, '_>,
        shape: impl FnOnce(Value) -> Value + Send + 'scope,
    ) {
        let (sender, events) = channel();
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.insert(id.to_string(), sender.clone());
        drop(calls);
        scope.spawn(move || {
            let called = table::named(&wanted.tool).and_then(|tool| {
                let line = tool.command_line(&wanted.arguments, std::process::id())?;
                let answer = call::call(self.command(tool, &line), line.limit, &sender, &events);
                Ok(match answer {
                    Ok(answer) if tool.is_json() => answers::of_document(&answer),
                    Ok(answer) => answers::of_command(&answer),
                    Err(error) => answers::error(&format!("ganger cannot be started: {error}"), ""),
                })
            });
            let call = self.calls.lock().unwrap_or_else(PoisonError::into_inner).remove(&id.to_string());
            if call.is_some() {
                self.answer(&id, called.map(shape));
            }
        });
    }

    /// The command of ganger that answers a call.
    fn command(&self, tool: &Tool, line: &CommandLine) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&line.words);
        for flag in self.flags.iter().filter(|flag| flag.setting.flag_of(tool.subcommand()).is_some()) {
            command.args(flag.words());
        }
        command.args(&line.operands);
        command
    }

    fn answer(&self, id: &Value, result: Result<Value, RpcError>) {
        let answer = messages::answer(id, result);
        self.send(&answer);
    }

    /// Sends a message, as a whole.
    fn send(&self, message: &Value) {
        let output = self.is_initialized.lock().unwrap_or_else(PoisonError::into_inner);
        write(message);
        drop(output);
    }

    fn cancel_all(&self) {
        for call in self.calls.lock().unwrap_or_else(PoisonError::into_inner).values() {
            call.send(CallEvent::Cancelled).ok();
        }
    }
}

/// Writes a message. A client that does not read any more has closed standard input too, or will.
fn write(message: &Value) {
    let mut stream = io::stdout().lock();
    let _ = writeln!(stream, "{message}").and_then(|()| stream.flush());
}

fn initialized(wanted: Option<&str>) -> Value {
    json!({
        "protocolVersion": messages::version(wanted),
        "capabilities": {
            "tools": {},
            "resources": {"subscribe": true, "listChanged": true},
            "logging": {},
        },
        "serverInfo": {"name": "ganger", "version": env!("CARGO_PKG_VERSION")},
        "instructions": INSTRUCTIONS,
    })
}
