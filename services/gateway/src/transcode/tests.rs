//! Transcoding against a contract with every kind of field, with prost-reflect's own JSON as the oracle.

use haat_contracts::policy::{Call, HttpBinding, policies};
use proptest::prelude::*;
use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage, SerializeOptions};

use super::*;

const CONTRACT: &str = r#"
    syntax = "proto3";
    package test;
    import "google/protobuf/timestamp.proto";
    import "google/protobuf/field_mask.proto";
    message All {
      enum Color { COLOR_UNSPECIFIED = 0; RED = 1; DARK_BLUE = 2; }
      string some_text = 1;
      int32 i32 = 2; int64 i64 = 3; uint32 u32 = 4; uint64 u64 = 5; sint32 s32 = 6; sint64 s64 = 7;
      fixed32 f32 = 8; fixed64 f64 = 9; sfixed32 sf32 = 10; sfixed64 sf64 = 11;
      bool flag = 12; double ratio = 13; bytes raw = 14; Color color = 15;
      optional int64 maybe = 16;
      Inner inner = 17;
      repeated Inner inners = 18;
      repeated int64 numbers = 19;
      map<string, string> labels = 20;
      map<int64, Inner> by_number = 21;
      google.protobuf.Timestamp at = 22;
      google.protobuf.FieldMask mask = 23;
      oneof choice { string one = 24; int32 other = 25; }
      repeated string tags = 26;
      float small = 27;
      repeated Color colors = 28;
    }
    message Inner { string name = 1; Deep deep = 2; }
    message Deep { int64 value = 1; }
    message Loop { Loop loop = 1; }
"#;

fn pool() -> DescriptorPool {
    let mut files = protox::file::ChainFileResolver::new();
    files.add(protox::file::GoogleFileResolver::new());
    struct Text;
    impl protox::file::FileResolver for Text {
        fn open_file(&self, name: &str) -> Result<protox::file::File, protox::Error> {
            if name != "test.proto" {
                return Err(protox::Error::file_not_found(name));
            }
            protox::file::File::from_source(name, CONTRACT)
        }
    }
    files.add(Text);
    let mut compiler = protox::Compiler::with_file_resolver(files);
    compiler.include_imports(true).open_file("test.proto").unwrap();
    compiler.descriptor_pool()
}

struct Bench {
    pool: DescriptorPool,
    shapes: Shapes,
    plan: Plan,
}

/// A call that takes and gives `All`, with `some_text` from the path.
fn bench(body: BodyForm) -> Bench {
    let pool = pool();
    let mut shapes = Shapes::default();
    let request = shapes.compile(&pool.get_message_by_name("test.All").unwrap()).unwrap();
    let plan = Plan { request, variables: vec![vec![0]], body, answer: AnswerForm::Message(request) };
    Bench { pool, shapes, plan }
}

impl Bench {
    fn request(&self, query: &str, body: &[u8]) -> Result<Vec<u8>, Problem> {
        let variables = vec![Some(Cow::Borrowed("from the path"))];
        self.plan.request(&self.shapes, Input { variables, query: Some(query), content_type: None, body })
    }

    /// As prost-reflect shows it.
    fn shown(&self, bytes: &[u8]) -> serde_json::Value {
        let message = DynamicMessage::decode(self.pool.get_message_by_name("test.All").unwrap(), bytes).unwrap();
        let options = SerializeOptions::new().stringify_64_bit_integers(false);
        message.serialize_with_options(serde_json::value::Serializer, &options).unwrap()
    }

    fn refusal(&self, query: &str, body: &str) -> String {
        let problem = self.request(query, body.as_bytes()).expect_err(body);
        assert!(problem.status.is_client_error());
        let violations = problem.violations.iter().map(|v| format!("{} {}", v.field, v.description));
        std::iter::once(problem.code.to_string()).chain(violations).collect::<Vec<_>>().join("; ")
    }
}

const SAMPLE: &str = r#"{
    "i32": -5, "i64": 9007199254740993, "u32": 7, "u64": 18446744073709551615, "s32": -3, "s64": -4,
    "f32": 1, "f64": 2, "sf32": -1, "sf64": -2, "flag": true, "ratio": 0.25, "raw": "AQID", "color": "DARK_BLUE",
    "maybe": 0, "inner": {"name": "é\"x", "deep": {"value": 3}}, "inners": [{"name": "a"}, {}], "numbers": [1, -2],
    "labels": {"b": "2", "a": "1"}, "byNumber": {"-4": {"name": "n"}}, "at": "2026-01-31T09:30:00.250Z",
    "mask": "someText,inner.name", "one": "", "tags": ["x", "y"], "small": 0.1, "colors": ["RED"]
}"#;

