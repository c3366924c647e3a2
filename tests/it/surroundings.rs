//! Where ganger may be started: as the first process of a container, under nohup, setsid, timeout, cron,
//! systemd, by a script in the background, with standard streams closed, and with no folder to stand in.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, mkfifo};

use crate::harness::{Cgroup, Project, Running, can, holds, install};

const POLITE: &str = "web: probe trap TERM bye 0 + trap USR1 one 99 + wait\n";

/// `/bin/sh -c SCRIPT`, in which `$0` is ganger.
fn by_shell(project: &Project, script: &str) -> Running {
    wrapped(project, &["/bin/sh", "-c", script, env!("CARGO_BIN_EXE_ganger")])
}

/// These words as a command in the project, in a clean environment.
fn wrapped(project: &Project, words: &[&str]) -> Running {
    Running::start(project.command(words))
}

/// The monitor, where it is not the process that the test started: the parent of the worker.
fn monitor(running: &Running) -> Pid {
    let is_monitor = |(pid, line): &(i32, String)| {
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        name == "ganger\n" && line.contains("start")
    };
    let found = running.mark().processes().into_iter().find(is_monitor);
    Pid::from_raw(found.expect("no monitor").0)
}

const PID_ONE: [&str; 7] =
    ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", env!("CARGO_BIN_EXE_ganger"), "start"];

fn can_be_pid_one() -> bool {
    let tried = Command::new("unshare").args(["--pid", "--fork", "--mount-proc", "true"]).output();
    can("a namespace of process ids by unshare(1)", tried.is_ok_and(|output| output.status.success()))
}

#[test]
fn as_pid_1_it_passes_signals_on_and_exits_with_the_right_status() {
    if !can_be_pid_one() {
        return;
    }
    let project = Project::new(POLITE);
    let mut running = wrapped(&project, &PID_ONE);
    running.line("| ready");
    kill(monitor(&running), Signal::SIGUSR1).unwrap();
    running.line("| one");
    kill(monitor(&running), Signal::SIGTERM).unwrap();
    let (status, lines) = running.end();
    assert!(lines.iter().any(|line| line == "web.1  | bye"), "{lines:?}");
    // The first process of a namespace cannot die of SIGTERM: 128+15 is what a shell would have seen.
    assert_eq!(status.code(), Some(143), "{lines:?}");
    let (status, lines) = wrapped(&Project::new("web: probe exit 7\n"), &PID_ONE).end();
    assert_eq!(status.code(), Some(7), "{lines:?}");
}

#[test]
fn as_pid_1_it_reaps_its_own_orphans_and_others() {
    if !can_be_pid_one() {
        return;
    }
    let project = Project::new(
        "web: i=0; while [ $i -lt 100 ]; do (sleep 0.01 & ) ; i=$((i+1)); done; echo made; probe wait\n",
    );
    let mut running = wrapped(&project, &PID_ONE);
    running.line("| made");
    let one = monitor(&running).to_string();
    // A process that enters a container from outside leaves its orphans to the first process of the container.
    let entered = Command::new("nsenter")
        .args(["--pid", "--target", &one, "/bin/sh", "-c", "for i in 1 2 3 4 5; do (sleep 0.01 &); done"])
        .status();
    assert!(entered.unwrap().success());
    let zombies = || {
        let found = std::fs::read_dir("/proc").unwrap().flatten().filter(|entry| {
            let read = |file: &str| std::fs::read_to_string(entry.path().join(file)).unwrap_or_default();
            let is_zombie = read("stat").rsplit_once(')').is_some_and(|(_, rest)| rest.starts_with(" Z"));
            // `NSpid:` counts the namespaces that a process is in.
            is_zombie
                && read("status")
                    .lines()
                    .any(|line| line.starts_with("NSpid:") && line.split('\t').count() > 2)
        });
        found.count()
    };
    assert!(holds(|| zombies() == 0), "{} zombies", zombies());
    kill(monitor(&running), Signal::SIGTERM).unwrap();
    running.end();
}

#[test]
fn nohup_is_respected_by_us_and_for_those_that_we_start() {
    let project = Project::new("web: probe signals + trap TERM bye 0 + wait\n");
    let mut running = by_shell(&project, "nohup \"$0\" start & wait");
    let line = running.line("SigIgn:");
    let ignored = u64::from_str_radix(line.rsplit_once(' ').unwrap().1, 16).unwrap();
    // nohup ignores HUP (1), a shell without job control INT (2) and QUIT (3) for what runs in the background.
    assert_eq!(ignored & 0b111, 0b111, "{line}");
    running.line("| ready");
    for signal in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT] {
        kill(monitor(&running), signal).unwrap();
    }
    kill(monitor(&running), Signal::SIGTERM).unwrap();
    let (_, lines) = running.end();
    assert!(lines.iter().any(|line| line.contains("SIGTERM received")), "{lines:?}");
    assert!(lines.iter().any(|line| line == "web.1  | bye"), "{lines:?}");
}

