//! What instances are given besides their specs, so that they can serve and say that they are ready.

use std::io;

use tokio::sync::mpsc::WeakUnboundedSender;

use crate::exit::FAILED;
use crate::machine::SpawnFailure;
use crate::output::Output;
use crate::plan::spec::{Probe, Spec};
use crate::process::spawn::ChildResources;
use crate::supervisor::actions::exec_probe::Commands;
use crate::supervisor::actions::sd_notify::NotifySockets;
use crate::supervisor::actions::socket_activation::Sockets;
use crate::supervisor::channel::arrival::Arrival;

/// All of it, and who is still to be asked.
pub(crate) struct SpawnResources {
    /// Whose readiness is to be found out.
    pub unprobed: Vec<usize>,
    /// Whether an instance has become something else, so that other files may be of interest.
    pub has_changed: bool,
    /// Commands that ask.
    pub commands: Commands,
    /// Sockets into which instances say it.
    pub notified: NotifySockets,
    sockets: Sockets,
    inbox: WeakUnboundedSender<Arrival>,
}

impl SpawnResources {
    /// None yet, in the run with this id.
    pub(crate) fn new(run: &str, inbox: WeakUnboundedSender<Arrival>) -> Self {
        Self {
            unprobed: Vec::new(),
            has_changed: true,
            commands: Commands::default(),
            notified: NotifySockets::new(run, inbox.clone()),
            sockets: Sockets::default(),
            inbox,
        }
    }

    /// What this instance is given.
    ///
    /// # Errors
    /// A socket that cannot be had.
    pub(crate) fn extra(&mut self, index: usize, spec: &Spec) -> Result<ChildResources, SpawnFailure> {
        let failed = |error: io::Error| SpawnFailure {
            program: "its socket".into(),
            reason: format!("{error} ({})", spec.place),
            status: FAILED,
        };
        let mut extra = ChildResources::default();
        if spec.care.probe == Probe::Notify {
            let address = self.notified.address(index).map_err(failed)?;
            extra.variables.push((b"NOTIFY_SOCKET".to_vec(), address.into_bytes()));
        }
        self.sockets.provide(spec, &mut extra).map_err(failed)?;
        Ok(extra)
    }

    /// Waits for the line that shows that this life is ready.
    pub(crate) fn listen(&self, index: usize, pid: i32, spec: &Spec, output: &Output) {
        if let Probe::Log(expression) = &spec.care.probe {
            let inbox = self.inbox.clone();
            let tell = move || {
                if let Some(inbox) = inbox.upgrade() {
                    let _ = inbox.send(Arrival::Heard(index, pid));
                }
            };
            // The expression was tried when it was read.
            let _ = output.listen(index, expression, Box::new(tell));
        }
    }
}
