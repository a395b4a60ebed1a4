//! Buttons, links that look like them, badges, notices.

use maud::{Markup, html};

use super::icon::{Icon, icon};
use crate::visit::Visit;

/// How much a control stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// The one thing to do here.
    Primary,
    Secondary,
    /// As text.
    Quiet,
    /// What cannot be taken back.
    Danger,
}

impl Look {
    pub(super) fn class(self) -> &'static str {
        match self {
            Look::Primary => "button primary",
            Look::Secondary => "button secondary",
            Look::Quiet => "button quiet",
            Look::Danger => "button danger",
        }
    }
}

/// What something means: always said in words too, never by colour alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    #[default]
    Neutral,
    Info,
    Good,
    Warn,
    Bad,
}

impl Tone {
    pub(crate) fn class(self) -> &'static str {
        match self {
            Tone::Neutral => "neutral",
            Tone::Info => "info",
            Tone::Good => "good",
            Tone::Warn => "warn",
            Tone::Bad => "bad",
        }
    }

    fn icon(self) -> Icon {
        match self {
            Tone::Neutral | Tone::Info => Icon::Info,
            Tone::Good => Icon::Check,
            Tone::Warn | Tone::Bad => Icon::Alert,
        }
    }
}

/// The button that sends its form.
pub fn submit(look: Look, label: &str) -> Markup {
    html! { button class=(look.class()) type="submit" { (label) } }
}

/// One of several buttons that send a form: the form has the field `name` with `value`.
pub fn submit_with(look: Look, label: &str, name: &str, value: &str) -> Markup {
    html! { button class=(look.class()) type="submit" name=(name) value=(value) { (label) } }
}

/// A button for scripts alone: hidden where there are none.
pub fn button(look: Look, label: &str, id: &str) -> Markup {
    html! { button class=(look.class()) type="button" id=(id) hidden { (label) } }
}

pub fn link_button(look: Look, href: &str, label: &str) -> Markup {
    html! { a class=(look.class()) href=(href) { (label) } }
}

pub fn icon_link(which: Icon, href: &str, label: &str) -> Markup {
    html! { a.icon-link href=(href) { (icon(which)) span { (label) } } }
}

/// A whole form that is one button: what acts is never a link. `fields` go along hidden; `key_field` may be among them.
pub fn post_button(visit: &Visit, look: Look, action: &str, label: &str, fields: &Markup) -> Markup {
    html! {
        form.inline method="post" action=(action) {
            (visit.csrf_field())
            (fields)
            (submit(look, label))
        }
    }
}

pub fn badge(tone: Tone, text: &str) -> Markup {
    html! { span class={ "badge " (tone.class()) } { (text) } }
}

/// A message on the page; bad news is announced at once.
pub fn notice(tone: Tone, content: &Markup) -> Markup {
    let role = if tone == Tone::Bad { "alert" } else { "status" };
    html! {
        div class={ "notice " (tone.class()) } role=(role) {
            (icon(tone.icon()))
            div { (content) }
        }
    }
}

/// More, on demand: a dialog without scripts.
pub fn disclosure(summary: &str, content: &Markup) -> Markup {
    html! {
        details.disclosure {
            summary { (icon(Icon::ChevronRight)) (summary) }
            div.disclosed { (content) }
        }
    }
}
