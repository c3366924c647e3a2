//! What a process costs to make: 100 × `true` until all are reaped, by our spawner and by the standard library.

use std::io;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use divan::{Bencher, black_box};
use ganger::parts::machine::SpawnFailure;
use ganger::parts::name::{InstanceName, TypeName};
use ganger::parts::plan::spec::{Environment, ServicePolicy, Spec, Variables};
use ganger::parts::process::limits::OpenFiles;
use ganger::parts::process::signals::Inherited;
use ganger::parts::process::spawn::{ChildResources, SpawnedChild, Spawner};
use ganger::parts::signal::Signal;
use nix::sys::wait::waitpid;

const COUNT: usize = 100;

fn main() {
    divan::main();
}

#[expect(clippy::disallowed_methods, reason = "a measurement takes the environment that it is given")]
fn variables() -> Variables {
    use std::os::unix::ffi::OsStringExt;
    std::env::vars_os().map(|(name, value)| (name.into_vec(), value.into_vec())).collect()
}

fn spec(kind: TypeName, command: &str) -> Spec {
    Spec {
        name: InstanceName { kind, number: 1 },
        command: command.into(),
        place: Arc::from("Procfile:1"),
        environment: Environment { shared: variables(), own: [("PORT", "5000")].into_iter().collect() },
        port: Some(5000),
        stop_signal: Signal::TERMINATE,
        stop_to: ganger::parts::signal::Reach::Main,
        grace: std::time::Duration::from_secs(5),
        once: false,
        after: Arc::default(),
        service: ServicePolicy::default(),
    }
}

fn made_by_us(spawner: &mut Spawner, spec: &Spec) -> Result<Vec<SpawnedChild>, SpawnFailure> {
    (0..COUNT).map(|_| spawner.spawn(spec, &ChildResources::default())).collect()
}

/// Waits as the standard library does, asleep: a loop around a reaper that does not block would take one of the
/// processors from the children that are measured.
fn reaped() -> bool {
    (0..COUNT).all(|_| waitpid(None, None).is_ok())
}

#[divan::bench(args = ["true", "true; true"], sample_size = 1, sample_count = 20)]
fn hundred_by_our_spawner(bencher: Bencher<'_, '_>, command: &str) {
    let made = OpenFiles::inherited().and_then(|limit| Spawner::new(limit, &Inherited::now(), None, None));
    let (Ok(mut spawner), Some(kind)) = (made, TypeName::new("web")) else { return };
    let spec = spec(kind, command);
    bencher.bench_local(|| {
        let made = made_by_us(&mut spawner, black_box(&spec));
        (made.is_ok(), reaped())
    });
}

#[expect(clippy::disallowed_methods, reason = "this is what ours is measured against")]
fn made_by_std(command: &str) -> io::Result<Vec<Child>> {
    let child = || {
        // What ours finds out for itself: whether a shell is needed.
        let mut made = if command.contains(';') { Command::new("/bin/sh") } else { Command::new(command) };
        if command.contains(';') {
            made.args(["-c", command]);
        }
        made.stdin(Stdio::null()).stdout(Stdio::piped()).env("PORT", "5000").spawn()
    };
    (0..COUNT).map(|_| child()).collect()
}

#[divan::bench(args = ["true", "true; true"], sample_size = 1, sample_count = 20)]
fn hundred_by_std(bencher: Bencher<'_, '_>, command: &str) {
    bencher.bench_local(|| {
        let children = made_by_std(black_box(command)).unwrap_or_default();
        children.into_iter().all(|mut child| child.wait().is_ok())
    });
}
