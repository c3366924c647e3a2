//! The system calls that nix leaves unsafe: the only file of ganger in which `unsafe` may stand.
#![expect(unsafe_code, reason = "each block says why it is sound; everything around it is safe")]

use std::io;
#[cfg(target_os = "linux")]
use std::os::fd::{AsRawFd, OwnedFd};

use nix::unistd::Pid;

use crate::signal::Signal;

/// The first descriptor that is passed on to a program: SD_LISTEN_FDS_START (sd_listen_fds(3)).
pub(super) const FIRST_PASSED: i32 = 3;

/// The two sides of [`fork`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForkSide {
    /// This is the process that called; the child has this id.
    Parent(Pid),
    /// This is the new process.
    Child,
}

/// fork(2). Only for a process with a single thread: [`super::monitor`] calls it before any other thread
/// is made, so every lock that the child inherits is free.
///
/// # Errors
/// EAGAIN (limit of processes reached) or ENOMEM.
pub fn fork() -> io::Result<ForkSide> {
    // SAFETY: no other thread exists yet (see above), so the child may go on as an ordinary program.
    match unsafe { nix::unistd::fork() }? {
        nix::unistd::ForkResult::Parent { child } => Ok(ForkSide::Parent(child)),
        nix::unistd::ForkResult::Child => Ok(ForkSide::Child),
    }
}

/// The parent of the process that [`fork_without_sigchld`] makes.
#[cfg(target_os = "linux")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parent {
    /// The process that calls.
    Caller,
    /// Its parent: the child is a sibling of the caller.
    CallersParent,
}

/// fork(2) of a child whose end is told by no signal, and is seen by a waitpid(2) only that asks for such (`__WCLONE`,
/// `__WALL`), until it executes a program or its parent is another (clone(2), execve(2)). Also so for the sibling of one
/// that was made in this way. Only for a process with a single thread, as [`fork`].
///
/// # Errors
/// EAGAIN or ENOMEM; EINVAL, EPERM or ENOSYS where a filter of system calls is in the way.
#[cfg(target_os = "linux")]
pub(super) fn fork_without_sigchld(parent: Parent) -> nix::Result<ForkSide> {
    let flags: libc::c_long = match parent {
        Parent::Caller => 0,
        Parent::CallersParent => libc::CLONE_PARENT.into(),
    };
    // One architecture has the stack before the flags; there is none here.
    let [first, second] = if cfg!(target_arch = "s390x") { [0, flags] } else { [flags, 0] };
    let none: libc::c_long = 0;
    // SAFETY: without CLONE_VM the child has memory of its own and goes on on a copy of this stack, as after fork(2). There
    // is one thread, so no lock is held that could not be given back. glibc's own fork would do no more for it than
    // renew the number of the thread, which no call that we use reads.
    let result = unsafe { libc::syscall(libc::SYS_clone, first, second, none, none, none) };
    match i32::try_from(nix::errno::Errno::result(result)?) {
        Ok(child @ 1..) => Ok(ForkSide::Parent(Pid::from_raw(child))),
        Ok(_) | Err(_) => Ok(ForkSide::Child),
    }
}

/// Room for what the child of [`vfork_sibling`] does: system calls, and the lists of pointers for execve(2).
#[cfg(target_os = "linux")]
const STACK: usize = 64 << 10;

