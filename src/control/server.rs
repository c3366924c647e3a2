//! The server of the control socket: accepts clients, whose requests become [`Call`]s. It decides nothing.
//!
//! A client costs a bounded buffer and a place among `MOST`, and nothing else: its input is read up to the longest line, and
//! answers that it does not read wait in a channel of a few parts, for which only the task that answers waits.

use std::io;
use std::os::unix::net::UnixListener as Bound;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use nix::unistd::geteuid;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::spawn_local;
use tokio::time::{sleep, timeout};

use super::call::{Call, InFlight};
use super::connection::{Connection, refused};
use super::protocol::{RefusalKind, RequestRefusal};

/// The most clients at once. One more is told so.
const MOST: usize = 128;
/// How long the server rests when it cannot accept: no descriptor is free, and asking at once again would
/// only burn time.
const REST: Duration = Duration::from_millis(100);
/// How long the last answers may take to be written.
const LAST: Duration = Duration::from_millis(500);
/// How many [`InFlight`]s there always are: that of the server, and that of the task that accepts.
const CONSTANT: usize = 2;

/// The server, while it serves.
pub(crate) struct Server {
    in_flight: InFlight,
}

impl Server {
    /// Waits until every answer is written, but not for clients that do not read. The senders of replies must be dropped before.
    pub(crate) async fn finish(self) {
        let written = async {
            while Arc::strong_count(&self.in_flight.0) > CONSTANT {
                self.in_flight.0.notified().await;
            }
        };
        let _ = timeout(LAST, written).await;
    }
}

/// Serves the listener from now on: every request goes to `calls`.
///
/// # Errors
/// The listener cannot be watched.
pub(crate) fn open<T: From<Call> + 'static>(
    listener: Bound,
    calls: UnboundedSender<T>,
) -> io::Result<Server> {
    listener.set_nonblocking(true)?;
    let listener = UnixListener::from_std(listener)?;
    let in_flight = InFlight(Arc::new(Notify::new()));
    spawn_local(accept(listener, calls, in_flight.clone()));
    Ok(Server { in_flight })
}

async fn accept<T: From<Call> + 'static>(
    listener: UnixListener,
    calls: UnboundedSender<T>,
    in_flight: InFlight,
) {
    // Each connection holds one of these for as long as it lives.
    let places = Rc::new(());
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(REST).await;
            continue;
        };
        let refusal = if !is_ours(&stream) {
            Some(RequestRefusal::new(RefusalKind::Forbidden, "this stack belongs to another user"))
        } else if Rc::strong_count(&places) > MOST {
            Some(RequestRefusal::new(RefusalKind::TooMany, format!("{MOST} clients are connected already")))
        } else {
            None
        };
        if let Some(refusal) = refusal {
            // A fresh socket has room for it.
            let _ = stream.try_write(&refused(0, refusal));
            // A socket that is closed with something unread in it takes the answer back (ECONNRESET).
            let _ = stream.try_read(&mut [0; 4096]);
            continue;
        }
        let (place, calls, notify) = (Rc::clone(&places), calls.clone(), Arc::downgrade(&in_flight.0));
        spawn_local(async move {
            let _ = Connection::new(stream, notify).serve(&calls).await;
            drop(place);
        });
    }
}

/// The folder keeps other users out already; this holds where its mode was changed, too. Root may do all anyway.
fn is_ours(stream: &UnixStream) -> bool {
    stream.peer_cred().is_ok_and(|peer| peer.uid() == geteuid().as_raw() || peer.uid() == 0)
}
