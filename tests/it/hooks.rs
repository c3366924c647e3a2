//! Promised: `on-crash` and `on-ready` of ganger.toml run a command with the JSON of the event on its standard input. It holds
//! nothing up but the end of the stack, within the grace; it is bounded in time and in what is printed of it; nothing of it stays.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::harness::{Project, holds};
use crate::schema::check;

/// The event that a hook has written into this file of the project.
fn event(project: &Project, file: &str) -> Value {
    let path = project.path().join(file);
    let read = || std::fs::read(&path).ok().and_then(|text| serde_json::from_slice::<Value>(&text).ok());
    assert!(holds(|| read().is_some()), "no event in {file}");
    let event = read().unwrap();
    check("docs/schema/event.json", &event);
    event
}

/// The process whose id is in this file.
fn process(project: &Project, file: &str) -> i32 {
    let path = project.path().join(file);
    let read = || std::fs::read_to_string(&path).ok().and_then(|text| text.trim().parse().ok());
    assert!(holds(|| read().is_some()), "no process in {file}");
    read().unwrap()
}

fn is_alive(pid: i32) -> bool {
    kill(Pid::from_raw(pid), None).is_ok()
}

#[test]
fn a_crash_that_ends_the_stack_runs_its_hook_with_the_event_and_the_last_lines() {
    let project = Project::new("web: probe print one + print two + exit 3\n")
        .file("ganger.toml", "on-crash = \"cat > event; echo $PS $PORT $GANGER_INSTANCE-\"\n");
    let running = project.start(&["-p", "4321"]);
    let (status, lines) = running.end();
    assert_eq!(status.code(), Some(3));
    // The environment is that of the instance, but for the mark by which a process belongs to it.
    assert!(lines.iter().any(|line| line.contains("on-crash of web.1: web.1 4321 -")), "{lines:#?}");
    let event = event(&project, "event");
    assert_eq!((&event["event"], &event["process"]), (&"exited".into(), &"web.1".into()));
    assert_eq!((&event["type"], &event["port"]), (&"web".into(), &4321.into()));
    assert_eq!((&event["exit_status"], &event["failed"]), (&3.into(), &true.into()));
    assert_eq!((&event["restarts"], &event["lines"]), (&0.into(), &serde_json::json!(["one", "two"])));
    assert!(event["pid"].is_i64() && event["seconds"].is_number(), "{event}");
}

#[test]
fn a_restart_counts_and_a_type_has_a_hook_of_its_own() {
    let toml = "restart = \"on-failure\"\non-crash = \"cat > other\"\n\
                [process.web]\non-crash = \"cat > event-$(cat restarts)\"\non-ready = \"\"\n";
    let project =
        Project::new("web: sh crash\nworker: probe print armed + wait\n").file("ganger.toml", toml).file(
            "crash",
            "n=$(cat runs 2>/dev/null || echo 0); echo $n > restarts; echo $((n + 1)) > runs; \
         test $n = 2 || kill -9 $$; exec probe print armed + wait\n",
        );
    let mut running = project.start(&["--no-port"]);
    running.lines(&["web.1    | armed"]);
    let second = event(&project, "event-1");
    assert_eq!((&second["restarts"], &second["signal"]), (&1.into(), &"SIGKILL".into()));
    assert!(second["again_in_seconds"].is_number() && second.get("port").is_none(), "{second}");
    assert_eq!(project.run(&["down"]).0, 0);
    running.end();
    assert!(!project.path().join("other").exists());
}

#[test]
fn an_instance_that_is_ready_runs_its_hook() {
    let project = Project::new("web: python3 -m http.server $PORT\nworker: probe print armed + wait\n")
        .file("ganger.toml", "on-ready = \"cat > event-$PS; echo told\"\n");
    let mut running = project.start(&["--port", "auto"]);
    running.lines(&["on-ready of web.1: told", "on-ready of worker.1: told"]);
    let web = event(&project, "event-web.1");
    let url = format!("http://localhost:{}", web["port"]);
    assert_eq!((&web["event"], &web["url"]), (&"ready".into(), &url.into()));
    // It has no probe: it has run for a second.
    let worker = event(&project, "event-worker.1");
    assert!(worker["event"] == "ready" && worker["seconds"].as_f64() >= Some(1.0), "{worker}");
    assert_eq!(project.run(&["down"]).0, 0);
    running.end();
}

#[test]
fn a_request_to_stop_is_no_crash() {
    let project = Project::new("web: probe print armed + wait\nworker: probe print armed + wait\n")
        .file("ganger.toml", "on-crash = \"touch crashed\"\n");
    let running = project.start_until(&["--no-port"], &["web.1    | armed", "worker.1 | armed"]);
    assert_eq!(project.run(&["stop", "web"]).0, 0);
    assert_eq!(project.run(&["down"]).0, 0);
    running.end();
    assert!(!project.path().join("crashed").exists());
}

#[test]
fn a_hook_that_hangs_is_killed_with_its_group_and_holds_nothing_up() {
    // The next run of it fails at once.
    let toml = "on-crash = \"test -e hook && echo again && exit 1; echo $$ > hook; probe wait & echo $! > child; wait\"\n\
                hook-timeout = \"5\"\nexit-on = \"never\"\n";
    let project = Project::new("web: probe print armed + exit 1\nworker: probe print armed + wait\n")
        .file("ganger.toml", toml);
    let mut running = project.start(&["--no-port"]);
    let (hook, child) = (process(&project, "hook"), process(&project, "child"));
    // Meanwhile the stack answers.
    assert_eq!(project.run(&["restart", "worker"]).0, 0);
    running.line("warning: on-crash of web.1 was killed after 5 s (hook-timeout)");
    assert!(holds(|| !is_alive(hook) && !is_alive(child)), "{hook} {child}");
    // A failing hook is reported once.
    assert_eq!(project.run(&["start", "web"]).0, 0);
    running.line("on-crash of web.1: again");
    assert_eq!(project.run(&["down"]).0, 0);
    let (_, lines) = running.end();
    let reported = |line: &&String| line.contains("warning: on-crash of web.1");
    assert!(
        !lines.iter().skip_while(|line| !line.contains("again")).any(|line| reported(&line)),
        "{lines:#?}"
    );
}

