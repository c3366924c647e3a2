//! The thread that writes the files.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Context, Poll};
use std::thread::JoinHandle;

use memchr::{memchr, memrchr};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::options::LogFileOptions;
use super::rows::{FileRows, PendingRows};
use crate::name::InstanceName;
use crate::output::thread::spawn_without_signals;

/// How many older files are kept of each instance: `web.1.log.1` is the latest of them.
const OLDER: usize = 4;

/// The event loop's end of the writer. Two buffers go to and fro, as with standard output.
pub(crate) struct FileWriter {
    rows: Sender<PendingRows>,
    written: UnboundedReceiver<WrittenRows>,
    /// The empty one of the two; `None` while the thread has it.
    spare: Option<PendingRows>,
    thread: JoinHandle<()>,
    has_failed: bool,
}

/// A buffer on its way back, and why not all of it was written.
struct WrittenRows {
    rows: PendingRows,
    result: Result<(), WriteError>,
}

/// A file that could not be written.
#[derive(Debug)]
struct WriteError {
    file: PathBuf,
    error: io::Error,
}

impl FileWriter {
    /// Starts the thread.
    ///
    /// # Errors
    /// It cannot be started.
    pub(crate) fn start(options: LogFileOptions) -> io::Result<Self> {
        let (rows, to_write) = channel();
        let (to_return, written) = unbounded_channel();
        let files = LogFolder { options, names: Vec::new() };
        let thread = spawn_without_signals("log files", move || files.write_all(&to_write, &to_return))?;
        Ok(Self { rows, written, spare: Some(PendingRows::default()), thread, has_failed: false })
    }

    /// Whether nothing is on its way.
    pub(crate) fn is_idle(&self) -> bool {
        self.spare.is_some()
    }

    /// Hands the rows over, if the thread has none.
    pub(crate) fn write(&mut self, rows: &mut FileRows) {
        if !rows.pending.is_empty()
            && let Some(spare) = self.spare.take()
        {
            // The thread ends only when this sender is dropped.
            let _ = self.rows.send(std::mem::replace(&mut rows.pending, spare));
        }
    }

    /// Waits until rows are written; the warning to print, if it is the first that failed.
    pub(crate) fn poll_written(&mut self, context: &mut Context<'_>) -> Poll<Option<String>> {
        let Poll::Ready(Some(mut written)) = self.written.poll_recv(context) else { return Poll::Pending };
        written.rows.clear();
        self.spare = Some(written.rows);
        let Err(WriteError { file, error }) = written.result else { return Poll::Ready(None) };
        let is_first = !std::mem::replace(&mut self.has_failed, true);
        Poll::Ready(is_first.then(|| format!("{}: {error}: lines are missing there", file.display())))
    }

    /// Ends the thread, which must be idle.
    pub(crate) fn join(self) {
        drop(self.rows);
        let _ = self.thread.join();
    }
}

/// The folder and its files. None stays open: what rotates or removes them from outside does no harm, and a thousand instances
/// hold no thousand descriptors.
struct LogFolder {
    options: LogFileOptions,
    names: Vec<InstanceName>,
}

impl LogFolder {
    fn write_all(mut self, to_write: &Receiver<PendingRows>, written: &UnboundedSender<WrittenRows>) {
        for mut rows in to_write {
            self.names.append(&mut rows.names);
            let of_sources = rows.rows.iter().zip(&self.names).filter(|(rows, _)| !rows.is_empty());
            // Each instance is tried: what fails for one may not fail for another.
            let results: Vec<_> = of_sources.map(|(rows, name)| self.append(name, rows)).collect();
            let result = results.into_iter().collect();
            if written.send(WrittenRows { rows, result }).is_err() {
                return;
            }
        }
    }

    fn append(&self, name: &InstanceName, rows: &[u8]) -> Result<(), WriteError> {
        let file = self.options.folder.join(format!("{name}.log"));
        self.append_to(&file, rows).map_err(|error| WriteError { file, error })
    }

    fn append_to(&self, path: &Path, mut rows: &[u8]) -> io::Result<()> {
        let (mut file, mut size) = self.open(path)?;
        while !rows.is_empty() {
            let room = usize::try_from(self.options.size.saturating_sub(size)).unwrap_or(usize::MAX);
            let mut fits = rows.len();
            if fits > room {
                fits = memrchr(b'\n', &rows[..room]).map_or(0, |end| end + 1);
            }
            if fits == 0 && size > 0 {
                rotate(path)?;
                (file, size) = self.open(path)?;
                continue;
            }
            if fits == 0 {
                // A row that is longer than a whole file.
                fits = memchr(b'\n', rows).map_or(rows.len(), |end| end + 1);
            }
            file.write_all(&rows[..fits])?;
            size += fits as u64;
            rows = &rows[fits..];
        }
        Ok(())
    }

    /// Opens the file to add to it, and tells its size.
    fn open(&self, path: &Path) -> io::Result<(File, u64)> {
        let mut options = OpenOptions::new();
        options.append(true).create(true).mode(0o600).custom_flags(libc::O_NOFOLLOW);
        let file = match options.open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                DirBuilder::new().recursive(true).mode(0o700).create(&self.options.folder)?;
                options.open(path)?
            }
            opened => opened?,
        };
        let size = file.metadata()?.len();
        Ok((file, size))
    }
}

/// `web.1.log` becomes `web.1.log.1`, that becomes `web.1.log.2`, and the oldest is removed.
fn rotate(path: &Path) -> io::Result<()> {
    let older = |number: usize| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    };
    for number in (1..OLDER).rev() {
        match fs::rename(older(number), older(number + 1)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    fs::rename(path, older(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::TypeName;

    #[test]
    fn files_are_rotated_between_rows_and_the_oldest_are_removed() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("a/b");
        let log =
            LogFolder { options: LogFileOptions { folder: folder.clone(), size: 20 }, names: Vec::new() };
        let name = InstanceName { kind: TypeName::new("web").unwrap(), number: 1 };
        for batch in 0..30 {
            let row = |line| format!("row {:03}\n", batch * 3 + line);
            log.append(&name, (row(0) + &row(1) + &row(2)).as_bytes()).unwrap();
        }
        log.append(&name, b"a row that is longer than a file\n").unwrap();
        let mut files: Vec<_> =
            fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        files.sort();
        assert_eq!(files, ["web.1.log", "web.1.log.1", "web.1.log.2", "web.1.log.3", "web.1.log.4"]);
        let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!(text("web.1.log"), "a row that is longer than a file\n");
        assert_eq!(text("web.1.log.1"), "row 088\nrow 089\n");
        assert_eq!(text("web.1.log.4"), "row 082\nrow 083\n");
    }
}
