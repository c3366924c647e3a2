//! What a tool answers: the document of its command, within bounds. Pure.

use serde_json::{Value, json};

use super::call::CommandAnswer;

/// The most bytes of a document of lines; the oldest lines go first.
const LARGEST: usize = 64 << 10;

/// The most bytes of one line, and of each stream of `run`.
const LONGEST: usize = 16 << 10;

/// The result of `tools/call` for a command that prints a document.
pub(crate) fn of_document(answer: &CommandAnswer) -> Value {
    let text = answer.stdout.text();
    let stderr = answer.stderr.text();
    let Ok(mut document) = serde_json::from_str::<Value>(&text) else {
        // Only a command that was stopped, or a document that is too large, gets here.
        let why = if answer.is_late {
            "the command was stopped: it took too long"
        } else {
            "the answer is too large"
        };
        return error(why, &stderr);
    };
    bound(&mut document);
    let mut content = vec![text_of(&document.to_string())];
    if !stderr.trim().is_empty() && document.get("error").is_none() {
        content.push(text_of(end(stderr.trim_end())));
    }
    // `check` has all that is wrong, and no error of its own.
    let is_error = document.get("error").is_some()
        || document.get("errors").and_then(Value::as_array).is_some_and(|errors| !errors.is_empty());
    json!({"content": content, "structuredContent": document, "isError": is_error})
}

/// The result of `tools/call` for `run`.
pub(crate) fn of_command(answer: &CommandAnswer) -> Value {
    let (stdout, stderr) = (answer.stdout.text(), answer.stderr.text());
    let (stdout_end, stderr_end) = (end(&stdout), end(&stderr));
    let document = json!({
        "exit_status": answer.status,
        "timed_out": answer.is_late,
        "stdout": stdout_end,
        "stdout_lost_bytes": answer.stdout.lost + (stdout.len() - stdout_end.len()) as u64,
        "stderr": stderr_end,
        "stderr_lost_bytes": answer.stderr.lost + (stderr.len() - stderr_end.len()) as u64,
    });
    let is_error = answer.is_late || answer.status != 0;
    json!({"content": [text_of(&document.to_string())], "structuredContent": document, "isError": is_error})
}

/// The result of `tools/call` for one that failed without a document.
pub(crate) fn error(message: &str, more: &str) -> Value {
    let text = if more.is_empty() { message.to_owned() } else { format!("{message}\n{}", end(more)) };
    json!({"content": [text_of(&text)], "isError": true})
}

fn text_of(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

/// The end of `text`, whole characters.
fn end(text: &str) -> &str {
    let surplus = text.len().saturating_sub(LONGEST);
    let start = (surplus..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    if surplus == 0 { text } else { &text[start..] }
}

/// Takes the oldest lines of a log out of `document` until it fits, counted as lost, and cuts long ones.
fn bound(document: &mut Value) {
    let Some(Value::Array(lines)) = document.get_mut("lines") else { return };
    for text in lines.iter_mut().filter_map(|line| line.get_mut("text")) {
        if let Some(long) = text.as_str().filter(|text| text.len() > LONGEST) {
            *text = json!(format!("…{}", end(long)));
        }
    }
    let mut kept = 0;
    let count = lines
        .iter()
        .rev()
        .take_while(|line| {
            kept += line.to_string().len() + 1;
            kept <= LARGEST
        })
        .count();
    let surplus = lines.len() - count;
    lines.drain(..surplus);
    if surplus > 0 {
        let lost = document.get("lost").and_then(Value::as_u64).unwrap_or_default();
        document["lost"] = json!(lost + surplus as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_log_the_latest_lines_are_kept_and_the_others_counted() {
        let line = |number: usize| json!({"time": "t", "process": "web.1", "text": format!("{number:090}")});
        let mut document =
            json!({"schema": 1, "lost": 3, "lines": (0..10_000).map(line).collect::<Vec<_>>()});
        bound(&mut document);
        let lines = document["lines"].as_array().unwrap();
        assert!(document.to_string().len() < LARGEST + 100 && lines.len() > 400);
        assert_eq!(lines[lines.len() - 1], line(9_999));
        assert_eq!(document["lost"], 3 + 10_000 - lines.len());
        let mut document = json!({"lost": 0, "lines": [{"text": "é".repeat(20_000)}]});
        bound(&mut document);
        let text = document["lines"][0]["text"].as_str().unwrap();
        assert!(text.starts_with("…é") && text.len() <= LONGEST + 5);
    }
}
