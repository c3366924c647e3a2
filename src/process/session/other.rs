//! Systems without `CLONE_PARENT`: the program itself leads its session, and its end hangs up its terminal.

use std::ffi::CStr;
use std::os::fd::OwnedFd;
use std::path::Path;

use nix::errno::Errno;

use super::LedChild;
use crate::process::program::Program;
use crate::process::signals::Inherited;

/// There are none.
#[derive(Debug)]
pub struct Sessions {}

impl Sessions {
    /// None.
    pub(crate) fn begin<Kept>(
        _root: Option<&Path>,
        _inherited: &Inherited,
        kept: Kept,
    ) -> (Option<Self>, Kept) {
        (None, kept)
    }

    /// Never.
    pub(crate) fn start(
        &mut self,
        _terminal: &Path,
        _program: &Program,
        _environment: &[&CStr],
        _listener: Option<&OwnedFd>,
    ) -> Option<Result<LedChild, Errno>> {
        None
    }

    /// None is.
    pub(crate) fn has(&self, _pid: i32) -> bool {
        false
    }

    /// Nothing is to be ended.
    pub(crate) fn end(&mut self, _sessions: &[i32]) {}

    /// Nothing was ours.
    pub(crate) fn on_reaped(&mut self, _pid: i32) {}
}
