//! A run script: what an engine starts that knows processes and nothing of values.

use std::time::Duration;

use super::bundle_builder::{BundleBuilder, holds_values, refers};
use super::environment_file;
use super::stack::{ExportedStack, ExportedType};
use crate::plan::spec::Spec;
use crate::signal::Signal;

/// A script in the making.
pub(super) struct Script<'a> {
    /// What follows the first line: what the engine wants done before all.
    pub(super) first: &'a str,
    /// What the command is run through, with a blank at its end: `chpst -P `, or nothing.
    pub(super) through: String,
    /// Whether the engine signals the group, and then waits for the script alone: where a shell stays in front of the program, the
    /// script stays too.
    pub(super) waits: bool,
}

impl Script<'_> {
    /// The script of one instance. Everything in it is quoted: no byte of a value means anything to the shell.
    pub(super) fn text(
        &self,
        stack: &ExportedStack<'_>,
        kind: &ExportedType<'_>,
        spec: &Spec,
        bundle: &mut BundleBuilder,
    ) -> Vec<u8> {
        let mut text = header(stack).into_bytes();
        text.extend_from_slice(self.first.as_bytes());
        text.extend(format!("cd {} || exit 1\n", quote(stack.root)).into_bytes());
        let usable: Vec<_> = stack
            .values
            .iter()
            .filter(|variable| environment_file::check_shell_name(stack, variable, bundle))
            .collect();
        if refers(stack) {
            let file = values_file(stack);
            // A shell that cannot open the file ends by itself (POSIX XCU 2.8.1); bash, but as sh, does not.
            text.extend(format!("set -a\n. {file} || exit 1\nset +a\n", file = quote(&file)).into_bytes());
        }
        if holds_values(stack) {
            for variable in usable {
                text.extend_from_slice(b"export ");
                text.extend_from_slice(variable.name.as_bytes());
                text.push(b'=');
                text.extend(quote_bytes(variable.value));
                text.push(b'\n');
            }
        }
        for variable in stack.own(spec) {
            let value = quote_bytes(variable.value);
            text.extend(format!("export {}=", variable.name).into_bytes());
            text.extend(value);
            text.push(b'\n');
        }
        let (shell, command) = (quote(&stack.options.shell), quote(&kind.text));
        let line = format!("{}{shell} -c {command}", self.through);
        let staying = staying(kind, &line).filter(|_| self.waits);
        text.extend((staying.unwrap_or_else(|| format!("exec {line}")) + "\n").into_bytes());
        text
    }
}

/// A script that is the first process of its group and runs `line`. The engine sends the stop signal to all of the group; after it the script
/// stays until they have ended. The fields of /proc/PID/stat behind the name are the state, the parent and the group (proc(5)); what the
/// script itself has started by then only looks for them, and is not ended by a signal that is still on its way through the group. Where
/// there is no /proc, only the shell is waited for. `None` where the program is the first process itself, or the script cannot hear the signal.
pub(super) fn staying(kind: &ExportedType<'_>, line: &str) -> Option<String> {
    if kind.is_replaced || !is_heard(kind.stop_signal) {
        return None;
    }
    let (signal, wait) = (shell_name(kind.stop_signal), wait_for("$!"));
    let is_other = "pid != group && $1 != \"Z\" && $2 != group && $3 == group";
    Some(format!(
        "trap ganger_stop=1 {signal}; {line} & {wait}; \
         others() {{ cat /proc/[0-9]*/stat 2>/dev/null | awk -v group=$$ \
         '{{ pid = $1; sub(/.*\\) /, \"\"); if ({is_other}) left = 1 }} END {{ exit !left }}'; }}; \
         trap '' {signal}; while [ \"$ganger_stop\" ] && others; do sleep 1; done; exit $s"
    ))
}

/// Waits for the end of a child of the shell, with its status in `s`: `wait` returns early when a trap runs.
fn wait_for(pid: &str) -> String {
    format!("while wait {pid}; s=$?; kill -0 {pid} 2>/dev/null; do :; done")
}

/// The first lines of a service's `run`, by which [`end_group`] knows the group. Where it is run by hand there is no such folder.
pub(super) const KEEP_GROUP: &str = "exec 2>&1\n[ ! -d supervise ] || echo $$ >supervise/group\n";

/// That `engine` starts what runs once in no order: `command` does it.
pub(super) fn run_by_hand(engine: &str, command: &str, kind: &ExportedType<'_>, bundle: &mut BundleBuilder) {
    bundle.unsupported(format!(
        "{engine} has no order: `{command}`, by hand, runs {}, before the others are started",
        kind.name
    ));
}

