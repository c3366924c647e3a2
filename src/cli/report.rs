//! The one renderer: everything that ganger says about a mistake, on standard error.

use std::io::{self, Write};
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::failure::Failure;
use crate::location::{Diagnostic, Excerpt};

/// How grave it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Nothing starts.
    Error,
    /// Something to mend.
    Warning,
}

/// All of `diagnostics`, as text that ends with a newline.
pub fn diagnostics(severity: Severity, diagnostics: &[Diagnostic], colors: bool) -> String {
    let renderer = if colors { Renderer::styled() } else { Renderer::plain() };
    let one = |diagnostic| renderer.render(&[group(severity, diagnostic)]) + "\n";
    diagnostics.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// `failure` as text; empty if there is nothing to say.
pub fn failure(failure: &Failure, colors: bool) -> String {
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
        Failure::CannotRun { message, hint, .. } => sentence(message, hint.as_deref(), colors),
        Failure::Failed(message) => sentence(message, None, colors),
        // Who closed our output knows why: `cat` says nothing either.
        Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => String::new(),
        Failure::Output(error) => {
            sentence(&format!("cannot write to standard output: {error}"), None, colors)
        }
    }
}

/// Writes `text` to standard error. That this fails cannot be said anywhere.
pub fn say(text: &str) {
    let mut stream = io::stderr().lock();
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
}

fn sentence(message: &str, hint: Option<&str>, colors: bool) -> String {
    let renderer = if colors { Renderer::styled() } else { Renderer::plain() };
    let title = Level::ERROR.primary_title(message);
    let help = hint.map(|hint| Level::HELP.message(hint));
    renderer.render(&[Group::with_title(title).elements(help)]) + "\n"
}

fn group(severity: Severity, diagnostic: &Diagnostic) -> Group<'_> {
    let level = match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let help = diagnostic.hint.as_deref().map(|hint| Level::HELP.message(hint));
    let location = &diagnostic.location;
    let Some(excerpt) = &diagnostic.excerpt else {
        let title = level.primary_title(format!("{location}: {}", diagnostic.message));
        return Group::with_title(title).elements(help);
    };
    let line = location.line.map_or(1, |line| line as usize);
    let source = Snippet::source(excerpt.text.as_str())
        .line_start(line)
        .annotation(AnnotationKind::Primary.span(mark(excerpt)));
    // The place comes from the location, not from the excerpt: that may be a part of a long line.
    let mut origin = Origin::path(&*location.file).line(line);
    if let Some(column) = location.column {
        origin = origin.char_column(column as usize);
    }
    Group::with_title(level.primary_title(diagnostic.message.as_str()))
        .element(origin)
        .element(source)
        .elements(help)
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
    #[expect(clippy::reversed_empty_ranges, reason = "a wrong range must do no harm")]
    fn a_wrong_mark_does_no_harm() {
        for mark in [0..0, 1..2, 2..1, 5..90, 90..95, 4..4, 0..usize::MAX] {
            let text = diagnostics(Severity::Warning, &[wrong("é€\u{1b}[31m", mark.clone())], false);
            assert!(text.starts_with("warning: there is no colon\n"), "{mark:?}");
            assert!(!text.contains('\u{1b}'), "{mark:?}: {text:?}");
        }
    }
}
