//! Programs that `ganger doctor --yes` runs in tests, and a project of which all is right.

#![cfg(test)]

use crate::harness::Project;

/// A server that reads PORT, and at SIGTERM answers what it has read, and ends.
const SERVER: &str = "\
import os, signal, socketserver, threading, time
port = int(os.environ['PORT'])
class Answer(socketserver.StreamRequestHandler):
    def handle(self):
        while self.rfile.readline().strip():
            pass
        time.sleep(float(os.environ.get('SLOW', 0)))
        self.wfile.write(b'HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nok')
socketserver.ThreadingTCPServer.allow_reuse_address = True
address = ('0.0.0.0', port)
# here
server = socketserver.ThreadingTCPServer(address, Answer)
stop = lambda *_: threading.Thread(target=server.shutdown).start()
signal.signal(signal.SIGTERM, stop if 'RUDE' not in os.environ else lambda *_: os._exit(0))
server.serve_forever(0.05)
server.server_close()
";

/// Says that the program is ready, to what started it (sd_notify(3)): how long Python takes to get there is no matter then.
const NOTIFY: &str = "\
import os, socket
address = os.environ['NOTIFY_SOCKET']
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'READY=1', address.replace('@', '\\0', 1))
";

/// The setting for it.
pub(crate) const NOTIFIES: (&str, &str) = ("ganger.toml", "[process.worker]\nready = \"notify\"\n");

/// A program that wants to be the only one, as its pid file says, and removes that at its end.
const PID_FILE: &str = "\
import os, signal, sys
name = os.environ['PS'] + '.pid'
os.close(os.open(name, os.O_CREAT | os.O_EXCL))
signal.signal(signal.SIGTERM, lambda *_: (os.unlink(name), os._exit(0)))
import notify
while True: signal.pause()
";

/// A program that holds a lock, which the kernel releases at its end.
const LOCK: &str = "\
import fcntl, os, signal
file = open('it.lock', 'w')
fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
import notify
while True: signal.pause()
";

/// A program that has a file open for writing.
const WRITE: &str = "\
import os, signal, sys
file = open(sys.argv[1], 'a')
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
import notify
while True: signal.pause()
";

/// A program whose first line stays in Python's buffer until it ends.
const LATE: &str = "\
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print('up')
import notify
while True: signal.pause()
";

/// A project of which all is right.
const SOUND: [(&str, &str); 8] = [
    ("Procfile", "web: python3 server.py\nworker: probe trap TERM bye 0 + wait\n"),
    ("server.py", SERVER),
    ("notify.py", NOTIFY),
    ("pid_file.py", PID_FILE),
    ("lock.py", LOCK),
    ("write.py", WRITE),
    ("late.py", LATE),
    (".gitignore", ".env\n*.pid\n*.lock\n__pycache__/\n"),
];

/// The sound project with these files, tracked.
pub(crate) fn with(files: &[(&str, &str)]) -> Project {
    let project = Project::empty();
    for (name, text) in SOUND.iter().chain(files) {
        project.write(name, text);
    }
    // A line can change the address that its server binds.
    let change =
        "port = eval(os.environ.get('HERE', 'port'))\naddress = (os.environ.get('HOST', '0.0.0.0'), port)";
    project.write("server.py", &SERVER.replace("# here", change));
    tracked(project)
}

/// The same project, in a repository that tracks it.
pub(crate) fn tracked(project: Project) -> Project {
    project.track();
    project
}
