//! The kinds of findings. A code is stable: scripts and ganger.toml name it. docs/doctor.md explains each.

use serde::Serialize;

/// One of the twelve factors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Factor {
    /// I
    Codebase,
    /// II
    Dependencies,
    /// III
    Config,
    /// IV
    BackingServices,
    /// V
    BuildReleaseRun,
    /// VI
    Processes,
    /// VII
    PortBinding,
    /// VIII
    Concurrency,
    /// IX
    Disposability,
    /// X
    DevProdParity,
    /// XI
    Logs,
    /// XII
    AdminProcesses,
}

impl Factor {
    /// All, in their order.
    pub const ALL: [Self; 12] = [
        Self::Codebase,
        Self::Dependencies,
        Self::Config,
        Self::BackingServices,
        Self::BuildReleaseRun,
        Self::Processes,
        Self::PortBinding,
        Self::Concurrency,
        Self::Disposability,
        Self::DevProdParity,
        Self::Logs,
        Self::AdminProcesses,
    ];

    /// Its number and its name, as 12factor.net has them.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Codebase => ("I", "codebase"),
            Self::Dependencies => ("II", "dependencies"),
            Self::Config => ("III", "config"),
            Self::BackingServices => ("IV", "backing services"),
            Self::BuildReleaseRun => ("V", "build, release, run"),
            Self::Processes => ("VI", "processes"),
            Self::PortBinding => ("VII", "port binding"),
            Self::Concurrency => ("VIII", "concurrency"),
            Self::Disposability => ("IX", "disposability"),
            Self::DevProdParity => ("X", "dev/prod parity"),
            Self::Logs => ("XI", "logs"),
            Self::AdminProcesses => ("XII", "admin processes"),
        }
    }

    /// The factor that a user means by `VII`, `vii`, `7` or `port binding`.
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .enumerate()
            .find(|(index, factor)| {
                let (number, name) = factor.words();
                text.eq_ignore_ascii_case(number)
                    || text.eq_ignore_ascii_case(name)
                    || text == (index + 1).to_string()
            })
            .map(|(_, factor)| factor)
    }
}

/// How bad a finding is, and how a factor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nothing of this factor can be seen.
    NotSeen,
    /// Nothing is wrong in what can be seen.
    Ok,
    /// It works, with a risk.
    Warning,
    /// A deployment fails, or leaks a secret.
    Broken,
}

impl Status {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotSeen => "not seen",
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Broken => "broken",
        }
    }
}

/// A kind of finding.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// Its stable name: the factor's number and what is wrong.
    pub name: &'static str,
    /// The factor.
    pub factor: Factor,
    /// Warning or broken.
    pub status: Status,
    /// The way out, one sentence.
    pub hint: &'static str,
}

macro_rules! codes {
    ($($constant:ident = $name:literal, $factor:ident, $status:ident, $hint:literal;)*) => {
        $(#[doc = concat!("`", $name, "`")]
        pub(crate) const $constant: Code =
            Code { name: $name, factor: Factor::$factor, status: Status::$status, hint: $hint };)*
        /// All codes, in the order of the factors.
        pub const ALL: &[&Code] = &[$(&$constant),*];
    };
}

