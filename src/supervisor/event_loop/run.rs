//! Runs a plan to its end, as a pair of processes: monitor and worker.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use tokio::runtime;
use tokio::task::LocalSet;

use crate::exit::{FAILED, Outcome};
use crate::plan::Plan;
use crate::process::limits::OpenFiles;
use crate::process::log_stderr::StderrLog;
use crate::process::monitor::{MonitorOptions, WorkerExit, during, watch_over};
use crate::process::session::Sessions;
use crate::supervisor::channel::clock::Clock;
use crate::supervisor::event_loop::finish::finish;
pub(crate) use crate::supervisor::event_loop::settings::StartSettings;
use crate::supervisor::event_loop::supervisor::{Supervisor, WorkerContext};
use crate::supervisor::requests::replan::PlanSource;

/// Runs the plan to its end. Two processes return from here: the outcome of the monitor is that of ganger. Plans for a running
/// stack come from `source`.
pub(crate) fn start(plan: Plan, source: PlanSource, mut settings: StartSettings) -> Outcome {
    let clock = Clock::start();
    // Before the fork: in a PID namespace of its own, the worker could not find it out.
    let pid = std::process::id().cast_signed();
    let grace = longest_stop(&plan);
    let keyboard = settings.keyboard;
    let log = Rc::new(StderrLog::open());
    let say = |line: &str| log.log(line);
    let parents = std::mem::take(&mut settings.parents);
    let isolate = settings.isolate;
    let watch =
        MonitorOptions { grace, isolate, keyboard, parents: &parents, now: &|| clock.now(), log: &say };
    let pair = watch_over(&watch, |pipes, inherited| {
        let context = WorkerContext { pipes, inherited, pid, log: Rc::clone(&log) };
        work((plan, source), settings, clock, context)
    });
    let outcome = pair.unwrap_or_else(|error| {
        log.log(&format!("cannot start: {error}"));
        Outcome::Status(FAILED)
    });
    // In both processes: each has lines of its own.
    log.finish();
    outcome
}

/// How long a stop may take before SIGKILL: the longest grace; in an ordered stop, that of one type after the other.
fn longest_stop(plan: &Plan) -> Duration {
    let longest = plan.instances.iter().map(|spec| spec.grace).max().unwrap_or_default();
    if !plan.policy.ordered_stop {
        return longest;
    }
    let types = plan.processes.iter().filter(|process| process.count > 0).count();
    longest.saturating_mul(u32::try_from(types).unwrap_or(u32::MAX))
}

/// The worker: runs the event loop.
fn work(
    (plan, source): (Plan, PlanSource),
    settings: StartSettings,
    clock: Clock,
    context: WorkerContext<'_>,
) -> WorkerExit {
    let log = Rc::clone(&context.log);
    let root = settings.pseudo_terminals.then(|| plan.root.clone());
    let (sessions, (mut plan, source, mut settings)) =
        Sessions::begin(root.as_deref(), context.inherited, (plan, source, settings));
    let run = || -> io::Result<WorkerExit> {
        settings.run = settings.run.in_worker()?;
        plan.mark(&settings.run.to_string());
        let limit = OpenFiles::inherited().map_err(during("getrlimit"))?.raised();
        limit.check(plan.instances.len()).map_err(io::Error::other)?;
        std::env::set_current_dir(&plan.root)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", plan.root.display())))?;
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(during("cannot make the event loop"))?;
        let context = (context, limit, sessions);
        let tasks = LocalSet::new();
        // Each future that a future is moved into has room for it twice, and all of that would be touched.
        let worker_exit = tasks.block_on(
            &runtime,
            Box::pin(async {
                let mut supervisor = Box::new(Supervisor::open((plan, source), settings, clock, context)?);
                let outcome = supervisor.run().await;
                Ok(finish(supervisor, outcome).await)
            }),
        );
        // This process ends now, which closes all that they hold in less time.
        std::mem::forget((tasks, runtime));
        worker_exit
    };
    run().unwrap_or_else(|error| {
        log.log(&error.to_string());
        // The processes that were started fall to the monitor, which stops them.
        WorkerExit { outcome: Outcome::Status(FAILED), has_survivors: false }
    })
}
