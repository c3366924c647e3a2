//! Word for word: foreman 0.90, honcho 2.0, overmind 2.5, hivemind 1.1, goreman 0.3 and node-foreman 3.0.

use super::peer::{Ours, PathRule, Peer, PeerCommand, PeerFlag, Words};

const COMMAND: PeerCommand = PeerCommand { names: &[], ours: &[], words: Words::Names, flags: &[] };
const VERSION: PeerCommand =
    PeerCommand { names: &["version", "-v", "--version"], ours: &["version"], ..COMMAND };

const fn flag(names: &'static [&'static str], example: &'static str, ours: Ours) -> PeerFlag {
    PeerFlag { names, example, ours }
}

const PROCFILE: PeerFlag = flag(&["-f", "--procfile"], "Procfile.dev", Ours::Flag("--procfile"));
const ROOT: PeerFlag = flag(&["-d", "--root"], ".", Ours::Flag("--root"));
const ENV: PeerFlag = flag(&["-e", "--env"], ".env.dev", Ours::Flag("--env"));
const PORT: PeerFlag = flag(&["-p", "--port"], "7000", Ours::Flag("--port"));
const TIMEOUT: PeerFlag = flag(&["-t", "--timeout"], "9", Ours::Flag("--timeout"));
const APP_ROOT: PeerFlag = flag(&["-d", "--app-root"], ".", Ours::Flag("--root"));
const PROCESSES: PeerFlag = flag(&["-l", "--processes"], "web,worker", Ours::Types);
const AUTO_RESTART: PeerFlag = flag(&["-r", "--auto-restart"], "web", Ours::Each("--restart", "always"));
const ANY_CAN_DIE: PeerFlag = flag(&["--any-can-die"], "", Ours::Words(&["--exit-on=never"]));
const CONCURRENCY: PeerFlag = flag(&["-c", "--concurrency"], "web=2", Ours::Counts);
const APP: PeerFlag = flag(&["-a", "--app"], "shop", Ours::Flag("--app"));
const USER: PeerFlag = flag(&["-u", "--user"], "deploy", Ours::Flag("--user"));
const LOG: PeerFlag = flag(&["-l", "--log"], "log", Ours::Nothing("the engine keeps the log"));
const PORT_STEP: PeerFlag = flag(&["-P", "--port-step"], "10", Ours::Flag("--port-step"));
const NO_PREFIX: PeerFlag = flag(&["--no-prefix"], "", Ours::Words(&["--no-prefix"]));
const TITLE: PeerFlag = flag(&["-w", "--title"], "shop", Ours::Nothing("no title is set"));
const GO_PROCFILE: PeerFlag = flag(&["-f"], "Procfile.dev", Ours::Flag("--procfile"));

/// All of them.
pub static PEERS: [Peer; 6] = [FOREMAN, HONCHO, OVERMIND, HIVEMIND, GOREMAN, NODE_FOREMAN];

/// Words of others that ganger takes under its own name.
pub static OWN: Peer = Peer {
    name: "ganger",
    variables: "",
    path_rule: PathRule::Ganger,
    commands: &[
        PeerCommand {
            names: &["start"],
            ours: &["start"],
            flags: &[flag(&["-c"], "web=2", Ours::Formation), PROCESSES, AUTO_RESTART, ANY_CAN_DIE],
            ..COMMAND
        },
        PeerCommand { names: &["echo"], ours: &["logs", "--follow"], ..COMMAND },
    ],
};

impl Default for &'static Peer {
    fn default() -> Self {
        &OWN
    }
}

const FOREMAN: Peer = Peer {
    name: "foreman",
    variables: "",
    path_rule: PathRule::Foreman,
    commands: &[
        PeerCommand {
            names: &["start"],
            ours: &["start"],
            flags: &[
                PROCFILE,
                ROOT,
                ENV,
                PORT,
                TIMEOUT,
                flag(&["-m", "--formation"], "all=1,web=2", Ours::Flag("--formation")),
                flag(&["-c", "--color"], "", Ours::Words(&["--color=always"])),
                flag(&["--no-color"], "", Ours::Words(&["--color=auto"])),
                flag(&["--timestamp"], "", Ours::Words(&["--timestamps"])),
                flag(&["--no-timestamp"], "", Ours::Words(&[])),
            ],
            ..COMMAND
        },
        PeerCommand { names: &["run"], ours: &["run"], words: Words::Command, flags: &[PROCFILE, ROOT, ENV] },
        PeerCommand { names: &["check"], ours: &["check"], flags: &[PROCFILE, ROOT], ..COMMAND },
        PeerCommand {
            names: &["export"],
            ours: &["export"],
            words: Words::FormatAndFolder,
            flags: &[
                PROCFILE,
                ROOT,
                ENV,
                PORT,
                flag(&["--timeout"], "9", Ours::Flag("--timeout")),
                APP,
                USER,
                flag(&["-m", "--formation"], "web=2", Ours::Flag("--formation")),
                LOG,
                flag(&["-r", "--run"], "run", Ours::Nothing("the engine knows its processes")),
                flag(
                    &["-t", "--template"],
                    "files",
                    Ours::Nothing("`--set KEY=VALUE` changes what is written"),
                ),
            ],
        },
        VERSION,
    ],
};

