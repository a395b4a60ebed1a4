//! The gateway's translation: `METHOD /path?query`, and below it a body. As a request, what is taken is protobuf that an
//! independent reader understands, and its JSON leads back to the same message; as an answer, a body is JSON or refused.

use std::sync::OnceLock;

use haat_gateway::problem::Problem;
use haat_gateway::table::{CallRoute, Table, Target};
use haat_gateway::transcode::{BodyForm, Input};
use http::Method;
use http::uri::PathAndQuery;
use prost_reflect::prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor};

pub fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| Table::from_contracts().expect("the contracts make a table"))
}

pub fn run(data: &[u8]) {
    let Some((line, body)) = crate::split_line(data) else { return };
    let Some((method, address)) = line.split_once(' ') else { return };
    let (Ok(method), Ok(address)) = (method.parse::<Method>(), address.parse::<PathAndQuery>()) else { return };
    let found = match table().find(&method, address.path()) {
        Ok(found) => found,
        Err(problem) => return assert_refused(&problem),
    };
    let Target::Call(route) = found.value else { return };
    if route.plan.body != BodyForm::Stream {
        let input = Input { variables: found.values().collect(), query: address.query(), content_type: None, body };
        match route.plan.request(&table().shapes, input) {
            Ok(bytes) => assert_leads_back(route, &bytes),
            Err(problem) => assert_refused(&problem),
        }
    }
    if let Ok((content_type, json)) = route.plan.answer(&table().shapes, body)
        && content_type == "application/json"
    {
        assert!(serde_json::from_slice::<serde_json::Value>(&json).is_ok(), "{}", String::from_utf8_lossy(&json));
    }
}

fn assert_refused(problem: &Problem) {
    assert!(problem.status.is_client_error() && !problem.code.is_empty(), "{problem:?}");
}

fn assert_leads_back(route: &CallRoute, bytes: &[u8]) {
    let json = route.plan.request_json(&table().shapes, bytes).expect("what was taken can be shown");
    let again = read_json(route.call.method.input(), &json).encode_to_vec();
    let understood = |bytes: &[u8]| {
        let message = DynamicMessage::decode(route.call.method.input(), bytes).expect("protobuf");
        // A field that holds its default is the same as one that is not there.
        DynamicMessage::decode(route.call.method.input(), message.encode_to_vec().as_slice()).expect("protobuf")
    };
    assert_eq!(understood(bytes), understood(&again), "{}", String::from_utf8_lossy(&json));
}

fn read_json(descriptor: MessageDescriptor, json: &[u8]) -> DynamicMessage {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    DynamicMessage::deserialize(descriptor, &mut deserializer)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(json)))
}