#[test]
fn a_hook_is_over_though_its_output_ends_a_moment_after_it() {
    let toml = "on-crash = \"probe pause 50 & exit 3\"\nexit-on = \"never\"\n";
    let project =
        Project::new("web: probe exit 1\nworker: probe print armed + wait\n").file("ganger.toml", toml);
    let mut running = project.start(&["--no-port"]);
    running.line("warning: on-crash of web.1 exited with status 3");
    assert_eq!(project.run(&["down"]).0, 0);
    running.end();
}

#[test]
fn a_hook_that_hangs_has_the_grace_at_the_end_of_the_stack() {
    let project = Project::new("web: probe print armed + exit 1\n").file(
        "ganger.toml",
        "on-crash = \"echo $$ > hook; exec probe ignore TERM + wait\"\ntimeout = \"4\"\n",
    );
    let (status, lines) = project.start(&["--no-port"]).end();
    assert_eq!(status.code(), Some(1), "{lines:#?}");
    assert!(!is_alive(process(&project, "hook")));
}

#[test]
fn a_hook_that_is_missing_is_reported_once() {
    let toml = "on-crash = \"nowhere-to-be-found\"\nexit-on = \"never\"\n";
    let project =
        Project::new("web: probe exit 1\nworker: probe print armed + wait\n").file("ganger.toml", toml);
    let mut running = project.start(&["--no-port"]);
    running.lines(&[
        "not found",
        "warning: on-crash of web.1 exited with status 127; further failures of on-crash of web are not reported",
    ]);
    assert_eq!(project.run(&["start", "web"]).0, 0);
    running.line("not found");
    assert_eq!(project.run(&["down"]).0, 0);
    let (_, lines) = running.end();
    assert_eq!(lines.iter().filter(|line| line.contains("status 127;")).count(), 1, "{lines:#?}");
}

#[test]
fn of_a_megabyte_of_output_the_beginning_is_printed() {
    let toml = "on-crash = \"yes abcdefghi | head -c 1000000; touch done\"\nexit-on = \"never\"\n";
    let project =
        Project::new("web: probe exit 1\nworker: probe print armed + wait\n").file("ganger.toml", toml);
    let mut running = project.start(&["--no-port"]);
    running.line("on-crash of web.1: (the rest of its output is left out)");
    assert!(project.path().join("done").exists(), "the hook is not held up by what is not printed");
    assert_eq!(project.run(&["down"]).0, 0);
    let (_, lines) = running.end();
    assert_eq!(lines.iter().filter(|line| line.contains("abcdefghi")).count(), 100);
}

#[test]
fn a_hook_that_does_not_read_and_one_that_leaves_a_process_hold_nothing_up() {
    let toml = "on-crash = \"exec <&-; probe wait & echo $! > left; echo told\"\nexit-on = \"never\"\n";
    let project =
        Project::new("web: probe exit 1\nworker: probe print armed + wait\n").file("ganger.toml", toml);
    let mut running = project.start(&["--no-port"]);
    running.line("on-crash of web.1: told");
    let left = process(&project, "left");
    assert!(is_alive(left));
    assert_eq!(project.run(&["down"]).0, 0);
    running.end();
    // Without a subreaper it is process 1 that reaps it, in its own time.
    assert!(if cfg!(portable) { holds(|| !is_alive(left)) } else { !is_alive(left) });
}

#[test]
fn many_hooks_run_four_at_a_time() {
    let toml = "exit-on = \"never\"\ntimeout = \"1\"\non-crash = \"probe print begun + wait\"\n";
    let project =
        Project::new("web: probe exit 1\nworker: probe print armed + wait\n").file("ganger.toml", toml);
    let mut running = project.start(&["--no-port", "-m", "web=7,worker=1"]);
    for _ in 0..4 {
        running.line("begun");
    }
    assert_eq!(project.run(&["logs", "--lines", "1", "worker"]).0, 0);
    let (status, document) = project.json(&["down", "--json"]);
    assert_eq!(status, 0, "{document}");
    let (_, lines) = running.end();
    assert_eq!(lines.iter().filter(|line| line.contains("begun")).count(), 4, "{lines:#?}");
}

#[test]
fn sigkill_of_ganger_leaves_no_hook() {
    for is_worker in [false, true] {
        let toml = "exit-on = \"never\"\non-crash = \"echo $$ > hook; exec probe wait\"\n";
        let project =
            Project::new("web: probe exit 1\nworker: probe print armed + wait\n").file("ganger.toml", toml);
        let mut running = project.start(&["--no-port"]);
        running.line("worker.1 | armed");
        let hook = process(&project, "hook");
        let victim = if is_worker { running.worker() } else { running.pid() };
        kill(Pid::from_raw(victim), Signal::SIGKILL).unwrap();
        running.wait();
        assert!(holds(|| !is_alive(hook)), "worker: {is_worker}");
        assert!(holds(|| running.mark().processes().is_empty()));
    }
}