/// Runs `work`, which is to execute a program, in a sibling that is made as by [`fork_without_sigchld`] but has our memory, while
/// we stand still: until it executes the program, or `work` is over and it ends with 1. A third of the cost of a copy.
///
/// # Errors
/// As [`fork_without_sigchld`].
#[cfg(target_os = "linux")]
pub(super) fn vfork_sibling<Work: FnMut()>(mut work: Work) -> nix::Result<()> {
    extern "C" fn run<Work: FnMut()>(work: *mut libc::c_void) -> i32 {
        // SAFETY: it is the `work` below, whose owner waits meanwhile.
        unsafe { (*work.cast::<Work>())() };
        1
    }
    // Of 16 bytes each, as stacks are to be aligned.
    let mut stack: Vec<u128> = Vec::with_capacity(STACK / size_of::<u128>());
    let top = stack.spare_capacity_mut().as_mut_ptr_range().end;
    let flags = libc::CLONE_PARENT | libc::CLONE_VM | libc::CLONE_VFORK;
    // SAFETY: the stack is the child's alone and outlives it, as does `work`: the call returns when the child has left
    // our memory. There is no other thread that could use that memory meanwhile. A panic would end the child, as
    // `run` is no function that may unwind.
    nix::errno::Errno::result(unsafe {
        libc::clone(run::<Work>, top.cast(), flags, (&raw mut work).cast::<libc::c_void>())
    })
    .map(drop)
}

/// Ends this process and runs nothing before that: exit handlers belong to the process that forked it.
#[cfg(target_os = "linux")]
pub(super) fn end_at_once(status: i32) -> ! {
    // SAFETY: _exit(2) takes a number and does not return.
    unsafe { libc::_exit(status) }
}

/// Gives memory that was freed back to the system (malloc_trim(3)), which the C library keeps otherwise.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(super) fn trim_heap() {
    // SAFETY: it takes the allocator's own locks, and moves nothing that is in use.
    let _ = unsafe { libc::malloc_trim(0) };
}

/// Gives back the stack below the caller's frame: what was there has returned. Only on the first thread, below whose stack the kernel keeps
/// 256 pages free (`stack_guard_gap` in its admin-guide/kernel-parameters).
#[cfg(target_os = "linux")]
#[inline(never)]
pub(super) fn trim_stack() {
    /// Pages for the frames of this function and of the call, and for a signal handler.
    const KEPT: usize = 4;
    /// A start goes 40 deep. What is not mapped is passed over, and that is said with ENOMEM.
    const DEEPEST: usize = 200;
    let here = 0_u8;
    let page = usize::try_from(super::usage::page_size()).unwrap_or(4096);
    let end = (&raw const here as usize / page - KEPT) * page;
    // SAFETY: madvise(2): these pages are below all frames that are in use, and are zeroes when they are touched again. A failure changes
    // nothing.
    let _ = unsafe {
        libc::madvise((end - DEEPEST * page) as *mut libc::c_void, DEEPEST * page, libc::MADV_DONTNEED)
    };
}

/// Elsewhere nothing is known of what lies below a stack.
#[cfg(not(target_os = "linux"))]
pub(super) const fn trim_stack() {}

/// Lets go of the pages of code between two addresses, which must be a mapping of a file without write access.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(super) fn let_go_of_code(start: usize, end: usize) {
    // SAFETY: madvise(2): a page that is touched again is read from the file, which has the same bytes. A failure changes
    // nothing.
    let _ = unsafe { libc::madvise(start as *mut libc::c_void, end - start, libc::MADV_DONTNEED) };
}

/// Whether this signal is ignored at the moment (as nohup(1) leaves SIGHUP). Asked before any handler of
/// ours is there, so the answer is what our parent decided.
pub fn is_ignored(signal: Signal) -> bool {
    // SAFETY: all-zero is a valid sigaction, and a null new action makes the call a mere question.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal.0, std::ptr::null(), &raw mut action) == 0
            && action.sa_sigaction == libc::SIG_IGN
    }
}

/// Ignores a signal in this process, and in what it executes unless that is given the default again.
pub(crate) fn ignore(signal: Signal) {
    // SAFETY: SIG_IGN is a valid disposition; no handler function is involved.
    unsafe {
        libc::signal(signal.0, libc::SIG_IGN);
    }
}

/// Gives a signal its default action again, for the moment in which we die by it (Rust's runtime ignores
/// SIGPIPE from before `main` on, and a handler of ours may hold any other).
pub(crate) fn restore_default(signal: Signal) {
    // SAFETY: SIG_DFL is a valid disposition; no handler function is involved.
    unsafe {
        libc::signal(signal.0, libc::SIG_DFL);
    }
}

