//! Variables as a process is given them, small: of what an instance has for itself a stack has a thousand.

use std::ffi::CStr;

/// Variables in the form that execve(2) takes them in: `NAME=value`, each with a NUL behind it, all in one piece.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct EnvEntries(Box<[u8]>);

impl EnvEntries {
    /// Every variable, name and value as bytes.
    pub fn variables(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.iter().filter_map(|entry| {
            let entry = entry.to_bytes();
            let middle = entry.iter().position(|byte| *byte == b'=')?;
            Some((&entry[..middle], &entry[middle + 1..]))
        })
    }

    /// Every variable as `NAME=value`.
    pub fn iter(&self) -> impl Iterator<Item = &CStr> {
        let entries = self.0.split_inclusive(|byte| *byte == 0);
        entries.filter_map(|entry| CStr::from_bytes_with_nul(entry).ok())
    }
}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>> FromIterator<(N, V)> for EnvEntries {
    /// A variable with a NUL in it is left out: it cannot exist in an environment, and the readers refuse it.
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        let mut block = Vec::new();
        for (name, value) in variables {
            let (name, value) = (name.as_ref(), value.as_ref());
            if !name.contains(&0) && !value.contains(&0) {
                block.extend_from_slice(&[name, b"=", value, b"\0"].concat());
            }
        }
        Self(block.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out_but_what_cannot_exist() {
        let given: [(&[u8], &[u8]); 5] =
            [(b"PORT", b"5000"), (b"EMPTY", b""), (b"URL", b"a=b"), (b"NUL", b"a\0b=c"), (b"BYTES", b"\xff")];
        let entries: EnvEntries = given.into_iter().collect();
        let kept: Vec<_> = given.into_iter().filter(|(name, _)| *name != b"NUL").collect();
        assert_eq!(entries.variables().collect::<Vec<_>>(), kept);
        assert_eq!(entries.iter().next(), Some(c"PORT=5000"));
        assert_eq!(EnvEntries::default().variables().count(), 0);
    }
}
