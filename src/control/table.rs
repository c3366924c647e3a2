//! A running stack as a table, for `ganger ps` and for `p` in the foreground.

use std::time::Duration;

use super::protocol::{InstanceStatus, Status};
use crate::notice::Elapsed;

/// Rows in columns as wide as their longest cell.
pub(crate) fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    rows.iter()
        .map(|row| {
            let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
        })
        .collect()
}

/// The instances, and a line for each that is not ready, with the reason.
pub(crate) fn of(status: &Status) -> String {
    const HEAD: [&str; 10] =
        ["NAME", "STATE", "READY", "PID", "PORT", "UPTIME", "RESTARTS", "CPU", "MEMORY", "EXIT"];
    let rows: Vec<[String; 10]> =
        [HEAD.map(String::from)].into_iter().chain(status.instances.iter().map(cells)).collect();
    let unready = status
        .instances
        .iter()
        .filter_map(|row| Some(format!("{} is not ready: {}\n", row.name, row.waiting_for.as_ref()?)));
    columns(&rows) + &unready.collect::<String>()
}

fn cells(row: &InstanceStatus) -> [String; 10] {
    [
        row.name.clone(),
        row.state.as_str().into(),
        if row.ready { "yes" } else { "no" }.into(),
        or_dash(row.pid.map(|pid| pid.to_string())),
        or_dash(row.serving_port().map(|port| port.to_string())),
        or_dash(row.uptime_seconds.map(lived)),
        row.restarts.to_string(),
        or_dash(row.cpu_seconds.map(|seconds| format!("{seconds:.2} s"))),
        or_dash(row.memory_bytes.map(memory)),
        or_dash(row.signal.clone().or_else(|| row.exit_status.map(|status| status.to_string()))),
    ]
}

/// The text, or `-` where there is none or it is empty.
pub(crate) fn or_dash(text: Option<String>) -> String {
    text.filter(|text| !text.is_empty()).unwrap_or_else(|| "-".into())
}

#[expect(clippy::cast_precision_loss, reason = "a digit after the point is all that is shown")]
fn memory(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// Seconds in words.
pub(crate) fn lived(seconds: f64) -> String {
    Elapsed(Duration::from_secs_f64(seconds.max(0.0))).to_string()
}
