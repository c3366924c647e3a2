//! SIGKILL at any moment, to either half or to the monitor's group: nothing is left.

use std::os::unix::process::CommandExt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::harness::{PATIENCE, Project, Running, holds};

/// Ten: quiet, stubborn, daemons of both kinds, shells with jobs.
const STACK: &str = "\
quiet: probe trap TERM bye 0 + wait
stubborn: probe ignore TERM INT HUP + wait
daemon: probe daemon + ignore TERM + wait
polite: probe daemon + wait
shell: sleep 300 & sleep 301
chatty: while :; do echo tick; sleep 0.05; done
";
const FORMATION: &str = "quiet=2,stubborn=2,daemon=2,polite=1,shell=2,chatty=1";
const STARTS: [&str; 6] = ["start", "-t", "300ms", "--exit-on=never", "-m", FORMATION];

const ROUNDS: u32 = 200;
const THREADS: u32 = 4;

/// Numbers that are the same in every run (Marsaglia's xorshift), so that a failure can be seen again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// A stack at a random moment of its start or soon after: so many lines are waited for, however slow the machine is, and
/// then a part of what comes between two of them.
fn at_a_moment(project: &Project, dice: &mut Dice) -> (Running, String) {
    let mut command = project.ganger(&STARTS);
    command.process_group(0);
    let mut running = Running::start(command);
    let lines = dice.below(20);
    for _ in 0..lines {
        running.line("");
    }
    let moment = Duration::from_micros(dice.below(20_000));
    // It does not end by itself, so this waits for the moment.
    running.all_gone_within(moment);
    (running, format!("{lines} lines and {moment:?}"))
}

/// The worker, if it is there by now.
fn worker_of(running: &Running) -> Option<i32> {
    let file = format!("/proc/{0}/task/{0}/children", running.pid());
    std::fs::read_to_string(file).ok()?.split_whitespace().next()?.parse().ok()
}

/// One round; how many processes were alive when the kill came.
fn round(number: u32) -> usize {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ (u64::from(number) << 20 | 1));
    dice.below(2);
    let project = Project::new(STACK);
    let (mut running, moment) = at_a_moment(&project, &mut dice);
    let alive = running.mark().processes().len();
    let monitor = Pid::from_raw(running.pid());
    let victim = match (number % 3, worker_of(&running)) {
        (1, Some(worker)) => {
            let _ = kill(Pid::from_raw(worker), Signal::SIGKILL);
            "the worker"
        }
        (2, _) => {
            let _ = killpg(monitor, Signal::SIGKILL);
            "the monitor's group"
        }
        (_, _) => {
            let _ = kill(monitor, Signal::SIGKILL);
            "the monitor"
        }
    };
    let is_gone = running.all_gone_within(PATIENCE);
    let left = running.mark().processes();
    assert!(is_gone && left.is_empty(), "round {number}, {victim} after {moment}: {left:?}");
    running.wait();
    alive
}

#[test]
fn nothing_survives_a_kill_of_one_half_at_any_moment() {
    let alive = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let alive = &alive;
            scope.spawn(move || {
                for number in (thread..ROUNDS).step_by(THREADS as usize) {
                    alive.fetch_add(u32::try_from(round(number)).unwrap(), Ordering::Relaxed);
                }
            });
        }
    });
    let alive = alive.into_inner();
    eprintln!("{ROUNDS} kills, {alive} processes alive at the kill, 0 left");
    assert!(alive > ROUNDS, "hardly anything ran: no test");
}

#[test]
fn what_survives_a_kill_of_both_is_swept_by_the_next_start() {
    let mut survived = 0;
    for number in 0..16 {
        let mut dice = Dice(0xd1b5_4a32_d192_ed03 ^ (number << 20 | 1));
        dice.below(2);
        let project = Project::new(STACK);
        let (mut running, _) = at_a_moment(&project, &mut dice);
        let worker = worker_of(&running);
        let _ = kill(Pid::from_raw(running.pid()), Signal::SIGKILL);
        if let Some(worker) = worker {
            let _ = kill(Pid::from_raw(worker), Signal::SIGKILL);
            assert!(holds(|| !std::path::Path::new(&format!("/proc/{worker}/exe")).exists()));
        }
        running.wait();
        survived += running.mark().processes().len();
        let project = project.file("Procfile", "web: probe exit 0\n");
        let (status, lines) = project.start(&["--sweep", "-t", "200ms"]).end();
        assert_eq!(status.code(), Some(0), "{lines:?}");
        assert_eq!(running.mark().processes(), [], "round {number}");
    }
    eprintln!("16 double kills, {survived} processes survived them, 0 the next start");
    assert!(survived > 16, "hardly anything survived: no test");
}
