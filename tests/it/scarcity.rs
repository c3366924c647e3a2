//! Too few descriptors or processes: said, and nothing is left.

use nix::sys::resource::{Resource, getrlimit};

use crate::harness::{Project, Running};

/// `ganger` under limits, by way of the shell's `ulimit`.
fn limited(project: &Project, limits: &str, arguments: &str) -> Running {
    let ganger = env!("CARGO_BIN_EXE_ganger");
    let script = format!("{limits}; exec {ganger} start {arguments}");
    Running::start(project.command(&["/bin/sh", "-c", &script]))
}

#[test]
fn too_few_descriptors_are_known_before_anything_starts() {
    let project = Project::new("web: probe print started + wait\n");
    let (status, lines) = limited(&project, "ulimit -n 64", "-m web=100").end();
    assert_eq!(status.code(), Some(125));
    assert!(lines[0].contains("100 instances need 124 open files, and the limit is 64"), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("started")), "{lines:?}");
}

#[test]
fn a_soft_limit_is_raised_for_us_and_stays_what_it_was_for_the_children() {
    let project = Project::new("web: probe limit + pause 200\n");
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    let (status, lines) = limited(&project, "ulimit -Sn 64", "-m web=100 --exit-on never").end();
    assert_eq!(status.code(), Some(0), "{lines:?}");
    let limit = format!("| Ok((64, {hard}))");
    assert_eq!(lines.iter().filter(|line| line.ends_with(&limit)).count(), 100, "{lines:?}");
}
