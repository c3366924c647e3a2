//! A request that is in flight while its server is asked to stop.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

#[cfg(target_os = "linux")]
use crate::process::proc_net::has_read;

/// How long a connection may take, and an answer where one is to be seen at all.
const PATIENCE: Duration = Duration::from_secs(10);

/// A whole request, and what its server has done with it.
pub(super) struct PendingRequest {
    stream: TcpStream,
    port: u16,
}

impl PendingRequest {
    /// Sends `GET /` to the server on this port of the machine itself.
    ///
    /// # Errors
    /// No connection can be made.
    pub(super) fn send(port: u16) -> io::Result<Self> {
        let address = |ip| SocketAddr::new(ip, port);
        let connect = |ip| TcpStream::connect_timeout(&address(ip), PATIENCE);
        // Few servers are on IPv6 alone.
        let mut stream =
            connect(Ipv4Addr::LOCALHOST.into()).or_else(|_| connect(Ipv6Addr::LOCALHOST.into()))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        // In one piece: the server reads all of it or nothing.
        let head = "User-Agent: ganger\r\nAccept: */*\r\nConnection: close\r\n\r\n";
        stream.write_all(format!("GET / HTTP/1.1\r\nHost: localhost:{port}\r\n{head}").as_bytes())?;
        Ok(Self { stream, port })
    }

    /// Whether the server has read it, and answered nothing yet.
    pub(super) fn is_in_flight(&self) -> bool {
        let client = self.stream.local_addr().map(|address| address.port());
        client.is_ok_and(|client| has_read(self.port, client)) && !self.has_answer()
    }

    /// Whether something of an answer has come, or the end of the connection.
    pub(super) fn has_answer(&self) -> bool {
        let mut readable = [PollFd::new(self.stream.as_fd(), PollFlags::POLLIN)];
        poll(&mut readable, PollTimeout::ZERO).is_ok_and(|count| count > 0)
    }

    /// The first bytes of the answer; none if the connection has ended without one, and `None` if it has not ended.
    pub(super) fn answer(mut self) -> Option<Vec<u8>> {
        let mut answer = vec![0; 64];
        let length = match self.stream.read(&mut answer) {
            Ok(length) => length,
            Err(error) if [io::ErrorKind::WouldBlock, io::ErrorKind::TimedOut].contains(&error.kind()) => {
                return None;
            }
            Err(_) => 0,
        };
        answer.truncate(length);
        Some(answer)
    }
}

/// Whether the server on this port answers by HTTP.
pub(super) fn speaks_http(port: u16) -> bool {
    let answer = PendingRequest::send(port).ok().and_then(PendingRequest::answer);
    answer.is_some_and(|answer| answer.starts_with(b"HTTP/"))
}

/// Not known on this system.
#[cfg(not(target_os = "linux"))]
fn has_read(_server: u16, _client: u16) -> bool {
    false
}
