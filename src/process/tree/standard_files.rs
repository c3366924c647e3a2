//! The standard streams of a process, as `proc_pidfdinfo` of macOS tells of them (sys/proc_info.h). The file, 24 bytes, and what stat(2) has
//! of it, 136 bytes, come before the fields that are read.

use crate::process::structure::part;

/// `pipe_handle` and `pipe_peerhandle` of `struct pipe_fdinfo`: where the kernel has this end, and the other one.
const OWN_END: usize = 24 + 136;
const OTHER_END: usize = OWN_END + 8;
/// `vip_path` of `struct vnode_fdinfowithpath`, behind the kind of the file and the id of its file system.
const PATH: usize = 24 + 136 + 16;

/// The name of a pipe, which both of its ends have: of one end, this is the structure.
pub(super) fn pipe_name(info: &[u8]) -> Option<String> {
    let (own, other) = (part(info, OWN_END)?, part(info, OTHER_END)?);
    let (own, other) = (u64::from_ne_bytes(own), u64::from_ne_bytes(other));
    Some(format!("pipe:{:x}-{:x}", own.min(other), own.max(other)))
}

/// Whether the file of this structure is /dev/null.
pub(super) fn is_null(info: &[u8]) -> bool {
    info.get(PATH..).is_some_and(|path| path.starts_with(b"/dev/null\0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_of_a_pipe_have_its_name() {
        let end = |own: u64, other: u64| {
            let mut info = [0; 184];
            info[160..168].copy_from_slice(&own.to_ne_bytes());
            info[168..176].copy_from_slice(&other.to_ne_bytes());
            pipe_name(&info).unwrap()
        };
        assert_eq!(end(0x10, 0xff), "pipe:10-ff");
        assert_eq!(end(0xff, 0x10), end(0x10, 0xff));
        assert_ne!(end(0xff, 0x11), end(0x10, 0xff));
        assert_eq!(pipe_name(&[0; 100]), None);
    }

    #[test]
    fn the_null_device_is_known_by_its_path() {
        let of = |path: &[u8]| {
            let mut info = [0; 1200];
            info[176..176 + path.len()].copy_from_slice(path);
            is_null(&info)
        };
        assert!(of(b"/dev/null"));
        assert!(!of(b"/dev/nullx") && !of(b"/dev") && !is_null(&[0; 100]));
    }
}
