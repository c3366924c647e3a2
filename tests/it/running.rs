//! What an instance is given: a session, clean signals, its descriptors, its environment, its directory.

use nix::sys::signal::Signal;

use crate::harness::{Ports, Project, holds};

#[test]
fn an_instance_leads_its_session_and_has_clean_signals() {
    // The shell's own state, not the probe's: Rust's runtime ignores SIGPIPE for itself.
    let project =
        Project::new("web: probe ids; grep -E 'Sig(Blk|Ign)' /proc/self/status\nplain: probe ids\n");
    let (_, lines) = project.start(&["--exit-on", "never"]).end();
    let said =
        |name: &str| -> Vec<&str> { lines.iter().filter_map(|line| line.strip_prefix(name)).collect() };
    assert!(said("plain.1 | ")[0].ends_with("leads its group true and session true"), "{lines:?}");
    let web = said("web.1   | ");
    assert_eq!(web[1], "SigBlk:\t0000000000000000");
    // glibc's posix_spawn leaves its two internal signals (32 and 33) ignored, here as in every other program.
    let ignored = u64::from_str_radix(web[2].trim_start_matches("SigIgn:\t"), 16).unwrap();
    assert_eq!(ignored & !(3 << 31), 0, "{lines:?}");
}

#[test]
fn an_instance_has_the_descriptors_that_a_shell_would_have_given_it() {
    let project = Project::new("web: probe descriptors\n");
    // One shell hands both what it was given: another test may open a descriptor at any moment.
    let script = format!("probe descriptors; exec {} start -q --no-prefix", env!("CARGO_BIN_EXE_ganger"));
    let mut shell = project.command(&["sh", "-c", &script]);
    shell.stdin(std::process::Stdio::null());
    let printed = String::from_utf8(shell.output().unwrap().stdout).unwrap();
    let lines: Vec<&str> = printed.lines().collect();
    assert!(
        lines.len() == 2 && lines[0] == lines[1],
        "what we were given goes on, and nothing of ours: {printed}"
    );
}

#[test]
fn a_plain_command_has_no_shell_between_and_shell_syntax_has_one() {
    let project = Project::new("plain: probe ids\nshell: probe ids; true\n");
    let (_, lines) = project.start(&["--exit-on", "never"]).end();
    let started = |name: &str| {
        let line = lines.iter().find(|line| line.contains(&format!("{name}.1 started (pid "))).unwrap();
        line.split("pid ").nth(1).unwrap().split(',').next().unwrap().to_string()
    };
    let said = |name: &str| {
        lines
            .iter()
            .find(|line| line.starts_with(&format!("{name}.1")) && line.contains("leads"))
            .unwrap()
            .clone()
    };
    assert!(said("plain").contains(&format!("pid {} leads its group true", started("plain"))));
    assert!(said("shell").contains("leads its group false"), "{}", said("shell"));
}

#[test]
fn a_script_without_a_first_line_runs_as_execvp_would_run_it() {
    let project = Project::new("web: ./script one two\n").program("script", "echo script got $1 and $2\n");
    let (status, lines) = project.start(&[]).end();
    assert!(status.success());
    assert!(lines.iter().any(|line| line.ends_with("| script got one and two")), "{lines:?}");
}

#[test]
fn each_instance_has_its_port_its_name_and_the_ports_of_the_others() {
    let ports = Ports::claim();
    let project = Project::new(
        "web: probe env PORT PS GANGER_PORT_WEB GANGER_PORT_A_WORKER + wait\na-worker: probe env PORT PS\n",
    );
    let mut running = project.start(&["-m", "web=2,a-worker=1", "-p", &ports.base(), "--exit-on", "never"]);
    // The last that each of them says.
    running.lines(&[
        "web.1      | GANGER_PORT_A_WORKER",
        "web.2      | GANGER_PORT_A_WORKER",
        "| PS=a-worker.1",
    ]);
    running.signal(Signal::SIGTERM);
    let (_, lines) = running.end();
    let of = |name: &str| -> Vec<String> {
        lines
            .iter()
            .filter(|line| line.starts_with(name))
            .map(|line| line.split("| ").nth(1).unwrap().into())
            .collect()
    };
    assert_eq!(
        of("web.2"),
        [
            format!("PORT={}", ports.at(0, 2)),
            "PS=web.2".to_owned(),
            format!("GANGER_PORT_WEB={}", ports.at(0, 1)),
            format!("GANGER_PORT_A_WORKER={}", ports.at(1, 1)),
        ]
    );
    assert_eq!(of("a-worker.1"), [format!("PORT={}", ports.at(1, 1)), "PS=a-worker.1".to_owned()]);
}

#[test]
fn commands_run_in_the_root_wherever_ganger_was_started() {
    let project = Project::new("web: probe directory + env PWD\n");
    let root = project.path().to_str().unwrap().to_string();
    let mut command = project.ganger(&["start", "-d", &root]);
    command.current_dir("/").env("PWD", "/");
    let (_, lines) = crate::harness::Running::start(command).end();
    let real = project.path().canonicalize().unwrap().display().to_string();
    assert!(lines.iter().any(|line| line.ends_with(&format!("| {real}"))), "{lines:?}");
    assert!(lines.iter().any(|line| line.ends_with(&format!("| PWD={root}"))), "{lines:?}");
}

#[test]
fn standard_input_is_silent_and_stays_open() {
    let project = Project::new("web: probe print before + touch pid + read + print after\n");
    let mut running = project.start(&[]);
    running.line("| before");
    let pid = || std::fs::read_to_string(project.path().join("pid")).unwrap_or_default();
    let waits_at = || std::fs::read_to_string(format!("/proc/{}/wchan", pid())).unwrap_or_default();
    assert!(holds(|| waits_at().contains("pipe")), "it does not wait at its pipe: {}", waits_at());
    running.signal(Signal::SIGTERM);
    let (_, lines) = running.end();
    assert!(!lines.iter().any(|line| line.contains("read") || line.ends_with("| after")), "{lines:?}");
}

#[test]
fn a_release_runs_first_and_its_failure_ends_the_start() {
    let procfile = "release: probe print migrated + exit 0\nweb: probe print serving + exit 0\n";
    let (status, lines) = Project::new(procfile).start(&["--release"]).end();
    let at = |text: &str| lines.iter().position(|line| line.ends_with(text)).unwrap();
    assert!(status.success());
    assert!(at("| migrated") < at("| serving"), "{lines:?}");
    let failing = procfile.replacen("exit 0", "exit 3", 1);
    let (status, lines) = Project::new(&failing).start(&["--release"]).end();
    assert_eq!(status.code(), Some(3));
    assert!(!lines.iter().any(|line| line.contains("serving")), "{lines:?}");
}

#[test]
fn a_release_does_not_run_by_default_and_one_line_reports_that() {
    let project = Project::new("release: probe print migrated\nweb: probe print serving\n");
    let (_, lines) = project.start(&[]).end();
    assert!(!lines.iter().any(|line| line.contains("migrated")), "{lines:?}");
    assert_eq!(lines.iter().filter(|line| line.contains("--release")).count(), 1, "{lines:?}");
}
