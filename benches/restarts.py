#!/usr/bin/env python3
"""Restarts under load: requests that were answered, refused or reset, with `listen = true` and without it.

    python3 benches/restarts.py [GANGER] [RESTARTS]

A server in Python that ends its work at SIGTERM, four clients that ask without a pause on loopback.
"""

import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time

GANGER = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "target/release/ganger")
RESTARTS = int(sys.argv[2]) if len(sys.argv) > 2 else 20
SERVER = """
import os, signal, socket
stop = []
signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
if "LISTEN_FDS" in os.environ:
    s = socket.socket(fileno=3)
else:
    s = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
s.settimeout(0.02)
while not stop:
    try: c = s.accept()[0]
    except TimeoutError: continue
    c.settimeout(None)
    c.recv(4096)
    c.sendall(b"HTTP/1.1 200 OK\\r\\nConnection: close\\r\\n\\r\\nok")
    c.close()
"""


def measure(listen, port):
    folder = pathlib.Path(tempfile.mkdtemp())
    (folder / "server.py").write_text(SERVER)
    (folder / "Procfile").write_text("web: python3 server.py\n")
    (folder / "ganger.toml").write_text('[process.web]\nlisten = "127.0.0.1"\n' if listen else "")
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(folder)}
    ganger = lambda *words: subprocess.run([GANGER, *words], cwd=folder, env=environment, check=True,
                                           stdout=subprocess.DEVNULL)
    ganger("start", "-D", "-p", str(port))
    counts, over = {}, threading.Event()

    def ask():
        while not over.is_set():
            try:
                with socket.create_connection(("127.0.0.1", port), 10) as stream:
                    stream.sendall(b"GET / HTTP/1.1\r\n\r\n")
                    what = "answered" if stream.recv(4096).startswith(b"HTTP/1.1 200") else "empty"
            except OSError as error:
                what = type(error).__name__
            counts[what] = counts.get(what, 0) + 1

    while socket.socket().connect_ex(("127.0.0.1", port)):
        time.sleep(0.01)
    clients = [threading.Thread(target=ask) for _ in range(4)]
    for client in clients:
        client.start()
    for _ in range(RESTARTS):
        ganger("restart", "web")
        time.sleep(0.25)
    over.set()
    for client in clients:
        client.join()
    ganger("down")
    return counts


for listen, port in ((True, 26700), (False, 26800)):
    print("with listen = true:" if listen else "without:", measure(listen, port))
