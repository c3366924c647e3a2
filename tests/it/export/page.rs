//! The pages of docs/export: their commands are run as they stand there, in order.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ganger::parts::export::options::ExportFormat;

/// The commands of a page: what stands below each heading in blocks of `sh`.
pub(super) struct Page {
    name: &'static str,
    blocks: BTreeMap<String, String>,
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/export/{name}.md"))
}

impl Page {
    /// `docs/export/NAME.md`.
    pub(super) fn read(name: &'static str) -> Self {
        let text = std::fs::read_to_string(path(name)).unwrap();
        let (mut blocks, mut heading, mut is_inside) = (BTreeMap::<_, String>::new(), String::new(), false);
        for line in text.lines() {
            match line {
                "```sh" => is_inside = true,
                "```" => is_inside = false,
                _ if is_inside => blocks.entry(heading.clone()).or_default().extend([line, "\n"]),
                _ => {
                    if let Some(title) = line.strip_prefix("## ") {
                        title.clone_into(&mut heading);
                    }
                }
            }
        }
        Self { name, blocks }
    }

    /// The commands below `heading`, the first of which that fails ends them.
    pub(super) fn take(&mut self, heading: &str) -> String {
        let script = self.again(heading);
        self.blocks.remove(heading);
        script
    }

    /// The same, which will be run once more.
    pub(super) fn again(&self, heading: &str) -> String {
        let found = self.blocks.get(heading);
        let block = found.unwrap_or_else(|| panic!("{}.md has no commands below {heading:?}", self.name));
        format!("set -eu -o pipefail\n{block}")
    }

    /// That no commands are left that were not run.
    pub(super) fn ends(&self) {
        assert!(self.blocks.is_empty(), "{}.md has commands that no test runs: {:?}", self.name, self.blocks);
    }
}

#[test]
fn every_format_has_a_page() {
    for format in ExportFormat::ALL {
        let name = format.as_str().trim_end_matches("-user");
        assert!(path(name).exists(), "docs/export/{name}.md");
    }
}
