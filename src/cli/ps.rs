//! `ganger ps`: what runs.

use super::ambient::Ambient;
use super::args::Ps;
use super::failure::Failure;
use super::settings::Said;
use super::{print, stack};
use crate::control::protocol::{Phase, Request, Row, Status};
use crate::exit::{self, Outcome};

/// Prints one row an instance.
///
/// # Errors
///
/// Nothing runs here.
pub fn run(ps: &Ps, said: Said<'_>, ambient: &Ambient) -> Result<Outcome, Failure> {
    let mut client = stack::connect(&ps.stack, said, ambient)?;
    let status = stack::ask(&mut client, Request::Status)?;
    if ps.stack.json {
        print::json(&status)?;
    } else {
        print::bytes(table(&status).as_bytes())?;
    }
    let all_up = status.instances.iter().all(is_up);
    Ok(Outcome::Status(if all_up { exit::SUCCESS } else { exit::REFUSED }))
}

fn is_up(row: &Row) -> bool {
    match row.state {
        Phase::Running => true,
        Phase::Exited => row.one_shot && row.exit_status == Some(exit::SUCCESS),
        Phase::Waiting | Phase::Starting | Phase::Stopping | Phase::Stopped | Phase::Failed => false,
    }
}

/// The rows, in columns as wide as their longest cell.
pub fn table(status: &Status) -> String {
    const HEAD: [&str; 10] =
        ["NAME", "STATE", "READY", "PID", "PORT", "UPTIME", "RESTARTS", "CPU", "MEMORY", "EXIT"];
    let rows: Vec<[String; 10]> =
        [HEAD.map(String::from)].into_iter().chain(status.instances.iter().map(cells)).collect();
    let widths: Vec<usize> =
        (0..HEAD.len()).map(|at| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0)).collect();
    let line = |row: &[String; 10]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

fn cells(row: &Row) -> [String; 10] {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".into());
    [
        row.name.clone(),
        row.state.as_str().into(),
        if row.ready { "yes" } else { "no" }.into(),
        or_dash(row.pid.map(|pid| pid.to_string())),
        or_dash(row.port.map(|port| port.to_string())),
        or_dash(row.uptime_seconds.map(stack::lived)),
        row.restarts.to_string(),
        or_dash(row.cpu_seconds.map(|seconds| format!("{seconds:.2} s"))),
        or_dash(row.memory_bytes.map(memory)),
        or_dash(row.signal.clone().or_else(|| row.exit_status.map(|status| status.to_string()))),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "a digit after the point is all that is shown")]
fn memory(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
