"""The programs: what a Procfile has them as, what they need, and what work they have in hand."""
import dataclasses, os


def exists(name):
    return lambda folder: os.path.exists(os.path.join(folder, name))


def both_of_a_pipe(folder):
    with open(os.path.join(folder, "log")) as log:
        return exists("finished")(folder) and log.read() == "finished\n"


def without_b(folder):
    return exists("finished")(folder) and not exists("b-ran")(folder)


@dataclasses.dataclass(frozen=True)
class Program:
    name: str
    line: str
    """Its command."""
    work: str = "job"
    """`job`: it does one by itself; else what it is asked for (work.py): http, file, redis, postgres."""
    needs: tuple = ()
    """Programs."""
    modules: tuple = ()
    """Modules of Python."""
    aid: str = ""
    """A program beside the stack: redis."""
    toml: str = ""
    """What only ganger can be told: [process.app] of ganger.toml."""
    is_done: object = exists("finished")
    """Whether a job has its result."""
    warm: str = ""
    """A command to be run once before all, in a folder like the program's."""
    says: tuple = ()
    """What it has printed before it is stopped."""


NODE, REDIS = ("node",), ("redis-server",)
POSTGRES = "-D data -p $PORT -h 127.0.0.1 -k $PWD"
SETPRIV = "setpriv --reuid=65534 --regid=65534 --clear-groups " if os.geteuid() == 0 else ""


def http(name, line, needs, **more):
    return Program(name, line, work="http", needs=(needs,) if isinstance(needs, str) else needs, **more)


def python(name, line, module, **more):
    return Program(name, line, work="http", needs=("python3",), modules=(module,), **more)


PROGRAMS = [
    python("gunicorn sync", "gunicorn -b 127.0.0.1:$PORT slow:wsgi", "gunicorn"),
    python("gunicorn sync, no shell", "gunicorn slow:wsgi", "gunicorn"),
    python("gunicorn gthread", "gunicorn -k gthread -w 2 --threads 4 -b 127.0.0.1:$PORT slow:wsgi", "gunicorn"),
    python("uvicorn", "uvicorn --port $PORT slow:asgi", "uvicorn"),
    python("uvicorn, 2 workers", "uvicorn --workers 2 --port $PORT slow:asgi", "uvicorn"),
    python("flask, debug", "flask --app slow:flask run --debug -p $PORT", "flask"),
    python("django runserver", "python3 manage.py runserver 127.0.0.1:$PORT", "django"),
    Program("celery prefork", "celery -A tasks worker -P prefork -c 2 -l WARNING", needs=REDIS,
            modules=("celery", "redis"), aid="redis"),
    http("node", "node server.js", NODE),
    http("node, `$PORT`", "node server.js --port=$PORT", NODE),
    http("node, `A=b` and `>`", "NODE_ENV=production node server.js --port=$PORT > log", NODE),
    http("npm run", "npm run serve", ("npm",)),
    http("npx", "npx slow-server", ("npx",)),
    http("yarn", "yarn serve", ("yarn",)),
    http("pnpm", "pnpm serve", ("pnpm",)),
    http("nodemon", "nodemon server.js", ("nodemon",)),
    http("vite", "vite --host 127.0.0.1 --port $PORT --strictPort", ("vite",)),
    http("puma", "puma -b tcp://127.0.0.1:$PORT", "puma"),
    # A signal that meets puma 5 as it prints ends it: its handler prints too, and takes the same lock (ThreadError).
    http("puma, 2 workers", "puma -w 2 -b tcp://127.0.0.1:$PORT", "puma",
         says=("Worker 0 (PID", "Worker 1 (PID", "phase: 0")),
    http("unicorn", "unicorn -l 127.0.0.1:$PORT", "unicorn"),
    http("unicorn, stop-signal QUIT", "unicorn -l 127.0.0.1:$PORT", "unicorn", toml='stop-signal = "QUIT"'),
    Program("sidekiq", "sidekiq -r ./jobs.rb -c 2", needs=("sidekiq", *REDIS), aid="redis"),
    Program("nginx", "nginx -p . -c nginx.conf", work="file", needs=("nginx",)),
    Program("nginx, stop-signal QUIT", "nginx -p . -c nginx.conf", work="file", needs=("nginx",),
            toml='stop-signal = "QUIT"'),
    Program("redis", "redis-server --port $PORT --bind 127.0.0.1 --save 3600 1", work="redis", needs=REDIS),
    Program("postgres", f"{SETPRIV}postgres {POSTGRES}", work="postgres", needs=("postgres", "initdb", "psql", "setpriv")),
    http("go run", "go run main.go", "go", warm="go build -o built main.go"),
    Program("cargo run", "cargo run -q --manifest-path rustapp/Cargo.toml", needs=("cargo",),
            warm="cargo build -q --manifest-path rustapp/Cargo.toml"),
    http("java", "java -XX:TieredStopAtLevel=1 Server.java", ("java", "javac")),
    http("make", "make serve", ("make", *NODE)),
    Program("wrapper in Python", "python3 wrap.py python3 job.py"),
    Program("bash start.sh", "bash start.sh", needs=("bash",)),
    Program("bash start.sh, trap", "bash start-trap.sh", needs=("bash",)),
    Program("bash start.sh, trap and wait", "bash start-wait.sh", needs=("bash",)),
    Program("`a && b`", "cd . && python3 job.py"),
    Program("`a; b`", "python3 job.py; touch b-ran", is_done=without_b),
    Program("`a \\| b`", "python3 job.py | tee log", is_done=both_of_a_pipe),
    Program("`a & wait`", "python3 job.py & wait"),
]
