//! Promised: an instance is reported ready when it is, by every kind of probe, and never because of another program; types that wait
//! for it start then, and not before; what is missing is reported.
//!
//! Real servers. Nothing is measured here.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;

use crate::harness::{Ports, Project, Running, are_there, can};

/// A server in Python: `socket` is made as these words say, after so many seconds.
fn server(words: &str, seconds: &str) -> String {
    format!(
        "import os, socket, sys, time\nport = int(os.environ['PORT'])\ntime.sleep({seconds})\n{words}\n\
         s.listen()\nprint('listens', flush=True)\nwhile True: s.accept()[0].close()\n"
    )
}

const PLAIN: &str = "s = socket.create_server(('127.0.0.1', port))";

/// Starts it on ports that are its own while it runs.
fn start(project: &Project, arguments: &[&str]) -> (Ports, Running) {
    let ports = Ports::claim();
    let running = project.start(&[&["-p", &ports.base()], arguments].concat());
    (ports, running)
}

fn end(running: Running) -> Vec<String> {
    running.signal(Signal::SIGTERM);
    running.end().1
}

#[test]
fn a_web_is_ready_when_its_own_tree_listens_on_its_port_however_it_does() {
    if !are_there(&["python3"]) {
        return;
    }
    let table = [
        ("plain", PLAIN, "0"),
        ("slow", PLAIN, "1.2"),
        (
            "ipv6 only",
            "s = socket.socket(socket.AF_INET6)\ns.setsockopt(41, 26, 1)\ns.bind(('::1', port))",
            "0",
        ),
        (
            "SO_REUSEPORT",
            "s = socket.socket()\ns.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)\ns.bind(('', port))",
            "0",
        ),
        ("fork after bind", &format!("{PLAIN}\nif os.fork(): os.close(s.detach()); os.wait()"), "0"),
        ("in a daemon", &format!("{PLAIN}\nif os.fork(): s.close(); time.sleep(99)\nos.setsid()"), "0"),
    ];
    for (what, words, seconds) in table {
        let project = Project::new("web: python3 server.py\n").file("server.py", &server(words, seconds));
        let (_ports, mut running) = start(&project, &[]);
        let line = running.line_where(what, |line| line.contains(" ready "));
        assert!(line.starts_with("ganger | web.1 ready on http://localhost:"), "{what}: {line}");
        let said = end(running);
        assert_eq!(said.iter().filter(|line| line.contains(" ready ")).count(), 1, "{what}: {said:?}");
    }
}

#[test]
fn another_program_on_the_same_port_does_not_count() {
    if !are_there(&["python3"]) {
        return;
    }
    let ports = Ports::claim();
    let (base, port) = (ports.base(), ports.at(0, 1));
    let another = TcpListener::bind(("127.0.0.1", port)).unwrap();
    // It waits until the other program is gone.
    let words = "while True:\n  try:\n    s = socket.create_server(('127.0.0.1', port)); break\n  \
                 except OSError: time.sleep(0.05)";
    for ready in ["listen", "http:/"] {
        let answer = "import http.server as h\nprint('tries', flush=True)\n".to_owned()
            + &server(words, "0").replace("while True: s.accept()[0].close()\n", "")
            + "s.close()\nh.HTTPServer(('127.0.0.1', port), h.SimpleHTTPRequestHandler).serve_forever()\n";
        let project = Project::new("web: python3 server.py\njob: sleep 99\nlate: python3 late.py\n")
            .file("server.py", &answer);
        let late = "import os, time\nwhile not os.path.exists('go'): time.sleep(0.05)\n".to_owned()
            + &server(PLAIN, "0");
        let project = project.file("late.py", &late).file(
            "ganger.toml",
            &format!(
                "[process.web]\nready = \"{ready}\"\n[process.late]\nready = \"listen\"\n\
                 [process.job]\nafter = [\"web\"]\n"
            ),
        );
        // Until the test itself connects and sends a line, when all has been seen.
        let answers = another.try_clone().unwrap();
        let answering = std::thread::spawn(move || {
            loop {
                let mut stream = answers.accept().unwrap().0;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
                if BufReader::new(stream)
                    .lines()
                    .next()
                    .is_some_and(|line| line.is_ok_and(|line| line == "enough"))
                {
                    return;
                }
            }
        });
        let mut running = project.start(&["-p", &base]);
        running.lines(&["tries", "ganger | job.1 waits for web.1: "]);
        // A look that finds what came later has seen this one too.
        project.write("go", "");
        running.line("late.1 ready on ");
        TcpStream::connect(("127.0.0.1", port)).unwrap().write_all(b"enough\n").unwrap();
        answering.join().unwrap();
        let said = end(running);
        let is_fooled = |line: &String| line.contains("web.1 ready") || line.contains("job.1 started");
        assert!(!said.iter().any(is_fooled), "{ready}: {said:?}");
    }
}

