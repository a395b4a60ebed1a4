//! Between HTTP/JSON and protobuf, by tables compiled from the contracts: where each part of a request goes, and how an
//! answer looks. Bytes in, bytes out; no input makes it panic, and bad input is always a 4xx that says which field.

mod encode;
pub mod media;
mod node;
mod query;
mod render;
mod shape;
mod wire;

use std::borrow::Cow;

use haat_contracts::api::HttpBody;
use haat_contracts::policy::{Call, HttpBinding};
use haat_kernel::Violation;
use http::HeaderValue;
use prost::Message as _;
use prost::encoding::WireType;
use prost_reflect::{Kind as FieldKind, MessageDescriptor};

use crate::problem::Problem;
use crate::template::Template;
use encode::Encoder;
use node::{Node, Object, ParseError, Path};
use query::{FieldPath, QueryError};
use shape::{Field, MessageId};
pub use shape::{ShapeError, Shapes};

const HTTP_BODY: &str = "google.api.HttpBody";

/// How one binding of a call translates.
#[derive(Debug)]
pub struct Plan {
    request: MessageId,
    /// The fields that the path's variables fill, in their order.
    variables: Vec<FieldPath>,
    pub body: BodyForm,
    answer: AnswerForm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyForm {
    /// The call takes none.
    None,
    /// JSON of the request itself, but for what the path fills.
    Whole,
    /// JSON of the field with this index.
    Field(usize),
    /// Any bytes, into the `HttpBody` field with this index.
    Raw(usize),
    /// Any bytes, as a stream of `HttpBody`, the content type in the first.
    Stream,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AnswerForm {
    Message(MessageId),
    Field(MessageId, usize),
    Raw,
}

#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error(transparent)]
    Shape(#[from] ShapeError),
    #[error("`{0}` names no field that a path or a body can fill")]
    Field(String),
}

/// What of a request becomes protobuf.
pub struct Input<'a> {
    /// The decoded values of the path's variables; none for one that is not UTF-8.
    pub variables: Vec<Option<Cow<'a, str>>>,
    pub query: Option<&'a str>,
    pub content_type: Option<&'a HeaderValue>,
    pub body: &'a [u8],
}

impl Plan {
    pub fn compile(shapes: &mut Shapes, call: &Call, binding: &HttpBinding, template: &Template) -> Result<Self, PlanError> {
        let input = call.method.input();
        let request = shapes.compile(&input)?;
        let variables = template.variables.iter().map(|variable| {
            query::resolve(shapes, request, variable.field.iter().map(String::as_str))
                .ok_or_else(|| PlanError::Field(variable.field.join(".")))
        });
        let variables = variables.collect::<Result<_, _>>()?;
        let body = BodyForm::of(shapes, &input, request, call, binding)?;
        let answer = AnswerForm::of(shapes, &call.method.output(), binding)?;
        Ok(Plan { request, variables, body, answer })
    }

    /// The request's bytes. Not for streams.
    pub fn request<'a>(&self, shapes: &'a Shapes, input: Input<'a>) -> Result<Vec<u8>, Problem> {
        let mut root = self.json(shapes, &input)?;
        let mut encoder = Encoder::new(shapes);
        for (path, value) in self.variables.iter().zip(input.variables) {
            let value = value.ok_or_else(|| Problem::invalid(vec![self.violation(shapes, path, "is not UTF-8")]))?;
            if query::insert(shapes, self.request, &mut root, path, value).is_err() {
                encoder.violations.push(self.violation(shapes, path, "is part of the path"));
            }
        }
        let parameters = query::parameters(input.query.unwrap_or_default()).map_err(query_problem)?;
        for (name, value) in parameters {
            self.parameter(shapes, &mut root, &mut encoder, &name, value);
        }
        let mut bytes = Vec::with_capacity(64 + input.body.len());
        encoder.message(self.request, &Node::Object(root), &Path::Root, &mut bytes);
        if !encoder.violations.is_empty() {
            return Err(Problem::invalid(encoder.violations));
        }
        if let BodyForm::Raw(index) = self.body {
            let number = shapes.get(self.request).fields[index].number;
            let body = http_body(input.content_type, input.body.to_vec()).encode_to_vec();
            wire::put_key(number, WireType::LengthDelimited, &mut bytes);
            wire::put_delimited(&mut bytes, |out| out.extend_from_slice(&body));
        }
        Ok(bytes)
    }

    /// What the body says, as far as it is JSON.
    fn json<'a>(&self, shapes: &'a Shapes, input: &Input<'a>) -> Result<Object<'a>, Problem> {
        let field = match self.body {
            BodyForm::None | BodyForm::Raw(_) | BodyForm::Stream => return Ok(Object::new()),
            BodyForm::Whole => None,
            BodyForm::Field(index) => Some(&shapes.get(self.request).fields[index]),
        };
        if input.body.trim_ascii().is_empty() {
            return Ok(Object::new());
        }
        media::demand_json(input.content_type)?;
        let node = node::parse(input.body).map_err(|error| match error {
            ParseError::Syntax(detail) => Problem::malformed_json(&detail),
            ParseError::Refused(violation) => Problem::invalid(vec![violation]),
        })?;
        match (field, node) {
            (Some(Field { name, .. }), node) => Ok(vec![(Cow::Borrowed(name), node)]),
            (None, Node::Object(object)) => Ok(object),
            (None, _) => Err(Problem::invalid(vec![Violation::new("body", "must be an object")])),
        }
    }

