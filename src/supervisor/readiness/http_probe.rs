//! `ready = "http:…"`: requests to the port of an instance until one is answered as by a server that is ready.

use std::time::Duration;

use tokio::sync::mpsc::WeakUnboundedSender;
use tokio::time::sleep;

use crate::machine::Event;
use crate::process::ports_in_use::Listeners;
use crate::process::ready::http;
use crate::supervisor::channel::arrival::Arrival;
use crate::supervisor::readiness::interval;

/// Asks one generation of an instance by HTTP.
pub(super) struct HttpProbe {
    pub(super) instance: usize,
    pub(super) pid: i32,
    /// The sockets that listened on the port before its start.
    pub(super) listened_before: Vec<u64>,
}

impl HttpProbe {
    /// Sends requests until one succeeds, and tells how they fail. A server that listened before the start of the instance is another
    /// one, whatever it answers; but not every server can be seen to listen (a container's port), so no other answer is refused.
    pub(super) async fn run(self, port: u16, path: String, inbox: WeakUnboundedSender<Arrival>) {
        let Self { instance, pid, listened_before } = self;
        let (mut waited, mut told) = (Duration::ZERO, None);
        loop {
            let pause = interval::after(waited, interval::LONGEST);
            sleep(pause).await;
            waited += pause;
            let listening = Listeners::now();
            let others = listening.on(port);
            let is_another = !others.is_empty() && others.iter().all(|inode| listened_before.contains(inode));
            let failure = if is_another {
                Some("another program listened there before".to_owned())
            } else {
                http::ask(port, &path).await.err().map(|failure| failure.to_string())
            };
            let event = match &failure {
                None => Event::Ready { instance, pid, port: None },
                Some(_) if failure == told => continue,
                Some(text) => Event::ProbeFailed { instance, pid, failure: text.clone() },
            };
            let is_sent = inbox.upgrade().is_some_and(|inbox| inbox.send(Arrival::Event(event)).is_ok());
            if failure.is_none() || !is_sent {
                return;
            }
            told = failure;
        }
    }
}
