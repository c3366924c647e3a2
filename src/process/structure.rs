//! Fields of a structure as the kernel has written it, by their places in its bytes.

/// So many bytes at this place; `None` if the structure is shorter.
pub(super) fn part<const LENGTH: usize>(structure: &[u8], at: usize) -> Option<[u8; LENGTH]> {
    structure.get(at..)?.first_chunk().copied()
}
