//! `http:/health`: a server is ready when it answers a GET with 200 to 399.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use thiserror::Error;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long one question may take, from the connection to the first line of the answer. A server that is slower
/// than this is asked again.
const PATIENCE: Duration = Duration::from_secs(5);
/// The first line of an answer (`HTTP/1.1 200 OK`) is never longer than this.
const LONGEST: usize = 512;

/// Why a request shows that a server is not ready, as a clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum HttpFailure {
    /// It has answered with this status.
    #[error("the answer is {0}")]
    Status(u16),
    /// It has answered, and not by HTTP.
    #[error("the answer is not HTTP")]
    Foreign,
    /// It has not answered in time.
    #[error("no answer within {} s", PATIENCE.as_secs())]
    Late,
    /// It cannot be reached, or ends the connection.
    #[error("{0}")]
    Connection(io::ErrorKind),
}

/// Asks for `path` on this port of the machine itself, by IPv4 or, without an answer there, by IPv6.
///
/// # Errors
/// The answer is none with a status from 200 to 399.
pub(crate) async fn ask(port: u16, path: &str) -> Result<(), HttpFailure> {
    let [first, second] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]
        .map(|ip| SocketAddr::new(ip, port));
    match ask_at(first, path).await {
        // Few servers are on IPv6 alone.
        Err(unreached @ HttpFailure::Connection(_)) => match ask_at(second, path).await {
            Err(HttpFailure::Connection(_)) => Err(unreached),
            answered => answered,
        },
        answered => answered,
    }
}

async fn ask_at(address: SocketAddr, path: &str) -> Result<(), HttpFailure> {
    match timeout(PATIENCE, status(address, path)).await {
        Ok(Ok(Some(200..=399))) => Ok(()),
        Ok(Ok(Some(status))) => Err(HttpFailure::Status(status)),
        Ok(Ok(None)) => Err(HttpFailure::Foreign),
        Ok(Err(error)) => Err(HttpFailure::Connection(error.kind())),
        Err(_) => Err(HttpFailure::Late),
    }
}

/// The status of the answer; `None` if it is not HTTP.
async fn status(address: SocketAddr, path: &str) -> io::Result<Option<u16>> {
    let stream = TcpStream::connect(address).await?;
    let host = match address.ip() {
        IpAddr::V4(_) => format!("localhost:{}", address.port()),
        IpAddr::V6(_) => format!("[::1]:{}", address.port()),
    };
    // RFC 9112: a request line, Host, and an empty line are a whole request.
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: ganger\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    );
    let mut unsent = request.as_bytes();
    while !unsent.is_empty() {
        stream.writable().await?;
        match stream.try_write(unsent) {
            Ok(count) => unsent = &unsent[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    let mut answer = [0; LONGEST];
    let mut length = 0;
    while length < LONGEST && !answer[..length].contains(&b'\n') {
        stream.readable().await?;
        match stream.try_read(&mut answer[length..]) {
            Ok(0) if length == 0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(parse(&answer[..length]))
}

/// `HTTP/1.1 200 OK` as 200.
fn parse(answer: &[u8]) -> Option<u16> {
    let rest = answer.strip_prefix(b"HTTP/")?;
    let blank = rest.iter().position(|byte| *byte == b' ')?;
    let digits = rest.get(blank + 1..blank + 4).filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    #[test]
    fn the_status_is_read_from_the_first_line() {
        for (answer, status) in [
            (&b"HTTP/1.1 200 OK\r\nX: y\r\n"[..], Some(200)),
            (b"HTTP/1.0 503 \n", Some(503)),
            (b"HTTP/2 204", Some(204)),
            (b"HTTP/1.1 20", None),
            (b"HTTP/1.1 abc", None),
            (b"-ERR unknown command 'GET'\r\n", None),
            (b"", None),
        ] {
            assert_eq!(parse(answer), status, "{}", String::from_utf8_lossy(answer));
        }
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
    }

    /// A server that reads one request and answers with this, in two pieces.
    fn server(address: &str, answer: &'static [u8]) -> Option<(u16, thread::JoinHandle<Vec<u8>>)> {
        let listener = TcpListener::bind(address).ok()?;
        let port = listener.local_addr().unwrap().port();
        let answering = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            let length = stream.read(&mut request).unwrap();
            let (first, second) = answer.split_at(answer.len() / 2);
            stream.write_all(first).unwrap();
            stream.flush().unwrap();
            let _ = stream.write_all(second);
            request[..length].to_vec()
        });
        Some((port, answering))
    }

    #[test]
    fn a_server_is_ready_when_it_says_so_on_either_family() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Some((port, answering)) = server(address, b"HTTP/1.1 302 Found\r\n\r\n") else { continue };
            assert_eq!(runtime().block_on(ask(port, "/health?x=1")), Ok(()), "{address}");
            let request = String::from_utf8(answering.join().unwrap()).unwrap();
            assert!(request.starts_with("GET /health?x=1 HTTP/1.1\r\nHost: "), "{request}");
            assert!(request.ends_with("\r\n\r\n"), "{request}");
        }
    }

    #[test]
    fn a_server_without_a_good_answer_is_not_ready_and_the_reason_is_told() {
        for (answer, reason) in [
            (&b"HTTP/1.1 503 Service Unavailable\r\n\r\n"[..], "the answer is 503"),
            (b"HTTP/1.1 199 X\r\n\r\n", "the answer is 199"),
            (b"HTTP/1.1 400 X\r\n\r\n", "the answer is 400"),
            (b"SSH-2.0-OpenSSH\r\n", "the answer is not HTTP"),
            (b"", "unexpected end of file"),
        ] {
            let (port, answering) = server("127.0.0.1:0", answer).unwrap();
            assert_eq!(runtime().block_on(ask(port, "/")).unwrap_err().to_string(), reason);
            answering.join().unwrap();
        }
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        assert_eq!(runtime().block_on(ask(free, "/")).unwrap_err().to_string(), "connection refused");
    }
}
