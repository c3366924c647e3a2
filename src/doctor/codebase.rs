//! Factor I: one codebase in version control, and what a deployment needs is in it.

use super::code::{self, Code};
use super::dependencies::LOCK_FILES;
use super::facts::{Facts, Repository, line_of};
use super::report::Finding;

pub(super) fn examine(facts: &Facts) -> Vec<Finding> {
    let procfile = &*facts.procfile.file;
    match &facts.repository {
        Repository::Unknown => Vec::new(),
        Repository::Absent => {
            vec![Finding::new(
                &code::NO_REPOSITORY,
                line_of(procfile, 0),
                "the folder is in no git repository".into(),
            )]
        }
        Repository::Present { tracked, .. } => {
            let is_untracked = |name: &str| !tracked.contains(name) && facts.files.contains_key(name);
            let locks = LOCK_FILES.iter().flat_map(|(_, locks)| locks.iter());
            let locks =
                locks.filter(|name| is_untracked(name)).map(|name| untracked(&code::LOCK_UNTRACKED, name));
            // One that is named with -f may well be a user's own.
            let own = is_untracked("Procfile") && procfile.rsplit('/').next() == Some("Procfile");
            own.then(|| untracked(&code::PROCFILE_UNTRACKED, procfile)).into_iter().chain(locks).collect()
        }
    }
}

fn untracked(code: &'static Code, name: &str) -> Finding {
    Finding::new(code, line_of(name, 0), "git does not track it".to_owned())
}
