//! Path templates of `google.api.http`: `/v1/{name=shops/*/products/*}:publish`. The grammar is the annotation's own:
//! <https://github.com/googleapis/googleapis/blob/master/google/api/http.proto>.
//! A template that parses is well-formed for good: variables do not nest, `**` is last, and the sizes are bounded.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// The most segments that a template or a matched path may have.
pub const SEGMENTS_MAX: usize = 32;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pub parts: Vec<Part>,
    pub variables: Vec<Variable>,
    pub verb: Option<String>,
}

/// What one segment of a path must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Literal(String),
    /// `*`: any one segment.
    Any,
    /// `**`: all that is left, also nothing.
    Rest,
}

/// A field of the request, filled from the segments `from..to`; no `to` means to the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Names of nested fields, from the outside in.
    pub field: Vec<String>,
    pub from: usize,
    pub to: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("a template begins with `/`")]
    MissingSlash,
    #[error("`{0}` is not expected here")]
    Unexpected(String),
    #[error("a segment, a verb or a name is empty")]
    Empty,
    #[error("`**` must be the last segment")]
    RestNotLast,
    #[error("more than {SEGMENTS_MAX} segments")]
    TooLong,
}

impl Variable {
    /// True for a variable that spans several segments: those keep their encoded reserved characters.
    pub fn is_multiple(&self) -> bool {
        self.to.is_none_or(|to| to != self.from + 1)
    }

    /// The value that the `raw` part of a path stands for; none when it is not UTF-8. A single segment is decoded in
    /// full, so that an encoded slash is data; several keep what RFC 6570 reserves encoded, so that it stays apart from
    /// the slashes between them.
    pub fn decode<'p>(&self, raw: &'p str) -> Option<Cow<'p, str>> {
        if self.is_multiple() { decode_unreserved(raw) } else { percent_decode_str(raw).decode_utf8().ok() }
    }
}

fn decode_unreserved(raw: &str) -> Option<Cow<'_, str>> {
    const RESERVED: &[u8] = b":/?#[]@!$&'()*+,;=";
    if !raw.contains('%') {
        return Some(Cow::Borrowed(raw));
    }
    let mut decoded = Vec::with_capacity(raw.len());
    let mut rest = raw.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        match after.get(..2).filter(|_| byte == b'%').and_then(hex_pair) {
            Some(value) if !RESERVED.contains(&value) => {
                decoded.push(value);
                rest = &after[2..];
            }
            _ => {
                decoded.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

fn hex_pair(digits: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(digits[0])? << 4 | digit(digits[1])?)
}

impl Template {
    /// `/` alone is the template of the root.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let rest = text.strip_prefix('/').ok_or(TemplateError::MissingSlash)?;
        let template = Template { parts: Vec::new(), variables: Vec::new(), verb: None };
        let mut parser = Parser { rest, template };
        if !rest.is_empty() {
            parser.template()?;
        }
        let template = parser.template;
        let rest_at = template.parts.iter().position(|part| *part == Part::Rest);
        if rest_at.is_some_and(|at| at + 1 != template.parts.len()) {
            return Err(TemplateError::RestNotLast);
        }
        Ok(template)
    }
}

struct Parser<'t> {
    rest: &'t str,
    template: Template,
}

impl<'t> Parser<'t> {
    fn template(&mut self) -> Result<(), TemplateError> {
        loop {
            if self.eat('{') {
                self.variable()?
            } else {
                self.segment()?
            }
            if !self.eat('/') {
                break;
            }
        }
        if self.eat(':') {
            self.template.verb = Some(self.literal()?.to_owned());
        }
        if self.rest.is_empty() { Ok(()) } else { Err(TemplateError::Unexpected(self.rest.to_owned())) }
    }