/// Gives a signal its default action while `work` is done, and then the one that it had.
pub(super) fn with_default<Done>(signal: Signal, work: impl FnOnce() -> Done) -> Done {
    // SAFETY: all-zero is a valid sigaction: SIG_DFL, without flags and with an empty mask.
    let (default, mut before): (libc::sigaction, libc::sigaction) = unsafe { std::mem::zeroed() };
    // SAFETY: no handler function is involved; what was there before is written into `before`.
    unsafe { libc::sigaction(signal.0, &raw const default, &raw mut before) };
    let done = work();
    // SAFETY: it was in force before, so its handler is a function that may be one.
    unsafe { libc::sigaction(signal.0, &raw const before, std::ptr::null_mut()) };
    done
}

/// Closes every descriptor beyond the three standard ones that this process was started with, which
/// exec would pass on. All that we opened ourselves is closed on exec (std and nix see to that), so
/// none of it is touched.
pub(crate) fn close_inherited() {
    for (number, is_own) in descriptors() {
        if number > 2 && !is_own {
            close(number);
        }
    }
}

/// Closes what we opened ourselves but for this one: for a process that was forked, uses none of it, and drops nothing
/// before its end.
#[cfg(target_os = "linux")]
pub(super) fn close_own_but(kept: i32) {
    for (number, is_own) in descriptors() {
        if number != kept && is_own {
            close(number);
        }
    }
}

/// Closes every descriptor: for a process as above.
#[cfg(target_os = "linux")]
pub(super) fn close_all() {
    // SAFETY: the call takes three numbers; see above for what it closes.
    if unsafe { libc::syscall(libc::SYS_close_range, 0, u32::MAX, 0) } != 0 {
        // Before Linux 5.9.
        for (number, _) in descriptors() {
            close(number);
        }
    }
}

/// The numbers of all open descriptors, and whether each is closed on exec.
fn descriptors() -> Vec<(i32, bool)> {
    let listed = std::fs::read_dir("/proc/self/fd").or_else(|_| std::fs::read_dir("/dev/fd"));
    let name = |entry: io::Result<std::fs::DirEntry>| entry.ok()?.file_name().to_str()?.parse::<i32>().ok();
    let numbers: Vec<i32> = listed.into_iter().flatten().filter_map(name).collect();
    let with_flags = |number| {
        // SAFETY: a mere question about a number, which may be closed by now.
        let flags = unsafe { libc::fcntl(number, libc::F_GETFD) };
        (flags != -1).then_some((number, flags & libc::FD_CLOEXEC != 0))
    };
    numbers.into_iter().filter_map(with_flags).collect()
}

fn close(number: i32) {
    // SAFETY: the callers show that no object in use has this descriptor.
    let _ = unsafe { libc::close(number) };
}

/// Makes `descriptor` known under this number too, which is not closed on exec (dup2(2)). Only for a process that is
/// about to execute a program.
///
/// # Errors
/// EMFILE if the number is not allowed.
#[cfg(target_os = "linux")]
pub(super) fn pass_on_as(descriptor: &OwnedFd, number: i32) -> nix::Result<()> {
    // SAFETY: what has the number is closed, and is not used any more by this process.
    nix::errno::Errno::result(unsafe { libc::dup2(descriptor.as_raw_fd(), number) }).map(drop)
}

/// Reads from a socket, with a descriptor if one comes along, which is closed on exec (recvmsg(2), SCM_RIGHTS).
///
/// # Errors
/// As recvmsg(2).
#[cfg(target_os = "linux")]
pub(super) fn receive(
    socket: &std::os::unix::net::UnixStream,
    buffer: &mut [u8],
) -> nix::Result<(usize, Option<OwnedFd>)> {
    use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};
    use std::os::fd::FromRawFd;

    let (mut parts, mut control) = ([io::IoSliceMut::new(buffer)], nix::cmsg_space!(i32));
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let received = recvmsg::<()>(socket.as_raw_fd(), &mut parts, Some(&mut control), flags)?;
    let mut passed = None;
    for message in received.cmsgs()? {
        if let ControlMessageOwned::ScmRights(numbers) = message {
            // SAFETY: the kernel has just made this descriptor for us, there is room for one, and nothing else knows it.
            passed = numbers.first().map(|number| unsafe { OwnedFd::from_raw_fd(*number) });
        }
    }
    Ok((received.bytes, passed))
}

