//! Ways around: where one is, pages of a list, parts of a thing, steps of a task.

use maud::{Markup, html};

use super::icon::{Icon, icon};
use crate::visit::Visit;

/// From the start to here; the last is the page itself and no link.
pub fn breadcrumbs(visit: &Visit, trail: &[(&str, &str)]) -> Markup {
    html! {
        nav.breadcrumbs aria-label=(visit.t("breadcrumbs")) {
            ol {
                @for (index, (label, href)) in trail.iter().enumerate() {
                    li {
                        @if index + 1 == trail.len() { span aria-current="page" { (label) } }
                        @else { a href=(href) { (label) } (icon(Icon::ChevronRight)) }
                    }
                }
            }
        }
    }
}

/// Where the neighbouring pages of a list are.
#[derive(Clone, Debug, Default)]
pub struct Pager {
    pub first: Option<String>,
    pub next: Option<String>,
    /// Such as “41–60 of 312”.
    pub position: String,
}

pub fn pagination(visit: &Visit, pager: &Pager) -> Markup {
    html! {
        @if pager.first.is_some() || pager.next.is_some() {
            nav.pagination aria-label=(visit.t("pages")) {
                @if let Some(first) = &pager.first { a.button.secondary href=(first) { (icon(Icon::ArrowLeft)) (visit.t("first-page")) } }
                @if !pager.position.is_empty() { span { (pager.position) } }
                @if let Some(next) = &pager.next { a.button.secondary rel="next" href=(next) { (visit.t("next-page")) (icon(Icon::ArrowRight)) } }
            }
        }
    }
}

/// A part of a thing with a page of its own.
#[derive(Clone, Debug)]
pub struct Tab {
    pub label: String,
    pub href: String,
    pub is_current: bool,
}

pub fn tabs(label: &str, list: &[Tab]) -> Markup {
    html! {
        nav.tabs aria-label=(label) {
            ul { @for tab in list { li { a href=(tab.href) aria-current=[tab.is_current.then_some("page")] { (tab.label) } } } }
        }
    }
}

/// A task in steps; `current` counts from 0.
pub fn steps(visit: &Visit, labels: &[&str], current: usize) -> Markup {
    html! {
        ol.steps aria-label=(visit.t("steps")) {
            @for (index, label) in labels.iter().enumerate() {
                li class=(if index < current { "done" } else if index == current { "current" } else { "ahead" })
                    aria-current=[(index == current).then_some("step")] {
                    span.step-mark aria-hidden="true" { @if index < current { (icon(Icon::Check)) } @else { (index + 1) } }
                    span { (label) @if index < current { span.visually-hidden { " " (visit.t("step-done")) } } }
                }
            }
        }
    }
}
