//! A parsed JSON document that keeps what is wrong with it: duplicate keys and too deep nesting are refused where they
//! stand, and texts are borrowed from the input. Values from a path or a query are nodes too, of a looser kind.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;

use haat_kernel::Violation;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use smallvec::SmallVec;

/// Deeper than any contract's shape.
const DEPTH_MAX: usize = 32;

#[derive(Debug, PartialEq)]
pub enum Node<'a> {
    Null,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    Object(Object<'a>),
    /// From a path or a query, where everything is text: reads as whatever the field is.
    Loose(Cow<'a, str>),
}

pub type Object<'a> = Vec<(Cow<'a, str>, Node<'a>)>;

/// Where a value stands in the document.
#[derive(Clone, Copy)]
pub enum Path<'p> {
    Root,
    Key(&'p Path<'p>, &'p str),
    Index(&'p Path<'p>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => Ok(()),
            Path::Key(Path::Root, key) => f.write_str(&bounded(key)),
            Path::Key(parent, key) => write!(f, "{parent}.{}", bounded(key)),
            Path::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// Client-chosen names go back into errors and logs: not at any length.
fn bounded(key: &str) -> String {
    key.chars().take(64).collect()
}

#[derive(Debug)]
pub enum ParseError {
    /// No JSON: what is wrong, and where.
    Syntax(String),
    Refused(Violation),
}

pub fn parse(bytes: &[u8]) -> Result<Node<'_>, ParseError> {
    let violation = RefCell::new(None);
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let seed = Seed { path: &Path::Root, depth: 0, violation: &violation };
    let parsed = seed.deserialize(&mut deserializer).and_then(|node| deserializer.end().map(|()| node));
    parsed.map_err(|error| match violation.take() {
        Some(violation) => ParseError::Refused(violation),
        None => ParseError::Syntax(error.to_string()),
    })
}

#[derive(Clone, Copy)]
struct Seed<'s> {
    path: &'s Path<'s>,
    depth: usize,
    violation: &'s RefCell<Option<Violation>>,
}

impl Seed<'_> {
    fn refuse<E: serde::de::Error>(&self, path: &Path<'_>, description: &str) -> E {
        *self.violation.borrow_mut() = Some(Violation::new(path.to_string(), description));
        E::custom(description)
    }

    fn deeper<E: serde::de::Error>(&self) -> Result<usize, E> {
        if self.depth == DEPTH_MAX {
            return Err(self.refuse(self.path, "is nested too deeply"));
        }
        Ok(self.depth + 1)
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Node<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node<'de>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node<'de>, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node<'de>, E> {
        Ok(Node::Integer(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node<'de>, E> {
        Ok(Node::Integer(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node<'de>, E> {
        Ok(Node::Float(value))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node<'de>, A::Error> {
        let depth = self.deeper()?;
        let mut list = Vec::new();
        loop {
            let path = Path::Index(self.path, list.len());
            match items.next_element_seed(Seed { path: &path, depth, ..self })? {
                Some(item) => list.push(item),
                None => return Ok(Node::List(list)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node<'de>, A::Error> {
        let depth = self.deeper()?;
        let mut object = Object::new();
        while let Some(key) = entries.next_key_seed(KeySeed)? {
            let path = Path::Key(self.path, &key);
            let value = entries.next_value_seed(Seed { path: &path, depth, ..self })?;
            object.push((key, value));
        }
        if let Some(key) = duplicate(&object) {
            return Err(self.refuse(&Path::Key(self.path, key), "is given twice"));
        }
        Ok(Node::Object(object))
    }
}

fn duplicate<'o>(object: &'o Object<'_>) -> Option<&'o str> {
    let mut keys: SmallVec<[&str; 16]> = object.iter().map(|(key, _)| key.as_ref()).collect();
    keys.sort_unstable();
    keys.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
}

struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for KeySeed {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}
