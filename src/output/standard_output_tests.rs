//! A standard output that goes away, is full or stands still.

use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};

use super::*;

/// The error that ends a standard output, and that a child can go on writing after it.
fn error_of(stdout: impl Into<OwnedFd>, says: &[u8], leave: impl FnOnce()) -> io::Error {
    run(async || {
        let (output, mut errors) = open(options(false), stdout);
        let mut web = child(&output, 0);
        web.write_all(says).unwrap();
        leave();
        let error = errors.recv().await.unwrap();
        let writer = thread::spawn(move || web.write_all(&vec![b'\n'; 1 << 20]).unwrap());
        output.ended().await;
        writer.join().unwrap();
        assert_eq!(output.finish(PATIENCE).await, FinishResult::Complete);
        assert!(errors.recv().await.is_none(), "said once");
        error
    })
}

#[test]
fn a_reader_that_goes_away_is_noticed_while_nothing_is_printed() {
    let (reader, stdout): (PipeReader, _) = io::pipe().unwrap();
    assert_eq!(error_of(stdout, b"", || drop(reader)).kind(), io::ErrorKind::BrokenPipe);
    let (peer, stdout) = UnixStream::pair().unwrap();
    assert_eq!(error_of(stdout, b"", || drop(peer)).kind(), io::ErrorKind::BrokenPipe);
}

#[test]
fn a_full_disk_is_said_once_and_the_children_go_on() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    assert_eq!(error_of(full, b"a\n", || ()).kind(), io::ErrorKind::StorageFull);
}

#[test]
fn what_has_no_room_yet_follows_in_order_whoever_reads_and_however_little() {
    let (pipe_reader, pipe) = io::pipe().unwrap();
    let (peer, socket) = UnixStream::pair().unwrap();
    let (_folder, fifo_reader, fifo) = fifo();
    let terminal = openpty(None, None).unwrap();
    let mut raw = tcgetattr(&terminal.slave).unwrap();
    cfmakeraw(&mut raw);
    tcsetattr(&terminal.slave, SetArg::TCSANOW, &raw).unwrap();
    let ends: [(Box<dyn Read + Send>, OwnedFd); 4] = [
        (Box::new(pipe_reader), pipe.into()),
        (Box::new(peer), socket.into()),
        (Box::new(fifo_reader), fifo.into()),
        (Box::new(File::from(terminal.master)), terminal.slave),
    ];
    for (mut reader, stdout) in ends {
        let (reader, expected) = run(async || {
            let (output, _errors) = open(options(false), stdout);
            let mut web = child(&output, 0);
            let lines = "a line like any other\n".repeat(60_000);
            let expected = lines.replace("a line", "web.1  | a line");
            let writer = thread::spawn(move || web.write_all(lines.as_bytes()).unwrap());
            let reader = thread::spawn(move || {
                let (mut all, mut piece) = (Vec::new(), [0; 10_000]);
                while let Ok(count @ 1..) = reader.read(&mut piece) {
                    all.extend_from_slice(&piece[..count]);
                }
                String::from_utf8(all).unwrap()
            });
            output.ended().await;
            assert_eq!(output.finish(PATIENCE).await, FinishResult::Complete);
            writer.join().unwrap();
            (reader, expected)
        });
        // Our end is closed with the runtime.
        assert!(reader.join().unwrap() == expected, "not as it was written");
    }
}

#[test]
fn a_reader_that_stands_still_holds_the_children_back_and_not_the_end() {
    let (reader, stdout) = io::pipe().unwrap();
    run(async || {
        let (output, _errors) = open(options(false), stdout);
        let mut web = child(&output, 0);
        let flood = thread::spawn(move || {
            let written = std::iter::repeat_with(|| web.write_all(&[b'\n'; 4096])).take(100_000);
            written.take_while(Result::is_ok).count()
        });
        assert_eq!(output.finish(Duration::from_millis(300)).await, FinishResult::Abandoned);
        // The runtime's end closes our end of the pipe, and the flood ends.
        tokio::task::spawn_local(async move { drop(reader) }).await.unwrap();
        drop(flood);
    });
}

#[test]
fn what_is_told_of_instances_that_end_together_is_one_write() {
    // A socket that keeps the pieces that are written apart.
    let pair = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::empty());
    let (reader, stdout) = pair.unwrap();
    run(async || {
        let (output, _errors) = open(options(false), stdout);
        for log_source in [0, 1] {
            drop(child(&output, log_source));
            output.retire(log_source, exit_notice());
        }
        assert_eq!(output.finish(PATIENCE).await, FinishResult::Complete);
    });
    let mut piece = [0; 4096];
    let count = File::from(reader).read(&mut piece).unwrap();
    assert_eq!(String::from_utf8_lossy(&piece[..count]).matches("gone").count(), 2);
}
