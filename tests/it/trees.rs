//! Nothing is left: whatever an instance started ends with it.

use nix::sys::signal::Signal;

use crate::harness::Project;

#[test]
fn grandchildren_in_the_group_go_even_if_the_leader_has_quit() {
    let project =
        Project::new("web: probe trap TERM bye 0 + spawn + ignore TERM INT HUP + print stubborn + wait\n");
    let mut running = project.start(&["-t", "300ms"]);
    running.lines(&["| stubborn", "| ready"]);
    running.signal(Signal::SIGTERM);
    running.line("web.1 exited with status 0");
    let (_, lines) = running.end();
    assert!(lines.iter().any(|line| line.contains("the grace is over")), "{lines:?}");
}

#[test]
fn pipelines_and_background_jobs_of_a_shell_go() {
    let project = Project::new("web: sleep 300 & yes | cat >/dev/null & probe print up; wait\n");
    let mut running = project.start(&[]);
    running.line("| up");
    running.signal(Signal::SIGTERM);
    running.end();
}

#[test]
fn a_daemon_goes_with_the_stack_polite_or_not() {
    for daemon in ["touch daemon + wait", "ignore TERM + touch daemon + wait"] {
        let project = Project::new(&format!("web: probe spawn + daemon + {daemon}\nother: probe wait\n"));
        let mut running = project.start(&["-t", "300ms"]);
        running.line("other.1 started");
        let file = project.path().join("daemon");
        wait_for(|| file.exists());
        running.signal(Signal::SIGTERM);
        running.end();
    }
}

#[test]
fn what_an_instance_leaves_at_its_own_end_goes_too() {
    let project = Project::new("web: sleep 300 & exit 0\n");
    let (status, lines) = project.start(&[]).end();
    assert_eq!(status.code(), Some(0));
    assert!(lines.iter().any(|line| line.contains("web.1 exited with status 0")), "{lines:?}");
}

#[test]
fn leftovers_of_one_instance_go_while_the_others_stay() {
    let project = Project::new(
        "web: probe daemon + ignore TERM + touch daemon + wait\nother: probe trap TERM bye 0 + wait\n",
    );
    let mut running = project.start(&["-t", "300ms", "--exit-on", "never"]);
    running.line("other.1 | ready");
    running.line("web.1 is gone, but 1 process that it started is not: stopping");
    running.line("the grace is over: killing web.1");
    let daemon = std::fs::read_to_string(project.path().join("daemon")).unwrap();
    wait_for(|| !std::path::Path::new(&format!("/proc/{daemon}")).exists());
    running.signal(Signal::SIGTERM);
    let (_, lines) = running.end();
    assert!(lines.iter().any(|line| line == "other.1 | bye"), "{lines:?}");
}

#[test]
fn a_process_born_in_the_grace_does_not_slip_through() {
    // Each link forks, leaves the session, ignores TERM and ends: the chain is never the same process twice.
    let project = Project::new("web: ./chain\n")
        .file("chain", "#!/bin/sh\ntrap '' TERM\nprobe touch link\nsetsid ./chain &\nexit 0\n");
    std::fs::set_permissions(
        project.path().join("chain"),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    let running = project.start(&["-t", "200ms"]);
    let (_, lines) = running.end();
    assert!(lines.iter().any(|line| line.contains("web.1 exited")), "{lines:?}");
}

/// Waits for a fact that no line and no exit tells.
fn wait_for(is_so: impl Fn() -> bool) {
    let end = std::time::Instant::now() + crate::harness::PATIENCE;
    while !is_so() {
        assert!(std::time::Instant::now() < end, "it does not become so");
        std::thread::yield_now();
    }
}
