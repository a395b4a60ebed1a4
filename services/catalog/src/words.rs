//! How text becomes words, alike for what is indexed and for what is asked: runs of letters, digits and marks, an apostrophe
//! inside a word dropped (`women's` is `womens`). Marks matter: without them a word such as `कुर्ता` falls apart.

use tantivy::tokenizer::{
    AsciiFoldingFilter, Language, LowerCaser, RemoveLongFilter, Stemmer, StopWordFilter, TextAnalyzer, Token, TokenStream,
    Tokenizer, TokenizerManager,
};

/// The analyzer that brings a word to its stem and drops stop words.
pub const STEMMED: &str = "stemmed";
/// The analyzer that leaves words whole: for prefixes and typos.
pub const WHOLE: &str = "whole";
/// Longer ones are no words.
const WORD_BYTES_MAX: usize = 80;

pub fn is_word_char(char: char) -> bool {
    char.is_alphanumeric() || is_indic_mark(char)
}

/// Signs of the Indian scripts that belong to a word and are no letters: virama, nukta and the like.
fn is_indic_mark(char: char) -> bool {
    matches!(char, '\u{0900}'..='\u{0DFF}') && !matches!(char, '\u{0964}' | '\u{0965}' | '\u{0970}')
}

fn is_joiner(char: char) -> bool {
    matches!(char, '\'' | '\u{2019}' | '\u{200C}' | '\u{200D}')
}

pub fn tokenizers() -> TokenizerManager {
    let whole = TextAnalyzer::builder(Words::default())
        .filter(RemoveLongFilter::limit(WORD_BYTES_MAX))
        .filter(LowerCaser)
        .filter(AsciiFoldingFilter)
        .build();
    let manager = TokenizerManager::default();
    manager.register(WHOLE, whole.clone());
    manager.register(STEMMED, stemmed().unwrap_or(whole));
    manager
}

/// None only where the build lacks the English stop words.
fn stemmed() -> Option<TextAnalyzer> {
    let analyzer = TextAnalyzer::builder(Words::default())
        .filter(RemoveLongFilter::limit(WORD_BYTES_MAX))
        .filter(LowerCaser)
        .filter(AsciiFoldingFilter)
        .filter(StopWordFilter::new(Language::English)?)
        .filter(Stemmer::new(Language::English));
    Some(analyzer.build())
}

/// The words of a query, as `analyzer` makes them; at most `words_max`.
pub fn split(analyzer: &mut TextAnalyzer, text: &str, words_max: usize) -> Vec<String> {
    let mut stream = analyzer.token_stream(text);
    let mut words = Vec::new();
    while words.len() < words_max && stream.advance() {
        words.push(stream.token().text.clone());
    }
    words
}

#[derive(Clone, Default)]
struct Words {
    token: Token,
}

struct WordStream<'a> {
    text: &'a str,
    /// Byte offset from which the next word is looked for.
    at: usize,
    token: &'a mut Token,
}

impl Tokenizer for Words {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        self.token.reset();
        WordStream { text, at: 0, token: &mut self.token }
    }
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let Some(start) = rest.find(is_word_char) else { return false };
        let word = &rest[start..];
        let end = word.find(|char| !is_word_char(char) && !is_joiner(char)).unwrap_or(word.len());
        self.token.reset_to(self.at + start, self.at + start + end);
        self.token.text.extend(word[..end].chars().filter(|char| !is_joiner(*char)));
        self.at += start + end;
        true
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

trait Reset {
    fn reset_to(&mut self, from: usize, to: usize);
}

impl Reset for Token {
    fn reset_to(&mut self, from: usize, to: usize) {
        self.text.clear();
        self.position = self.position.wrapping_add(1);
        self.offset_from = from;
        self.offset_to = to;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_their_marks_and_lose_their_endings() {
        let manager = tokenizers();
        let words = |analyzer: &str, text: &str| split(&mut manager.get(analyzer).unwrap(), text, 20);
        assert_eq!(words(STEMMED, "Women's kurtas, for the Café!"), ["women", "kurta", "cafe"]);
        assert_eq!(words(WHOLE, "Women's kurtas"), ["womens", "kurtas"]);
        assert_eq!(words(STEMMED, "नीला कुर्ता। सस्ता"), ["नीला", "कुर्ता", "सस्ता"]);
        assert_eq!(words(STEMMED, "100% cotton"), ["100", "cotton"]);
        assert_eq!(words(STEMMED, "''' !!! the"), Vec::<String>::new());
    }
}