#[test]
fn json_becomes_the_message_that_it_says() {
    let bench = bench(BodyForm::Whole);
    let bytes = bench.request("", SAMPLE.as_bytes()).unwrap();
    let mut expected: serde_json::Value = serde_json::from_str(SAMPLE).unwrap();
    expected["someText"] = "from the path".into();
    expected["inners"][1] = serde_json::json!({});
    let mut shown = bench.shown(&bytes);
    let small = shown["small"].as_f64().unwrap();
    assert!((small - 0.1).abs() < 1e-6);
    shown["small"] = 0.1.into();
    assert_eq!(shown, expected);

    expected["inners"][1] = serde_json::json!({"name": ""});
    let (_, json) = bench.plan.answer(&bench.shapes, &bytes).unwrap();
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&json).unwrap(), expected, "and back");
}

#[test]
fn the_order_of_keys_makes_no_difference_to_the_bytes() {
    let bench = bench(BodyForm::Whole);
    let one = bench.request("", br#"{"i32": 1, "labels": {"a": "1", "b": "2"}, "flag": true}"#).unwrap();
    let other = bench.request("", br#"{"flag":true,"labels":{"b":"2","a":"1"},"i32":1.0}"#).unwrap();
    assert_eq!(one, other);
}

#[test]
fn answers_show_defaults_and_leave_out_what_is_unset() {
    let bench = bench(BodyForm::None);
    let (content_type, json) = bench.plan.answer(&bench.shapes, &[]).unwrap();
    assert_eq!(content_type, "application/json");
    let expected = serde_json::json!({
        "someText": "", "i32": 0, "i64": 0, "u32": 0, "u64": 0, "s32": 0, "s64": 0, "f32": 0, "f64": 0, "sf32": 0, "sf64": 0,
        "flag": false, "ratio": 0.0, "raw": "", "inners": [], "numbers": [], "labels": {}, "byNumber": {}, "tags": [],
        "small": 0.0, "colors": [],
    });
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&json).unwrap(), expected);
    assert!(bench.plan.answer(&bench.shapes, &[0x0a, 0x05, 0x61]).is_err(), "cut off");
}

#[test]
fn queries_fill_fields_nested_fields_and_lists() {
    let bench = bench(BodyForm::None);
    let bytes = bench
        .request("i64=5&inner.deep.value=7&tags=a+b&tags=100%25%20cotton&flag=true&color=RED&at=2026-01-01T00:00:00Z", b"")
        .unwrap();
    let shown = bench.shown(&bytes);
    assert_eq!(shown["i64"], 5);
    assert_eq!(shown["inner"]["deep"]["value"], 7);
    assert_eq!(shown["tags"], serde_json::json!(["a b", "100% cotton"]));
    assert_eq!((&shown["color"], &shown["flag"]), (&"RED".into(), &true.into()));
    for (query, refusal) in [
        ("nothing=1", "invalid_argument; nothing is not a known parameter"),
        ("inner=1", "invalid_argument; inner is not a known parameter"),
        ("inner.deep=1", "invalid_argument; inner.deep is not a known parameter"),
        ("i32=1&i32=2", "invalid_argument; i32 is given twice"),
        ("someText=x", "invalid_argument; someText is given twice"),
        ("i32=x", "invalid_argument; i32 must be a whole number from -2147483648 to 2147483647"),
        ("i32=%ff", "invalid_argument; query is not UTF-8"),
    ] {
        assert_eq!(bench.refusal(query, ""), refusal);
    }
}

