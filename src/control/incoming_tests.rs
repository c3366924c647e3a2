use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::control::protocol::Answer;
use crate::control::request::{Goal, LogsWanted, Request};
use crate::control::scaling::{InstanceCount, ScaleStep};
use crate::control::terminal::AttachWanted;
use crate::formation::MOST;

fn refused(line: &[u8]) -> (u64, RefusalKind, String) {
    let reply = read(line).unwrap_err();
    match reply.answer {
        Answer::Failed(refusal) => (reply.id, refusal.kind, refusal.message),
        Answer::Done(_)
        | Answer::Line(_)
        | Answer::Lost(_)
        | Answer::Held(_)
        | Answer::Screen(_)
        | Answer::Event(_)
        | Answer::Attached(_) => panic!("{reply:?}"),
    }
}

#[test]
fn a_request_reads_as_docs_protocol_says() {
    let line = br#"{"version":1,"id":7,"request":"restart","names":["web.1"]}"#;
    let request = Request::Restart { names: vec!["web.1".into()] };
    assert_eq!(read(line), Ok(Envelope { version: 1, id: 7, request }));
    let line = br#"{"version":1,"id":1,"request":"logs","follow":true,"lines":null,"unknown":[]}"#;
    let wanted = LogsWanted { follow: true, ..LogsWanted::default() };
    assert_eq!(read(line).unwrap().request, Request::Logs(wanted));
    assert_eq!(read(br#"{"version":1,"id":1,"request":"status"}"#).unwrap().request, Request::Status);
}

#[test]
fn a_line_that_is_no_request_is_answered_with_its_id_and_kind() {
    for (line, id, kind) in [
        ("", 0, RefusalKind::BadRequest),
        ("{", 0, RefusalKind::BadRequest),
        ("[]", 0, RefusalKind::BadRequest),
        ("{\"id\":3}", 3, RefusalKind::BadVersion),
        ("{\"id\":3,\"version\":2,\"request\":\"status\"}", 3, RefusalKind::BadVersion),
        ("{\"id\":3,\"version\":\"1\",\"request\":\"status\"}", 3, RefusalKind::BadVersion),
        ("{\"id\":3,\"version\":1}", 3, RefusalKind::BadRequest),
        ("{\"id\":3,\"version\":1,\"request\":\"dance\"}", 3, RefusalKind::BadRequest),
        ("{\"id\":-3,\"version\":1,\"request\":\"status\"}", 0, RefusalKind::BadRequest),
        ("[1,3,\"status\"]", 0, RefusalKind::BadRequest),
    ] {
        let (of, as_kind, message) = refused(line.as_bytes());
        assert_eq!((of, as_kind), (id, kind), "{line}: {message}");
    }
    assert_eq!(refused("[".repeat(200_000).as_bytes()).1, RefusalKind::BadRequest);
}

#[test]
fn what_is_outside_of_the_bounds_is_refused_by_field_value_and_bounds() {
    for (fields, message) in [
        (
            r#""request":5"#,
            "`request` is 5; allowed: hello, status, logs, start, stop, roll, restart, scale, kill, wait, events, attach, hold, keep, down",
        ),
        (
            r#""request":"kill","names":["web"],"signal":999"#,
            "`signal` is 999; allowed: a whole number from 1 to 64",
        ),
        (
            r#""request":"kill","names":["web"],"signal":-1"#,
            "`signal` is -1; allowed: a whole number from 1 to 64",
        ),
        (r#""request":"kill","names":["web"]"#, "`signal` is missing"),
        (r#""request":"stop","names":[]"#, "`names` is []; allowed: an array of 1 to 10000 items"),
        (
            r#""request":"down","grace_seconds":-1"#,
            "`grace_seconds` is -1; allowed: seconds, from 0 to 604800",
        ),
        (
            r#""request":"scale","steps":[{"type":"a","to":1},{"type":"web","to":1,"by":1}]"#,
            "`steps[1].to` and `steps[1].by` are both there; allowed: one of them",
        ),
        (
            r#""request":"logs","grep":"(a{1000}){100}""#,
            "`grep` is no regular expression that can be used: compiled regex exceeded size limit",
        ),
    ] {
        let line = format!("{{\"version\":1,\"id\":1,{fields}}}");
        assert_eq!(refused(line.as_bytes()), (1, RefusalKind::BadRequest, message.into()), "{line}");
    }
    let long = json!({"version": 1, "id": 1, "request": "x".repeat(100_000)});
    assert!(refused(long.to_string().as_bytes()).2.len() < 300, "a long value is cut");
}

/// Values at the bounds that a schema draws and beyond them, each with the place in the value where it is wrong.
#[derive(Default)]
struct Values {
    right: Vec<Value>,
    wrong: Vec<(String, Value)>,
}

impl Values {
    fn of(schema: &Value) -> Self {
        let types = schema["type"].as_array().cloned().unwrap_or_else(|| vec![schema["type"].clone()]);
        let mut values = match types[0].as_str().unwrap() {
            "integer" => Self::numbers(schema, &json!(1.5)),
            "number" => Self::numbers(schema, &json!(1e300)),
            "boolean" => Self { right: vec![true.into(), false.into()], wrong: Vec::new() },
            "string" => Self::texts(schema),
            "array" => Self::arrays(schema),
            "object" => Self::objects(schema),
            other => panic!("no values for {other}"),
        };
        let samples = [
            ("number", json!(5)),
            ("boolean", json!(true)),
            ("string", json!("5")),
            ("array", json!([["web"]])),
            ("object", json!({"web": 1})),
        ];
        let is = |kind: &str| kind == types[0] || kind == "number" && types[0] == "integer";
        values.wrong.extend(
            samples.into_iter().filter(|(kind, _)| !is(kind)).map(|(_, value)| (String::new(), value)),
        );
        if types.contains(&json!("null")) {
            values.right.push(Value::Null);
        }
        values
    }

    fn wrongs(values: impl IntoIterator<Item = Value>) -> Vec<(String, Value)> {
        values.into_iter().map(|value| (String::new(), value)).collect()
    }

    fn numbers(schema: &Value, beyond: &Value) -> Self {
        let (least, most) = (schema["minimum"].as_i64().unwrap(), schema["maximum"].clone());
        // The number after the largest of 64 bits is none of JSON's any more, but a fraction.
        let after = most.as_i64().map_or(json!(2e19), |most| json!(most + 1));
        Self {
            right: vec![json!(least), most],
            wrong: Self::wrongs([json!(least - 1), after, beyond.clone()]),
        }
    }

    fn texts(schema: &Value) -> Self {
        if let Some(words) = schema["enum"].as_array() {
            return Self { right: words.clone(), wrong: Self::wrongs([json!(""), json!("dance")]) };
        }
        if schema["pattern"].as_str().is_some_and(|pattern| pattern.ends_with("{1,63}$")) {
            let wrong = ["", "web.1", "*", "caf\u{e9}"].map(Value::from);
            let wrong = Self::wrongs(wrong.into_iter().chain([json!("a".repeat(64))]));
            return Self { right: vec![json!("a-_9"), json!("a".repeat(63))], wrong };
        }
        let mut values = Self { right: vec![json!(""), json!("abcd")], wrong: Vec::new() };
        if let Some(most) = schema["maxLength"].as_u64().and_then(|most| usize::try_from(most).ok()) {
            values.right.push(json!("\u{e9}".repeat(most)));
            values.wrong.push((String::new(), json!("a".repeat(most + 1))));
        }
        if schema["format"] == "regex" || schema["contentEncoding"] == "base64" {
            values.wrong.push((String::new(), json!("(")));
        }
        values
    }

    fn arrays(schema: &Value) -> Self {
        let items = Self::of(&schema["items"]);
        let least = usize::try_from(schema["minItems"].as_u64().unwrap_or(0)).unwrap();
        let most = usize::try_from(schema["maxItems"].as_u64().unwrap()).unwrap();
        let filled = |value: &Value| {
            let mut array = vec![items.right[0].clone(); least.saturating_sub(1)];
            array.push(value.clone());
            Value::Array(array)
        };
        let mut values = Self { right: items.right.iter().map(filled).collect(), wrong: Vec::new() };
        values.right.push(vec![items.right[0].clone(); most].into());
        values.right.extend((least == 0).then(|| json!([])));
        values.wrong.push((String::new(), vec![items.right[0].clone(); most + 1].into()));
        values.wrong.extend((least > 0).then(|| (String::new(), json!([]))));
        let index = least.saturating_sub(1);
        values.wrong.extend(items.wrong.iter().map(|(at, value)| (format!("[{index}]{at}"), filled(value))));
        values.wrong.push((format!("[{index}]"), filled(&Value::Null)));
        values
    }

    /// A step: a type, and one of two numbers.
    fn objects(schema: &Value) -> Self {
        let part = |name: &str| Self::of(&schema["properties"][name]);
        let mut values = Self::default();
        for name in ["to", "by"] {
            values.right.extend(
                part(name).right.iter().filter(|it| !it.is_null()).map(|it| json!({"type": "web", name: it})),
            );
            let wrong = part(name).wrong.into_iter();
            values
                .wrong
                .extend(wrong.map(|(at, it)| (format!(".{name}{at}"), json!({"type": "web", name: it}))));
        }
        values.right.extend(part("type").right.iter().map(|it| json!({"type": it, "to": 1, "by": null})));
        values.wrong.extend(
            part("type")
                .wrong
                .into_iter()
                .map(|(at, it)| (format!(".type{at}"), json!({"type": it, "to": 1}))),
        );
        values.wrong.push((".type".into(), json!({"to": 1})));
        values.wrong.push((".to".into(), json!({"type": "web", "to": 1, "by": 1})));
        values.wrong.push((".to".into(), json!({"type": "web"})));
        values
    }
}

/// The fields of each request in docs/schema/request.json: those that must be there, and the schema of each.
fn fields_of_requests() -> BTreeMap<String, (Vec<String>, Map<String, Value>)> {
    let schema: Value = serde_json::from_str(include_str!("../../docs/schema/request.json")).unwrap();
    let words = schema["properties"]["request"]["enum"].as_array().unwrap().iter();
    let mut fields: BTreeMap<String, _> =
        words.map(|word| (word.as_str().unwrap().to_owned(), (Vec::new(), Map::new()))).collect();
    for rule in schema["allOf"].as_array().unwrap() {
        let word = rule["if"]["properties"]["request"]["const"].as_str().unwrap();
        let required = rule["then"]["required"].as_array().into_iter().flatten();
        let required = required.map(|name| name.as_str().unwrap().to_owned()).collect();
        let properties = rule["then"]["properties"].as_object().unwrap().clone();
        *fields.get_mut(word).unwrap() = (required, properties);
    }
    for (required, properties) in fields.values_mut() {
        required.push("id".into());
        properties.insert("id".into(), schema["properties"]["id"].clone());
    }
    fields
}

fn line(object: &Map<String, Value>) -> Vec<u8> {
    serde_json::to_vec(object).unwrap()
}

#[test]
fn every_field_has_the_bounds_that_the_schema_draws() {
    for (word, (required, properties)) in fields_of_requests() {
        let mut base = Map::from_iter([("version".into(), json!(1)), ("request".into(), json!(word))]);
        for name in &required {
            base.insert(name.clone(), Values::of(&properties[name]).right[0].clone());
        }
        assert!(read(&line(&base)).is_ok(), "{base:?}");
        for (name, schema) in &properties {
            let values = Values::of(schema);
            assert!(values.right.len() > 1 && values.wrong.len() > 3, "{word}.{name}");
            let with = |value: &Value| {
                let mut object = base.clone();
                object.insert(name.clone(), value.clone());
                line(&object)
            };
            for right in &values.right {
                let read = read(&with(right));
                assert!(read.is_ok(), "{word}: {name} {right}: {read:?}");
            }
            for (at, wrong) in &values.wrong {
                let (_, kind, message) = refused(&with(wrong));
                assert_eq!(kind, RefusalKind::BadRequest, "{word}: {name} {wrong}: {message}");
                let place = format!("`{name}{at}`");
                assert!(message.contains(&place), "{word}: {place} {wrong}: {message}");
                assert!(message.contains("allowed: ") || message.contains("regular"), "{message}");
            }
        }
        for name in &required {
            let mut object = base.clone();
            object.remove(name);
            let (_, kind, message) = refused(&line(&object));
            assert_eq!(kind, RefusalKind::BadRequest);
            assert!(message.starts_with(&format!("`{name}` is missing")), "{message}");
        }
    }
}

#[test]
fn what_is_typed_has_the_bounds_that_the_schema_draws() {
    let schema: Value = serde_json::from_str(include_str!("../../docs/schema/typed.json")).unwrap();
    for (name, schema) in schema["properties"].as_object().unwrap() {
        let values = Values::of(schema);
        for right in values.right {
            let read = read_typed(json!({ name: right }).to_string().as_bytes());
            assert!(read.is_ok(), "{name} {right}: {read:?}");
        }
        for (_, wrong) in values.wrong {
            let message = read_typed(json!({ name: wrong }).to_string().as_bytes()).unwrap_err().to_string();
            assert!(message.starts_with(&format!("`{name}` is ")), "{name} {wrong}: {message}");
        }
    }
    for line in ["", "7", "[\"ls\"]", "{\"text\":\"a\",\"base64\":\"YQ==\"}"] {
        assert!(read_typed(line.as_bytes()).is_err(), "{line}");
    }
}

fn any_request() -> impl Strategy<Value = Request> {
    let names = || prop::collection::vec("[a-z.*?{},]{0,12}", 0..4);
    let some = || prop::collection::vec("[a-z.*]{1,12}", 1..4);
    let count = prop_oneof![(0..=MOST).prop_map(InstanceCount::To), (-9..9).prop_map(InstanceCount::By)];
    let step = ("[a-z]{1,5}", count).prop_map(|(r#type, count)| ScaleStep { r#type, count });
    let span = || prop::option::of((0..2_419_200_u32).prop_map(|quarters| f64::from(quarters) / 4.0));
    let logs =
        (names(), prop::option::of(any::<u32>()), span(), any::<bool>(), prop::option::of("[a-z.]{0,9}"));
    prop_oneof![
        Just(Request::Status),
        Just(Request::Hello),
        Just(Request::Hold),
        Just(Request::Keep),
        logs.prop_map(|(names, lines, since_seconds, follow, grep)| {
            Request::Logs(LogsWanted { names, lines, since_seconds, follow, grep })
        }),
        some().prop_map(|names| Request::Start { names }),
        some().prop_map(|names| Request::Stop { names }),
        names().prop_map(|names| Request::Roll { names }),
        names().prop_map(|names| Request::Events { names }),
        names().prop_map(|names| Request::Restart { names }),
        prop::collection::vec(step, 0..4).prop_map(|steps| Request::Scale { steps }),
        (some(), 1..=64).prop_map(|(names, signal)| Request::Kill { names, signal, group: false }),
        (names(), prop_oneof![Just(Goal::Up), Just(Goal::Ready), Just(Goal::Exited)])
            .prop_map(|(names, until)| Request::Wait { names, until }),
        (("[a-z.]{0,9}", any::<u16>(), any::<u16>()), any::<(bool, bool)>()).prop_map(
            |((name, rows, columns), (view, take))| {
                Request::Attach(AttachWanted { name, rows, columns, view, take })
            }
        ),
        span().prop_map(|grace_seconds| Request::Down { grace_seconds }),
    ]
}

proptest! {
    #[test]
    fn what_our_client_sends_is_read_as_it_was_meant(id in any::<u64>(), request in any_request()) {
        let envelope = Envelope { version: VERSION, id, request };
        let sent = serde_json::to_vec(&envelope).unwrap();
        prop_assert_eq!(read(&sent).unwrap(), envelope);
        // No field that the schema does not have.
        let sent: Value = serde_json::from_slice(&sent).unwrap();
        let fields = &fields_of_requests()[sent["request"].as_str().unwrap()].1;
        for name in sent.as_object().unwrap().keys().filter(|name| !["version", "request"].contains(&name.as_str())) {
            prop_assert!(fields.contains_key(name), "{}", name);
        }
    }
}
