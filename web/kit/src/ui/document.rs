//! The frame of every page: its head, the link past the navigation, and what scripts and styles it has.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::assets;
use crate::page::Head;
use crate::visit::{Theme, Visit};

/// `body` has the landmarks; its main part has the id `main`.
pub fn document(visit: &Visit, head: &Head, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(visit.language().tag()) data-theme=(visit.theme().name()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content=(color_scheme(visit.theme()));
                @if let Some(seconds) = head.reload_s { noscript { meta http-equiv="refresh" content=(seconds); } }
                title { (title(visit, &head.title)) }
                @if !head.description.is_empty() { meta name="description" content=(head.description); }
                @if head.is_private { meta name="robots" content="noindex"; }
                @if let Some(path) = &head.canonical { link rel="canonical" href={ (visit.origin()) (path) }; }
                @if !head.is_private { (shared(visit, head)) }
                link rel="icon" type="image/svg+xml" href=(assets::url(visit, "icon.svg"));
                link rel="stylesheet" href=(assets::url(visit, "style.css"));
                @for style in &head.styles { link rel="stylesheet" href=(style); }
                script type="module" src=(assets::url(visit, "main.js")) {}
                @for script in &head.scripts { script type="module" src=(assets::url(visit, script)) {} }
                @if let Some(data) = &head.json_ld { script type="application/ld+json" { (json(data)) } }
            }
            body {
                a.skip href="#main" { (visit.t("skip-to-content")) }
                (body)
            }
        }
    }
}

/// What others show of a page that is passed on (Open Graph).
fn shared(visit: &Visit, head: &Head) -> Markup {
    html! {
        meta property="og:site_name" content=(visit.t("site-name"));
        meta property="og:type" content="website";
        meta property="og:title" content=(head.title);
        @if !head.description.is_empty() { meta property="og:description" content=(head.description); }
        @if let Some(path) = &head.canonical { meta property="og:url" content={ (visit.origin()) (path) }; }
        @if let Some(path) = &head.image { meta property="og:image" content={ (visit.origin()) (path) }; }
    }
}

fn title(visit: &Visit, own: &str) -> String {
    let name = visit.t("site-name");
    if own.is_empty() || own == name { name } else { format!("{own} · {name}") }
}

fn color_scheme(theme: Theme) -> &'static str {
    match theme {
        Theme::Auto => "light dark",
        Theme::Light => "light",
        Theme::Dark => "dark",
    }
}

/// JSON that cannot end the element it stands in.
fn json(data: &serde_json::Value) -> PreEscaped<String> {
    PreEscaped(data.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_end_its_element() {
        let data = serde_json::json!({ "name": "</script><script>alert(1)</script>" });
        assert!(!json(&data).0.contains('<'));
    }
}
