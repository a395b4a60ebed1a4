//! From words to a tantivy query. Every word must be there, by its stem; the last one may be the beginning of a word, for it
//! may still be being typed. What says what a thing is (title, brand, category) weighs more than what describes it.

use haat_kernel::Result;
use tantivy::Term;
use tantivy::query::{AllQuery, BooleanQuery, BoostQuery, FuzzyTermQuery, Occur, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};

use crate::index::{Fields, Index};
use crate::words::{STEMMED, WHOLE, split};

const WORDS_MAX: usize = 16;
const HEAD_BOOST: f32 = 3.0;
/// Shorter beginnings mean too much.
const PREFIX_CHARS_MIN: usize = 2;
/// Shorter words, one letter changed, are other words.
const TYPO_CHARS_MIN: usize = 4;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    whole: String,
    stem: String,
}

impl Word {
    pub fn whole(&self) -> &str {
        &self.whole
    }

    pub fn into_stem(self) -> String {
        self.stem
    }
}

/// The words that count; stop words do not.
pub fn words(index: &Index, query: &str) -> Result<Vec<Word>> {
    let mut stemmed = index.analyzer(STEMMED)?;
    let whole = split(&mut index.analyzer(WHOLE)?, query, WORDS_MAX);
    let with_stem = |whole: String| {
        let stem = split(&mut stemmed, &whole, 1).pop()?;
        Some(Word { whole, stem })
    };
    Ok(whole.into_iter().filter_map(with_stem).collect())
}

/// All words, the last one also as a beginning. Without words: everything.
pub fn exact(fields: Fields, words: &[Word]) -> Box<dyn Query> {
    all_of(fields, words, |word, is_last| {
        let stem = term(fields.body, &word.stem);
        if !is_last || word.whole.chars().count() < PREFIX_CHARS_MIN {
            return stem;
        }
        let beginning = FuzzyTermQuery::new_prefix(Term::from_field_text(fields.whole, &word.whole), 0, true);
        any_of(vec![stem, Box::new(beginning)])
    })
}

/// All words, each also with one letter wrong.
pub fn forgiving(fields: Fields, words: &[Word]) -> Box<dyn Query> {
    all_of(fields, words, |word, is_last| {
        let stem = term(fields.body, &word.stem);
        let is_number = word.whole.contains(|char: char| char.is_numeric());
        if is_number || word.whole.chars().count() < TYPO_CHARS_MIN {
            return stem;
        }
        let target = Term::from_field_text(fields.whole, &word.whole);
        let similar = if is_last { FuzzyTermQuery::new_prefix(target, 1, true) } else { FuzzyTermQuery::new(target, 1, true) };
        any_of(vec![stem, Box::new(similar)])
    })
}

fn all_of(fields: Fields, words: &[Word], needed: impl Fn(&Word, bool) -> Box<dyn Query>) -> Box<dyn Query> {
    let Some(last) = words.len().checked_sub(1) else { return Box::new(AllQuery) };
    let mut clauses = Vec::with_capacity(2 * words.len());
    for (index, word) in words.iter().enumerate() {
        clauses.push((Occur::Must, needed(word, index == last)));
        let head: Box<dyn Query> = Box::new(BoostQuery::new(term(fields.head, &word.stem), HEAD_BOOST));
        clauses.push((Occur::Should, head));
    }
    Box::new(BooleanQuery::new(clauses))
}

fn term(field: Field, stem: &str) -> Box<dyn Query> {
    Box::new(TermQuery::new(Term::from_field_text(field, stem), IndexRecordOption::WithFreqs))
}

fn any_of(queries: Vec<Box<dyn Query>>) -> Box<dyn Query> {
    Box::new(BooleanQuery::union(queries))
}
