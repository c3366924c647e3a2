use super::*;

fn refused(line: &str) -> (u64, Kind) {
    let reply = read(line.as_bytes()).unwrap_err();
    match reply.answer {
        Answer::Failed(refusal) => (reply.id, refusal.kind),
        Answer::Done(_)
        | Answer::Line(_)
        | Answer::Lost(_)
        | Answer::Held(_)
        | Answer::Screen(_)
        | Answer::Attached(_) => panic!("{reply:?}"),
    }
}

#[test]
fn a_request_reads_as_docs_protocol_says() {
    let line = br#"{"version":1,"id":7,"request":"restart","names":["web.1"]}"#;
    let request = Request::Restart { names: vec!["web.1".into()] };
    assert_eq!(read(line), Ok(Envelope { version: 1, id: 7, request }));
    let line = br#"{"version":1,"id":1,"request":"logs","follow":true}"#;
    let wanted = LogsWanted { follow: true, ..LogsWanted::default() };
    assert_eq!(read(line).unwrap().request, Request::Logs(wanted));
    assert_eq!(read(br#"{"version":1,"id":1,"request":"status"}"#).unwrap().request, Request::Status);
}

#[test]
fn what_is_no_request_is_answered_with_its_id_and_kind() {
    for (line, id, kind) in [
        ("", 0, Kind::BadRequest),
        ("{", 0, Kind::BadRequest),
        ("[]", 0, Kind::BadVersion),
        ("{\"id\":3}", 3, Kind::BadVersion),
        ("{\"id\":3,\"version\":2,\"request\":\"status\"}", 3, Kind::BadVersion),
        ("{\"id\":3,\"version\":1}", 3, Kind::BadRequest),
        ("{\"id\":3,\"version\":1,\"request\":\"dance\"}", 3, Kind::BadRequest),
        ("{\"id\":-3,\"version\":1,\"request\":\"status\"}", 0, Kind::BadRequest),
    ] {
        assert_eq!(refused(line), (id, kind), "{line}");
    }
    assert_eq!(refused(&"[".repeat(200_000)), (0, Kind::BadRequest));
}

#[test]
fn a_line_that_is_not_utf_8_arrives_byte_for_byte() {
    for text in [&b"plain \"quoted\" \x1b[31m"[..], b"\xff\x00\xfe", b""] {
        let line = Line::new(Timestamp::UNIX_EPOCH, "web.1".into(), text);
        let sent = serde_json::to_string(&line).unwrap();
        assert_eq!(serde_json::from_str::<Line>(&sent).unwrap().bytes(), text);
    }
}