/// What ends the group of a service whose first process has ended: the stop signal, where `unless` does not fail, and SIGKILL after the grace.
pub(super) fn end_group(kind: &ExportedType<'_>, unless: &str) -> String {
    let (signal, grace) = (kind.stop_signal.0, whole_seconds(kind.grace));
    format!(
        "group=-$(cat supervise/group) && {unless}kill -{signal} \"$group\" 2>/dev/null\nleft={grace}\n\
         while kill -0 \"$group\" 2>/dev/null; do\n  [ $left -gt 0 ] || kill -9 \"$group\"\n  \
         left=$((left - 1))\n  sleep 1\ndone\n"
    )
}

/// Runs the command `$1` by the shell `$0` and passes the stop signal on, which the engine sends to the first process of a
/// container alone: to the program, or where a shell stays in front of it, to all, until all have ended. When the first
/// process ends, the engine kills the others.
///
/// kill(2) with -1 leaves out the caller and process 1.
fn passing_on(kind: &ExportedType<'_>, received: Signal) -> String {
    let (sent, received) = (shell_name(kind.stop_signal), shell_name(received));
    let (to, wait) = (if kind.is_replaced { "$p" } else { "-1" }, wait_for("$p"));
    format!(
        "trap 'stop=1; kill -{sent} {to}' {received}; \"$0\" -c \"$1\" & p=$!; {wait}; \
         while [ \"$stop\" ] && kill -0 -1 2>/dev/null; do sleep 1; done; exit $s"
    )
}

/// `TERM`, or the number of a signal without a name. The number of a name depends on the machine.
fn shell_name(signal: Signal) -> String {
    signal
        .known()
        .map_or_else(|| signal.0.to_string(), |known| known.as_str().trim_start_matches("SIG").to_owned())
}

/// Whether [`passing_on`] can pass `signal` on: a shell starts what it does not wait for with these two ignored (XCU 2.11).
pub(super) fn is_heard(signal: Signal) -> bool {
    ![Signal::INTERRUPT, Signal::QUIT].contains(&signal)
}

/// The words that run `kind` in a container, whose first process the engine sends `received`.
pub(super) fn in_container(
    stack: &ExportedStack<'_>,
    kind: &ExportedType<'_>,
    received: Signal,
) -> Vec<String> {
    let shell = stack.options.shell.clone();
    if !is_heard(kind.stop_signal) || (kind.is_replaced && kind.stop_signal == received) {
        return vec![shell, "-c".to_owned(), kind.text.clone()];
    }
    vec!["/bin/sh".to_owned(), "-c".to_owned(), passing_on(kind, received), shell, kind.text.clone()]
}

/// `span` for an engine that knows whole seconds: to be killed a little late does less harm than too early.
pub(super) fn whole_seconds(span: Duration) -> u64 {
    span.as_secs() + u64::from(span.subsec_nanos() > 0)
}

/// The first lines of every script.
pub(super) fn header(stack: &ExportedStack<'_>) -> String {
    format!("#!/bin/sh\n{}\n", comment(stack))
}

/// The line that says where a file comes from.
pub(super) fn comment(stack: &ExportedStack<'_>) -> String {
    format!("# Written by `ganger export {}`: the next export writes it anew.", stack.options.format.as_str())
}

/// Where the values lie that scripts and units refer to.
pub(super) fn values_file(stack: &ExportedStack<'_>) -> String {
    format!("{}/{}/env", stack.options.etc, stack.options.app)
}

/// What puts standard input there, for its owner only: root, or the user that has to read it.
pub(super) fn install_values(stack: &ExportedStack<'_>, owner: Option<&str>) -> String {
    let owner = owner.map(|user| format!(" -o {}", quote(user))).unwrap_or_default();
    format!("sudo install -D -m 600{owner} /dev/stdin {}", values_file(stack))
}

/// `text` as one word of a POSIX shell: plain if it is, else in single quotes.
pub(crate) fn quote(text: &str) -> String {
    if !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./:,@%+".contains(&byte))
    {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// [`quote`] for bytes, which need not be UTF-8: a shell takes them as they are.
fn quote_bytes(bytes: &[u8]) -> Vec<u8> {
    let mut quoted = vec![b'\''];
    for byte in bytes {
        match byte {
            b'\'' => quoted.extend_from_slice(br"'\''"),
            other => quoted.push(*other),
        }
    }
    quoted.push(b'\'');
    quoted
}
