//! Promised: with `listen = true` a restart refuses no connection and resets none that was accepted, and all
//! instances of a type share one port: counted under a constant load, with real servers. Neither that socket nor a server that listens at
//! once is taken for another program by `ready = "http:…"`.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;

use nix::sys::signal::Signal;

use crate::harness::{PATIENCE, Ports, Project, are_there, holds};

/// Restarts of each server under load.
const RESTARTS: usize = 20;

/// What came of the requests.
#[derive(Debug, Default)]
struct Count {
    answered: u32,
    failed: Vec<String>,
}

/// One request after the other, without a pause, until it is told to stop.
struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU32>,
    asking: JoinHandle<Count>,
}

impl Load {
    fn on(port: u16) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let answered = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&answered);
        let asking = std::thread::spawn(move || {
            let mut count = Count::default();
            while !stopped.load(Ordering::Relaxed) {
                match ask(port) {
                    Ok(text) if text.starts_with("HTTP/1.1 200") => {
                        count.answered += 1;
                        counted.fetch_add(1, Ordering::Relaxed);
                    }
                    Ok(text) => count.failed.push(text),
                    Err(error) => count.failed.push(error.to_string()),
                }
            }
            count
        });
        Self { stop, answered, asking }
    }

    /// Waits until so many more have been answered: then the present life is at work.
    fn goes_on_for(&self, more: u32) -> bool {
        let until = self.answered.load(Ordering::Relaxed) + more;
        holds(|| self.asking.is_finished() || self.answered.load(Ordering::Relaxed) >= until)
    }

    fn count(self) -> Count {
        self.stop.store(true, Ordering::Relaxed);
        self.asking.join().unwrap()
    }
}

fn ask(port: u16) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], port)), PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}

#[expect(clippy::print_stderr, reason = "how many there were is worth knowing, and is no matter of success")]
fn survives(what: &str, procfile: &str, files: &[(&str, &str)]) {
    let ports = Ports::claim();
    let stack = Project::new(procfile);
    let folder = stack.path().to_path_buf();
    std::fs::write(folder.join("ganger.toml"), "[process.web]\nlisten = \"127.0.0.1\"\n").unwrap();
    for (name, text) in files {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let running = stack.start_until(&["-p", &ports.base(), "-t", "60"], &["web.1 started"]);
    let load = Load::on(ports.at(0, 1));
    for _ in 0..RESTARTS {
        let (status, _, err) = stack.run(&["restart", "web"]);
        assert_eq!(status, 0, "{what}: {err}");
        if !load.goes_on_for(50) {
            let (_, stands, _) = stack.run(&["ps"]);
            running.signal(Signal::SIGTERM);
            panic!("{what}: no answer: {:?}\n{stands}\n{:?}", load.count(), running.end());
        }
    }
    let count = load.count();
    assert!(count.failed.is_empty() && count.answered > 0, "{what}: {count:?}");
    eprintln!(
        "{what}: {} requests answered during {RESTARTS} restarts, none refused or reset",
        count.answered
    );
    assert_eq!(stack.run(&["down"]).0, 0);
}

const PYTHON: &str = "import os, select, signal, socket\nassert int(os.environ['LISTEN_PID']) == os.getpid()\n\
    assert (os.environ['LISTEN_FDS'], os.environ['LISTEN_FDNAMES']) == ('1', 'web')\nstop = []\n\
    signal.signal(signal.SIGTERM, lambda *_: stop.append(1))\ns = socket.socket(fileno=3)\ns.settimeout(0.02)\n\
    while not stop:\n  try: c = s.accept()[0]\n  except TimeoutError: continue\n  c.settimeout(None)\n  c.recv(4096)\n  \
    c.sendall(b'HTTP/1.1 200 OK\\r\\nConnection: close\\r\\n\\r\\n' + os.environ['PS'].encode())\n  c.close()\n";

#[test]
fn twenty_restarts_of_a_server_in_python_refuse_no_connection() {
    if are_there(&["python3"]) {
        survives("python", "web: python3 server.py\n", &[("server.py", PYTHON)]);
    }
}

#[test]
fn twenty_restarts_of_node_refuse_no_connection() {
    if are_there(&["node"]) {
        let server = "const s = require('http').createServer((q, r) => r.end('x')).listen({fd: 3})\n\
                      process.on('SIGTERM', () => s.close())\n";
        survives("node", "web: node server.js\n", &[("server.js", server)]);
    }
}

#[test]
fn twenty_restarts_of_gunicorn_refuse_no_connection() {
    if are_there(&["gunicorn"]) {
        let app = "def app(e, s):\n  s('200 OK', [])\n  return [b'x']\n";
        survives("gunicorn", "web: gunicorn app:app\n", &[("app.py", app)]);
    }
}

#[test]
fn all_instances_of_a_type_share_one_port_also_behind_a_shell() {
    if !are_there(&["python3"]) {
        return;
    }
    let ports = Ports::claim();
    let stack = Project::new("web: cd . && exec python3 server.py\n");
    let folder = stack.path().to_path_buf();
    std::fs::write(folder.join("ganger.toml"), "[process.web]\nlisten = true\n").unwrap();
    std::fs::write(folder.join("server.py"), PYTHON).unwrap();
    let mut running = stack.start_until(&["-p", &ports.base(), "-m", "web=3"], &["web.1 started"]);
    running.lines(&["web.2 started (pid", "web.3 started (pid"]);
    let mut seen = std::collections::BTreeSet::new();
    assert!(holds(|| {
        let text = ask(ports.at(0, 1)).unwrap();
        seen.insert(text.rsplit('\n').next().unwrap().to_owned());
        seen.len() == 3
    }));
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["web.1", "web.2", "web.3"]);
    assert_eq!(stack.run(&["down"]).0, 0);
}

