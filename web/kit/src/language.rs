//! The languages of the pages, and which one a visitor wants: what they chose, else what their browser prefers.

use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;
use serde::Deserialize;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    #[default]
    En,
    Hi,
}

impl Language {
    pub const ALL: [Language; 2] = [Language::En, Language::Hi];

    /// As HTML and HTTP name it.
    pub const fn tag(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::Hi => "hi",
        }
    }

    /// In the language itself.
    pub const fn name(self) -> &'static str {
        match self {
            Language::En => "English",
            Language::Hi => "हिन्दी",
        }
    }

    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        Language::ALL.into_iter().find(|language| primary.eq_ignore_ascii_case(language.tag()))
    }

    pub(crate) fn wanted(chosen: Option<&str>, headers: &HeaderMap) -> Self {
        let preferred = || headers.get(ACCEPT_LANGUAGE)?.to_str().ok().and_then(preferred);
        chosen.and_then(Language::parse).or_else(preferred).unwrap_or_default()
    }
}

/// The best of a list such as `fr, hi;q=0.8, en;q=0.5`.
fn preferred(list: &str) -> Option<Language> {
    let mut best: Option<(f32, Language)> = None;
    for item in list.split(',') {
        let mut parts = item.split(';');
        let Some(language) = parts.next().map(str::trim).and_then(Language::parse) else { continue };
        let weight = parts.find_map(|part| part.trim().strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
        if weight > best.map_or(0.0, |(weight, _)| weight) {
            best = Some((weight, language));
        }
    }
    best.map(|(_, language)| language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_language_that_we_have_is_taken() {
        for (list, expected) in [
            ("hi-IN,hi;q=0.9,en;q=0.8", Some(Language::Hi)),
            ("fr, en;q=0.5, hi;q=0.8", Some(Language::Hi)),
            ("en-GB", Some(Language::En)),
            ("hi;q=0, en;q=0.1", Some(Language::En)),
            ("fr, *;q=0.1", None),
            ("", None),
        ] {
            assert_eq!(preferred(list), expected, "{list}");
        }
    }

    #[test]
    fn a_choice_counts_more_than_the_browser() {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, http::HeaderValue::from_static("hi"));
        assert_eq!(Language::wanted(None, &headers), Language::Hi);
        assert_eq!(Language::wanted(Some("en"), &headers), Language::En);
        assert_eq!(Language::wanted(Some("xx"), &headers), Language::Hi);
    }
}