    fn parameter<'a>(
        &self,
        shapes: &'a Shapes,
        root: &mut Object<'a>,
        encoder: &mut Encoder<'_>,
        name: &str,
        value: Cow<'a, str>,
    ) {
        let at = Path::Key(&Path::Root, name);
        let body_field = if let BodyForm::Field(index) = self.body { Some(index) } else { None };
        match query::resolve(shapes, self.request, name.split('.')).filter(|path| path.first().copied() != body_field) {
            None => encoder.refuse(&at, "is not a known parameter"),
            Some(path) if query::insert(shapes, self.request, root, &path, value).is_err() => {
                encoder.refuse(&at, "is given twice");
            }
            Some(_) => {}
        }
    }

    fn violation(&self, shapes: &Shapes, path: &FieldPath, description: &str) -> Violation {
        let mut id = self.request;
        let mut names = Vec::with_capacity(path.len());
        for index in path {
            let field = &shapes.get(id).fields[*index];
            names.push(field.name.as_str());
            if let shape::Kind::Message(inner) = &field.kind {
                id = *inner;
            }
        }
        Violation::new(names.join("."), description)
    }

    /// What `request` made, as JSON: every field of the message, whichever part of a request had filled it.
    pub fn request_json(&self, shapes: &Shapes, bytes: &[u8]) -> Result<Vec<u8>, Problem> {
        let mut json = Vec::with_capacity(bytes.len() * 2);
        render::message(shapes, self.request, bytes, &mut json).map_err(Problem::internal)?;
        Ok(json)
    }

    /// The answer's content type and body.
    pub fn answer(&self, shapes: &Shapes, bytes: &[u8]) -> Result<(HeaderValue, Vec<u8>), Problem> {
        let mut json = Vec::with_capacity(bytes.len() * 2 + 128);
        let rendered = match self.answer {
            AnswerForm::Message(id) => render::message(shapes, id, bytes, &mut json),
            AnswerForm::Field(id, index) => render::field_of(shapes, id, index, bytes, &mut json),
            AnswerForm::Raw => {
                let body = HttpBody::decode(bytes).map_err(Problem::internal)?;
                let content_type = HeaderValue::try_from(body.content_type).map_err(Problem::internal)?;
                return Ok((content_type, body.data));
            }
        };
        rendered.map_err(Problem::internal)?;
        Ok((HeaderValue::from_static("application/json"), json))
    }
}

/// One message of a request stream.
pub fn http_body(content_type: Option<&HeaderValue>, data: Vec<u8>) -> HttpBody {
    let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    HttpBody { content_type, data }
}

fn query_problem(error: QueryError) -> Problem {
    let description = match error {
        QueryError::TooMany => "has too many parameters",
        QueryError::NotUtf8 => "is not UTF-8",
    };
    Problem::invalid(vec![Violation::new("query", description)])
}

impl BodyForm {
    fn of(
        shapes: &Shapes,
        input: &MessageDescriptor,
        request: MessageId,
        call: &Call,
        binding: &HttpBinding,
    ) -> Result<Self, PlanError> {
        match binding.body.as_str() {
            "" => Ok(BodyForm::None),
            "*" if input.full_name() == HTTP_BODY && call.method.is_client_streaming() => Ok(BodyForm::Stream),
            "*" => Ok(BodyForm::Whole),
            name => {
                let unknown = || PlanError::Field(name.to_owned());
                let index = shapes.get(request).field_named(name).ok_or_else(unknown)?;
                let field = input.get_field_by_name(name).ok_or_else(unknown)?;
                let is_raw = matches!(field.kind(), FieldKind::Message(message) if message.full_name() == HTTP_BODY);
                Ok(if is_raw { BodyForm::Raw(index) } else { BodyForm::Field(index) })
            }
        }
    }
}

impl AnswerForm {
    fn of(shapes: &mut Shapes, output: &MessageDescriptor, binding: &HttpBinding) -> Result<Self, PlanError> {
        let id = shapes.compile(output)?;
        if output.full_name() == HTTP_BODY {
            return Ok(AnswerForm::Raw);
        }
        if binding.response_body.is_empty() {
            return Ok(AnswerForm::Message(id));
        }
        let index = shapes.get(id).field_named(&binding.response_body);
        index.map(|index| AnswerForm::Field(id, index)).ok_or_else(|| PlanError::Field(binding.response_body.clone()))
    }
}

#[cfg(test)]
mod tests;