#[test]
fn every_other_sign_of_being_ready_is_understood() {
    if !are_there(&["python3"]) {
        return;
    }
    let project = Project::new(
        "web: python3 health.py\nlog: probe print early + print up in 3 ms + wait\n\
         cmd: sh -c 'sleep 0.3; touch done; sleep 99'\nnotify: python3 notify.py\nother: python3 other.py\n\
         last: probe print last + wait\n",
    )
    .file(
        "health.py",
        "import http.server as h, os\nclass H(h.BaseHTTPRequestHandler):\n  n = 0\n  def do_GET(self):\n    H.n += 1\n    \
         self.send_response(200 if H.n > 2 and self.path == '/health' else 503)\n    self.end_headers()\n\
         h.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), H).serve_forever()\n",
    )
    .file(
        "notify.py",
        "import os, socket, time\ns = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n\
         s.connect('\\0' + os.environ['NOTIFY_SOCKET'][1:])\ns.send(b'STATUS=READY=1')\ntime.sleep(0.3)\n\
         s.send(b'STATUS=up\\nREADY=1')\nprint('notified', flush=True)\ntime.sleep(99)\n",
    )
    .file("other.py", &server("s = socket.create_server(('127.0.0.1', port + 1))", "0"))
    .file(
        "ganger.toml",
        "[process.web]\nready = \"http:/health\"\n[process.log]\nready = \"log:up in \\\\d+ ms\"\n[process.cmd]\n\
         ready = \"cmd:test -e done\"\n[process.notify]\nready = \"notify\"\n[process.last]\n\
         after = [\"web\", \"log\", \"cmd\", \"notify\"]\n",
    );
    let (_ports, mut running) = start(&project, &[]);
    running.lines(&[
        "web.1 ready on http://",
        "log.1 ready after",
        "cmd.1 ready after",
        "notify.1 ready after",
    ]);
    running.line("| last");
    let said = end(running);
    let place = |text: &str| said.iter().position(|line| line.contains(text)).unwrap();
    let started = place("last.1 started");
    for name in ["web.1", "log.1", "cmd.1", "notify.1"] {
        assert!(place(&format!("{name} ready")) < started, "{name}: {said:?}");
    }
}

#[test]
fn another_process_cannot_notify_for_an_instance() {
    if !are_there(&["python3"]) {
        return;
    }
    let project = Project::new("web: probe wait\nspy: python3 spy.py\n")
        .file(
            "spy.py",
            "import os, re, socket, subprocess, time\nown = os.environ['NOTIFY_SOCKET'][1:]\n\
             other = re.sub('-1$', '-0', own)\ns = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n\
             s.sendto(b'READY=1', '\\0' + other)\nprint('lied', flush=True)\ns.sendto(b'READY=1', '\\0' + own)\n\
             time.sleep(99)\n",
        )
        .file("ganger.toml", "[process.web]\nready = \"notify\"\n[process.spy]\nready = \"notify\"\n");
    let (_ports, mut running) = start(&project, &[]);
    running.lines(&["lied", "spy.1 ready after"]);
    let said = end(running);
    assert!(!said.iter().any(|line| line.contains("web.1 ready")), "{said:?}");
}

