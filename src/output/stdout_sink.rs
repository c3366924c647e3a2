//! Standard output: how a batch is written, and with which result.

use std::fs::{self, File, Metadata};
use std::io;
use std::mem;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use tokio::sync::mpsc::UnboundedSender;

use super::batch::Batch;
#[cfg(test)]
use super::pipe::tests::fifo;
use super::pipe::{NowaitWriter, grow};
use super::room::RoomWriter;
use super::writer::{PendingBuffer, Writer, WrittenBuffer, add};

/// Bytes that the pipe of standard output is asked to hold: of 64 KiB, 256 KiB and 1 MiB the middle gives
/// all of the gain.
const PIPE: i32 = 256 << 10;

/// A buffer that grew beyond this is made smaller when it comes back.
const KEPT: usize = 512 << 10;

/// Standard output as the loop sees it: never blocks, takes one batch at a time.
pub(super) struct StdoutSink {
    stdout: Arc<OwnedFd>,
    way: Way,
    /// The empty half of the pair of buffers; `None` while the other one is on its way.
    spare: Option<Batch>,
    /// The reader is gone, or it cannot be written: all that follows is dropped.
    gone: bool,
    closed: UnboundedSender<io::Error>,
    taken: Arc<AtomicU64>,
}

/// How what does not go at once is written.
enum Way {
    /// The loop writes, and is told when there is room.
    Loop(NowaitWriter, RoomWriter),
    /// A thread does, which may block.
    Thread(Writer),
    /// Not at all: it is /dev/null, as of a stack in the background, or was closed.
    Nowhere,
}

impl StdoutSink {
    /// `closed` gets the error that ends standard output, once.
    pub(super) fn open(stdout: OwnedFd, closed: UnboundedSender<io::Error>) -> io::Result<Self> {
        let second = File::from(stdout.try_clone()?);
        let metadata = second.metadata()?;
        let kind = metadata.file_type();
        if kind.is_fifo() {
            grow(&stdout, PIPE);
        }
        let stdout = Arc::new(stdout);
        let taken = Arc::new(AtomicU64::new(0));
        let way = if let Some(writer) = NowaitWriter::of(kind) {
            Way::Loop(writer, RoomWriter::new(second.into()))
        } else if kind.is_char_device() && is_null(&metadata) {
            Way::Nowhere
        } else {
            Way::Thread(Writer::start(Arc::clone(&stdout), Arc::clone(&taken))?)
        };
        Ok(Self { stdout, way, spare: Some(Batch::default()), gone: false, closed, taken })
    }

    /// What to watch for the end of the reader: only a pipe or a socket tells.
    pub(super) fn watched(&self) -> Option<Arc<OwnedFd>> {
        matches!(self.way, Way::Loop(..)).then(|| Arc::clone(&self.stdout))
    }

    /// Whether all that is written is dropped; the history and the files go on.
    pub(super) fn is_gone(&self) -> bool {
        self.gone
    }

    /// Whether nothing is on its way.
    pub(super) fn is_idle(&self) -> bool {
        self.spare.is_some()
    }

    /// Bytes that standard output has taken so far.
    pub(super) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// Sends the batch on its way if none is; else it may grow until the one before is written. So a lone
    /// line goes at once and a flood goes in large pieces, without any timer.
    ///
    /// The loop writes all it can itself, however large: a hand-over is two wake-ups, and cost a third of all CPU
    /// time where the reader kept up. The thread is for what would wait.
    pub(super) fn flush(&mut self, batch: &mut Batch) {
        if self.gone {
            batch.clear();
        }
        if batch.is_empty() || self.spare.is_none() {
            return;
        }
        let written = self.write_directly(batch);
        if written == batch.len() {
            batch.clear();
            batch.shrink_to(KEPT);
        } else if let Some(spare) = self.spare.take() {
            let left = PendingBuffer { batch: mem::replace(batch, spare), written };
            match &mut self.way {
                Way::Loop(_, room) => room.write(left),
                Way::Thread(writer) => writer.write(left),
                Way::Nowhere => {}
            }
        }
    }

