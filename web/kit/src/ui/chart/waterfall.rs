//! Work within work along one line of time: a trace.

use maud::{Markup, html};

use super::scale::place;
use crate::ui::controls::Tone;
use crate::ui::data::{Column, table};
use crate::visit::Visit;

const WIDTH: f64 = 1000.0;
const ROW: f64 = 30.0;
/// Room for a bar that is too short to be seen.
const BAR_MIN: f64 = 3.0;

/// A piece of work. Times are in milliseconds from the beginning of the whole.
#[derive(Clone, Debug)]
pub struct Span {
    pub label: String,
    pub start: f64,
    pub duration: f64,
    /// How deep it lies in what it is a part of.
    pub depth: usize,
    pub tone: Tone,
}

pub fn waterfall(visit: &Visit, title: &str, spans: &[Span]) -> Markup {
    let total = spans.iter().map(|span| span.start + span.duration).fold(f64::MIN_POSITIVE, f64::max);
    #[expect(clippy::cast_precision_loss, reason = "a handful of spans")]
    let height = ROW * spans.len().max(1) as f64;
    html! {
        figure.chart.waterfall {
            figcaption { (title) }
            svg viewBox={ "0 0 " (WIDTH) " " (height) } role="img" aria-label=(title) {
                title { (title) }
                desc { (spans.len()) " · " (format!("{total:.1} ms")) }
                @for (index, span) in spans.iter().enumerate() { (row(index, span, total)) }
            }
            details.disclosure { summary { (visit.t("as-a-table")) } (as_table(visit, title, spans)) }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a handful of spans")]
fn row(index: usize, span: &Span, total: f64) -> Markup {
    let (x, width) = (WIDTH * span.start / total, (WIDTH * span.duration / total).max(BAR_MIN));
    let top = ROW * index as f64;
    let is_late = x > WIDTH * 0.6;
    let text_x = if is_late { x + width } else { x };
    html! {
        rect class={ "span " (span.tone.class()) } x=(place(x)) y=(place(top + 17.0)) width=(place(width)) height="9" rx="2" {}
        text.chart-label x=(place(text_x)) y=(place(top + 12.0)) text-anchor=(if is_late { "end" } else { "start" }) {
            (span.label) " · " (format!("{:.1} ms", span.duration))
        }
    }
}

fn as_table(visit: &Visit, title: &str, spans: &[Span]) -> Markup {
    let columns = [Column::text(visit.t("step")), Column::number(visit.t("begins-ms")), Column::number(visit.t("takes-ms"))];
    let row = |span: &Span| {
        let indent = "– ".repeat(span.depth);
        vec![
            html! { (indent) (span.label) },
            html! { (format!("{:.1}", span.start)) },
            html! { (format!("{:.1}", span.duration)) },
        ]
    };
    let rows: Vec<Vec<Markup>> = spans.iter().map(row).collect();
    table(title, &columns, &rows)
}
