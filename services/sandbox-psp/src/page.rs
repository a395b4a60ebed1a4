//! The page on which a buyer approves or declines a charge: plain HTML, no script, readable by everyone and everything.

use haat_kernel::Money;

use crate::charge::{ChargeId, DeclineCode, OpenCharge, Status};

const STYLE: &str = "\
:root{color-scheme:light dark;font:1.125rem/1.5 system-ui,sans-serif}\
body{margin:0;padding:1.5rem;display:flex;justify-content:center}\
main{width:100%;max-width:26rem}\
.amount{font-size:2rem;font-weight:700;margin:.5rem 0}\
dt{font-weight:600}dd{margin:0 0 .5rem;overflow-wrap:anywhere}\
button,a.button{box-sizing:border-box;display:block;width:100%;min-height:3rem;margin:.75rem 0;padding:.6rem 1rem;\
font:inherit;font-weight:600;text-align:center;text-decoration:none;border:2px solid #1a5fb4;border-radius:.5rem;cursor:pointer}\
.yes,a.button{background:#1a5fb4;color:#fff}\
.no{background:Canvas;color:CanvasText;border-color:CanvasText}\
:focus-visible{outline:3px solid #e5a50a;outline-offset:2px}";

/// What the page says first, above the charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The buyer opened the page.
    None,
    /// The buyer's click decided the charge.
    Decided,
    /// The buyer's click came too late.
    AlreadyDecided,
}

pub fn charge(id: &ChargeId, charge: &OpenCharge, notice: Notice) -> String {
    let terms = &charge.terms;
    let title = if charge.status == Status::RequiresAction { "Approve this payment?" } else { outcome(charge) };
    let said = match notice {
        Notice::AlreadyDecided => "<p role=\"alert\">This payment was already decided.</p>",
        Notice::Decided => "<p role=\"status\">Thank you. You can go back to the shop.</p>",
        Notice::None => "",
    };
    let body = format!(
        "<h1>{title}</h1>{said}<p class=\"amount\">{}</p>\
         <dl><dt>Reference</dt><dd>{}</dd><dt>Charge</dt><dd>{id}</dd></dl>{}\
         <p>Sandbox payment provider: no real money moves.</p>",
        Money::new(terms.currency, terms.amount),
        escape(&terms.reference),
        next_step(id, charge),
    );
    document(title, &body)
}

/// A page that only says what went wrong.
pub fn problem(title: &str) -> String {
    let title = escape(title);
    document(&title, &format!("<h1>{title}</h1><p>Sandbox payment provider: no real money moves.</p>"))
}

fn outcome(charge: &OpenCharge) -> &'static str {
    match (charge.status, charge.decline_code) {
        (Status::Authorized, _) => "Payment approved",
        (_, Some(DeclineCode::Canceled)) => "Payment canceled by the shop",
        (Status::Declined, _) => "Payment declined",
        (Status::Pending | Status::RequiresAction, _) => "Payment not decided yet",
    }
}

fn next_step(id: &ChargeId, charge: &OpenCharge) -> String {
    if charge.status == Status::RequiresAction {
        return format!(
            "<form method=\"post\" action=\"/actions/{id}/approve\"><button class=\"yes\">Approve</button></form>\
             <form method=\"post\" action=\"/actions/{id}/decline\"><button class=\"no\">Decline</button></form>"
        );
    }
    let back = charge.terms.return_url.as_deref().map(escape);
    back.map(|url| format!("<p><a class=\"button\" href=\"{url}\">Back to the shop</a></p>")).unwrap_or_default()
}

fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><main>{body}</main></body></html>"
    )
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_cannot_become_markup() {
        assert_eq!(escape(r#"<a href="x">&'"#), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
    }
}
