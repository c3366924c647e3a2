//! What the next leader is asked for, as bytes: three numbers, then strings that end with a NUL. And its answer: three
//! numbers.

use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;

use crate::process::program::Program;

/// Bytes of the numbers: how many bytes follow, how many of the strings are arguments, and how many are variables.
pub(super) const HEADER: usize = 12;

/// One program on one terminal.
// Without Debug, which would print values of variables.
#[derive(PartialEq, Eq)]
pub(super) struct LeaderRequest<'a> {
    pub terminal: &'a CStr,
    pub file: &'a CStr,
    pub arguments: Vec<&'a CStr>,
    pub environment: Vec<&'a CStr>,
}

/// Header and strings. `None` if it cannot be said: a path with a NUL, or more than 4 GiB.
pub(super) fn encode(terminal: &Path, program: &Program, environment: &[&CStr]) -> Option<Vec<u8>> {
    let paths = [terminal, &program.path];
    let paths = paths.map(|path| CString::new(path.as_os_str().as_bytes()));
    let [Ok(terminal), Ok(file)] = &paths else { return None };
    let mut bytes = vec![0; HEADER];
    let strings = [terminal, file].into_iter().chain(&program.arguments).map(CString::as_c_str);
    for string in strings.chain(environment.iter().copied()) {
        bytes.extend_from_slice(string.to_bytes_with_nul());
    }
    let numbers = [bytes.len() - HEADER, program.arguments.len(), environment.len()];
    for (place, number) in bytes.chunks_exact_mut(4).zip(numbers) {
        place.copy_from_slice(&u32::try_from(number).ok()?.to_ne_bytes());
    }
    Some(bytes)
}

/// How many bytes follow a header.
pub(super) fn length(header: &[u8; HEADER]) -> usize {
    number(header, 0)
}

/// What has come of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LeaderReply {
    /// The process of the program, or that was to execute it; 0 if there is none.
    pub program: i32,
    /// The process that waits for the next request.
    pub next: i32,
    /// Why the program was not executed.
    pub failure: Option<Errno>,
}

impl LeaderReply {
    /// As bytes.
    pub(super) fn to_bytes(self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        let failure = self.failure.map_or(0, |errno| errno as i32);
        for (place, number) in bytes.chunks_exact_mut(4).zip([self.program, self.next, failure]) {
            place.copy_from_slice(&number.to_ne_bytes());
        }
        bytes
    }

    /// From bytes.
    pub(super) fn of(bytes: &[u8; HEADER]) -> Self {
        let at = |index| word(bytes, index).cast_signed();
        let failure = Some(at(2)).filter(|errno| *errno != 0).map(Errno::from_raw);
        Self { program: at(0), next: at(1), failure }
    }
}

/// The request that `body` has, after its header. `None` if they do not belong together.
pub(super) fn decode<'a>(header: &[u8; HEADER], body: &'a [u8]) -> Option<LeaderRequest<'a>> {
    let mut strings = body.split_inclusive(|byte| *byte == 0).map(CStr::from_bytes_with_nul);
    let mut take = |count: usize| -> Option<Vec<&'a CStr>> {
        let taken: Vec<&CStr> = strings.by_ref().take(count).filter_map(Result::ok).collect();
        (taken.len() == count).then_some(taken)
    };
    let (paths, arguments, environment) = (take(2)?, take(number(header, 1))?, take(number(header, 2))?);
    let [terminal, file] = paths[..] else { return None };
    Some(LeaderRequest { terminal, file, arguments, environment })
}

fn number(header: &[u8; HEADER], index: usize) -> usize {
    word(header, index) as usize
}

fn word(bytes: &[u8; HEADER], index: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[4 * index..4 * index + 4]);
    u32::from_ne_bytes(word)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn strings() -> impl Strategy<Value = Vec<CString>> {
        let byte = 1_u8..=255;
        let string = proptest::collection::vec(byte, 0..12).prop_map(|bytes| CString::new(bytes).unwrap());
        proptest::collection::vec(string, 0..6)
    }

    proptest! {
        #[test]
        fn what_is_asked_for_arrives(arguments in strings(), environment in strings()) {
            let program = Program { path: "/bin/a b".into(), arguments };
            let environment: Vec<&CStr> = environment.iter().map(CString::as_c_str).collect();
            let bytes = encode(Path::new("/dev/pts/7"), &program, &environment).unwrap();
            let (header, body) = bytes.split_first_chunk::<HEADER>().unwrap();
            prop_assert_eq!(length(header), body.len());
            let request = decode(header, body).unwrap();
            prop_assert_eq!(request.terminal, c"/dev/pts/7");
            prop_assert_eq!(request.file, c"/bin/a b");
            prop_assert_eq!(request.arguments, program.arguments.iter().map(CString::as_c_str).collect::<Vec<_>>());
            prop_assert_eq!(request.environment, environment);
        }

        #[test]
        fn an_answer_arrives(program in 0_i32.., next in 1_i32.., failure in 0_i32..133) {
            // Some numbers are no error (0, and on Linux 41 and 58).
            let failure = Some(Errno::from_raw(failure)).filter(|errno| *errno != Errno::UnknownErrno);
            let answer = LeaderReply { program, next, failure };
            prop_assert_eq!(LeaderReply::of(&answer.to_bytes()), answer);
        }

        #[test]
        fn what_was_cut_off_is_none(cut in 1_usize..20) {
            let program = Program { path: "/bin/x".into(), arguments: vec![c"x".into()] };
            let bytes = encode(Path::new("/dev/pts/7"), &program, &[c"A=1"]).unwrap();
            let (header, body) = bytes.split_first_chunk::<HEADER>().unwrap();
            prop_assert!(decode(header, &body[..body.len() - cut]).is_none());
        }
    }
}
