//! What people may mean: words that go on from what is typed, and the nearest known words for misspelt ones. Both come from
//! the index's own dictionary, so that whatever is suggested finds something.

use std::collections::BTreeMap;

use haat_kernel::Result;
use tantivy::Searcher;
use tantivy::schema::Field;

use super::text_query::Word;
use crate::index::failed;

/// Dictionary entries that one question reads at most, in each segment.
const TERMS_MAX: usize = 20_000;
/// From this length on a word may have two letters wrong.
const LONG_CHARS: usize = 8;
/// Shorter words, one letter changed, are other words.
const CORRECTED_CHARS_MIN: usize = 4;

/// Words of the dictionary that begin with `beginning`, the most frequent first.
pub fn completions(searcher: &Searcher, field: Field, beginning: &str, count: usize) -> Result<Vec<String>> {
    let mut known: Vec<(String, u64)> =
        terms(searcher, field, beginning)?.into_iter().filter(|(term, _)| is_word(term)).collect();
    known.sort_by(|(one, rare), (other, common)| common.cmp(rare).then_with(|| one.cmp(other)));
    Ok(known.into_iter().map(|(term, _)| term).take(count).collect())
}

/// The words with each misspelt one replaced by the nearest known one; None where nothing is to be replaced.
pub fn corrected(searcher: &Searcher, field: Field, words: &[Word]) -> Result<Option<String>> {
    let mut text = Vec::with_capacity(words.len());
    let mut is_changed = false;
    for word in words {
        match nearest(searcher, field, word.whole())? {
            Some(nearest) => {
                is_changed |= nearest != word.whole();
                text.push(nearest);
            }
            None => text.push(word.whole().to_owned()),
        }
    }
    Ok(is_changed.then(|| text.join(" ")))
}

/// Words begin right far more often than not: only those with the same first letter are looked at.
fn nearest(searcher: &Searcher, field: Field, word: &str) -> Result<Option<String>> {
    let length = word.chars().count();
    if length < CORRECTED_CHARS_MIN || !is_word(word) {
        return Ok(None);
    }
    let beginning: String = word.chars().take(1).collect();
    let errors = if length >= LONG_CHARS { 2 } else { 1 };
    let near = terms(searcher, field, &beginning)?.into_iter().filter(|(term, _)| is_word(term));
    let ranked = near.filter_map(|(term, count)| Some((distance(word, &term, errors)?, std::cmp::Reverse(count), term)));
    Ok(ranked.min().map(|(_, _, term)| term))
}

/// The dictionary's entries with this beginning, with how many documents have each.
fn terms(searcher: &Searcher, field: Field, beginning: &str) -> Result<BTreeMap<String, u64>> {
    let mut found = BTreeMap::new();
    for segment in searcher.segment_readers() {
        let index = segment.inverted_index(field).map_err(failed)?;
        let mut stream = index.terms().range().ge(beginning.as_bytes()).into_stream().map_err(failed)?;
        let mut read = 0;
        while read < TERMS_MAX && stream.advance() && stream.key().starts_with(beginning.as_bytes()) {
            read += 1;
            if let Ok(term) = std::str::from_utf8(stream.key()) {
                *found.entry(term.to_owned()).or_default() += u64::from(stream.value().doc_freq);
            }
        }
    }
    Ok(found)
}

/// SKUs and sizes are in the dictionary too; nobody means them by a word.
fn is_word(term: &str) -> bool {
    !term.chars().any(char::is_numeric)
}

/// How many letters are wrong, missing, too many or swapped with the next one; None beyond `most`.
fn distance(one: &str, other: &str, most: usize) -> Option<usize> {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len().abs_diff(other.len()) > most {
        return None;
    }
    let mut before = vec![0; other.len() + 1];
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (row, left) in one.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, right) in other.iter().enumerate() {
            let replaced = last[column] + usize::from(left != right);
            let mut best = replaced.min(last[column + 1] + 1).min(current[column] + 1);
            if row > 0 && column > 0 && *left == other[column - 1] && one[row - 1] == *right {
                best = best.min(before[column - 1] + 1);
            }
            current.push(best);
        }
        before = std::mem::replace(&mut last, current);
    }
    last.last().copied().filter(|distance| *distance <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swap_or_a_slip_is_one_letter_wrong() {
        for (one, other, most, expected) in [
            ("kurta", "kurta", 1, Some(0)),
            ("kutra", "kurta", 1, Some(1)),
            ("kurt", "kurta", 1, Some(1)),
            ("kkurta", "kurta", 1, Some(1)),
            ("kirta", "kurta", 1, Some(1)),
            ("kirto", "kurta", 1, None),
            ("embroidred", "embroidered", 2, Some(1)),
            ("saree", "shirt", 2, None),
            ("कुर्ता", "कुर्त", 1, Some(1)),
        ] {
            assert_eq!(distance(one, other, most), expected, "{one} {other}");
        }
    }
}