#[test]
fn in_the_background_of_a_script_it_takes_the_interrupt_that_the_shell_ignores_there() {
    for (signal, number) in [("INT", 2), ("QUIT", 3)] {
        let project = Project::new("web: probe signals + trap TERM bye 0 + wait\n");
        let script = format!("trap 'kill -{signal} $!; wait $!; exit $?' USR1; \"$0\" start & wait");
        let mut running = by_shell(&project, &script);
        let line = running.line("SigIgn:");
        let ignored = u64::from_str_radix(line.rsplit_once(' ').unwrap().1, 16).unwrap();
        assert_eq!(ignored & 0b111, 0, "{line}");
        running.line("| ready");
        running.signal(Signal::SIGUSR1);
        let (status, lines) = running.end();
        assert_eq!(status.code(), Some(128 + number), "{lines:?}");
    }
}

#[test]
fn timeout_asks_twice_and_that_is_one_stop() {
    let project = Project::new(POLITE);
    let words = ["timeout", "1h", env!("CARGO_BIN_EXE_ganger"), "start"];
    let mut running = wrapped(&project, &words);
    running.line("| ready");
    // That is how it hears that its time is over.
    running.signal(Signal::SIGALRM);
    let (status, lines) = running.end();
    assert_eq!(status.code(), Some(124), "{lines:?}");
    assert!(lines.iter().any(|line| line == "web.1  | bye"), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("killing")), "{lines:?}");
}

#[test]
fn under_systemd_the_stop_signal_reaches_all_processes_at_once() {
    // Type=exec: no terminal, a session of its own. KillMode=control-group: SIGTERM for each process of the
    // unit, ours and theirs.
    let project = Project::new(POLITE);
    let mut running = wrapped(&project, &["setsid", env!("CARGO_BIN_EXE_ganger"), "start"]);
    running.line("| ready");
    for (pid, _) in running.mark().processes() {
        let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
    }
    let (status, lines) = running.end();
    assert_eq!(status.signal(), Some(15), "{lines:?}");
    assert!(lines.iter().any(|line| line == "web.1  | bye"), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("killing")), "{lines:?}");
}

#[test]
fn under_cron_there_is_neither_terminal_nor_environment() {
    let probe = env!("CARGO_BIN_EXE_probe");
    let project = Project::new(&format!("web: {probe} env HOME PORT + exit 3\n"));
    let ganger = env!("CARGO_BIN_EXE_ganger");
    // The harness finds what is left by a variable, and removes the record of the run: two stay.
    let kept = "GANGER_TEST_MARK=\"$GANGER_TEST_MARK\" XDG_STATE_HOME=\"$XDG_STATE_HOME\"";
    let script = format!("exec env -i {kept} setsid -w {ganger} start");
    let (status, lines) = by_shell(&project, &script).end();
    assert_eq!(status.code(), Some(3), "{lines:?}");
    assert!(lines.iter().any(|line| line == "web.1  | HOME=(unset)"), "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("web.1  | PORT=")), "{lines:?}");
}

#[test]
fn closed_standard_streams_are_no_reason_not_to_run() {
    for streams in ["<&-", ">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-"] {
        let project = Project::new("web: probe descriptors + touch ran + exit 3\n");
        let (status, lines) = by_shell(&project, &format!("exec \"$0\" start {streams}")).end();
        assert_eq!(status.code(), Some(3), "{streams}: {lines:?}");
        assert!(project.path().join("ran").exists(), "{streams}");
        let is_heard = lines.iter().any(|line| line.starts_with("web.1  | descriptors [0, 1, 2"));
        assert_eq!(
            is_heard,
            !streams.contains(" >&-") && !streams.starts_with(">&-"),
            "{streams}: {lines:?}"
        );
    }
}

#[test]
fn a_removed_folder_is_an_error() {
    let project = Project::new("web: probe wait\n");
    let (status, lines) = by_shell(&project, "mkdir gone; cd gone; rmdir ../gone; exec \"$0\" start").end();
    assert_eq!(status.code(), Some(125), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("the current folder has been removed")), "{lines:?}");
}

#[test]
fn what_a_script_had_started_before_it_became_ganger_is_left_alone() {
    let project = Project::new("web: probe daemon + ignore TERM + wait\n");
    let mut running = by_shell(&project, "probe touch bystander + wait & exec \"$0\" start -t 200ms");
    let file = project.path().join("bystander");
    assert!(holds(|| std::fs::read(&file).is_ok_and(|pid| !pid.is_empty())));
    let status = running.wait();
    assert_eq!(status.code(), Some(0));
    let bystander = std::fs::read_to_string(file).unwrap();
    let left = running.mark().processes();
    assert_eq!(left.iter().map(|(pid, _)| pid.to_string()).collect::<Vec<_>>(), [bystander]);
}

