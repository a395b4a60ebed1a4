//! Filters in the language of AIP-160 (google.aip.dev/160), the part that a search for products needs:
//! `brand = "Jaipur Loom" AND (price < 100000 OR NOT available = true)`.
//! `OR` binds closer than `AND`, as AIP-160 has it. Reading never fails but with a position, and never recurses deeper than
//! `DEPTH_MAX`.

use haat_kernel::{Fault, Kind, Violation};

pub const LENGTH_MAX: usize = 2_048;
const DEPTH_MAX: usize = 16;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    /// One of the field's values is this text.
    Is(TextField, String),
    /// One of the field's values contains this text, in whatever case.
    Has(TextField, String),
    /// The lowest price, in minor units, both ends included.
    Price {
        from: u64,
        to: u64,
    },
    Available,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextField {
    Brand,
    Category,
    Seller,
    /// By the option's name in lower case.
    Option(String),
}

/// A filter that cannot be read. `position` counts characters from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The filter cannot be read at character {position}: {expected}.")]
pub struct FilterError {
    pub position: usize,
    pub expected: String,
}

impl Fault for FilterError {
    fn kind(&self) -> Kind {
        Kind::InvalidArgument
    }

    fn code(&self) -> &'static str {
        "filter_invalid"
    }

    fn violations(&self) -> Vec<Violation> {
        vec![Violation::new("filter", format!("at character {}: {}", self.position, self.expected))]
    }
}

/// None for an empty filter.
pub fn parse(text: &str) -> Result<Option<Filter>, FilterError> {
    if text.len() > LENGTH_MAX {
        return Err(FilterError { position: 1, expected: format!("at most {LENGTH_MAX} bytes") });
    }
    let tokens = tokenize(text)?;
    if tokens.len() == 1 {
        return Ok(None);
    }
    let mut parser = Parser { tokens: &tokens, depth: 0 };
    let filter = parser.expression()?;
    match parser.next() {
        (Token::End, _) => Ok(Some(filter)),
        (_, position) => Err(error(position, "`AND`, `OR` or the end was expected")),
    }
}

fn error(position: usize, expected: impl Into<String>) -> FilterError {
    FilterError { position, expected: expected.into() }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    AtMost,
    More,
    AtLeast,
    Has,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    Operator(Operator),
    Word(String),
    Quoted(String),
    End,
}

/// Tokens with the positions of their first characters; the last one is `End`.
fn tokenize(text: &str) -> Result<Vec<(Token, usize)>, FilterError> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&char) = chars.get(at) {
        if char.is_whitespace() {
            at += 1;
            continue;
        }
        let (token, length) = match char {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            '"' | '\'' => quoted(&chars[at..], at + 1)?,
            _ => operator(&chars[at..]).unwrap_or_else(|| word(&chars[at..])),
        };
        if length == 0 {
            return Err(error(at + 1, format!("`{char}` means nothing here")));
        }
        tokens.push((token, at + 1));
        at += length;
    }
    tokens.push((Token::End, chars.len() + 1));
    Ok(tokens)
}

fn operator(chars: &[char]) -> Option<(Token, usize)> {
    let (operator, length) = match (chars.first()?, chars.get(1)) {
        ('!', Some('=')) => (Operator::NotEqual, 2),
        ('<', Some('=')) => (Operator::AtMost, 2),
        ('>', Some('=')) => (Operator::AtLeast, 2),
        ('=', _) => (Operator::Equal, 1),
        ('<', _) => (Operator::Less, 1),
        ('>', _) => (Operator::More, 1),
        (':', _) => (Operator::Has, 1),
        _ => return None,
    };
    Some((Token::Operator(operator), length))
}

fn word(chars: &[char]) -> (Token, usize) {
    let is_end = |char: &char| char.is_whitespace() || "()\"'=<>!:,".contains(*char);
    let length = chars.iter().position(is_end).unwrap_or(chars.len());
    (Token::Word(chars[..length].iter().collect()), length)
}

/// `chars` begin with a quotation mark. A backslash takes the next character as it is.
fn quoted(chars: &[char], position: usize) -> Result<(Token, usize), FilterError> {
    let mut value = String::new();
    let mut at = 1;
    loop {
        match chars.get(at) {
            None => return Err(error(position, "this quotation has no end")),
            Some(char) if *char == chars[0] => return Ok((Token::Quoted(value), at + 1)),
            Some('\\') => {
                let escaped = chars.get(at + 1).ok_or_else(|| error(position, "this quotation has no end"))?;
                value.push(*escaped);
                at += 2;
            }
            Some(char) => {
                value.push(*char);
                at += 1;
            }
        }
    }
}

