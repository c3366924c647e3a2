//! An export in the making, and what comes of it.

use super::document::{Document, Setting};
use super::options::{ExportOptions, Secrets};
use super::stack::{ExportedStack, ExportedType, ExportedVariable};
use crate::location::{Diagnostic, Location};
use crate::name::TypeName;

/// A file of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Where it lies in the folder: parts joined by `/`, none of them `..`.
    pub path: String,
    /// What is in it. Where [`File::mode`] keeps others out these are secrets.
    pub bytes: Vec<u8>,
    /// Its mode, as chmod(2) has it.
    pub mode: u32,
}

impl File {
    /// Whether it holds secret values.
    pub fn is_secret(&self) -> bool {
        self.mode.trailing_zeros() >= 6
    }
}

/// An export: files, and warnings.
#[derive(Clone, Debug, Default)]
pub struct Bundle {
    /// The files, in the order in which they should be read.
    pub files: Vec<File>,
    /// What reads the output of `--secrets only` and puts the values where the files refer to; `None`: there
    /// are no values, or they are in the files.
    pub secrets: Option<String>,
    /// What the engine cannot do, one sentence each.
    pub lost: Vec<String>,
}

/// A bundle in the making, with all that is wrong.
#[derive(Default)]
pub(super) struct BundleBuilder {
    /// What there is so far.
    pub(super) bundle: Bundle,
    /// Why there will be none.
    pub(super) errors: Vec<Diagnostic>,
    /// The kinds of its objects, each with the type that it is for.
    objects: Vec<(Option<TypeName>, String)>,
}

impl BundleBuilder {
    /// One more file, world-readable.
    pub(super) fn file(&mut self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.bundle.files.push(File { path: path.into(), bytes: bytes.into(), mode: 0o644 });
    }

    /// One more file, world-readable unless the values are in it.
    pub(super) fn file_with_values(
        &mut self,
        stack: &ExportedStack<'_>,
        path: impl Into<String>,
        bytes: impl Into<Vec<u8>>,
    ) {
        let mode = if holds_values(stack) { 0o600 } else { 0o644 };
        self.bundle.files.push(File { path: path.into(), bytes: bytes.into(), mode });
    }

    /// One more program; only its owner may read it if the values are in it.
    pub(super) fn program(&mut self, path: impl Into<String>, bytes: impl Into<Vec<u8>>, is_secret: bool) {
        let mode = if is_secret { 0o700 } else { 0o755 };
        self.bundle.files.push(File { path: path.into(), bytes: bytes.into(), mode });
    }

    /// What is not carried over; the same sentence is listed once.
    pub(super) fn unsupported(&mut self, sentence: impl Into<String>) {
        let sentence = sentence.into();
        if !self.bundle.lost.contains(&sentence) {
            self.bundle.lost.push(sentence);
        }
    }

    /// That `variable` cannot be written: `because` says what is in the way, not the value.
    pub(super) fn refuse(
        &mut self,
        stack: &ExportedStack<'_>,
        variable: &ExportedVariable<'_>,
        because: &str,
    ) {
        let nowhere = Location { file: "environment".into(), line: None, column: None };
        let format = stack.options.format.as_str();
        let hint = match stack.options.secrets {
            Secrets::Reference | Secrets::Only => "change the value, or set it in the engine by hand",
            Secrets::Inline => "change the value, or leave out --secrets inline",
        };
        self.errors.push(Diagnostic {
            location: variable.place.cloned().unwrap_or(nowhere),
            message: format!("`{}` cannot be exported to {format}: {because}", variable.name),
            hint: Some(hint.to_owned()),
            excerpt: None,
        });
    }

    /// That the command or name of `kind` cannot be written.
    pub(super) fn refuse_kind(
        &mut self,
        stack: &ExportedStack<'_>,
        kind: &ExportedType<'_>,
        because: &str,
        hint: &str,
    ) {
        let format = stack.options.format.as_str();
        self.errors.push(Diagnostic {
            location: kind.place.clone(),
            message: format!("`{}` cannot be exported to {format}: {because}", kind.name),
            hint: Some(hint.to_owned()),
            excerpt: None,
        });
    }

    /// Changes `document`, which stands for `kind`, as `--set` asks.
    pub(super) fn set(&mut self, options: &ExportOptions, kind: &ExportedType<'_>, document: &mut Document) {
        let object = self.note(Some(kind), document);
        let is_main = |setting: &Setting| setting.object.is_none() || setting.object == object;
        self.apply(
            options.set.iter().filter(|setting| setting.is_for(Some(kind.name)) && is_main(setting)),
            document,
        );
    }

