//! Whether a document is as a schema in docs/ says: the few words of JSON Schema that ours use.

use serde_json::Value;

/// Checks `document` against the schema in this file of the repository.
pub(crate) fn check(file: &str, document: &Value) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    fits(&schema, document, "$");
}

fn fits(schema: &Value, value: &Value, place: &str) {
    let is = |word: &Value| match word.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{place}: no such type: {other}"),
    };
    let types = &schema["type"];
    let fits_type = types.as_array().map_or_else(|| is(types), |types| types.iter().any(is));
    assert!(fits_type, "{place}: {value} is no {types}");
    if let Some(words) = schema["enum"].as_array() {
        assert!(words.contains(value), "{place}: {value} is none of {words:?}");
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        assert!(value.get(name.as_str().unwrap()).is_some(), "{place}: no {name}");
    }
    if let (Some(properties), Some(object)) = (schema["properties"].as_object(), value.as_object()) {
        for (name, inside) in object {
            let of = properties.get(name).unwrap_or_else(|| panic!("{place}: {name} is not in the schema"));
            fits(of, inside, &format!("{place}.{name}"));
        }
    }
    for (index, inside) in value.as_array().into_iter().flatten().enumerate() {
        fits(&schema["items"], inside, &format!("{place}[{index}]"));
    }
}