#[test]
fn a_probe_can_have_its_port_from_a_variable() {
    if !are_there(&["python3"]) {
        return;
    }
    let ports = Ports::claim();
    let own = ports.at(0, 50);
    let words = PLAIN.replace("port)", "int(os.environ['PGPORT']))");
    let project = Project::new("db: python3 server.py\n")
        .file("server.py", &server(&words, "0"))
        .file(".env", &format!("PGPORT={own}\n"))
        .file("ganger.toml", "[process.db]\nready = \"listen:$PGPORT\"\n");
    let mut running = project.start(&["-p", &ports.base()]);
    running.line(&format!("db.1 ready on port {own}"));
    end(running);
}

#[test]
fn who_is_not_ready_in_time_is_stopped_and_its_command_goes_with_it() {
    let project = Project::new("db: probe wait\nweb: probe wait\n").file(
        "ganger.toml",
        "[process.db]\nready = \"cmd:sleep 60 & sleep 60\"\nready-timeout = \"300ms\"\n[process.web]\nafter = \"db\"\n",
    );
    let (_ports, running) = start(&project, &[]);
    let (status, said) = running.end();
    let late = "ganger | db.1 is not ready within 0.3 s: `sleep 60 & sleep 60` does not exit with status 0: stopping it";
    assert!(said.iter().any(|line| line == late), "{said:?}");
    assert!(
        !said.iter().any(|line| line.contains("web.1 started") || line.contains("that it started")),
        "{said:?}"
    );
    assert_ne!(status.code(), Some(0));
}

#[test]
fn a_one_shot_is_waited_for_and_its_success_is_no_end() {
    let project = Project::new("web: probe print serving + wait\nseed: probe print seeding + exit 0\n")
        .file("ganger.toml", "[process.web]\nafter = [\"seed\"]\n[process.seed]\nonce = true\n");
    let (_ports, mut running) = start(&project, &[]);
    running.line("| serving");
    let said = end(running);
    let place = |text: &str| said.iter().position(|line| line.contains(text)).unwrap();
    assert!(place("seed.1 exited with status 0") < place("web.1 started"), "{said:?}");
    let failing = Project::new("web: probe wait\nseed: probe exit 3\n")
        .file("ganger.toml", "[process.web]\nafter = [\"seed\"]\n[process.seed]\nonce = true\n");
    let (_ports, running) = start(&failing, &[]);
    let (status, said) = running.end();
    assert_eq!(status.code(), Some(3), "{said:?}");
    assert!(!said.iter().any(|line| line.contains("web.1 started")), "{said:?}");
}

#[test]
fn a_type_stops_before_those_that_it_came_after() {
    let project = Project::new(
        "web: probe print up + trap TERM bye 0 + wait\ndb: probe print up + trap TERM bye 0 + wait\n",
    )
    .file("ganger.toml", "[process.web]\nafter = [\"db\"]\n");
    let (_ports, mut running) = start(&project, &[]);
    running.line("web.1  | ready");
    let said = end(running);
    let place = |text: &str| said.iter().position(|line| line.contains(text)).unwrap();
    assert!(place("web.1 exited") < place("db.1   | bye"), "{said:?}");
}