codes! {
    NO_REPOSITORY = "I-no-repository", Codebase, Warning, "put it under version control: git init";
    PROCFILE_UNTRACKED = "I-procfile-untracked", Codebase, Broken, "git add it: a deployment gets what is tracked";
    LOCK_UNTRACKED = "I-lockfile-untracked", Codebase, Warning, "git add it, so that all deployments install the same versions";
    NO_LOCK = "II-no-lockfile", Dependencies, Warning, "let the package manager write one, and track it";
    UNPINNED = "II-unpinned", Dependencies, Warning, "name exact versions (name==1.2.3), as `pip freeze` or `pip-compile` write them";
    UNDECLARED_PROGRAM = "II-undeclared-program", Dependencies, Broken, "declare the package: it is on this machine only";
    UNDECLARED_IMPORT = "II-undeclared-import", Dependencies, Broken, "declare the package: it is installed here only because another one needs it, or by hand";
    PROGRAM_MISSING = "II-program-missing", Dependencies, Broken, "declare what it is part of, and install that; a name without a folder is looked up on PATH";
    PROGRAM_IN_HOME = "II-program-in-home", Dependencies, Warning, "declare what it is part of: it is in your home folder, and on no other machine";
    ENV_TRACKED = "III-env-tracked", Config, Broken, "git rm --cached it, add it to .gitignore, and replace the secrets in it";
    ENV_NOT_IGNORED = "III-env-not-ignored", Config, Warning, "add it to .gitignore: `git add .` would track it";
    EXAMPLE_MISSING = "III-example-missing", Config, Warning, "set it in .env, or take it out of the example";
    EXAMPLE_SURPLUS = "III-example-surplus", Config, Warning, "add the name to the example, with a value that is no secret";
    SECRET = "III-secret-in-file", Config, Broken, "replace the secret at its issuer, and read the new one from the environment";
    CONFIG_GROUP = "III-config-group", Config, Warning, "a variable for each setting, instead of a group that is named after a deployment";
    ADDRESS_IN_PROCFILE = "IV-address-in-procfile", BackingServices, Warning, "name it by a variable, and set that in .env";
    ADDRESS_IN_SOURCE = "IV-address-in-source", BackingServices, Warning, "read it from the environment, and set that in .env";
    ADDRESS_NOT_NAMED = "IV-address-not-named", BackingServices, Warning, "read its address from the environment, and set that in .env";
    BUILD_IN_RUN = "V-build-in-run", BuildReleaseRun, Warning, "build once before the deployment: each start of each instance does it again";
    MIGRATION_IN_RUN = "V-migration-in-run", BuildReleaseRun, Warning, "move it to a `release` line: two instances that start together both migrate";
    SOURCE_CHANGED = "V-source-changed", BuildReleaseRun, Warning, "write it when you build, or outside of what git tracks: a release is the same at each start";
    FILE_WRITTEN = "VI-file-written", Processes, Warning, "keep it in a backing service that a variable names: files of one instance are lost with it, and no other one has them";
    FILE_SHARED = "VI-file-shared", Processes, Warning, "keep it in a backing service: instances on two machines do not have the same file";
    PORT_FIXED = "VII-port-fixed", PortBinding, Broken, "give it $PORT instead of the number";
    PORT_MISSING = "VII-port-missing", PortBinding, Broken, "give it $PORT: this server does not read the variable by itself";
    PORT_IGNORED = "VII-port-ignored", PortBinding, Broken, "let it listen on $PORT: the platform gives that and sends requests there";
    PORT_OF_ANOTHER = "VII-port-of-another", PortBinding, Broken, "let it listen on its own $PORT: the two cannot run side by side";
    NOT_LISTENING = "VII-not-listening", PortBinding, Broken, "let it listen on $PORT; a program that serves no requests is another type, such as `worker`";
    LOOPBACK = "VII-loopback", PortBinding, Warning, "bind 0.0.0.0, or a host that a variable names: in a container it cannot be reached";
    DAEMONIZES = "VIII-daemonizes", Concurrency, Broken, "run it in the foreground: the process manager takes its end for the end of the program";
    SEVERAL_IN_ONE = "VIII-several-in-one", Concurrency, Warning, "a line of its own for each: they cannot be scaled, restarted or stopped one by one";
    NO_SECOND = "VIII-no-second", Concurrency, Broken, "let instances share nothing that only one can have: a port, a pid file, a lock, a file of its own";
    SHELL_STAYS = "IX-shell-stays", Disposability, Warning, "run the program alone: a shell in front of it does not pass SIGTERM on";
    SCRIPT_RUNNER = "IX-script-runner", Disposability, Warning, "write the command that the script runs: SIGTERM stops at the runner or its shell";
    NOT_ENDED = "IX-not-ended", Disposability, Broken, "end at the stop signal, within the grace: what is killed loses the work at hand";
    FAILS_AT_STOP = "IX-fails-at-stop", Disposability, Warning, "catch the stop signal, finish what is at hand, and exit with status 0";
    NOT_UP_AGAIN = "IX-not-up-again", Disposability, Broken, "start whatever an earlier run has left: a crash leaves pid files, sockets and locks";
    REQUEST_DROPPED = "IX-request-dropped", Disposability, Warning, "at the stop signal accept no more, answer what was read, and exit then";
    VERSIONS_DIFFER = "X-versions-differ", DevProdParity, Warning, "name the same version in both";
    DEV_SERVER = "X-development-server", DevProdParity, Warning, "run the production server here, and this one from a Procfile.dev";
    TYPES_DIFFER = "X-types-differ", DevProdParity, Warning, "add it to the Procfile for development too";
    DATABASES_DIFFER = "X-databases-differ", DevProdParity, Warning, "use the database of production here too";
    LOG_TO_FILE = "XI-log-to-file", Logs, Warning, "write to standard output: files of a container are lost, and fill its disk";
    LOG_DISCARDED = "XI-log-discarded", Logs, Warning, "let it reach standard output: what is discarded cannot be searched";
    LOG_HANDLER = "XI-log-handler", Logs, Warning, "log to standard output, and leave files to the platform";
    LOG_WRITTEN = "XI-log-written", Logs, Warning, "write to standard output: files of a container are lost, and fill its disk";
    NO_RELEASE = "XII-no-release", AdminProcesses, Warning, "add a `release` line that runs them";
    ENVIRONMENT_DIFFERS = "XII-environment-differs", AdminProcesses, Warning, "set it in .env, so that `ganger run` and all types have it";
}

/// The code called `name`.
pub(crate) fn named(name: &str) -> Option<&'static Code> {
    ALL.iter().copied().find(|code| code.name == name)
}
