//! Descriptions as paragraphs of plain text. Sellers write HTML; a page shows their words in its own type, with its own
//! headings.

/// The paragraphs of safe HTML, or of plain text.
pub fn paragraphs(text: &str) -> Vec<String> {
    if !text.contains('<') {
        return text.split("\n\n").map(tidied).filter(|part| !part.is_empty()).collect();
    }
    let mut paragraphs = vec![String::new()];
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        push(&mut paragraphs, &rest[..start]);
        let Some(length) = rest[start..].find('>') else { break };
        if separates(&rest[start + 1..start + length]) {
            paragraphs.push(String::new());
        }
        rest = &rest[start + length + 1..];
    }
    if !rest.contains('<') {
        push(&mut paragraphs, rest);
    }
    paragraphs.iter().map(|part| tidied(part)).filter(|part| !part.is_empty()).collect()
}

/// The beginning, for summaries.
pub fn summary(text: &str, chars_max: usize) -> String {
    let whole = paragraphs(text).join(" ");
    if whole.chars().count() <= chars_max {
        return whole;
    }
    let cut: String = whole.chars().take(chars_max).collect();
    format!("{}…", cut.rsplit_once(' ').map_or(cut.as_str(), |(words, _)| words))
}

fn push(paragraphs: &mut [String], text: &str) {
    if let Some(last) = paragraphs.last_mut() {
        last.push_str(&unescaped(text));
    }
}

fn separates(tag: &str) -> bool {
    let name = tag.trim_start_matches('/').split(|char: char| !char.is_ascii_alphanumeric()).next().unwrap_or_default();
    matches!(name, "p" | "br" | "li" | "ul" | "ol" | "div" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "tr" | "blockquote")
}

fn unescaped(text: &str) -> String {
    let entities = [("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    entities.iter().fold(text.to_owned(), |text, (entity, char)| text.replace(entity, char))
}

fn tidied(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_paragraphs() {
        for (text, expected) in [
            ("100% cotton & soft", vec!["100% cotton & soft"]),
            ("<p>Soft <b>kurta</b></p><ul><li>one</li><li>two &amp; three</li></ul>", vec!["Soft kurta", "one", "two & three"]),
            ("one<br>two", vec!["one", "two"]),
            ("a &lt;script&gt; <i>b</i>", vec!["a <script> b"]),
            ("<p>broken <b", vec!["broken"]),
            ("", vec![]),
        ] {
            assert_eq!(paragraphs(text), expected, "{text}");
        }
        assert_eq!(summary("one two three", 9), "one two…");
    }
}
