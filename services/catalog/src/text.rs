//! Text as it enters and leaves: descriptions become safe HTML once, at the edge; names become slugs; search reads plain words.

/// `html` with only harmless markup left. Text without markup stays as it is, ampersands and all.
pub fn safe_html(html: &str) -> String {
    let html = html.trim();
    if html.contains('<') { ammonia::clean(html).trim().to_owned() } else { html.to_owned() }
}

/// The words of safe HTML, without its tags.
pub fn without_tags(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut in_tag = false;
    for char in html.chars() {
        match char {
            '<' => in_tag = true,
            // A tag separates words: `<p>one</p><p>two</p>`.
            '>' if in_tag => {
                in_tag = false;
                text.push(' ');
            }
            _ if in_tag => {}
            _ => text.push(char),
        }
    }
    ["&nbsp;", "&amp;", "&lt;", "&gt;"].iter().fold(text, |text, entity| text.replace(entity, " "))
}

/// Lower-case letters, digits and single hyphens: `Block-print Kurta, 42` is `block-print-kurta-42`.
pub fn slug(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for char in text.chars().flat_map(char::to_lowercase) {
        if crate::words::is_word_char(char) {
            slug.push(char);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_harmless_and_text_stays() {
        for (given, kept) in [
            ("100% cotton & soft", "100% cotton & soft"),
            ("<p>Soft <b>kurta</b></p>", "<p>Soft <b>kurta</b></p>"),
            ("hi<script>alert(1)</script>", "hi"),
            (r#"<img src="x" onerror="alert(1)">"#, r#"<img src="x">"#),
            (r#"<a href="javascript:alert(1)">x</a>"#, r#"<a rel="noopener noreferrer">x</a>"#),
            ("  <b>open", "<b>open</b>"),
        ] {
            assert_eq!(safe_html(given), kept);
            assert_eq!(safe_html(kept), kept, "cleaning twice changes nothing");
        }
    }

    #[test]
    fn tags_separate_words() {
        assert_eq!(
            without_tags("<p>one</p><p>two &amp; three</p>").split_whitespace().collect::<Vec<_>>(),
            ["one", "two", "three"]
        );
    }

    #[test]
    fn slugs_keep_letters_of_every_script() {
        assert_eq!(slug("  Block-print  Kurta, 42! "), "block-print-kurta-42");
        assert_eq!(slug("कुर्ता नीला"), "कुर्ता-नीला");
        assert_eq!(slug("!!"), "");
    }
}