struct Parser<'a> {
    tokens: &'a [(Token, usize)],
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        self.tokens.first().map_or(&Token::End, |(token, _)| token)
    }

    /// The last token, `End`, is never consumed.
    fn next(&mut self) -> (Token, usize) {
        let current = self.tokens.first().cloned().unwrap_or((Token::End, 1));
        if self.tokens.len() > 1 {
            self.tokens = &self.tokens[1..];
        }
        current
    }

    fn take_keyword(&mut self, keyword: &str) -> bool {
        let is_next = matches!(self.peek(), Token::Word(word) if word == keyword);
        if is_next {
            self.next();
        }
        is_next
    }

    fn expression(&mut self) -> Result<Filter, FilterError> {
        let mut parts = vec![self.factor()?];
        while self.take_keyword("AND") {
            parts.push(self.factor()?);
        }
        Ok(one_or(parts, Filter::All))
    }

    fn factor(&mut self) -> Result<Filter, FilterError> {
        let mut parts = vec![self.term()?];
        while self.take_keyword("OR") {
            parts.push(self.term()?);
        }
        Ok(one_or(parts, Filter::Any))
    }

    fn term(&mut self) -> Result<Filter, FilterError> {
        if self.take_keyword("NOT") {
            return Ok(Filter::Not(Box::new(self.simple()?)));
        }
        self.simple()
    }

    fn simple(&mut self) -> Result<Filter, FilterError> {
        match self.next() {
            (Token::Open, position) => {
                self.depth += 1;
                if self.depth > DEPTH_MAX {
                    return Err(error(position, format!("parentheses go at most {DEPTH_MAX} deep")));
                }
                let inner = self.expression()?;
                self.depth -= 1;
                match self.next() {
                    (Token::Close, _) => Ok(inner),
                    (_, position) => Err(error(position, "`)` was expected")),
                }
            }
            (Token::Word(field), position) => self.restriction(field, position),
            (_, position) => Err(error(position, "a field such as `brand` or `price` was expected")),
        }
    }

    fn restriction(&mut self, field: String, position: usize) -> Result<Filter, FilterError> {
        let field = Field::named(&field, position, || self.quoted_name())?;
        let (Token::Operator(operator), at) = self.next() else {
            return Err(error(position, "a comparison such as `brand = \"…\"` was expected"));
        };
        let (value, place) = match self.next() {
            (Token::Word(value) | Token::Quoted(value), place) => (value, place),
            (_, place) => return Err(error(place, "a value was expected")),
        };
        match field {
            Field::Text(field) => text_restriction(field, operator, value, at),
            Field::Price => price_restriction(operator, &value, at, place),
            Field::Available => available_restriction(operator, &value, at, place),
        }
    }

    /// The name in `options."shoe size"`.
    fn quoted_name(&mut self) -> Option<String> {
        let Token::Quoted(name) = self.peek().clone() else { return None };
        self.next();
        Some(name)
    }
}

fn one_or(mut parts: Vec<Filter>, several: fn(Vec<Filter>) -> Filter) -> Filter {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            several(parts)
        }
    }
}

enum Field {
    Text(TextField),
    Price,
    Available,
}

impl Field {
    fn named(name: &str, position: usize, quoted: impl FnOnce() -> Option<String>) -> Result<Field, FilterError> {
        match name {
            "brand" => Ok(Field::Text(TextField::Brand)),
            "category" => Ok(Field::Text(TextField::Category)),
            "seller" => Ok(Field::Text(TextField::Seller)),
            "price" => Ok(Field::Price),
            "available" => Ok(Field::Available),
            _ => {
                let option = match name.strip_prefix("options.") {
                    Some("") => quoted(),
                    Some(option) => Some(option.to_owned()),
                    None => None,
                };
                let known = "`brand`, `category`, `price`, `seller`, `available` or `options.NAME` was expected";
                option.map(|name| Field::Text(TextField::Option(name.to_lowercase()))).ok_or_else(|| error(position, known))
            }
        }
    }
}

fn text_restriction(field: TextField, operator: Operator, value: String, at: usize) -> Result<Filter, FilterError> {
    match operator {
        Operator::Equal => Ok(Filter::Is(field, value)),
        Operator::NotEqual => Ok(Filter::Not(Box::new(Filter::Is(field, value)))),
        // `brand:*` is AIP-160 for: it has a brand at all.
        Operator::Has if value == "*" => Ok(Filter::Has(field, String::new())),
        Operator::Has => Ok(Filter::Has(field, value)),
        _ => Err(error(at, "texts are compared with `=`, `!=` or `:`")),
    }
}

fn price_restriction(operator: Operator, value: &str, at: usize, place: usize) -> Result<Filter, FilterError> {
    let whole = || error(place, "a price is a whole number of minor units (paise)");
    let price: u64 = value.parse().map_err(|_| whole())?;
    let nothing = Filter::Price { from: 1, to: 0 };
    Ok(match operator {
        Operator::Equal => Filter::Price { from: price, to: price },
        Operator::NotEqual => Filter::Not(Box::new(Filter::Price { from: price, to: price })),
        Operator::Less => price.checked_sub(1).map_or(nothing, |to| Filter::Price { from: 0, to }),
        Operator::AtMost => Filter::Price { from: 0, to: price },
        Operator::More => price.checked_add(1).map_or(nothing, |from| Filter::Price { from, to: u64::MAX }),
        Operator::AtLeast => Filter::Price { from: price, to: u64::MAX },
        Operator::Has => return Err(error(at, "prices are compared with `=`, `!=`, `<`, `<=`, `>` or `>=`")),
    })
}

fn available_restriction(operator: Operator, value: &str, at: usize, place: usize) -> Result<Filter, FilterError> {
    let wanted = match value {
        "true" => true,
        "false" => false,
        _ => return Err(error(place, "`true` or `false` was expected")),
    };
    let is_equal = match operator {
        Operator::Equal | Operator::Has => true,
        Operator::NotEqual => false,
        _ => return Err(error(at, "`available` is compared with `=` or `!=`")),
    };
    Ok(if wanted == is_equal { Filter::Available } else { Filter::Not(Box::new(Filter::Available)) })
}

#[cfg(test)]
mod tests;