/// `db` has the signal although `web`, which came after it, does not end.
#[test]
fn without_an_ordered_stop_all_have_the_signal_at_once() {
    let procfile =
        "web: probe print up + trap TERM no 99 + wait\ndb: probe print up + trap TERM bye 0 + wait\n";
    let after = "[process.web]\nafter = [\"db\"]\n";
    for (toml, flag) in [("ordered-stop = false\n", None), ("", Some("--ordered-stop=false"))] {
        let project = Project::new(procfile).file("ganger.toml", &format!("{toml}{after}"));
        let flags: Vec<&str> = ["-t", "1h"].into_iter().chain(flag).collect();
        let (_ports, mut running) = start(&project, &flags);
        running.line("web.1  | ready");
        running.signal(Signal::SIGTERM);
        running.lines(&["web.1  | no", "db.1   | bye"]);
        // A second signal does not wait for the grace.
        running.signal(Signal::SIGQUIT);
        let (_, said) = running.end();
        assert!(said.iter().any(|line| line.contains("web.1 killed by SIGKILL")), "{said:?}");
    }
}

/// A server that is installed: its Procfile line, and what else must be there.
fn real(name: &str, procfile: &str, files: &[(&str, &str)], toml: &str, sign: &str) {
    if !are_there(&[name]) {
        return;
    }
    let project =
        files.iter().fold(Project::new(procfile).file("ganger.toml", toml), |project, (name, text)| {
            project.file(name, text)
        });
    let (_ports, mut running) = start(&project, &["-t", "60"]);
    let line = running.line_where(sign, |line| line.contains(" ready "));
    assert!(line.contains(sign), "{line}");
    end(running);
}

#[test]
fn real_servers_become_ready_by_their_port() {
    let app = "def app(e, s):\n  s('200 OK', [])\n  return [b'x']\n";
    real(
        "gunicorn",
        "web: gunicorn -b 127.0.0.1:$PORT app:app\n",
        &[("app.py", app)],
        "",
        "http://localhost:",
    );
    let node = "require('http').createServer((q, r) => r.end('x')).listen(process.env.PORT)\n";
    real("node", "web: node app.js\n", &[("app.js", node)], "", "http://localhost:");
    let redis = "redis: redis-server --port $PORT --save '' --appendonly no\n";
    real("redis-server", redis, &[], "", "redis.1 ready on http://localhost:");
    let nginx =
        "web: sed s/PORT/$PORT/ nginx.conf > made.conf; mkdir -p t; exec nginx -p $PWD -c made.conf\n";
    let conf = "daemon off; pid nginx.pid; error_log stderr;\nevents {}\nhttp { access_log off; \
                client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t; scgi_temp_path t;\n\
                server { listen 127.0.0.1:PORT; } }\n";
    real("nginx", nginx, &[("nginx.conf", conf)], "", "http://localhost:");
}

#[test]
fn postgres_becomes_ready_by_its_port() {
    // It refuses to run as root: then as whoever the system has for such things.
    let is_root = nix::unistd::geteuid().is_root();
    // Debian keeps its programs aside.
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let aside: Vec<String> = versions.map(|version| format!("{}/bin", version.path().display())).collect();
    let path = format!("PATH={}:$PATH; export PATH; ", aside.join(":"));
    let is_there = Command::new("sh").args(["-c", &format!("{path} command -v initdb postgres")]).status();
    if !can("postgres", is_there.is_ok_and(|status| status.success())) || is_root && !are_there(&["runuser"])
    {
        return;
    }
    let run = format!("{path}exec {}", if is_root { "runuser -u nobody -- " } else { "" });
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    open_to_all(folder.path());
    let made = Command::new("sh")
        .args(["-c", &format!("{run}initdb -A trust -D {} >/dev/null", data.display())])
        .current_dir("/")
        .status();
    if !can("a database of postgres", made.is_ok_and(|status| status.success())) {
        return;
    }
    let line = format!(
        "db: {run}postgres -D {0} -p $PORT -k {1} -h 127.0.0.1\n",
        data.display(),
        folder.path().display()
    );
    let project = Project::new(&line);
    open_to_all(project.path());
    let (_ports, mut running) = start(&project, &["-t", "60"]);
    running.line("db.1 ready on http://localhost:");
    end(running);
}

fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o777)).unwrap();
}
