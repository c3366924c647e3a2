//! A machine with a project in /srv/shop and an engine, where the commands of the engine's page in docs/export are run as they stand
//! there: `sudo` does what it is asked to.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::machine::Machine;
use super::page::Page;
use super::succeeds;
use crate::harness::{Running, are_there, holds, write_program};

const SUDO: &str = "#!/bin/sh\n\
                    if [ \"$1\" = -u ]; then user=$2; shift 2; exec setpriv --reuid \"$user\" --clear-groups \"$@\"; fi\n\
                    exec \"$@\"\n";

/// The engines that systemd is not: what has to be installed, what starts them, and what has status 0 when they are up.
const ENGINES: [(&str, &[&str], &str, &str); 3] = [
    (
        "supervisord",
        &["supervisord", "supervisorctl"],
        "exec supervisord --nodaemon --configuration /etc/supervisor/supervisord.conf",
        "supervisorctl pid",
    ),
    (
        "runit",
        &["runsvdir", "chpst"],
        "mkdir -p /etc/service; exec runsvdir /etc/service",
        "test -d /etc/service",
    ),
    (
        "s6",
        &["s6-svscan", "s6-supervise"],
        "mkdir /srv/services; exec s6-svscan /srv/services",
        "test -e /srv/services/.s6-svscan/control",
    ),
];

pub(super) struct Site {
    pub(super) machine: Machine,
    pub(super) page: Page,
    engine: Option<Running>,
}

impl Drop for Site {
    fn drop(&mut self) {
        // Before the machine that it is in.
        drop(self.engine.take());
    }
}

impl Site {
    /// A machine that is booted from `root`, in which the engine of this page is up, with what `fill` puts into a folder of its files.
    pub(super) fn boot(
        page: &'static str,
        root: &Path,
        binds: &[String],
        fill: impl FnOnce(&Path),
    ) -> Option<Self> {
        let engine = ENGINES.into_iter().find(|(name, ..)| *name == page);
        if !engine.is_none_or(|(_, programs, ..)| are_there(programs)) {
            return None;
        }
        let machine = Machine::boot(root, binds, |files| {
            let programs = files.join("usr/local/bin");
            for folder in [&programs, &files.join("srv/shop")] {
                fs::create_dir_all(folder).unwrap();
            }
            write_program(&programs.join("sudo"), SUDO);
            fs::copy(env!("CARGO_BIN_EXE_ganger"), programs.join("ganger")).unwrap();
            fill(files);
        })?;
        let mut site = Self { machine, page: Page::read(page), engine: None };
        if let Some((_, _, start, is_up)) = engine {
            site.engine = Some(Running::start(site.script(start)));
            assert!(holds(|| site.script(is_up).output().unwrap().status.success()), "{page} is not up");
        }
        Some(site)
    }

    /// A script that is run in the folder of the project.
    pub(super) fn script(&self, text: &str) -> Command {
        let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        let mut command = self.machine.inside(&["env", "-i", path, "HOME=/root", "bash", "-c"]);
        command.arg(format!("cd /srv/shop\n{text}"));
        command
    }

    /// Runs a script that succeeds.
    pub(super) fn runs(&self, text: &str) {
        succeeds(text, self.script(text));
    }

    /// Runs the commands below `heading`, all of which succeed.
    pub(super) fn does(&mut self, heading: &str) {
        let script = self.page.take(heading);
        self.runs(&script);
    }

    /// That in the end no process of the machine has one of `words` in its command line.
    pub(super) fn has_nothing_left(&self, words: &[&str]) {
        let is_left = |line: &String| words.iter().any(|word| line.contains(word));
        let left = || self.machine.processes().into_iter().filter(is_left).collect::<Vec<_>>();
        assert!(holds(|| left().is_empty()), "{:?}", left());
    }
}
