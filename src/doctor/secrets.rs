//! Secrets in files that are tracked: a short list of shapes that nothing else has.

use regex_lite::Regex;

use super::code;
use super::facts::{Facts, line_of};
use super::report::Finding;

/// What it is, and its shape, as the issuers document it.
const SHAPES: [(&str, &str); 11] = [
    ("an access key of AWS", r"\bAKIA[0-9A-Z]{16}\b"),
    ("a token of GitHub", r"\b(ghp|gho|ghs|ghr)_[A-Za-z0-9]{36}\b"),
    ("a token of GitHub", r"\bgithub_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}\b"),
    ("a token of GitLab", r"\bglpat-[A-Za-z0-9_-]{20}\b"),
    ("a live key of Stripe", r"\b[sr]k_live_[0-9a-zA-Z]{24,}\b"),
    ("a token of Slack", r"\bxox[abprs]-[0-9]{10,}-[0-9A-Za-z-]{20,}"),
    ("a key of Google", r"\bAIza[0-9A-Za-z_-]{35}\b"),
    ("a key of SendGrid", r"\bSG\.[0-9A-Za-z_-]{22}\.[0-9A-Za-z_-]{43}\b"),
    ("a token of npm", r"\bnpm_[A-Za-z0-9]{36}\b"),
    ("a key of Anthropic", r"\bsk-ant-[a-z0-9]+-[A-Za-z0-9_-]{80,}"),
    ("a private key", r"-----BEGIN (RSA |EC |OPENSSH |DSA )?PRIVATE KEY-----"),
];

/// The first of each kind in each file. The value is not part of the finding.
pub(super) fn find(facts: &Facts) -> Vec<Finding> {
    let shapes: Vec<(&str, Regex)> =
        SHAPES.iter().filter_map(|(what, shape)| Some((*what, Regex::new(shape).ok()?))).collect();
    let mut found = Vec::new();
    for (file, text) in &facts.files {
        if facts.repository.tracks(file) == Some(false) || is_a_test(file) {
            continue;
        }
        for (what, shape) in &shapes {
            // AWS and others write EXAMPLE into the keys of their manuals.
            let is_real = |line: &&str| shape.find(line).is_some_and(|hit| !hit.as_str().contains("EXAMPLE"));
            if let Some((index, _)) = text.lines().enumerate().find(|(_, line)| is_real(line)) {
                found.push(Finding::new(
                    &code::SECRET,
                    line_of(file, index + 1),
                    format!("{what} is in this line"),
                ));
            }
        }
    }
    found
}

/// A key that a test needs is made for it.
fn is_a_test(file: &str) -> bool {
    file.to_ascii_lowercase().split('/').any(|part| {
        ["test", "spec", "fixture", "example", "sample", "mock"].iter().any(|word| part.contains(word))
    })
}