#[test]
fn a_preexisting_child_is_left_alone_also_when_the_worker_is_killed() {
    let project = Project::new("stubborn: probe ignore TERM + print stubborn + wait\n");
    let mut running = by_shell(&project, "probe touch bystander + wait & exec \"$0\" start -t 200ms");
    running.line("| stubborn");
    let bystander = std::fs::read_to_string(project.path().join("bystander")).unwrap();
    let is_worker = |(_, line): &(i32, String)| line.starts_with("ganger-worker");
    let worker = running.mark().processes().into_iter().find(is_worker).unwrap().0;
    kill(Pid::from_raw(worker), Signal::SIGKILL).unwrap();
    let status = running.wait();
    assert_eq!(status.code(), Some(137));
    let left = running.mark().processes();
    assert_eq!(left.iter().map(|(pid, _)| pid.to_string()).collect::<Vec<_>>(), [bystander]);
}

/// A container's view: mounts and cgroups of its own below the cgroup `$0`, and (for a machine that has version 1 beside it) a list of them that says
/// so. What follows takes the shell's place.
const CONTAINER: &str = "echo $$ >$0/cgroup.procs && exec unshare --mount --cgroup /bin/sh -c \"mount -t cgroup2 none /sys/fs/cgroup && \
                         echo 0::/ >list && mount --bind list /proc/\\$\\$/cgroup && exec $1\"";

#[test]
fn in_a_container_the_stack_has_a_cgroup_that_goes_with_it() {
    let around = Cgroup::new();
    let of_ours = around.as_ref().map_or(String::new(), |cgroup| cgroup.path().display().to_string());
    let inside = |words: &str| ["/bin/sh", "-c", CONTAINER, &of_ours, words].map(str::to_string).to_vec();
    let project = Project::new(
        "stubborn: probe ignore TERM + print stubborn + wait\nwhere: cat /proc/self/cgroup; probe wait\n",
    );
    let test = inside("test -w /sys/fs/cgroup/cgroup.kill");
    let tried = || Command::new(&test[0]).args(&test[1..]).current_dir(project.path()).output();
    if !can("a cgroup of our own", around.is_some() && tried().is_ok_and(|output| output.status.success())) {
        return;
    }
    let start = inside(&format!("{} start -t 200ms --exit-on=never", env!("CARGO_BIN_EXE_ganger")));
    let mut running = wrapped(&project, &start.iter().map(String::as_str).collect::<Vec<_>>());
    let own = format!("0::/ganger-{}", running.pid());
    running.lines(&["| stubborn", &own]);
    // Other tests have folders there, which end otherwise.
    let is_of_monitor = |name: &str| {
        name.strip_prefix("ganger-").is_some_and(|pid| pid.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let mounted = format!("/proc/{}/root/sys/fs/cgroup", running.pid());
    let names =
        std::fs::read_dir(mounted).unwrap().map(|of| of.unwrap().file_name().to_string_lossy().into_owned());
    let folders: Vec<String> = names.filter(|name| is_of_monitor(name)).collect();
    assert_eq!(folders, [format!("ganger-{}", running.pid())]);
    kill(Pid::from_raw(running.worker()), Signal::SIGKILL).unwrap();
    let (status, lines) = running.end();
    assert_eq!(status.code(), Some(137), "{lines:?}");
}

#[test]
fn a_process_of_another_user_is_named_and_the_status_is_not_0() {
    let project = Project::new(
        "root: ./become --reuid=0 --regid=0 --clear-groups ./probe touch began + wait\nweb: cat began\n",
    );
    let copy = |from: &str, name: &str, mode: &str| install(from, &project.path().join(name), mode);
    let folder = std::fs::set_permissions(project.path(), PermissionsExt::from_mode(0o755));
    let made = folder.is_ok()
        && copy(env!("CARGO_BIN_EXE_ganger"), "ganger", "755")
        && copy(env!("CARGO_BIN_EXE_probe"), "probe", "755")
        && copy("/usr/bin/setpriv", "become", "4755");
    let is_root = nix::unistd::geteuid().is_root();
    let unprivileged = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    let become_root =
        [unprivileged.as_slice(), &["./become", "--reuid=0", "--regid=0", "--clear-groups", "true"]].concat();
    let is_possible =
        || Command::new(become_root[0]).args(&become_root[1..]).current_dir(project.path()).output();
    let is_possible = made && is_root && is_possible().is_ok_and(|output| output.status.success());
    if !can("a set-uid program in a temporary folder", is_possible) {
        return;
    }
    std::os::unix::fs::chown(project.runtime(), Some(65534), Some(65534)).unwrap();
    mkfifo(&project.path().join("began"), Mode::from_bits_truncate(0o644)).unwrap();
    let start = ["./ganger", "start", "-t", "100ms", "--exit-on=web"];
    let mut running = wrapped(&project, &[unprivileged.as_slice(), &start].concat());
    running.line("cannot end probe (pid ");
    let status = running.wait();
    assert_eq!(status.code(), Some(125));
    let left = running.mark().processes();
    assert_eq!(
        left.iter().map(|(_, line)| line.as_str()).collect::<Vec<_>>(),
        ["./probe touch began + wait"]
    );
}
