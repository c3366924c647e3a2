//! A cgroup for one engine or container: several instances of systemd in one cgroup would have the same units there, and one that stops its own
//! would kill those of another.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use super::holds;

/// Where the hierarchies are mounted, in which systemd makes folders of the same names.
const MOUNTED: [&str; 3] = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd"];

/// One of its own, which is killed and removed with all below it: where an engine is killed, what it has started goes on.
pub(crate) struct Cgroup(PathBuf);

impl Cgroup {
    /// `None` without the second hierarchy, and where it is not ours to change, as for a user.
    pub(crate) fn new() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let found = MOUNTED.map(Path::new).into_iter().find(|path| path.join("cgroup.controllers").exists());
        let name = format!("ganger-test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = found?.join(name);
        fs::create_dir(&path).ok().map(|()| Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let _ = fs::write(self.0.join("cgroup.kill"), "1");
        let name = self.0.file_name().unwrap_or_default();
        let folders = MOUNTED.map(|mounted| Path::new(mounted).join(name));
        let mut command = Command::new("find");
        command.args(folders.iter().filter(|folder| folder.exists()));
        command.args(["-depth", "-type", "d", "-exec", "rmdir", "{}", ";"]);
        let _ = holds(|| command.output().is_ok() && !folders.iter().any(|folder| folder.exists()));
    }
}
