//! What the tests, benchmarks and fuzz targets of this repository use of the program, under the paths that it has inside. It is not
//! for other crates: names change whenever that makes the program better.

/// Arguments, messages, and the command lines of other runners.
pub mod cli {
    /// Arguments.
    pub mod usage {
        pub use crate::cli::usage::command;
    }
    /// Messages.
    pub mod report {
        pub use crate::cli::report::{Severity, diagnostics};
    }
    /// The command lines of other runners.
    pub mod peers {
        /// What an entry of the tables holds.
        pub mod peer {
            pub use crate::cli::peers::peer::{Ours, Peer, PeerCommand, Words};
        }
        /// The tables.
        pub mod table {
            pub use crate::cli::peers::table::{OWN, PEERS};
        }
        /// Theirs made ours.
        pub mod words {
            pub use crate::cli::peers::words::translate;
        }
    }
}

/// What a project or a user can set.
pub mod config {
    pub use crate::config::{Located, Settings};
    /// app.json.
    pub mod app_json {
        pub use crate::config::app_json::{parse, parse_locally};
    }
    /// .foreman.
    pub mod foreman {
        pub use crate::config::foreman::parse;
    }
    /// ganger.toml.
    pub mod ganger_toml {
        pub use crate::config::ganger_toml::parse;
    }
    /// What an entry of the table holds.
    pub mod setting {
        pub use crate::config::setting::{Setting, Takes};
    }
    /// The table of settings.
    pub mod table {
        pub use crate::config::table::all;
    }
}

/// The control socket.
pub mod control {
    /// What clients send.
    pub mod incoming {
        pub use crate::control::incoming::{read, read_typed};
    }
}

/// The checks of `ganger doctor`.
pub mod doctor {
    /// Their codes.
    pub mod code {
        pub use crate::doctor::code::ALL;
    }
}

/// .env.
pub mod dotenv {
    pub use crate::dotenv::{Assignment, EnvSource, parse};
    /// The same file as dotenvy reads it.
    pub mod second_reader {
        pub use crate::dotenv::second_reader::disagreements;
    }
}

/// The exit status of a process.
pub mod exit {
    pub use crate::exit::Exit;
}

/// The formats of other supervisors.
pub mod export {
    pub use crate::export::{Bundle, File, export};
    /// Values in documents.
    pub mod document {
        pub use crate::export::document::Setting;
    }
    /// What can be chosen.
    pub mod options {
        pub use crate::export::options::{ExportFormat, ExportOptions, Secrets};
    }
}

/// Places in files.
pub mod location {
    pub use crate::location::Diagnostic;
}

/// What happens, and what is to be done.
pub mod machine {
    pub use crate::machine::{Action, Event, Machine, SpawnFailure};
    /// Its table as a page of docs.
    pub mod table {
        pub use crate::machine::table::page;
    }
}

/// Names of types and instances.
pub mod name {
    pub use crate::name::{InstanceName, TypeName};
}

/// Many streams in, one out.
pub mod output {
    pub use crate::output::{
        LogSource, Output, OutputOptions, RowFormat, Rows, StreamSource, TimestampFormat,
    };
    /// The latest lines.
    pub mod history {
        pub use crate::output::Bounds;
        pub use crate::output::history::History;
    }
}

/// What is to run.
pub mod plan {
    pub use crate::plan::Plan;
    /// Where its types find each other.
    pub mod addresses {
        pub use crate::plan::addresses::Addresses;
    }
    /// What it is made of.
    pub mod options {
        pub use crate::plan::options::{Inputs, Selection};
    }
    /// One instance of it.
    pub mod spec {
        pub use crate::plan::spec::{Environment, Policy, RestartPolicy, ServicePolicy, Spec, Variables};
    }
}

/// Processes of the system.
pub mod process {
    /// System calls without a safe wrapper elsewhere.
    pub mod calls {
        pub use crate::process::calls::{ForkSide, fork, is_ignored};
    }
    /// The limit of open files.
    pub mod limits {
        pub use crate::process::limits::OpenFiles;
    }
    /// Pseudo-terminals.
    pub mod pty {
        pub use crate::process::pty::{WindowSize, open, set_window_size, window_size};
    }
    /// Signals as they were at the start.
    pub mod signals {
        pub use crate::process::signals::{Inherited, stop_unless};
    }
    /// Starts of processes.
    pub mod spawn {
        pub use crate::process::spawn::{ChildResources, SpawnedChild, Spawner};
    }
    /// What /proc tells.
    pub mod tree {
        pub use crate::process::tree::is_stopped;
    }
}

/// The Procfile.
pub mod procfile {
    pub use crate::procfile::{Entry, parse};
}

/// Lines of a shell.
pub mod shell {
    pub use crate::shell::{is_replaced, simple_words, text_for_shell, with_exec};
}

/// Signals by their names.
pub mod signal {
    pub use crate::signal::{Reach, Signal};
}
