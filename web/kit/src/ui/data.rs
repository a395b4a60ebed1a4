//! Data: tables, lists of facts, figures, what happened when, and what to show when there is nothing.

use maud::{Markup, html};

use super::controls::Tone;
use super::icon::{Icon, icon};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    #[default]
    Start,
    /// Numbers.
    End,
}

#[derive(Clone, Debug)]
pub struct Column {
    pub label: String,
    pub align: Align,
}

impl Column {
    pub fn text(label: impl Into<String>) -> Self {
        Column { label: label.into(), align: Align::Start }
    }

    pub fn number(label: impl Into<String>) -> Self {
        Column { label: label.into(), align: Align::End }
    }

    fn class(&self) -> Option<&'static str> {
        (self.align == Align::End).then_some("number")
    }
}

/// Scrolls by itself where it is too wide. The first cell of a row names the row.
pub fn table(caption: &str, columns: &[Column], rows: &[Vec<Markup>]) -> Markup {
    html! {
        div.table-frame role="region" aria-label=(caption) tabindex="0" {
            table {
                caption { (caption) }
                thead { tr { @for column in columns { th scope="col" class=[column.class()] { (column.label) } } } }
                tbody {
                    @for row in rows {
                        tr {
                            @for (index, (cell, column)) in row.iter().zip(columns).enumerate() {
                                @if index == 0 { th scope="row" class=[column.class()] { (cell) } }
                                @else { td class=[column.class()] { (cell) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Facts with their names.
pub fn definition_list(facts: &[(&str, Markup)]) -> Markup {
    html! {
        dl.facts { @for (name, value) in facts { div { dt { (name) } dd { (value) } } } }
    }
}

/// Nothing is here: why, and what can be done.
pub fn empty_state(which: Icon, title: &str, text: &str, action: &Markup) -> Markup {
    html! {
        div.empty {
            span.empty-icon { (icon(which)) }
            h1 { (title) }
            p { (text) }
            div.actions { (action) }
        }
    }
}

/// A figure that matters.
#[derive(Clone, Debug, Default)]
pub struct Stat {
    pub label: String,
    pub value: String,
    /// What stands below it: a comparison, a unit.
    pub note: String,
    pub tone: Tone,
    pub href: Option<String>,
    /// Usually a sparkline.
    pub picture: Option<Markup>,
}

pub fn stat(stat: &Stat) -> Markup {
    html! {
        div class={ "stat " (stat.tone.class()) } {
            p.stat-label { @if let Some(href) = &stat.href { a href=(href) { (stat.label) } } @else { (stat.label) } }
            p.stat-value { (stat.value) }
            @if !stat.note.is_empty() { p.stat-note { (stat.note) } }
            @if let Some(picture) = &stat.picture { (picture) }
        }
    }
}

pub fn stats(list: &[Stat]) -> Markup {
    html! { div.stats { @for one in list { (stat(one)) } } }
}

/// Something that happened, or is to happen.
#[derive(Clone, Debug, Default)]
pub struct Moment {
    pub title: String,
    /// For people; `machine` is the same in RFC 3339.
    pub time: String,
    pub machine: String,
    pub text: String,
    pub tone: Tone,
    /// False for what is still to come.
    pub has_happened: bool,
}

pub fn timeline(moments: &[Moment]) -> Markup {
    html! {
        ol.timeline {
            @for moment in moments {
                li class=(moment.tone.class()) data-future[!moment.has_happened] {
                    p.timeline-title { (moment.title) }
                    @if !moment.time.is_empty() { time datetime=(moment.machine) { (moment.time) } }
                    @if !moment.text.is_empty() { p { (moment.text) } }
                }
            }
        }
    }
}
