//! The keys that end an attachment, in docker's notation: `ctrl-]`, `ctrl-p,ctrl-q`.

use std::fmt;

use super::invalid::InvalidValue;

/// Keys that are pressed one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetachKeys(Vec<DetachKey>);

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DetachKey {
    /// A character, as it is.
    Plain(u8),
    /// Ctrl and this letter, in lower case, or one of ``@[\]^_``.
    Control(u8),
}

impl Default for DetachKeys {
    fn default() -> Self {
        Self(vec![DetachKey::Control(b']')])
    }
}

impl DetachKeys {
    /// Reads `ctrl-p,ctrl-q`.
    ///
    /// # Errors
    ///
    /// A key that there is not.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        text.split(',').map(DetachKey::parse).collect::<Result<_, _>>().map(Self)
    }

    /// The keys, in order.
    pub fn keys(&self) -> &[DetachKey] {
        &self.0
    }
}

impl DetachKey {
    fn parse(text: &str) -> Result<Self, InvalidValue> {
        match text.trim().to_ascii_lowercase().strip_prefix("ctrl-").map(str::as_bytes) {
            Some([key @ (b'a'..=b'z' | b'@' | b'[' | b'\\' | b']' | b'^' | b'_')]) => Ok(Self::Control(*key)),
            None if text.len() == 1 && text.as_bytes()[0].is_ascii_graphic() => {
                Ok(Self::Plain(text.as_bytes()[0]))
            }
            Some(_) | None => Err(InvalidValue::new(
                text,
                "expected a character or ctrl-LETTER, several separated by commas",
            )
            .with_hint("`ctrl-p,ctrl-q` are docker's keys")),
        }
    }

    /// What a terminal sends for it: by itself, in the protocol of kitty, and in that of xterm (modifyOtherKeys, which vim
    /// turns on).
    pub fn forms(self) -> Vec<Vec<u8>> {
        match self {
            Self::Plain(byte) => vec![vec![byte]],
            Self::Control(key) => vec![
                vec![key.to_ascii_uppercase() & 0x1f],
                format!("\x1b[{key};5u").into_bytes(),
                format!("\x1b[27;5;{key}~").into_bytes(),
            ],
        }
    }
}

impl fmt::Display for DetachKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, key) in self.0.iter().enumerate() {
            f.write_str(if at == 0 { "" } else { " " })?;
            match key {
                DetachKey::Plain(byte) => write!(f, "{}", char::from(*byte))?,
                DetachKey::Control(key) => write!(f, "Ctrl-{}", char::from(key.to_ascii_uppercase()))?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_as_docker_has_them() {
        let table = [
            ("ctrl-]", "Ctrl-]", &b"\x1d"[..]),
            ("ctrl-p,ctrl-q", "Ctrl-P Ctrl-Q", b"\x10\x11"),
            ("CTRL-A,d", "Ctrl-A d", b"\x01d"),
            ("ctrl-\\", "Ctrl-\\", b"\x1c"),
            ("ctrl-@", "Ctrl-@", b"\0"),
        ];
        for (text, shown, bytes) in table {
            let keys = DetachKeys::parse(text).unwrap();
            assert_eq!(keys.to_string(), shown);
            let sent: Vec<u8> = keys.keys().iter().flat_map(|key| key.forms().swap_remove(0)).collect();
            assert_eq!(sent, bytes, "{text}");
        }
        for wrong in ["", "ctrl-", "ctrl-1", "ab", "ctrl-p,", "é", "ctrl-pq"] {
            assert!(DetachKeys::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
