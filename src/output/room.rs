//! Standard output that the loop writes to itself: where there is no room it is told of some, and waits for nothing.

use std::io;
use std::os::fd::OwnedFd;
use std::task::{Context, Poll, Waker};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::descriptor;
use super::pipe::NowaitWriter;
use super::writer::{PendingBuffer, WrittenBuffer};

/// A pipe or socket, and what it did not take at once.
pub(super) struct RoomWriter {
    room: Room,
    /// What is to be written when there is room.
    left: Option<PendingBuffer>,
    /// Who waits for something to be left.
    pump: Option<Waker>,
}

/// What is watched. With its first wait, as a socket tells of each piece that its reader takes.
enum Room {
    Unwatched(OwnedFd),
    Watched(AsyncFd<OwnedFd>),
    /// The kernel could not watch it.
    Lost,
}

impl RoomWriter {
    /// `stdout` is a duplicate: epoll watches a descriptor once, and the other one is watched for its end.
    pub(super) fn new(stdout: OwnedFd) -> Self {
        Self { room: Room::Unwatched(stdout), left: None, pump: None }
    }

    /// Takes what is left of a batch. It comes back as [`WrittenBuffer`].
    pub(super) fn write(&mut self, left: PendingBuffer) {
        self.left = Some(left);
        self.wake();
    }

    /// Has [`RoomWriter::poll_written`] asked again, or what has taken its place.
    pub(super) fn wake(&mut self) {
        self.pump.take().into_iter().for_each(Waker::wake);
    }

    /// Waits for what comes back, and writes meanwhile; it counts in `taken` how much.
    pub(super) fn poll_written(
        &mut self,
        context: &mut Context<'_>,
        writer: &NowaitWriter,
        taken: impl Fn(usize),
    ) -> Poll<WrittenBuffer> {
        let Some(left) = &mut self.left else {
            self.pump = Some(context.waker().clone());
            return Poll::Pending;
        };
        let result = loop {
            match self.room.poll_write(context, writer, &left.batch[left.written..]) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(count)) => {
                    taken(count);
                    left.written += count;
                }
                Poll::Ready(Err(error)) => break Err(error),
            }
            if left.written == left.batch.len() {
                break Ok(());
            }
        };
        self.left
            .take()
            .map_or(Poll::Pending, |left| Poll::Ready(WrittenBuffer { batch: left.batch, result }))
    }
}

impl Room {
    /// Writes what goes, once something does.
    fn poll_write(
        &mut self,
        context: &mut Context<'_>,
        writer: &NowaitWriter,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            let mut guard = match self.watched()?.poll_write_ready(context) {
                Poll::Ready(guard) => guard?,
                Poll::Pending => return Poll::Pending,
            };
            match writer.write(guard.get_inner(), bytes) {
                Ok(Some(0) | None) => guard.clear_ready(),
                Ok(Some(count)) => return Poll::Ready(Ok(count)),
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    fn watched(&mut self) -> io::Result<&AsyncFd<OwnedFd>> {
        if let Self::Unwatched(_) = self
            && let Self::Unwatched(stdout) = std::mem::replace(self, Self::Lost)
        {
            *self = Self::Watched(descriptor::watch(stdout, Interest::WRITABLE)?);
        }
        match self {
            Self::Watched(watched) => Ok(watched),
            Self::Unwatched(_) | Self::Lost => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}
