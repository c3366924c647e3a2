//! The examples that close each long help.

/// `ganger --help`.
pub(crate) const GANGER: &str = "\
Examples:
  ganger start                       run all of ./Procfile
  ganger start web worker            run only these two
  ganger start -m all=1,web=2        two of web, one of each other
  ganger run bin/migrate --all       one command in the same environment
  ganger check                       what would run, or all errors

Every setting has a variable too, and a flag wins over it: GANGER_TIMEOUT=10 is
--timeout 10 (only --port-step differs: GANGER_STEP). Both win over the files
ganger.toml, .foreman and app.json. docs/settings.md lists all settings.

Exit status: that of the command; 1 invalid input, 2 invalid command line,
3 no stack runs here, 4 it does not answer, 5 not all are ready (ps), 124 timed
out, 125 an error of ganger, 126 and 127 a command that cannot run or is not
found.";

/// `ganger start --help`.
pub(crate) const START: &str = "\
Examples:
  ganger start -f Procfile.dev -e /dev/null      as Rails' bin/dev does
  ganger start web=2 worker=1                    a formation as arguments
  ganger start -x clock --exit-on failure        all but clock; go on while
                                                 instances end with status 0
  ganger start -t 30 --stop-signal web=QUIT      more time, another signal";

/// `ganger run --help`.
pub(crate) const RUN: &str = "\
Examples:
  ganger run bin/migrate --all          a command with its own flags
  ganger run web                        the web line of the Procfile
  ganger run web --reload               … with an argument appended
  ganger run -e .env.test -- env        our flags end at --";

/// `ganger exec --help`.
pub(crate) const EXEC: &str = "\
Examples:
  ganger exec --with web -- npm test    npm test, while web serves
  ganger exec -w web,db -t 2m -- sh -c 'curl localhost:$GANGER_PORT_WEB'
                                        … its port as the stack has it";

/// `ganger check --help`.
pub(crate) const CHECK: &str = "\
Examples:
  ganger check                          a table, warnings, or all errors
  ganger check -m web=3 -p 3000         … of this formation
  ganger check --json | jq .errors      for programs";

/// `ganger doctor --help`.
pub(crate) const DOCTOR: &str = "\
Examples:
  ganger doctor                         all factors, all types
  ganger doctor --yes                   run the stack too, without asking
  ganger doctor web --only VII,IX       two factors of one type
  ganger doctor -f Procfile.dev         what development may do is no finding
  ganger doctor --json | jq .broken     for programs: docs/schema/doctor.json";

/// `ganger mcp --help`.
pub(crate) const MCP: &str = "\
Examples:
  claude mcp add ganger -- ganger mcp   in a project with a Procfile
  ganger mcp -f Procfile.dev -d app     another Procfile, another folder

docs/agents.md has the tools and the entries of other clients.";

/// `ganger env --help`.
pub(crate) const ENV: &str = "\
Examples:
  ganger env                            names, with values masked
  ganger env web --explain              file and line of each
  ganger env web --json --show-values   for programs";

/// `ganger completions --help`.
pub(crate) const COMPLETIONS: &str = "\
Examples:
  source <(ganger completions bash)                      in ~/.bashrc
  source <(ganger completions zsh)                       in ~/.zshrc
  ganger completions fish | source                       in config.fish";

/// `ganger man --help`.
pub(crate) const MAN: &str = "\
Examples:
  ganger man | man -l -
  ganger man > ~/.local/share/man/man1/ganger.1";

/// `ganger ps --help`.
pub(crate) const PS: &str = "\
Examples:
  ganger ps                             one row an instance
  ganger ps --timeline                  what the start took so long for
  ganger ps --json | jq '.instances[]'  for programs";

/// `ganger ls --help`.
pub(crate) const LS: &str = "\
Examples:
  ganger ls                             one row a stack
  ganger ls --json | jq -r '.stacks[].root'";

/// `ganger logs --help`.
pub(crate) const LOGS: &str = "\
Examples:
  ganger logs -n 50 web                 the latest 50 lines of web
  ganger logs -f --since 5m             all of five minutes, and what comes
  ganger logs --grep 'ERROR|panic'      only lines that match";

/// `ganger restart --help`.
pub(crate) const RESTART: &str = "\
Examples:
  ganger restart web                    every instance of web
  ganger restart web.2 'work*'          an instance, a glob
  ganger restart                        all";

/// `ganger scale --help`.
pub(crate) const SCALE: &str = "\
Examples:
  ganger scale web=3 worker+1 clock-1   three, one more, one less
  ganger scale                          web=3 worker=2 clock=0
  ganger scale web=0                    none; the stack goes on";

/// `ganger stop --help`.
pub(crate) const STOP: &str = "\
Examples:
  ganger stop worker                    `ganger start worker` starts it again";

/// `ganger kill --help`.
pub(crate) const KILL: &str = "\
Examples:
  ganger kill -s HUP web.1              reload, for many servers";

/// `ganger attach --help`.
pub(crate) const ATTACH: &str = "\
Examples:
  ganger attach web                  keys and screen of web.1; Ctrl-] detaches
  ganger attach web.2 --read-only    only watch
  ganger attach web --take           take the input over

The instance needs a terminal: it has one if the stack was started on a
terminal, or with --pty always.";

/// `ganger ui --help`.
#[cfg(feature = "ui")]
pub(crate) const UI: &str = "\
Examples:
  ganger ui                          the stack that runs here, or a new one
  ganger ui web 'work*'              the log of these first
  ganger start -D && ganger ui       q leaves the screen, the stack goes on";

/// `ganger wait --help`.
pub(crate) const WAIT: &str = "\
Examples:
  ganger wait web                       until it listens on its port
  ganger wait --for log='ready in' web  until it logs that
  ganger wait --for exited seed -t 5m   until it has exited";

/// `ganger port --help`.
pub(crate) const PORT: &str = "\
Examples:
  curl localhost:$(ganger port web)";

/// `ganger down --help`.
pub(crate) const DOWN: &str = "\
Examples:
  ganger down                           with the grace of each type
  ganger down -t 1                      a second, then SIGKILL";
/// `ganger export --help`.
pub(crate) const EXPORT: &str = "\
Examples:
  ganger export systemd -m web=2,worker=1 -o units
  ganger export kubernetes --image shop:1.4.2 | kubectl apply -f -
  ganger export compose --image shop -o . --diff        what would change
  ganger export systemd --set web:Service.MemoryMax=512M
  ganger export s6 --secrets only                       what goes to /etc/APP/env";