#[test]
fn wrong_bodies_are_refused_with_the_fields_that_are_wrong() {
    let bench = bench(BodyForm::Whole);
    let deep = "[".repeat(40) + &"]".repeat(40);
    for (body, refusal) in [
        ("{", "malformed_json"),
        ("{} {}", "malformed_json"),
        ("\u{1}", "malformed_json"),
        ("[]", "invalid_argument; body must be an object"),
        (r#"{"i32": 1, "i32": 2}"#, "invalid_argument; i32 is given twice"),
        (r#"{"i32": 1, "i_32": 2, "flag": 1}"#, "invalid_argument; i_32 is not a known field; flag must be true or false"),
        (r#"{"some_text": "x"}"#, "invalid_argument; someText is part of the path"),
        (r#"{"inners": [{}, {"name": 5}]}"#, "invalid_argument; inners[1].name must be text"),
        (
            r#"{"inner": {"deep": {"value": 1.5}}}"#,
            "invalid_argument; inner.deep.value must be a whole number from -9223372036854775808 to 9223372036854775807",
        ),
        (r#"{"u32": -1}"#, "invalid_argument; u32 must be a whole number from 0 to 4294967295"),
        (r#"{"labels": {"a": 1}}"#, "invalid_argument; labels.a must be text"),
        (r#"{"tags": "x"}"#, "invalid_argument; tags must be a list"),
        (r#"{"tags": [null]}"#, "invalid_argument; tags[0] must be text"),
        (r#"{"color": "GREEN"}"#, "invalid_argument; color must be one of RED, DARK_BLUE"),
        (r#"{"one": "x", "other": 1}"#, "invalid_argument; other excludes another field that is given"),
        (r#"{"at": "yesterday"}"#, "invalid_argument; at must be a time such as `2026-01-31T09:30:00Z`"),
        (r#"{"raw": "*"}"#, "invalid_argument; raw must be base64 text"),
    ] {
        assert_eq!(bench.refusal("", body), refusal, "{body}");
    }
    assert!(bench.refusal("", &format!(r#"{{"tags": {deep}}}"#)).contains("is nested too deeply"));
    assert!(bench.request("i32=5", b"").is_ok(), "an empty body counts as `{{}}`, and the query may say the rest");
    assert!(bench.request("", br#"{"i32": null, "inner": null}"#).is_ok());
}

#[test]
fn a_type_that_contains_itself_is_refused_at_the_start() {
    let descriptor = pool().get_message_by_name("test.Loop").unwrap();
    assert!(matches!(Shapes::default().compile(&descriptor), Err(ShapeError::Recursive(_))));
}

fn compile(call: &Call, binding: &HttpBinding, shapes: &mut Shapes) -> Plan {
    Plan::compile(shapes, call, binding, &Template::parse(&binding.template).unwrap()).unwrap()
}

#[test]
fn every_binding_of_the_contracts_compiles() {
    let mut shapes = Shapes::default();
    for call in policies().calls.values() {
        for binding in &call.http {
            compile(call, binding, &mut shapes);
        }
    }
}

#[test]
fn raw_bodies_reach_their_field_untouched() {
    let mut shapes = Shapes::default();
    let call = &policies().calls["/haat.payments.v1.Payments/ReceiveWebhook"];
    let plan = compile(call, &call.http[0], &mut shapes);
    let content_type = HeaderValue::from_static("application/json");
    let variables = vec![Some(Cow::Borrowed("sandbox"))];
    let input = Input { variables, query: None, content_type: Some(&content_type), body: b"{ \xff raw" };
    let bytes = plan.request(&shapes, input).unwrap();
    let request = haat_contracts::payments::ReceiveWebhookRequest::decode(bytes.as_slice()).unwrap();
    assert_eq!((request.provider.as_str(), request.body.unwrap().data.as_slice()), ("sandbox", &b"{ \xff raw"[..]));
    let import = &policies().calls["/haat.catalog.v1.Catalog/ImportProducts"];
    assert_eq!(compile(import, &import.http[0], &mut shapes).body, BodyForm::Stream);
    let keys = &policies().calls["/haat.users.v1.Users/GetJwks"];
    let answer = compile(keys, &keys.http[0], &mut shapes)
        .answer(&shapes, &http_body(Some(&content_type), b"{}".to_vec()).encode_to_vec());
    assert_eq!(answer.unwrap(), (content_type, b"{}".to_vec()));
}

/// JSON that is often nearly right.
fn json() -> impl Strategy<Value = String> {
    let names = prop::sample::select(vec![
        "someText", "i32", "u64", "inner", "inners", "labels", "byNumber", "at", "mask", "raw", "color", "one", "name", "deep",
        "value", "nothing",
    ]);
    let leaf = prop::sample::select(vec![
        "null",
        "true",
        "0",
        "-1",
        "1e3",
        "1.5",
        "1e300",
        "18446744073709551615",
        "\"\"",
        "\"x\"",
        "\"AQ==\"",
        "\"RED\"",
        "[]",
        "{}",
        "\"2026-01-01T00:00:00Z\"",
        "\"\\ud800\"",
        "tru",
    ]);
    leaf.prop_map(str::to_owned).prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((names.clone(), inner), 0..4).prop_map(|entries| {
                let entries = entries.into_iter().map(|(name, value)| format!("\"{name}\":{value}"));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn nothing_that_a_client_sends_panics_or_is_our_fault(body in prop::collection::vec(any::<u8>(), 0..200), query in "[a-z0-9.&=%+é]{0,60}") {
        for form in [BodyForm::Whole, BodyForm::Field(16), BodyForm::None] {
            if let Err(problem) = bench(form).request(&query, &body) {
                prop_assert!(problem.status.is_client_error());
            }
        }
    }

    #[test]
    fn what_is_taken_means_what_prost_reflect_takes_it_for(body in json()) {
        let bench = bench(BodyForm::Field(16));
        let wrapped = format!("{{\"inner\":{body}}}");
        let Ok(bytes) = bench.request("", body.as_bytes()) else { return Ok(()) };
        let descriptor = bench.pool.get_message_by_name("test.All").unwrap();
        let mut deserializer = serde_json::Deserializer::from_str(&wrapped);
        let expected = DynamicMessage::deserialize_with_options(descriptor, &mut deserializer, &DeserializeOptions::new());
        if let Ok(mut expected) = expected {
            expected.set_field_by_name("some_text", prost_reflect::Value::String("from the path".into()));
            prop_assert_eq!(bench.shown(&bytes), bench.shown(&expected.encode_to_vec()));
        }
    }

    #[test]
    fn arbitrary_answers_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let bench = bench(BodyForm::None);
        if let Ok((_, json)) = bench.plan.answer(&bench.shapes, &bytes) {
            prop_assert!(serde_json::from_slice::<serde_json::Value>(&json).is_ok());
        }
    }
}
