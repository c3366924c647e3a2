//! The flags that all commands share that read a project.

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args, ValueHint};

use super::values::of;

/// What all commands share that read a project.
#[derive(Args, Debug)]
#[command(next_help_heading = "Project")]
pub struct ProjectFlags {
    /// Read this Procfile; `-` is standard input
    #[arg(short = 'f', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    #[arg(env = "GANGER_PROCFILE", hide_env = true)]
    pub procfile: Option<PathBuf>,
    /// Run commands here, not in the Procfile's folder
    #[arg(short = 'd', long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    #[arg(env = "GANGER_ROOT", hide_env = true)]
    pub root: Option<PathBuf>,
    /// Read variables from these files, not from .env
    ///
    /// Several are separated by commas, or the flag is repeated; a later file wins over an earlier one.
    /// A file named here must be there. /dev/null means none.
    #[arg(short = 'e', long, value_name = "FILE", value_hint = ValueHint::FilePath, value_delimiter = ',')]
    #[arg(env = "GANGER_ENV", hide_env = true, action = ArgAction::Append)]
    pub env: Vec<PathBuf>,
    /// Let .env files win over the environment
    #[arg(long, action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    #[arg(env = "GANGER_ENV_WINS", hide_env = true)]
    pub env_wins: bool,
    /// Set what app.json sets for a deployment, and demand what it demands
    ///
    /// Without it app.json gives health checks and the formation only. `ganger export` always reads all of it.
    #[arg(long, action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    #[arg(env = "GANGER_APP_JSON", hide_env = true)]
    pub app_json: bool,
    /// How many of each type: `all=1,web=2`
    ///
    /// Types that are not named do not run, unless all=N is there. --concurrency is another name for it.
    #[arg(short = 'm', long, alias = "concurrency", value_name = "TYPE=N,…")]
    #[arg(value_parser = of("formation"), env = "GANGER_FORMATION", hide_env = true)]
    pub formation: Option<String>,
    /// The first port, or `auto`
    ///
    /// Without it, it is PORT of the environment or of .env, else 5000. The n-th instance of the i-th line
    /// of the Procfile has the port BASE + 100·i + n-1. `auto` moves BASE to the next free hundred where
    /// ports are taken, as 5000 does when nobody chose it.
    #[arg(short = 'p', long, value_name = "BASE", allow_negative_numbers = true)]
    #[arg(value_parser = of("port"), env = "GANGER_PORT", hide_env = true)]
    pub port: Option<String>,
    /// Ports from one type to the next, not 100
    // Not GANGER_PORT_STEP: an instance of a stack with a type `step` has that one, with a port in it.
    #[arg(long, value_name = "N", value_parser = of("port-step"), allow_negative_numbers = true)]
    #[arg(env = "GANGER_STEP", hide_env = true)]
    pub port_step: Option<String>,
    /// Give out no ports
    #[arg(long, action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    #[arg(env = "GANGER_NO_PORT", hide_env = true)]
    pub no_port: bool,
}