    /// Changes an object that stands beside that of `kind`, or one for all types: what is for it by name, and what all objects
    /// have, `metadata`.
    pub(super) fn set_beside(
        &mut self,
        options: &ExportOptions,
        kind: Option<&ExportedType<'_>>,
        document: &mut Document,
    ) {
        let object = self.note(kind, document);
        self.apply(
            options.set.iter().filter(|setting| {
                setting.is_for(kind.map(|kind| kind.name)) && setting.is_for_beside(object.as_deref())
            }),
            document,
        );
    }

    /// Keeps the kind of an object, which `--set` may name.
    fn note(&mut self, kind: Option<&ExportedType<'_>>, document: &Document) -> Option<String> {
        let object = document.object_kind()?.to_owned();
        self.objects.push((kind.map(|kind| kind.name.clone()), object.clone()));
        Some(object)
    }

    /// Refuses what is set in objects that the export does not have.
    pub(super) fn refuse_unknown_objects(&mut self, options: &ExportOptions) {
        for setting in &options.set {
            let Some(named) = &setting.object else { continue };
            let possible = || self.objects.iter().filter(|(kind, _)| setting.is_for(kind.as_ref()));
            if possible().any(|(_, object)| object == named) {
                continue;
            }
            let mut known: Vec<&str> = possible().map(|(_, object)| object.as_str()).collect();
            known.sort_unstable();
            known.dedup();
            let hint = if known.is_empty() {
                "only kubernetes has objects; the keys of others begin as docs/export.md says".to_owned()
            } else {
                format!("the objects are {}", known.join(", "))
            };
            let error = Diagnostic::at(&setting.place, format!("there is no object `{named}`"), Some(hint));
            self.errors.push(error);
        }
    }

    fn apply<'a>(&mut self, settings: impl Iterator<Item = &'a Setting>, document: &mut Document) {
        for setting in settings {
            if let Err(error) = document.set(setting) {
                let error = Diagnostic::at(&setting.place, error.to_string(), None);
                if !self.errors.contains(&error) {
                    self.errors.push(error);
                }
            }
        }
    }

    /// That this format has nothing that `--set` could reach.
    pub(super) fn refuse_settings(&mut self, stack: &ExportedStack<'_>) {
        let format = stack.options.format.as_str();
        for setting in &stack.options.set {
            let hint = Some("change the files after the export".to_owned());
            let message = format!("{format} has no values to set");
            self.errors.push(Diagnostic::at(&setting.place, message, hint));
        }
    }

    /// The values of `stack` as text. Left out, as refused, are those whose name `is_name` refuses, that are not UTF-8, or that
    /// `refuses` gives a reason for.
    pub(super) fn texts<'a>(
        &mut self,
        stack: &ExportedStack<'a>,
        is_name: impl Fn(&ExportedStack<'_>, &ExportedVariable<'_>, &mut Self) -> bool,
        refuses: impl Fn(&str) -> Option<&'static str>,
    ) -> Vec<(&'a str, &'a str)> {
        let usable: Vec<_> = stack.values.iter().filter(|variable| is_name(stack, variable, self)).collect();
        let mut texts = Vec::with_capacity(usable.len());
        for variable in usable {
            match std::str::from_utf8(variable.value) {
                Err(_) => self.refuse(stack, variable, "its value is not UTF-8"),
                Ok(text) => match refuses(text) {
                    Some(because) => self.refuse(stack, variable, because),
                    None => texts.push((variable.name, text)),
                },
            }
        }
        texts
    }

    /// The bundle, if nothing is wrong.
    pub(super) fn finish(self) -> Result<Bundle, Vec<Diagnostic>> {
        if self.errors.is_empty() { Ok(self.bundle) } else { Err(self.errors) }
    }
}

/// Whether the values stand in the files themselves.
pub(super) fn holds_values(stack: &ExportedStack<'_>) -> bool {
    stack.options.secrets == Secrets::Inline && !stack.values.is_empty()
}

/// Whether the files refer to values that lie elsewhere.
pub(super) fn refers(stack: &ExportedStack<'_>) -> bool {
    stack.options.secrets == Secrets::Reference && !stack.values.is_empty()
}
