use super::*;

#[test]
fn a_line_that_is_not_utf_8_arrives_byte_for_byte() {
    for text in [&b"plain \"quoted\" \x1b[31m"[..], b"\xff\x00\xfe", b""] {
        let line = LogLine::new(Timestamp::UNIX_EPOCH, "web.1".into(), text);
        let sent = serde_json::to_string(&line).unwrap();
        assert_eq!(serde_json::from_str::<LogLine>(&sent).unwrap().payload.0, text);
    }
}
