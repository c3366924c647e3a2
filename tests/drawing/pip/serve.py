"""Serves a wheel of 3 MB slowly, and installs it with pip."""
import http.server, io, os, subprocess, threading, time, zipfile

WHEEL = "big-1.0-py3-none-any.whl"
packed = io.BytesIO()
with zipfile.ZipFile(packed, "w") as wheel:
    wheel.writestr("big.bin", os.urandom(3_000_000))
    wheel.writestr("big-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: big\nVersion: 1.0\n")
    wheel.writestr("big-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: serve.py\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    wheel.writestr("big-1.0.dist-info/RECORD", "")


class Serve(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(packed.getvalue())))
        self.end_headers()
        packed.seek(0)
        while piece := packed.read(150_000):
            self.wfile.write(piece)
            time.sleep(0.05)

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("localhost", 0), Serve)
threading.Thread(target=server.serve_forever, daemon=True).start()
options = ["--disable-pip-version-check", "--no-cache-dir", "--no-deps", "--target", "installed"]
subprocess.run(["pip", "install", *options, f"http://localhost:{server.server_port}/{WHEEL}"], check=True)
