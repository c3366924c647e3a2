//! Promised: `events` on the control socket tells how the instances are, and then what becomes of them, as it happens.

use std::io::{BufRead, BufReader, Lines, Write};
use std::os::unix::net::UnixStream;

use serde_json::Value;

use crate::harness::{PATIENCE, Project};
use crate::schema::check;

/// A client that follows.
struct Follower(Lines<BufReader<UnixStream>>);

impl Follower {
    fn new(project: &Project, fields: &str) -> Self {
        let mut stream = UnixStream::connect(project.socket()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        writeln!(stream, r#"{{"version":1,"id":3,"request":"events"{fields}}}"#).unwrap();
        Self(BufReader::new(stream).lines())
    }

    fn answer(&mut self) -> Value {
        let answer: Value = serde_json::from_str(&self.0.next().unwrap().unwrap()).unwrap();
        assert_eq!(answer["id"], 3, "{answer}");
        answer
    }

    /// `exited web.1` of the next event, and the event.
    fn event(&mut self) -> (String, Value) {
        let event = self.answer()["event"].take();
        check("docs/schema/event.json", &event);
        let text = |name: &str| event[name].as_str().unwrap().to_owned();
        (format!("{} {}", text("event"), text("process")), event)
    }
}

#[test]
fn a_client_hears_how_it_is_and_what_becomes_of_it_until_the_end() {
    let project = Project::new("web: probe print armed + wait\nworker: probe print armed + wait\n").file(
        "ganger.toml",
        "exit-on = \"never\"\n[process.web]\nready = \"log:armed\"\nrestart = \"on-failure\"\n",
    );
    let running = project.start_until(&["--no-port"], &["web.1 ready", "worker.1 | armed"]);
    let mut all = Follower::new(&project, "");
    let mut of_worker = Follower::new(&project, r#","names":["work*"]"#);
    let (first, event) = all.event();
    assert_eq!(first, "ready web.1");
    let pid = event["pid"].as_i64().unwrap();
    // It may have run for a second by then.
    let (second, _) = all.event();
    assert!(["started worker.1", "ready worker.1"].contains(&second.as_str()), "{second}");
    if second.starts_with("started") {
        assert_eq!(all.event().0, "ready worker.1");
    }
    assert_eq!(project.run(&["kill", "-s", "KILL", "web"]).0, 0);
    let (third, event) = all.event();
    assert_eq!((third.as_str(), &event["signal"]), ("exited web.1", &"SIGKILL".into()));
    assert_eq!((event["pid"].as_i64(), &event["failed"]), (Some(pid), &true.into()));
    assert!(event["again_in_seconds"].is_number(), "{event}");
    let (fourth, event) = all.event();
    assert_eq!((fourth.as_str(), &event["restarts"]), ("started web.1", &1.into()));
    assert_eq!(all.event().0, "ready web.1");
    assert_eq!(project.run(&["scale", "web=0"]).0, 0);
    let (fifth, event) = all.event();
    assert_eq!((fifth.as_str(), &event["removed"]), ("exited web.1", &true.into()));
    assert!(event.get("failed").is_none(), "{event}");
    assert_eq!(project.run(&["down"]).0, 0);
    assert_eq!(all.event().0, "exited worker.1");
    assert!(all.answer()["done"].is_object());
    // The other client hears of its instances alone.
    let mut heard = Vec::new();
    let end = loop {
        let mut answer = of_worker.answer();
        if answer.get("event").is_none() {
            break answer;
        }
        heard.push(answer["event"]["process"].take());
    };
    assert!(end["done"].is_object() && heard.iter().all(|name| name == "worker.1"), "{heard:?}");
    running.end();
}

#[test]
fn a_name_of_no_instance_is_refused_and_a_client_that_goes_away_does_no_harm() {
    let project = Project::new("web: probe print armed + wait\n");
    let running = project.start_until(&["--no-port"], &["armed"]);
    let refusal = Follower::new(&project, r#","names":["wbe"]"#).answer();
    assert_eq!(refusal["failed"]["kind"], "unknown_name", "{refusal}");
    for _ in 0..3 {
        drop(Follower::new(&project, ""));
        assert_eq!(project.run(&["restart", "web"]).0, 0);
    }
    let mut follower = Follower::new(&project, "");
    assert_eq!(follower.event().1["restarts"], 3);
    assert_eq!(project.run(&["down"]).0, 0);
    running.end();
}