const HONCHO: Peer = Peer {
    name: "honcho",
    variables: "",
    path_rule: PathRule::Honcho,
    commands: &[
        PeerCommand {
            names: &["start"],
            ours: &["start"],
            flags: &[
                PROCFILE,
                APP_ROOT,
                ENV,
                PORT,
                CONCURRENCY,
                flag(&["--no-colour"], "", Ours::Words(&["--color=never"])),
                NO_PREFIX,
                flag(&["-q", "--quiet"], "web", Ours::Nothing("`l worker` and Enter shows one type only")),
            ],
            ..COMMAND
        },
        PeerCommand {
            names: &["run"],
            ours: &["run"],
            words: Words::Command,
            flags: &[PROCFILE, APP_ROOT, ENV],
        },
        PeerCommand { names: &["check"], ours: &["check"], flags: &[PROCFILE, APP_ROOT, ENV], ..COMMAND },
        PeerCommand {
            names: &["export"],
            ours: &["export"],
            words: Words::FormatAndFolder,
            flags: &[
                PROCFILE,
                APP_ROOT,
                ENV,
                PORT,
                CONCURRENCY,
                APP,
                USER,
                flag(&["-s", "--shell"], "/bin/sh", Ours::Nothing("commands run with /bin/sh")),
                LOG,
            ],
        },
        VERSION,
    ],
};

const OVERMIND: Peer = Peer {
    name: "overmind",
    variables: "OVERMIND",
    path_rule: PathRule::Overmind,
    commands: &[
        PeerCommand {
            names: &["start", "s"],
            ours: &["start"],
            flags: &[
                PROCFILE,
                ROOT,
                PORT,
                TIMEOUT,
                PROCESSES,
                flag(&["-x", "--ignored-processes"], "worker", Ours::Flag("--except")),
                flag(&["-m", "--formation"], "web=2", Ours::Counts),
                flag(&["-c", "--can-die"], "worker", Ours::Flag("--can-die")),
                ANY_CAN_DIE,
                AUTO_RESTART,
                flag(&["-i", "--stop-signals"], "web=QUIT", Ours::Flag("--stop-signal")),
                PORT_STEP,
                flag(&["-N", "--no-port"], "", Ours::Words(&["--no-port"])),
                flag(&["-T", "--show-timestamps"], "", Ours::Words(&["--timestamps"])),
                flag(&["-D", "--daemonize"], "", Ours::Words(&["--detach"])),
                flag(
                    &["--formation-port-step"],
                    "10",
                    Ours::Nothing("instances of a type have ports in a row"),
                ),
                flag(
                    &["-b", "--colors"],
                    "2,3",
                    Ours::Nothing("each type has a colour of the terminal's own"),
                ),
                TITLE,
                flag(&["-H", "--shell"], "bash", Ours::Nothing("commands run with /bin/sh")),
                SOCKET,
                NETWORK,
                flag(&["-F", "--tmux-config"], "tmux.conf", Ours::Nothing("there is no tmux")),
            ],
            ..COMMAND
        },
        PeerCommand { names: &["restart", "r"], ours: &["restart"], flags: &[SOCKET, NETWORK], ..COMMAND },
        PeerCommand {
            names: &["stop", "interrupt", "i"],
            ours: &["stop"],
            words: Words::NamesOrAll,
            flags: &[SOCKET, NETWORK],
        },
        PeerCommand { names: &["connect", "c"], ours: &["attach"], flags: &[SOCKET, NETWORK], ..COMMAND },
        PeerCommand { names: &["quit", "q"], ours: &["down"], flags: &[SOCKET, NETWORK], ..COMMAND },
        PeerCommand {
            names: &["kill", "k"],
            ours: &["down", "--timeout=0"],
            flags: &[SOCKET, NETWORK],
            ..COMMAND
        },
        PeerCommand { names: &["echo"], ours: &["logs", "--follow"], flags: &[SOCKET, NETWORK], ..COMMAND },
        PeerCommand { names: &["status", "ps"], ours: &["ps"], flags: &[SOCKET, NETWORK], ..COMMAND },
        PeerCommand { names: &["run", "exec", "e"], ours: &["run"], words: Words::Command, flags: &[] },
        VERSION,
    ],
};

