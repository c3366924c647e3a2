//! The sockets that ganger binds for types with `listen`: one for each port, for as long as the stack runs.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::rc::Rc;

use crate::plan::spec::Spec;
use crate::process::spawn::ChildResources;

/// All sockets that are bound.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    bound: HashMap<(IpAddr, u16), Rc<OwnedFd>>,
}

impl Sockets {
    /// Adds the socket of this instance, if its type has `listen`; it is bound for the first instance. LISTEN_FDS and
    /// LISTEN_FDNAMES are those of sd_listen_fds(3); LISTEN_PID is set when the process has been made.
    ///
    /// # Errors
    /// As socket(2) and bind(2), with the port.
    pub(super) fn provide(&mut self, spec: &Spec, resources: &mut ChildResources) -> io::Result<()> {
        let (Some(address), Some(port)) = (spec.service.listen, spec.port) else { return Ok(()) };
        let socket = match self.bound.get(&(address, port)) {
            Some(socket) => Rc::clone(socket),
            None => Rc::new(bind(address, port)?),
        };
        self.bound.insert((address, port), Rc::clone(&socket));
        resources.listener = Some(socket);
        resources.variables.push((b"LISTEN_FDS".to_vec(), b"1".to_vec()));
        resources.variables.push((b"LISTEN_FDNAMES".to_vec(), spec.name.kind.as_str().into()));
        Ok(())
    }
}

/// A listening socket; without IPv6, every address of IPv4 stands for every address.
fn bind(address: IpAddr, port: u16) -> io::Result<OwnedFd> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("port {port}: {error}"));
    match TcpListener::bind(SocketAddr::new(address, port)) {
        Err(error) if address.is_ipv6() && error.raw_os_error() == Some(libc::EAFNOSUPPORT) => {
            TcpListener::bind(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port))
                .map(Into::into)
                .map_err(named)
        }
        bound => bound.map(Into::into).map_err(named),
    }
}
