//! A leader for each session on a pseudo-terminal that outlives the processes in it.
//!
//! When the leader of a session ends, the kernel hangs up the terminal's foreground group: SIGHUP (credentials(7),
//! setsid(2)). A shell, `go run` or a wrapper that ends at SIGTERM before its child would so end the child too. So the
//! leader is a process of ours that does nothing, and is ended when its session is empty.
//!
//! The first leader is forked by the worker before that has a runtime, threads or a history: a fork at each start would hold
//! the worker's memory once for each instance. It waits until an instance is to be started, and leaves another one behind
//! that waits in its place: the *next leader*. docs/design/0018 has the roads not taken.
//!
//! Leaders are children of the worker that end without a signal, so an ordinary waitpid(2) does not see them, and "no
//! child is left" (ECHILD) still says that every process of the stack is gone.

#[cfg(target_os = "linux")]
mod leader;
mod led_child;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod message;
#[cfg(not(target_os = "linux"))]
mod other;

pub(crate) use led_child::LedChild;
#[cfg(target_os = "linux")]
pub(crate) use linux::Sessions;
#[cfg(not(target_os = "linux"))]
pub(crate) use other::Sessions;
