//! The path of a byte from end to end, without a supervisor: runs shell commands, joins their output.
//!
//! `cargo bench --bench path -- [--json] [--color] [--timestamps] [--pty] [--shell] 'cat log' 'cat log' … | cat >/dev/null`

use std::io::{Error, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Command, Stdio};
use std::time::Duration;

use ganger::parts::name::{InstanceName, TypeName};
use ganger::parts::output::history::Bounds;
use ganger::parts::output::{LogSource, Output, OutputOptions, RowFormat, StreamSource, TimestampFormat};

fn main() -> std::io::Result<()> {
    let (flags, commands): (Vec<_>, Vec<_>) =
        std::env::args().skip(1).partition(|word| word.starts_with("--"));
    let flag = |name: &str| flags.iter().any(|word| word == name);
    let commands = if commands.is_empty() { vec!["seq 1 100000".to_owned()] } else { commands };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let stamps =
        TimestampFormat::new(TimestampFormat::DEFAULT, jiff::tz::TimeZone::UTC).map_err(Error::other)?;
    let timestamps = flag("--timestamps").then_some(stamps);
    let format = if flag("--json") {
        RowFormat::Json
    } else {
        RowFormat::Text { prefix: !flag("--no-prefix"), timestamps }
    };
    let speaker = |index| {
        let kind = TypeName::new(&format!("p{index}"))?;
        Some(LogSource { name: InstanceName { kind, number: 1 }, kind: index })
    };
    let options = OutputOptions {
        format,
        color: flag("--color"),
        terminal: flag("--terminal"),
        quiet: false,
        raw: false,
        log_sources: (0..commands.len()).filter_map(speaker).collect(),
        history: flag("--history").then(Bounds::default),
        clock: jiff::Timestamp::now,
    };
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let stdout = std::io::stdout().as_fd().try_clone_to_owned()?;
        let (closed, _errors) = tokio::sync::mpsc::unbounded_channel();
        let output = Output::open(options, stdout, closed)?;
        let mut children = Vec::new();
        for (index, command) in commands.iter().enumerate() {
            let (child, source) = start(command, flag("--pty"))?;
            children.push(child);
            output.attach(index, source)?;
        }
        output.ended().await;
        output.finish(Duration::from_secs(5)).await;
        for mut child in children {
            child.wait()?;
        }
        if flag("--cpu") {
            use nix::sys::resource::{UsageWho, getrusage};
            let used = getrusage(UsageWho::RUSAGE_SELF)?;
            let milliseconds = |time: nix::sys::time::TimeVal| time.tv_sec() * 1000 + time.tv_usec() / 1000;
            writeln!(
                std::io::stderr(),
                "{}",
                milliseconds(used.user_time()) + milliseconds(used.system_time())
            )?;
        }
        Ok(())
    })
}

#[expect(clippy::disallowed_methods, reason = "a measurement needs no supervision")]
fn start(command: &str, terminal: bool) -> std::io::Result<(std::process::Child, StreamSource)> {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command).stdin(Stdio::null());
    if !terminal {
        let (reader, writer) = std::io::pipe()?;
        let child = shell.stdout(writer).spawn()?;
        return Ok((child, StreamSource::Pipe(OwnedFd::from(reader))));
    }
    let pair = nix::pty::openpty(None, None)?;
    let child = shell.stdout(pair.slave).spawn()?;
    Ok((child, StreamSource::Terminal(pair.master)))
}
