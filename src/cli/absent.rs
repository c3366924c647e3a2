//! Files of a project that are not there, or not read though they are: each with the way out.

use std::fs;
use std::path::Path;

use super::files::{self, about};
use crate::location::Diagnostic;
use crate::suggestion::nearest;

/// That the .env of the current folder is not read, where there is none beside the Procfile that was typed: foreman, honcho and overmind
/// read it.
pub(super) fn unread_env(current: &Path, root: &Path) -> Option<Diagnostic> {
    let is_unread = current.join(".env").is_file() && !root.join(".env").exists();
    let message = "not read: without -d, the .env is that of the Procfile's folder, where commands run";
    let hint = "`-e .env` reads it; with `-d .` commands run here, with this .env";
    is_unread.then(|| about("./.env", message, Some(hint.into())))
}

/// `error`, with a way out where the file is absent: a similar one that is there.
pub(super) fn absent_env(error: Diagnostic, path: &Path, name: &str) -> Diagnostic {
    if !fs::metadata(path).is_err_and(|error| files::is_absent(&error)) {
        return error;
    }
    let file = path.file_name().and_then(|file| file.to_str()).unwrap_or_default();
    let others = files::names_in(path.parent().unwrap_or(Path::new("/")), |other| other.contains("env"));
    let hint = match nearest(file, others.iter().map(String::as_str)) {
        Some(near) => format!("did you mean {}?", Path::new(name).with_file_name(near).display()),
        None => "name one that is there; `-e /dev/null` reads none".to_owned(),
    };
    Diagnostic { hint: Some(hint), ..error }
}

/// That it is a directory, and where a Procfile is in it.
pub(super) fn with_hint_inside(error: Diagnostic, path: &Path, name: &str) -> Diagnostic {
    let inside = Path::new(name).join("Procfile");
    let hint = || format!("there is a Procfile in it: -f {}", inside.display());
    Diagnostic { hint: path.join("Procfile").is_file().then(hint), ..error }
}

/// That there is no Procfile, which was looked for, and a similar file that is there.
pub(super) fn no_procfile(path: &Path, name: &str, is_named: bool) -> Diagnostic {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let near = files::names_in(folder, |name| {
        let lower = name.to_ascii_lowercase();
        lower.starts_with("procfile") || lower.ends_with(".procfile")
    });
    let hint = match near.first() {
        Some(near) => {
            let near = Path::new(name).with_file_name(near);
            format!("there is a {0}: use it with -f {0}", near.display())
        }
        None if is_named => "name it relative to the current folder, or pipe it in with -f -".into(),
        None => "write lines such as `web: ./server --port $PORT` into it, or name one with -f".into(),
    };
    let message =
        if is_named { "no such Procfile".to_owned() } else { format!("no Procfile in {}", folder.display()) };
    about(name, message, Some(hint))
}
