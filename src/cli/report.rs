//! The one renderer of errors and warnings, on standard error.

use std::io::{self, Write};
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet, normalize_untrusted_str};

use super::failure::Failure;
use crate::location::{Diagnostic, Excerpt};
use crate::text::harmless;

/// The severity of a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Nothing starts.
    Error,
    /// The stack starts all the same.
    Warning,
}

impl Severity {
    fn level(self) -> Level<'static> {
        match self {
            Self::Error => Level::ERROR,
            Self::Warning => Level::WARNING,
        }
    }
}

/// All of `diagnostics`, as text that ends with a newline; warnings with an empty line, since something
/// else follows.
pub fn diagnostics(severity: Severity, diagnostics: &[Diagnostic], colors: bool) -> String {
    let renderer = renderer(colors);
    let parts: Vec<String> =
        diagnostics.iter().map(|diagnostic| one(severity, diagnostic, &renderer)).collect();
    let end = if severity == Severity::Warning && !parts.is_empty() { "\n" } else { "" };
    parts.join("\n") + end
}

fn renderer(colors: bool) -> Renderer {
    if colors { Renderer::styled() } else { Renderer::plain() }
}

/// `failure` as text; empty if there is nothing to print.
pub(crate) fn failure(failure: &Failure, colors: bool) -> String {
    let sentence = |message: &str, hint| sentence(Severity::Error, message, hint, &renderer(colors));
    match failure {
        Failure::Usage(error) if colors => error.render().ansi().to_string(),
        Failure::Usage(error) => error.render().to_string(),
        Failure::Refused(errors) => {
            let many = match errors.len() {
                1 => "1 error".to_owned(),
                count => format!("{count} errors"),
            };
            format!("{}\n{many}, nothing was started\n", diagnostics(Severity::Error, errors, colors))
        }
        Failure::Sentence(failure) => sentence(&failure.message, failure.hint.as_deref()),
        // It comes from another process.
        Failure::Told(text) => harmless(text).into_owned(),
        Failure::Failed(message) => sentence(message, None),
        // ganger dies by SIGPIPE (see `Failure::outcome`): `cat` prints nothing either.
        Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => String::new(),
        Failure::Output(error) => sentence(&format!("cannot write to standard output: {error}"), None),
    }
}

/// A warning of a command that succeeds, as text.
pub(crate) fn note(text: &str, colors: bool) -> String {
    sentence(Severity::Warning, text, None, &renderer(colors))
}

/// `text` as a line of ganger's own on standard error.
pub(crate) fn line(text: &str) {
    say(&format!("ganger: {}\n", harmless(text)));
}

/// Writes `text` to standard error. A failure of that cannot be reported anywhere.
pub(crate) fn say(text: &str) {
    let mut stream = io::stderr().lock();
    // The renderer's table of what it replaces ends before the second set of control characters.
    let text = text.replace(|c| ('\u{80}'..='\u{9f}').contains(&c), "\u{fffd}");
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
}

/// `error: message`, and `help: hint` under it.
fn sentence(severity: Severity, message: &str, hint: Option<&str>, renderer: &Renderer) -> String {
    let mut text = renderer.render(&[Group::with_title(severity.level().primary_title(message))]) + "\n";
    if let Some(hint) = hint {
        // Rendered by itself: as a part of the same report a bar would lead to it, from nothing.
        let title = Level::HELP.secondary_title(normalize_untrusted_str(hint));
        text += &(renderer.render(&[Group::with_title(title)]) + "\n");
    }
    text
}

fn one(severity: Severity, diagnostic: &Diagnostic, renderer: &Renderer) -> String {
    let location = &diagnostic.location;
    let hint = diagnostic.hint.as_deref();
    let Some(excerpt) = &diagnostic.excerpt else {
        return sentence(severity, &format!("{location}: {}", diagnostic.message), hint, renderer);
    };
    let line = location.line.map_or(1, |line| line as usize);
    let mark = mark(excerpt);
    let counted = excerpt.text[..mark.start].chars().count() + 1;
    let file = normalize_untrusted_str(&location.file);
    let source = Snippet::source(excerpt.text.as_str()).line_start(line).path(file.as_str());
    let group = Group::with_title(severity.level().primary_title(diagnostic.message.as_str()))
        .element(source.annotation(AnnotationKind::Primary.span(mark)))
        .elements(hint.map(|hint| Level::HELP.message(normalize_untrusted_str(hint))));
    let text = renderer.render(&[group]) + "\n";
    // It counts columns in the excerpt, which may be a part of a long line, or hide a secret. (Its `Origin`
    // would take ours, but then puts a row `:::` between the place and the line.)
    let column = location.column.map_or(counted, |column| column as usize);
    text.replacen(&format!("{file}:{line}:{counted}"), &format!("{file}:{line}:{column}"), 1)
}

/// What the caret marks, moved outwards to whole characters: annotate-snippets panics at a span that cuts
/// one, that ends before it begins or that lies behind the end of the text.
fn mark(excerpt: &Excerpt) -> Range<usize> {
    let text = &excerpt.text;
    let start = text.floor_char_boundary(excerpt.mark.start.min(text.len()));
    let end = text.ceil_char_boundary(excerpt.mark.end.clamp(start, text.len()));
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::location::Location;

    fn wrong(text: &str, mark: Range<usize>) -> Diagnostic {
        Diagnostic {
            location: Location { file: "Procfile".into(), line: Some(3), column: Some(5) },
            message: "there is no colon".into(),
            hint: Some("write `web: COMMAND`".into()),
            excerpt: Some(Excerpt { text: text.into(), mark }),
        }
    }

    #[test]
    fn a_mistake_has_place_line_caret_and_the_way_out() {
        let text = diagnostics(Severity::Error, &[wrong("web puma", 4..8)], false);
        assert_eq!(
            text,
            "error: there is no colon\n --> Procfile:3:5\n  |\n3 | web puma\n  |     ^^^^\n  |\n  \
             = help: write `web: COMMAND`\n"
        );
    }

    #[test]
    fn the_place_is_that_in_the_file_also_where_the_excerpt_is_a_part() {
        let part = Excerpt { text: "…puma".into(), mark: 3..7 };
        let long = Diagnostic { excerpt: Some(part), ..wrong("", 0..0) };
        let text = diagnostics(Severity::Error, &[long], false);
        assert!(text.contains("\n --> Procfile:3:5\n  |\n3 | …puma\n  |  ^^^^\n"), "{text}");
    }

    #[test]
    #[expect(clippy::reversed_empty_ranges, reason = "a wrong range must do no harm")]
    fn a_wrong_mark_does_no_harm() {
        for mark in [0..0, 1..2, 2..1, 5..90, 90..95, 4..4, 0..usize::MAX] {
            let text = diagnostics(Severity::Warning, &[wrong("é€\u{1b}[31m", mark.clone())], false);
            assert!(text.starts_with("warning: there is no colon\n"), "{mark:?}");
            assert!(!text.contains('\u{1b}'), "{mark:?}: {text:?}");
        }
    }
}
