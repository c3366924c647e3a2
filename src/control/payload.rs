//! Bytes on the control socket: `text` where they are UTF-8, else `base64` (RFC 4648 §4).

use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{DecodeError, Engine};
use serde::{Deserialize, Serialize};

/// Written with padding, and read without it too, as clients of the first version were.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Any bytes; in JSON an object with one of two fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "EncodedPayload", try_from = "EncodedPayload")]
pub struct Payload(pub Vec<u8>);

#[derive(Serialize, Deserialize)]
struct EncodedPayload {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

impl Payload {
    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The payload of this base64.
    pub(super) fn decode(base64: &str) -> Option<Self> {
        BASE64.decode(base64).ok().map(Self)
    }
}

impl From<Payload> for EncodedPayload {
    fn from(Payload(bytes): Payload) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self { text: Some(text), base64: None },
            Err(error) => Self { text: None, base64: Some(BASE64.encode(error.as_bytes())) },
        }
    }
}

impl TryFrom<EncodedPayload> for Payload {
    type Error = DecodeError;

    fn try_from(encoded: EncodedPayload) -> Result<Self, DecodeError> {
        match (encoded.text, encoded.base64) {
            (Some(text), _) => Ok(Self(text.into_bytes())),
            (None, Some(base64)) => BASE64.decode(base64).map(Self),
            (None, None) => Ok(Self::default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bytes_that_are_no_text_are_in_base64_with_padding_and_are_read_without_it_too() {
        let written = serde_json::to_string(&Payload(vec![0xff])).unwrap();
        assert_eq!(written, r#"{"base64":"/w=="}"#);
        for base64 in ["/w==", "/w", "/x"] {
            assert_eq!(Payload::decode(base64), Some(Payload(vec![0xff])), "{base64}");
        }
        assert_eq!(Payload::decode("a b"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_arrive_as_they_were(bytes: Vec<u8>) {
            let written = serde_json::to_string(&Payload(bytes.clone())).unwrap();
            prop_assert_eq!(serde_json::from_str::<Payload>(&written).unwrap().0, bytes);
        }
    }
}
