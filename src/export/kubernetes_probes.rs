//! What the kubelet asks of a container: whether it has started, is ready, and still lives.

use super::document::Document;
use super::script::whole_seconds;
use super::stack::{ExportedStack, ExportedType};
use crate::plan::spec::OutsideCheck;

/// Seconds from one question to the next while a container starts.
const PERIOD: i64 = 2;

/// `container` with the probes of `kind`.
pub(super) fn add(container: Document, stack: &ExportedStack<'_>, kind: &ExportedType<'_>) -> Document {
    container
        .with_some("startupProbe", startup(stack, kind))
        .with_some("readinessProbe", probe(stack, kind))
        .with_some("livenessProbe", liveness(stack, kind))
}

/// What gives an instance its time to become ready, and starts it again after that, as ganger has it fail then.
fn startup(stack: &ExportedStack<'_>, kind: &ExportedType<'_>) -> Option<Document> {
    let seconds = seconds_to_start(kind)?;
    let times = (seconds + PERIOD - 1) / PERIOD;
    Some(probe(stack, kind)?.with("periodSeconds", PERIOD).with("failureThreshold", times))
}

/// The time that the project gives it to become ready, if it does.
fn seconds_to_start(kind: &ExportedType<'_>) -> Option<i64> {
    let seconds = whole_seconds(kind.service.ready_within?);
    i64::try_from(seconds).ok().filter(|seconds| *seconds > 0)
}

/// What makes the kubelet start a container again: only what the project asks for, as a probe that fails under load is an
/// outage of its own. It begins when the instance is ready, or has had its time to become so.
fn liveness(stack: &ExportedStack<'_>, kind: &ExportedType<'_>) -> Option<Document> {
    let probe = kind.service.liveness.as_ref().filter(|_| !kind.is_once)?;
    let delay = seconds_to_start(kind).filter(|_| startup(stack, kind).is_none());
    let probe = probe_of(stack, kind, &probe.outside())?;
    Some(probe.with_some("initialDelaySeconds", delay))
}

/// How the kubelet asks whether an instance is ready: as the project says, else whether its port is open.
pub(super) fn probe(stack: &ExportedStack<'_>, kind: &ExportedType<'_>) -> Option<Document> {
    let outside = kind.service.probe.outside();
    let is_asked = outside != OutsideCheck::Port(None) || kind.is_to_be_ready();
    let asked = probe_of(stack, kind, &outside).filter(|_| is_asked);
    let found =
        asked.or_else(|| kind.is_exposed.then(|| probe_of(stack, kind, &OutsideCheck::Port(None))).flatten());
    found.filter(|_| !kind.is_once)
}

/// How the kubelet finds out what `check` asks.
fn probe_of(
    stack: &ExportedStack<'_>,
    kind: &ExportedType<'_>,
    check: &OutsideCheck<'_>,
) -> Option<Document> {
    // A port that is not exposed has no name.
    let own = || match kind.port {
        Some(port) if !kind.is_exposed => Document::from(i64::from(port)),
        Some(_) | None => Document::from("http"),
    };
    match *check {
        OutsideCheck::Command(command) => {
            // `$(NAME)` is expanded in commands, not in probes.
            let words = vec![stack.options.shell.as_str(), "-c", command];
            let probe = Document::map().with("exec", Document::map().with("command", words));
            // It is 1 without a word, which is little for a program that has to be started.
            Some(probe.with("timeoutSeconds", 10_i64))
        }
        OutsideCheck::Http(path) => {
            let get = Document::map().with("path", path).with("port", own());
            Some(Document::map().with("httpGet", get))
        }
        OutsideCheck::Port(port) => {
            Some(tcp_probe(port.map_or_else(own, |port| Document::from(i64::from(port)))))
        }
        OutsideCheck::Runs | OutsideCheck::Nothing | OutsideCheck::Notify => None,
    }
}

fn tcp_probe(port: Document) -> Document {
    Document::map().with("tcpSocket", Document::map().with("port", port))
}
