//! What instances are given besides their specs, so that they can serve and report that they are ready.

use std::collections::HashMap;
use std::io;

use tokio::sync::mpsc::WeakUnboundedSender;

use crate::exit::FAILED;
use crate::machine::SpawnFailure;
use crate::output::Output;
use crate::plan::spec::{Probe, Spec};
use crate::process::ports_in_use::Listeners;
use crate::process::spawn::ChildResources;
use crate::supervisor::actions::sd_notify::NotifySockets;
use crate::supervisor::actions::socket_activation::Sockets;
use crate::supervisor::channel::arrival::Arrival;

/// The sockets of all instances.
pub(crate) struct SpawnResources {
    /// The sockets to which instances report that they are ready.
    pub(super) notify_sockets: NotifySockets,
    sockets: Sockets,
    /// The sockets of others that listened on the port of an instance before its start, where it is asked by HTTP.
    listened_before: HashMap<usize, Vec<u64>>,
    inbox: WeakUnboundedSender<Arrival>,
}

impl SpawnResources {
    /// None yet, in the run with this id.
    pub(crate) fn new(run: &str, inbox: WeakUnboundedSender<Arrival>) -> Self {
        Self {
            notify_sockets: NotifySockets::new(run, inbox.clone()),
            sockets: Sockets::default(),
            listened_before: HashMap::new(),
            inbox,
        }
    }

    /// The inbox of the event loop.
    pub(super) fn inbox(&self) -> WeakUnboundedSender<Arrival> {
        self.inbox.clone()
    }

    /// What the next process of this instance is given.
    ///
    /// # Errors
    /// A socket cannot be made.
    pub(super) fn for_child(&mut self, index: usize, spec: &Spec) -> Result<ChildResources, SpawnFailure> {
        let failed = |error: io::Error| SpawnFailure {
            program: "its socket".into(),
            reason: format!("{error} ({})", spec.place),
            status: FAILED,
        };
        let mut resources = ChildResources::default();
        if spec.service.probe == Probe::Notify {
            let address = self.notify_sockets.address(index).map_err(failed)?;
            resources.variables.push((b"NOTIFY_SOCKET".to_vec(), address.into_bytes()));
        }
        self.sockets.provide(spec, &mut resources).map_err(failed)?;
        if let (Probe::Http(_), Some(port)) = (&spec.service.probe, spec.port) {
            // Now, as a fast server listens before its probe begins. With `listen` the socket is our own.
            let is_ours = spec.service.listen.is_some();
            let before = if is_ours { Vec::new() } else { Listeners::now().on(port).to_vec() };
            self.listened_before.insert(index, before);
        }
        Ok(resources)
    }

    /// The sockets that listened on the port of this instance before its latest start, by their numbers, where it is asked by HTTP.
    pub(super) fn listened_before(&self, index: usize) -> Vec<u64> {
        self.listened_before.get(&index).cloned().unwrap_or_default()
    }

    /// Where the probe is a line of the log: from now on that line arrives in the inbox.
    pub(super) fn match_log(&self, index: usize, pid: i32, spec: &Spec, output: &Output) {
        if let Probe::Log(expression) = &spec.service.probe {
            let inbox = self.inbox.clone();
            let send = move || {
                if let Some(inbox) = inbox.upgrade() {
                    let _ = inbox.send(Arrival::Ready { instance: index, pid });
                }
            };
            // The expression was tried when the settings were read.
            let _ = output.listen(index, expression, Box::new(send));
        }
    }
}
