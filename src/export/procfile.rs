//! A Procfile for platforms that read one themselves (Heroku, Dokku, buildpacks), and what would have to change.

use super::bundle_builder::{BundleBuilder, refers};
use super::readiness::{self, CarriedReadiness};
use super::script::quote;
use super::stack::{ExportedStack, ExportedType};
use crate::shell::simple_words;
use crate::signal::Signal;

/// The grace that Heroku gives, in seconds, and that cannot be changed there:
/// devcenter.heroku.com/articles/dynos#graceful-shutdown-with-sigterm
const HEROKUS_GRACE: u64 = 30;

/// Writes the Procfile of `stack`: the types that run, in their order.
pub(super) fn write(stack: &ExportedStack<'_>, bundle: &mut BundleBuilder) {
    bundle.refuse_settings(stack);
    let mut kinds: Vec<&ExportedType<'_>> = stack.all().collect();
    kinds.sort_by_key(|kind| kind.place.line);
    // No comment on top: Heroku's own parser looks for lines that match, a buildpack's may not.
    let text: String = kinds.iter().map(|kind| format!("{}: {}\n", kind.name, kind.command)).collect();
    bundle.file("Procfile", text);
    for kind in stack.all() {
        about_kind(kind, bundle);
    }
    if !stack.kinds.iter().any(|kind| kind.name.as_str() == "web") {
        bundle.unsupported("requests reach a type called `web` only, and there is none");
    }
    let counts: Vec<String> =
        stack.kinds.iter().map(|kind| format!("{}={}", kind.name, kind.instances.len())).collect();
    bundle.unsupported(format!(
        "the formation is not in a Procfile: `heroku ps:scale {0}`, `dokku ps:scale {app} {0}`",
        counts.join(" "),
        app = stack.options.app
    ));
    if stack.kinds.iter().any(|kind| uses(kind, "GANGER_PORT_")) {
        bundle.unsupported("GANGER_PORT_… are not set there: each type has a host of its own");
    }
    bundle.unsupported(
        "PS is not set there: Heroku has DYNO, Dokku and buildpacks have no name for an instance",
    );
    bundle.unsupported("PORT is set for `web` only, to a port of the platform's choice");
    readiness::unsupported(stack, &CarriedReadiness::NOTHING, bundle);
    if refers(stack) {
        bundle.bundle.secrets = Some(format!(
            "xargs -0 heroku config:set --app {app}    # or: xargs -0 dokku config:set --no-restart {app}",
            app = quote(&stack.options.app)
        ));
    }
}

/// What of one type would have to change.
fn about_kind(kind: &ExportedType<'_>, bundle: &mut BundleBuilder) {
    let name = &kind.name;
    if name.as_str().starts_with('-')
        || name.as_str().contains('_')
        || name.as_str() != name.as_str().to_ascii_lowercase()
    {
        bundle.unsupported(format!(
            "{name}: Dokku and buildpacks take lower-case letters, digits and `-` in a name; rename it"
        ));
    }
    if kind.stop_signal != Signal::TERMINATE {
        bundle
            .unsupported(format!("{name}: it would be stopped with SIGTERM, not with {}", kind.stop_signal));
    }
    if kind.grace.as_secs() > HEROKUS_GRACE {
        bundle.unsupported(format!("{name}: Heroku kills after {HEROKUS_GRACE} seconds, whatever the grace"));
    }
    if name.as_str() != "web" && uses(kind, "PORT") {
        bundle.unsupported(format!("{name}: its command names PORT, which only `web` has"));
    }
    if simple_words(kind.command).is_none() {
        bundle.unsupported(format!(
            "{name}: its command needs a shell; a buildpack with BP_DIRECT_PROCESS=true runs it without one"
        ));
    }
}

fn uses(kind: &ExportedType<'_>, word: &str) -> bool {
    kind.command.contains(&format!("${word}")) || kind.command.contains(&format!("${{{word}"))
}

/// The values as `NAME=value`, each with a NUL behind it, as `xargs -0` reads them.
pub(super) fn config(stack: &ExportedStack<'_>) -> Vec<u8> {
    stack
        .values
        .iter()
        .flat_map(|variable| [variable.name.as_bytes(), b"=", variable.value, b"\0"].concat())
        .collect()
}
