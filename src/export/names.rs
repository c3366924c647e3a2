//! What stacks and types are called in other places.

use super::bundle_builder::BundleBuilder;
use super::options::ExportFormat;
use super::stack::{ExportedStack, ExportedType, about};
use crate::location::Diagnostic;

/// The most characters of a DNS label (RFC 1123), and so of most names in Kubernetes.
const LONGEST: usize = 63;

/// A name for a stack that lies in a folder called `folder`: lower-case letters, digits and `-`, a letter
/// first. `app` where nothing is left of it.
pub(crate) fn app_name(folder: &str) -> String {
    let lower = folder.to_lowercase();
    let plain: String = lower.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let words: Vec<&str> = plain.split('-').filter(|word| !word.is_empty()).collect();
    let name = words.join("-");
    let name = name.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-');
    let short: String = name.chars().take(LONGEST / 2).collect();
    let short = short.trim_end_matches('-');
    if short.is_empty() { "app".to_owned() } else { short.to_owned() }
}

/// Refuses a name of the stack that some engine would not take.
pub(super) fn check_app(stack: &ExportedStack<'_>, bundle: &mut BundleBuilder) {
    let app = stack.options.app.as_str();
    if !is_label(app) {
        let message = "the stack's name is not made of lower-case letters, digits and `-`, a letter first";
        let hint = format!("try --app {}", app_name(app));
        bundle.errors.push(Diagnostic::at(&stack.options.app_place, message, Some(hint)));
    }
}

/// The names of all types as DNS labels (RFC 1035: Services want a letter first), in the order of
/// [`ExportedStack::all`]: `_` becomes `-`, and letters become small. A name that is none even so, or that another
/// type has already, is refused.
pub(super) fn labels(stack: &ExportedStack<'_>, bundle: &mut BundleBuilder) -> Vec<String> {
    let mut labels: Vec<String> = Vec::new();
    let mut kinds: Vec<&ExportedType<'_>> = Vec::new();
    for kind in stack.all() {
        let label = label(stack, kind);
        let own = &label[stack.options.app.len() + 1..];
        if is_label(&stack.options.app) && (!is_label(&label) || own.starts_with('-')) {
            let because =
                format!("`{label}` is no name there: at most {LONGEST} characters, no `-` at the end");
            bundle.refuse_kind(stack, kind, &because, "rename the type, or the stack with --app");
        } else if let Some(place) = labels.iter().position(|other| *other == label) {
            let because = format!("it would have the same name there as `{}`: {label}", kinds[place].name);
            bundle.refuse_kind(stack, kind, &because, "rename one of the two");
        }
        labels.push(label);
        kinds.push(kind);
    }
    labels
}

/// What a type would be called, whether that can be a name or not.
pub(super) fn label(stack: &ExportedStack<'_>, kind: &ExportedType<'_>) -> String {
    let own = kind.name.as_str().to_ascii_lowercase().replace('_', "-");
    format!("{}-{own}", stack.options.app)
}

/// Whether `name` is a DNS label that begins with a letter.
fn is_label(name: &str) -> bool {
    name.len() <= LONGEST
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-')
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// The image, without which `stack` cannot be written; refused if there is none.
pub(super) fn image<'a>(stack: &ExportedStack<'a>, bundle: &mut BundleBuilder) -> &'a str {
    if let Some(image) = &stack.options.image {
        return image;
    }
    let format: ExportFormat = stack.options.format;
    let format = format.as_str();
    let hint = format!(
        "name it: --image registry.example.com/shop:1.4.2, or `image` below [export.{format}] of ganger.toml"
    );
    bundle.errors.push(about("--image", format!("{format} runs an image"), Some(hint)));
    ""
}

/// That the signal ends at the shell, for each type where one stays in front of the program, unless it `is_passed_on`.
pub(super) fn lose_signals(
    stack: &ExportedStack<'_>,
    is_passed_on: impl Fn(&ExportedType<'_>) -> bool,
    bundle: &mut BundleBuilder,
) {
    for kind in stack.all().filter(|kind| !kind.is_replaced && !is_passed_on(kind)) {
        bundle.unsupported(format!(
            "{}: a shell stays in front of the program, and the stop signal reaches the shell alone; `exec` \
             before the last command of the line mends that",
            kind.name
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gives_its_name_to_the_stack() {
        let table = [
            ("shop", "shop"),
            ("My_Shop 2", "my-shop-2"),
            ("2048-game", "game"),
            ("--x--", "x"),
            ("é", "app"),
            ("", "app"),
            ("a.b.", "a-b"),
        ];
        for (folder, name) in table {
            assert_eq!(app_name(folder), name, "{folder:?}");
            assert!(is_label(name));
        }
        assert!(is_label(&app_name(&"ab-".repeat(100))));
    }
}