    fn variable(&mut self) -> Result<(), TemplateError> {
        let mut field = vec![self.identifier()?];
        while self.eat('.') {
            field.push(self.identifier()?);
        }
        let from = self.template.parts.len();
        if self.eat('=') {
            self.segment()?;
            while self.eat('/') {
                self.segment()?;
            }
        } else {
            self.push(Part::Any)?;
        }
        if !self.eat('}') {
            return Err(TemplateError::Unexpected(self.rest.to_owned()));
        }
        let parts = &self.template.parts;
        let to = (parts.last() != Some(&Part::Rest)).then_some(parts.len());
        self.template.variables.push(Variable { field, from, to });
        Ok(())
    }

    fn segment(&mut self) -> Result<(), TemplateError> {
        if self.eat('*') {
            let part = if self.eat('*') { Part::Rest } else { Part::Any };
            return self.push(part);
        }
        let literal = self.literal()?.to_owned();
        self.push(Part::Literal(literal))
    }

    fn push(&mut self, part: Part) -> Result<(), TemplateError> {
        if self.template.parts.len() == SEGMENTS_MAX {
            return Err(TemplateError::TooLong);
        }
        self.template.parts.push(part);
        Ok(())
    }

    fn literal(&mut self) -> Result<&'t str, TemplateError> {
        self.take_while(|c| !matches!(c, '/' | '{' | '}' | '*' | ':' | '='))
    }

    fn identifier(&mut self) -> Result<String, TemplateError> {
        self.take_while(|c| c.is_ascii_alphanumeric() || c == '_').map(str::to_owned)
    }

    fn take_while(&mut self, accept: impl Fn(char) -> bool) -> Result<&'t str, TemplateError> {
        let end = self.rest.find(|c| !accept(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        if taken.is_empty() { Err(TemplateError::Empty) } else { Ok(taken) }
    }

    fn eat(&mut self, expected: char) -> bool {
        let rest = self.rest.strip_prefix(expected);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn variables_span_the_segments_of_their_own_templates() {
        let template = Template::parse("/v1/{parent.name=shops/*/products/*}/offers/{offer}:publish").unwrap();
        assert_eq!(template.parts.len(), 7);
        assert_eq!(template.variables[0], Variable { field: vec!["parent".into(), "name".into()], from: 1, to: Some(5) });
        assert_eq!(template.variables[1], Variable { field: vec!["offer".into()], from: 6, to: Some(7) });
        assert_eq!(template.verb.as_deref(), Some("publish"));
        assert!(template.variables[0].is_multiple() && !template.variables[1].is_multiple());
        assert_eq!(Template::parse("/").unwrap().parts, []);
        assert_eq!(Template::parse("/v1/{path=files/**}").unwrap().variables[0].to, None);
    }

    #[test]
    fn templates_outside_the_grammar_are_refused() {
        for bad in [
            "",
            "v1",
            "//",
            "/v1/",
            "/v1//x",
            "/{",
            "/{}",
            "/{x",
            "/{x=}",
            "/{x={y}}",
            "/**/x",
            "/{x=**}/y",
            "/x:",
            "/x:a:b",
            "/{x.}",
            "/x}y",
            "/a*",
            "/***",
            "/:verb",
            &"/x".repeat(33),
        ] {
            assert!(Template::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn one_segment_is_decoded_in_full_and_several_keep_what_is_reserved() {
        let single = Variable { field: Vec::new(), from: 0, to: Some(1) };
        let several = Variable { field: Vec::new(), from: 0, to: None };
        assert_eq!(single.decode("a%2Fb%20%25").as_deref(), Some("a/b %"));
        assert_eq!(several.decode("a%2Fb%20c%3a/d%").as_deref(), Some("a%2Fb c%3a/d%"));
        assert_eq!(single.decode("%ff"), None);
        assert_eq!(several.decode("%ff"), None);
    }

    proptest! {
        #[test]
        fn nothing_makes_the_parser_panic(text in "[/a-z{}*:.=%é]{0,40}") {
            let _ = Template::parse(&text);
            let _ = decode_unreserved(&text);
        }
    }
}