const SOCKET: PeerFlag =
    flag(&["-s", "--socket"], "x.sock", Ours::Nothing("the folder names the stack, or --name"));
const NETWORK: PeerFlag = flag(&["-S", "--network"], "unix", Ours::Nothing("there is a Unix socket only"));

const HIVEMIND: Peer = Peer {
    name: "hivemind",
    variables: "HIVEMIND",
    path_rule: PathRule::Hivemind,
    commands: &[
        VERSION,
        PeerCommand {
            names: &[""],
            ours: &["start"],
            words: Words::Procfile,
            flags: &[
                ROOT,
                PORT,
                TIMEOUT,
                PROCESSES,
                PORT_STEP,
                flag(&["-T", "--print-timestamps"], "", Ours::Words(&["--timestamps"])),
                NO_PREFIX,
                TITLE,
            ],
        },
    ],
};

const GOREMAN: Peer = Peer {
    name: "goreman",
    variables: "",
    path_rule: PathRule::Goreman,
    commands: &[
        PeerCommand {
            names: &["start"],
            ours: &["start", "--exit-on=never"],
            flags: &[
                GO_PROCFILE,
                flag(&["-basedir"], ".", Ours::Flag("--root")),
                flag(&["-env"], ".env.dev", Ours::Flag("--env")),
                flag(&["-b"], "7000", Ours::Flag("--port")),
                flag(&["-p"], "8555", Ours::Nothing("there is a Unix socket only")),
                flag(&["-set-ports=false"], "", Ours::Words(&["--no-port"])),
                flag(&["-logtime=false"], "", Ours::Words(&[])),
                flag(&["-exit-on-error"], "", Ours::Words(&["--exit-on=failure"])),
                flag(&["-exit-on-stop"], "", Ours::Words(&["--exit-on=any"])),
                flag(&["-rpc-server=false"], "", Ours::Nothing("there is a Unix socket only")),
            ],
            ..COMMAND
        },
        PeerCommand { names: &["check"], ours: &["check"], flags: &[GO_PROCFILE], ..COMMAND },
        PeerCommand { names: &["run start"], ours: &["start"], ..COMMAND },
        PeerCommand { names: &["run stop"], ours: &["stop"], ..COMMAND },
        PeerCommand { names: &["run stop-all"], ours: &["stop", "*"], ..COMMAND },
        PeerCommand { names: &["run restart"], ours: &["restart"], ..COMMAND },
        PeerCommand { names: &["run restart-all"], ours: &["restart"], ..COMMAND },
        PeerCommand { names: &["run list", "run status"], ours: &["ps"], ..COMMAND },
        VERSION,
    ],
};

const NODE_PROCFILE: PeerFlag = flag(&["-j", "--procfile"], "Procfile.dev", Ours::Flag("--procfile"));
const SHOW_ENVS: PeerFlag =
    flag(&["-s", "--showenvs"], "", Ours::Nothing("`ganger env` shows the environment"));

const NODE_FOREMAN: Peer = Peer {
    name: "nf",
    variables: "",
    path_rule: PathRule::Goreman,
    commands: &[
        PeerCommand {
            names: &["start"],
            ours: &["start"],
            flags: &[
                NODE_PROCFILE,
                ENV,
                PORT,
                SHOW_ENVS,
                flag(&["-x", "--proxy"], "8080", Ours::Nothing("there is no proxy")),
                flag(&["--ssl-key"], "key.pem", Ours::Nothing("there is no proxy")),
                flag(&["--ssl-cert"], "cert.pem", Ours::Nothing("there is no proxy")),
                flag(&["-f", "--forward"], "9000", Ours::Nothing("there is no proxy")),
                flag(&["-i", "--intercept"], "shop.test", Ours::Nothing("there is no proxy")),
                flag(&["-r", "--raw"], "", Ours::Words(&["--no-prefix"])),
                flag(&["-t", "--trim"], "80", Ours::Nothing("lines are printed whole")),
                flag(&["-w", "--wrap"], "", Ours::Words(&[])),
            ],
            ..COMMAND
        },
        PeerCommand {
            names: &["run"],
            ours: &["run"],
            words: Words::Command,
            flags: &[NODE_PROCFILE, ENV, PORT, SHOW_ENVS],
        },
        PeerCommand { names: &["version", "-V", "--version"], ours: &["version"], ..COMMAND },
    ],
};