#[test]
fn a_rolling_restart_has_never_one_less_and_is_refused_where_ports_are_bound_by_the_server() {
    if !are_there(&["python3"]) {
        return;
    }
    let ports = Ports::claim();
    let stack = Project::new("web: python3 server.py\nown: probe print $PORT + wait\n");
    let ready = "u = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n\
                 u.sendto(b'READY=1', '\\0' + os.environ['NOTIFY_SOCKET'][1:])\nwhile not stop:\n";
    let server = PYTHON.replacen("while not stop:\n", ready, 1);
    std::fs::write(stack.path().join("server.py"), server).unwrap();
    std::fs::write(stack.path().join("ganger.toml"), "[process.web]\nlisten = true\nready = \"notify\"\n")
        .unwrap();
    let said = ["own.1 started", "web.2 ready"];
    let mut running = stack.start_until(&["-p", &ports.base(), "-m", "web=2,own=1"], &said);
    let (status, _, err) = stack.run(&["restart", "--rolling", "web"]);
    assert_eq!(status, 0, "{err}");
    running.line("web.3 ready after");
    let lines = ["web.1 started", "web.1 ready", "web.2 started", "web.2 ready", "web.3 exited"];
    for line in lines {
        running.line(line);
    }
    let (status, _, err) = stack.run(&["restart", "--rolling"]);
    assert_eq!(status, 1, "{err}");
    assert!(err.starts_with("error: own binds its PORT itself"), "{err}");
    assert_eq!(stack.run(&["scale"]).1.trim(), "web=2 own=1");
    assert_eq!(stack.run(&["down"]).0, 0);
}

#[test]
fn a_server_that_listens_at_once_is_not_taken_for_another_program() {
    let project =
        Project::new("web: probe serve $PORT\n").file("ganger.toml", "[process.web]\nready = \"http:/\"\n");
    let ports = Ports::claim();
    let mut running = project.start(&["-p", &ports.base(), "-m", "web=12"]);
    let names: Vec<String> = (1..=12).map(|number| format!("web.{number} ready on http:")).collect();
    running.lines(&names.iter().map(String::as_str).collect::<Vec<_>>());
    running.signal(Signal::SIGTERM);
    running.end();
}

#[test]
fn the_socket_that_is_bound_for_a_server_is_not_another_programs() {
    if !are_there(&["python3"]) {
        return;
    }
    let server = "import http.server as h, socket\ns = h.HTTPServer(('', 0), h.SimpleHTTPRequestHandler, False)\n\
                  s.socket = socket.socket(fileno=3)\ns.serve_forever()\n";
    let project = Project::new("web: python3 server.py\n")
        .file("server.py", server)
        .file("ganger.toml", "[process.web]\nlisten = \"127.0.0.1\"\nready = \"http:/\"\n");
    let ports = Ports::claim();
    let mut running = project.start(&["-p", &ports.base()]);
    running.line("web.1 ready ");
    running.signal(Signal::SIGTERM);
    running.end();
}
