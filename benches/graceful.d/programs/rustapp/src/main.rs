//! A job of a second, as job.py has it; the C library is there without a dependency.
use std::sync::atomic::{AtomicBool, Ordering};
use std::{fs, thread, time::Duration};

static ASKED: AtomicBool = AtomicBool::new(false);

extern "C" fn ask(_: i32) {
    ASKED.store(true, Ordering::SeqCst);
}

extern "C" {
    fn signal(number: i32, handler: extern "C" fn(i32)) -> usize;
}

fn main() {
    for number in [2, 15] {
        // SAFETY: the handler only stores a flag.
        unsafe { signal(number, ask) };
    }
    fs::write("begun", "").unwrap();
    thread::sleep(Duration::from_secs(1));
    fs::write("finished", "").unwrap();
    while !ASKED.load(Ordering::SeqCst) {
        thread::sleep(Duration::from_millis(10));
    }
}