    /// Ready when a buffer has come back; pending for ever once it was closed.
    pub(super) fn poll_written(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let written = match &mut self.way {
            Way::Loop(writer, room) => room.poll_written(context, writer, |count| add(&self.taken, count)),
            Way::Thread(writer) => writer.poll_written(context),
            Way::Nowhere => Poll::Pending,
        };
        written.map(|written| self.take_back(written))
    }

    /// Standard output cannot be used any more. Reported once; the reader may leave while no instance writes, and
    /// the next write then fails too.
    pub(super) fn fail(&mut self, error: io::Error) {
        if !mem::replace(&mut self.gone, true) {
            // The receiver may be gone: then the run is over anyway.
            let _ = self.closed.send(error);
        }
    }

    /// Ends the writer, which must be idle, and waits until its thread is gone.
    pub(super) fn close(&mut self) {
        if let Way::Thread(writer) = mem::replace(&mut self.way, Way::Nowhere) {
            writer.join();
        }
    }

    /// Takes back what is written already, without waiting for the loop to say so; whether there was something, of which
    /// [`StdoutSink::poll_written`] then returns nothing.
    pub(super) fn collect(&mut self) -> bool {
        if self.spare.is_none()
            && let Way::Thread(writer) = &mut self.way
            && let Some(written) = writer.try_written()
        {
            self.take_back(written);
            return true;
        }
        false
    }

    fn take_back(&mut self, written: WrittenBuffer) {
        let mut batch = written.batch;
        batch.clear();
        batch.shrink_to(KEPT);
        self.spare = Some(batch);
        if let Err(error) = written.result {
            self.fail(error);
        }
    }

    /// Writes what goes without waiting, and returns how much that was; all of it when nothing reads it.
    fn write_directly(&mut self, batch: &[u8]) -> usize {
        let error = loop {
            let (writer, room) = match &mut self.way {
                Way::Loop(writer, room) => (writer, room),
                Way::Thread(_) => return 0,
                Way::Nowhere => return batch.len(),
            };
            match writer.write(&self.stdout, batch) {
                Ok(Some(count)) => {
                    add(&self.taken, count);
                    return count;
                }
                Ok(None) => {}
                Err(error) => break error,
            }
            if let Some(next) = writer.next(&self.stdout) {
                *writer = next;
                continue;
            }
            match Writer::start(Arc::clone(&self.stdout), Arc::clone(&self.taken)) {
                Ok(thread) => {
                    room.wake();
                    self.way = Way::Thread(thread);
                }
                Err(error) => break error,
            }
        };
        self.fail(error);
        batch.len()
    }
}

fn is_null(device: &Metadata) -> bool {
    fs::metadata("/dev/null").is_ok_and(|null| null.rdev() == device.rdev())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use nix::pty::openpty;
    use tokio::sync::mpsc::unbounded_channel;

    use super::*;

    #[test]
    fn only_what_may_block_has_a_thread() {
        let way = |stdout: OwnedFd| StdoutSink::open(stdout, unbounded_channel().0).unwrap().way;
        let file = |path| File::options().write(true).open(path).unwrap().into();
        assert!(matches!(way(file("/dev/null")), Way::Nowhere));
        assert!(matches!(way(file("/dev/full")), Way::Thread(_)));
        assert!(matches!(way(tempfile::tempfile().unwrap().into()), Way::Thread(_)));
        assert!(matches!(way(io::pipe().unwrap().1.into()), Way::Loop(..)));
        let terminal = openpty(None, None).unwrap();
        assert!(matches!(way(terminal.slave), Way::Thread(_)));
    }

    #[test]
    fn a_fifo_that_was_opened_by_its_name_is_written_without_a_thread() {
        let (_folder, mut reader, writer) = fifo();
        let mut sink = StdoutSink::open(writer.into(), unbounded_channel().0).unwrap();
        let mut batch = Batch::default();
        batch.extend_from_slice(b"a line\n");
        sink.flush(&mut batch);
        assert!(sink.is_idle() && matches!(sink.way, Way::Loop(NowaitWriter::Own(_), _)));
        let mut read = [0; 100];
        assert_eq!(reader.read(&mut read).unwrap(), 7);
    }
}