/// The path at which the other end of a pseudo-terminal can be opened.
///
/// # Errors
/// As ptsname_r(3).
#[cfg(target_os = "linux")]
pub(crate) fn terminal_name(master: &nix::pty::PtyMaster) -> nix::Result<String> {
    nix::pty::ptsname_r(master)
}

/// The path at which the other end of a pseudo-terminal can be opened.
///
/// # Errors
/// As ptsname(3).
#[cfg(not(target_os = "linux"))]
pub(crate) fn terminal_name(master: &nix::pty::PtyMaster) -> nix::Result<String> {
    // SAFETY: ptsname's buffer is shared by all threads; only the one that makes processes calls it.
    unsafe { nix::pty::ptsname(master) }
}

/// A question to libproc (libproc.h) about other processes.
#[cfg(target_os = "macos")]
#[derive(Clone, Copy)]
pub(super) enum ProcessQuestion {
    /// `proc_listallpids`: the numbers of all.
    All,
    /// `proc_pidinfo` of this flavour, with its argument.
    Info(i32, libc::c_int, u64),
    /// `proc_pidfdinfo` of a descriptor, of this flavour.
    Descriptor(i32, libc::c_int, libc::c_int),
    /// `proc_pidpath`: the file that it runs.
    Program(i32),
}

/// Asks; the answer is written into `answer`. What the kernel returns: how many numbers for all, else how many bytes.
///
/// # Errors
/// ESRCH if the process is gone, EPERM, EBADF, ENOMEM.
#[cfg(target_os = "macos")]
pub(super) fn ask(question: ProcessQuestion, answer: &mut [u8]) -> io::Result<usize> {
    let place = answer.as_mut_ptr().cast::<libc::c_void>();
    let bytes = libc::c_int::try_from(answer.len()).unwrap_or(libc::c_int::MAX);
    // SAFETY: each of them writes at most so many bytes into the answer.
    let returned = unsafe {
        match question {
            ProcessQuestion::All => libc::proc_listallpids(place, bytes),
            ProcessQuestion::Info(pid, flavour, argument) => {
                libc::proc_pidinfo(pid, flavour, argument, place, bytes)
            }
            ProcessQuestion::Descriptor(pid, number, flavour) => {
                libc::proc_pidfdinfo(pid, number, flavour, place, bytes)
            }
            ProcessQuestion::Program(pid) => libc::proc_pidpath(pid, place, bytes.cast_unsigned()),
        }
    };
    usize::try_from(returned).ok().filter(|returned| *returned > 0).ok_or_else(io::Error::last_os_error)
}

/// Writes arguments and environment that a process was started with into `answer`; how many bytes (sysctl(3), `KERN_PROCARGS2`).
///
/// # Errors
/// EINVAL if it is gone or may not be asked about.
#[cfg(target_os = "macos")]
pub(super) fn arguments(pid: i32, answer: &mut [u8]) -> io::Result<usize> {
    let mut name = [libc::CTL_KERN, libc::KERN_PROCARGS2, pid];
    let mut length = answer.len();
    // SAFETY: the kernel reads three numbers, and writes at most `length` bytes and how many there are.
    let result = unsafe {
        let (old, none) = (answer.as_mut_ptr().cast::<libc::c_void>(), std::ptr::null_mut());
        libc::sysctl(name.as_mut_ptr(), 3, old, &raw mut length, none, 0)
    };
    if result == 0 { Ok(length) } else { Err(io::Error::last_os_error()) }
}
