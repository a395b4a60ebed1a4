//! Values that a path or a query gives to fields of the request: `page.size=20` names a field inside a field, a repeated
//! parameter fills a list. Fields are named as in JSON, or as in the contract.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::node::{Node, Object};
use super::shape::{Form, Kind, Label, MessageId, Shapes};

/// From the request's message inwards: the index of a field in each message.
pub type FieldPath = Vec<usize>;

/// More than any page of a client sends.
const PARAMETERS_MAX: usize = 100;

#[derive(Debug, PartialEq, Eq)]
pub enum QueryError {
    TooMany,
    NotUtf8,
}

pub type Parameters<'q> = Vec<(Cow<'q, str>, Cow<'q, str>)>;

/// The decoded names and values of a query string. A stray `%` stands for itself, as browsers have it.
pub fn parameters(query: &str) -> Result<Parameters<'_>, QueryError> {
    let pairs: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty()).take(PARAMETERS_MAX + 1).collect();
    if pairs.len() > PARAMETERS_MAX {
        return Err(QueryError::TooMany);
    }
    let split = |pair: &'_ str| pair.find('=').map_or((pair.len(), pair.len()), |at| (at, at + 1));
    let decoded = pairs.into_iter().map(|pair| {
        let (name, value) = split(pair);
        Some((decode(&pair[..name])?, decode(&pair[value..])?))
    });
    decoded.collect::<Option<_>>().ok_or(QueryError::NotUtf8)
}

fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('+') {
        return percent_decode_str(text).decode_utf8().ok();
    }
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(|decoded| Cow::Owned(decoded.into_owned()))
}

/// The field that `names` lead to, if it is one that text can fill.
pub fn resolve<'n>(shapes: &Shapes, mut id: MessageId, names: impl Iterator<Item = &'n str>) -> Option<FieldPath> {
    let mut path = FieldPath::new();
    let mut names = names.peekable();
    while let Some(name) = names.next() {
        let message = shapes.get(id);
        let index = message.field_named(name)?;
        let field = &message.fields[index];
        path.push(index);
        match (&field.kind, field.label) {
            (_, Label::Map(_)) => return None,
            (Kind::Message(inner), Label::Implicit | Label::Explicit) if shapes.get(*inner).form == Form::Object => {
                names.peek()?;
                id = *inner;
            }
            (Kind::Message(inner), _) if shapes.get(*inner).form == Form::Object => return None,
            _ if names.peek().is_some() => return None,
            _ => {}
        }
    }
    (!path.is_empty()).then_some(path)
}

/// The field was filled before, and holds one value only.
#[derive(Debug, PartialEq, Eq)]
pub struct Occupied;

/// Puts a value into a request that is being put together.
pub fn insert<'a>(
    shapes: &'a Shapes,
    id: MessageId,
    object: &mut Object<'a>,
    path: &[usize],
    value: Cow<'a, str>,
) -> Result<(), Occupied> {
    let Some((&index, inner)) = path.split_first() else { return Err(Occupied) };
    let message = shapes.get(id);
    let field = &message.fields[index];
    let position = object.iter().position(|(key, _)| message.field_named(key) == Some(index));
    let node = match position {
        Some(position) => &mut object[position].1,
        None => {
            let empty = if inner.is_empty() { Node::List(Vec::new()) } else { Node::Object(Vec::new()) };
            object.push((Cow::Borrowed(&field.name), empty));
            let last = object.len() - 1;
            &mut object[last].1
        }
    };
    match (node, &field.kind) {
        (Node::Object(object), Kind::Message(id)) if !inner.is_empty() => insert(shapes, *id, object, inner, value),
        (Node::List(items), _) if inner.is_empty() && field.label == Label::Repeated && items.iter().all(is_loose) => {
            items.push(Node::Loose(value));
            Ok(())
        }
        (node, _) if inner.is_empty() && position.is_none() => {
            *node = Node::Loose(value);
            Ok(())
        }
        _ => Err(Occupied),
    }
}

fn is_loose(node: &Node<'_>) -> bool {
    matches!(node, Node::Loose(_))
}
