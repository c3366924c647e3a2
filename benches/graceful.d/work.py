"""Work in hand: begun before the stop, and finished or not."""
import glob, os, socket, subprocess, threading, time


def until(is_so, limit, what):
    end = time.monotonic() + limit
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.01)


def connect(port):
    try:
        return socket.create_connection(("127.0.0.1", port), timeout=20)
    except OSError:
        return None


def answers(port):
    """Whether something listens there: reloaders have a parent that does not."""
    connection = connect(port)
    return connection is not None and (connection.close() or True)


def read_all(connection):
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except OSError:
        pass
    return b"".join(parts)


class Job:
    """One that the program does by itself, and whose files say how far it is."""

    def __init__(self, program, folder, port, limit):
        self.program, self.folder, self.port, self.limit = program, folder, port, limit

    def begin(self):
        until(lambda: glob.glob(os.path.join(self.folder, "*begun")), self.limit, "the job does not begin")

    def is_finished(self):
        return self.program.is_done(self.folder)


class Request(Job):
    """One answer that takes a second, asked for over a connection."""

    question = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

    def begin(self):
        until(lambda: answers(self.port), self.limit, "nothing listens")
        self.answer = b""
        self.asking = threading.Thread(target=self.ask, daemon=True)
        self.asking.start()
        self.until_begun()

    def ask(self):
        with connect(self.port) as connection:
            connection.sendall(self.question)
            self.answer = read_all(connection)

    def until_begun(self):
        until(lambda: os.path.exists(os.path.join(self.folder, "begun")), self.limit, "the request does not arrive")

    def is_finished(self):
        self.asking.join(2)
        return self.is_whole(self.answer)

    def is_whole(self, answer):
        head, _, body = answer.partition(b"\r\n\r\n")
        # In chunks, or in one piece.
        return b" 200 " in head and (body == b"finished" or body.startswith(b"8\r\nfinished\r\n0\r\n"))


class File(Request):
    """150 kB at 100 kB a second."""

    size = 150_000
    question = b"GET /page HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

    def begin(self):
        with open(os.path.join(self.folder, "page"), "wb") as page:
            page.write(b"x" * self.size)
        super().begin()

    def ask(self):
        with connect(self.port) as connection:
            connection.sendall(self.question)
            self.answer = connection.recv(65536)
            self.answer += read_all(connection)

    def until_begun(self):
        until(lambda: self.answer, self.limit, "the file does not begin")

    def is_whole(self, answer):
        return len(answer.partition(b"\r\n\r\n")[2]) == self.size


class Redis(Request):
    """A script of a second, and its effect in the file that is saved at the end."""

    script = (b"local function now() local t = redis.call('time') return t[1] + t[2] / 1000000 end "
              b"local e = now() + 1 while now() < e do end return redis.call('set', 'finished', '1')")
    question = b"*3\r\n$4\r\nEVAL\r\n$%d\r\n%s\r\n$1\r\n0\r\n" % (len(script), script)

    def ask(self):
        with connect(self.port) as connection:
            connection.sendall(self.question)
            self.answer = connection.recv(100)

    def until_begun(self):
        def is_busy():
            with connect(self.port) as connection:
                connection.settimeout(0.2)
                connection.sendall(b"PING\r\n")
                try:
                    return not connection.recv(10)
                except TimeoutError:
                    return True

        until(is_busy, self.limit, "redis is not busy")

    def is_whole(self, answer):
        # redis may end between the command and its answer; what counts is the data.
        saved = os.path.join(self.folder, "dump.rdb")
        return os.path.exists(saved) and b"finished" in open(saved, "rb").read()


class Postgres(Request):
    """A query of a second."""

    def ask(self):
        query = "copy (select 1) to program 'cat > begun'; select pg_sleep(1); select 'finished'"
        url = f"postgresql://nobody@127.0.0.1:{self.port}/postgres"
        self.answer = subprocess.run(["psql", "-qtA", url, "-c", query], capture_output=True).stdout

    def until_begun(self):
        begun = os.path.join(self.folder, "data", "begun")
        until(lambda: os.path.exists(begun), self.limit, "the query does not arrive")

    def is_whole(self, answer):
        return answer.strip() == b"finished"


WORK = {"job": Job, "http": Request, "file": File, "redis": Redis, "postgres": Postgres}
