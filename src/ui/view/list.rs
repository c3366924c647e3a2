//! The list of instances, and the line that it is folded into.

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::{Color, Modifier, Style};

use super::line::LineWriter;
use super::signs::{Signs, faint};
use crate::control::protocol::InstanceStatus;
use crate::ui::areas::list_top;
use crate::ui::stack::{Samples, StackView};

/// The most columns of a sparkline.
const SPARK: u16 = 10;
/// Columns of a value, with a blank.
const VALUE: u16 = 7;
/// The most columns of a name.
const NAME: usize = 24;

/// Draws the list, one row an instance, below one for all of them.
pub(super) fn draw(stack: &StackView, signs: Signs, buffer: &mut Buffer, place: Rect) {
    let (cursor, count) = (stack.cursor(), stack.instances().len() + 1);
    let top = list_top(cursor, count, place.height);
    let names = stack.instances().iter().map(|row| row.name.chars().count());
    let looks = ListLooks { signs, has_restarts: stack.instances().iter().any(|row| row.restarts > 0) };
    let name = u16::try_from(names.max().unwrap_or(0).clamp(4, NAME)).unwrap_or(0);
    for (line, at) in (top..count).enumerate().take(usize::from(place.height)) {
        let y = place.y + u16::try_from(line).unwrap_or(0);
        let row = Rect { y, height: 1, ..place };
        let base = if at == cursor { Style::new().add_modifier(Modifier::REVERSED) } else { Style::new() };
        let mut writer = LineWriter::new(buffer, row, signs);
        match at.checked_sub(1).map(|at| &stack.instances()[at]) {
            None => {
                let (ready, of) = stack.ready();
                writer.text(&format!("  all  {ready}/{of} ready"), Style::new());
            }
            Some(instance) => {
                let mark = if stack.marked.contains(&instance.name) { "+" } else { " " };
                let (sign, style) = signs.state(instance);
                writer.text(mark, Style::new()).text(sign, style).text(" ", Style::new());
                writer.cell(&instance.name, name, false, signs.kind(stack.kind(&instance.name)));
                details(&mut writer, instance, stack.samples.get(&instance.name), &looks);
            }
        }
        buffer.set_style(row, base);
    }
}

/// Each detail that fits: port, restarts, CPU, memory, state; of what does not run, how it ended.
fn details(writer: &mut LineWriter<'_>, row: &InstanceStatus, samples: Option<&Samples>, list: &ListLooks) {
    let signs = list.signs;
    let restarts =
        if row.restarts > 0 { format!("{}{}", signs.again(), row.restarts) } else { String::new() };
    let port = row.serving_port().filter(|_| row.pid.is_some()).map(|port| port.to_string());
    writer.cell(&port.unwrap_or_default(), 6, true, Style::new()).text(" ", Style::new());
    if list.has_restarts {
        writer.cell(&restarts, 4, false, signs.failure());
    }
    let Some(samples) = samples.filter(|_| row.pid.is_some()) else {
        writer.text(&how(row), faint());
        return;
    };
    let cpu = samples.cpu.back().map(|share| format!("{}%", share / 10)).unwrap_or_default();
    let memory = row.memory_bytes.map(memory).unwrap_or_default();
    let bars = Some(writer.left().saturating_sub(2 * VALUE) / 2).filter(|bars| *bars >= 3);
    let bars = bars.map_or(0, |bars| bars.min(SPARK));
    // A processor in full use is a full bar.
    for (samples, value, least) in [(&samples.cpu, &cpu, 1000), (&samples.memory, &memory, 1)] {
        let most = samples.iter().copied().max().unwrap_or(0).max(least);
        writer.text(&sparkline(samples.iter().copied(), most, bars, signs), signs.color(Color::Blue));
        writer.cell(value, VALUE - 1, true, Style::new()).text(" ", Style::new());
    }
    if writer.left() >= 10 {
        writer.text(row.state.as_str(), faint());
    }
}

/// `exited 3`, `killed by SIGKILL`, `given up`.
fn how(row: &InstanceStatus) -> String {
    let state = row.state.as_str();
    match (&row.signal, row.exit_status) {
        (Some(signal), _) => format!("{state} {signal}"),
        (None, Some(status)) => format!("{state} {status}"),
        (None, None) => state.to_owned(),
    }
}

fn sparkline(samples: impl ExactSizeIterator<Item = u64>, most: u64, columns: u16, signs: Signs) -> String {
    let columns = usize::from(columns);
    let before = samples.len().saturating_sub(columns);
    let blank = " ".repeat(columns - (samples.len() - before));
    samples.skip(before).fold(blank, |line, sample| line + signs.spark(sample, most))
}

/// What all rows of the list have in common.
struct ListLooks {
    signs: Signs,
    has_restarts: bool,
}

/// Three digits and a unit.
#[expect(clippy::cast_precision_loss, reason = "three digits are all that is shown")]
pub(super) fn memory(bytes: u64) -> String {
    let (mut amount, mut units) = (bytes as f64 / 1024.0, ["K", "M", "G", "T"].iter());
    let mut unit = units.next();
    while amount >= 999.5
        && let Some(next) = units.next()
    {
        (amount, unit) = (amount / 1024.0, Some(next));
    }
    let digits = usize::from(amount < 9.95);
    format!("{amount:.digits$}{}", unit.unwrap_or(&""))
}

/// Draws the line that the list is folded into: the instance with the cursor, and where it stands.
pub(super) fn draw_folded(stack: &StackView, signs: Signs, buffer: &mut Buffer, place: Rect) {
    let mut writer = LineWriter::new(buffer, place, signs);
    let count = stack.instances().len();
    match stack.chosen() {
        None => {
            let (ready, of) = stack.ready();
            writer.text(&format!("all  {ready}/{of} ready"), Style::new());
        }
        Some(row) => {
            let (sign, style) = signs.state(row);
            let mark = if stack.marked.contains(&row.name) { "+" } else { "" };
            writer.text(mark, Style::new()).text(sign, style).text(" ", Style::new());
            writer.text(&row.name, signs.kind(stack.kind(&row.name)));
            writer.text(&format!(" {}/{count}", stack.cursor()), faint()).text("  ", Style::new());
            writer.text(&summary(row, signs), Style::new());
        }
    }
    buffer.set_style(place, Style::new().add_modifier(Modifier::REVERSED));
}

/// `running 2 min, pid 4711, http://localhost:5000, not ready: …`
pub(super) fn summary(row: &InstanceStatus, signs: Signs) -> String {
    let since = row.uptime_seconds.map(|seconds| format!(" {}", crate::control::table::lived(seconds)));
    let state = if row.pid.is_some() { row.state.as_str().to_owned() } else { how(row) };
    let served = row.url.clone().or_else(|| row.port.map(|port| format!("port {port}")));
    let parts = [
        Some(state + since.as_deref().unwrap_or("")),
        served.filter(|_| row.pid.is_some()),
        row.pid.map(|pid| format!("pid {pid}")),
        (row.restarts > 0).then(|| format!("{} restarts", row.restarts)),
        row.waiting_for.as_ref().map(|lack| format!("not ready: {lack}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(signs.dot())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_has_three_digits_at_most() {
        for (bytes, text) in [
            (0, "0.0K"),
            (10 << 10, "10K"),
            (1023 << 10, "1.0M"),
            (12_900_000, "12M"),
            (3 << 30, "3.0G"),
            (u64::MAX, "16777216T"),
        ] {
            assert_eq!(memory(bytes), text);
        }
    }
}
