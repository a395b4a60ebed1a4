//! Values along a line of time or of things: lines, bars, and small lines beside a figure.

use maud::{Markup, html};

use super::scale::{place, short, ticks};
use crate::ui::data::{Column, table};
use crate::visit::Visit;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 48.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 28.0;
/// Labels below the axis.
const LABELS_MAX: usize = 7;
const SPARK_WIDTH: f64 = 120.0;
const SPARK_HEIGHT: f64 = 32.0;

/// One value with its label below the axis.
#[derive(Clone, Debug)]
pub struct Point {
    pub label: String,
    pub value: f64,
}

impl Point {
    pub fn new(label: impl Into<String>, value: f64) -> Self {
        Point { label: label.into(), value }
    }
}

/// Values that belong together. Series of one chart have the same labels.
#[derive(Clone, Debug)]
pub struct Series {
    pub name: String,
    pub points: Vec<Point>,
}

/// How a value reads in the table: `|value| format!("{value} ms")`.
type Format<'a> = &'a dyn Fn(f64) -> String;

pub fn line(visit: &Visit, title: &str, series: &[Series], format: Format<'_>) -> Markup {
    let frame = Frame::of(series);
    let marks = html! {
        @for (index, one) in series.iter().enumerate() {
            polyline class={ "chart-line series-" (index) } points=(frame.points(one)) {}
            @if let Some(last) = one.points.last() {
                circle class={ "chart-dot series-" (index) } cx=(place(frame.x(one.points.len() - 1))) cy=(place(frame.y(last.value))) r="4" {}
            }
        }
    };
    figure(visit, title, series, &frame, &marks, format)
}

pub fn bars(visit: &Visit, title: &str, series: &[Series], format: Format<'_>) -> Markup {
    let frame = Frame::of(series);
    #[expect(clippy::cast_precision_loss, reason = "a handful of series")]
    let width = (frame.step() * 0.72 / series.len().max(1) as f64).max(1.0);
    let marks = html! {
        @for (index, one) in series.iter().enumerate() {
            @for (at, point) in one.points.iter().enumerate() {
                rect class={ "chart-bar series-" (index) } x=(place(frame.bar(at, index, width))) y=(place(frame.y(point.value)))
                    width=(place(width)) height=(place((HEIGHT - BOTTOM - frame.y(point.value)).max(0.0))) rx="2" {}
            }
        }
    };
    figure(visit, title, series, &frame, &marks, format)
}

/// A small line without axes, beside a figure that says the newest value.
pub fn sparkline(label: &str, values: &[f64]) -> Markup {
    let max = values.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    #[expect(clippy::cast_precision_loss, reason = "a handful of values")]
    let step = SPARK_WIDTH / values.len().saturating_sub(1).max(1) as f64;
    #[expect(clippy::cast_precision_loss, reason = "a handful of values")]
    let at = |(index, value): (usize, &f64)| {
        format!("{},{}", place(step * index as f64), place(SPARK_HEIGHT - 3.0 - (SPARK_HEIGHT - 6.0) * value.max(0.0) / max))
    };
    let points: Vec<String> = values.iter().enumerate().map(at).collect();
    html! {
        svg.sparkline viewBox={ "0 0 " (SPARK_WIDTH) " " (SPARK_HEIGHT) } preserveAspectRatio="none" role="img" aria-label=(label) {
            polyline.chart-line.series-0 points=(points.join(" ")) {}
        }
    }
}

struct Frame {
    ticks: Vec<f64>,
    top: f64,
    count: usize,
}

impl Frame {
    fn of(series: &[Series]) -> Self {
        let values = series.iter().flat_map(|one| one.points.iter().map(|point| point.value));
        let ticks = ticks(values.fold(0.0, f64::max));
        let top = ticks.last().copied().unwrap_or(1.0);
        Frame { ticks, top, count: series.iter().map(|one| one.points.len()).max().unwrap_or(0) }
    }

    #[expect(clippy::cast_precision_loss, reason = "a handful of points")]
    fn step(&self) -> f64 {
        (WIDTH - LEFT - RIGHT) / self.count.max(1) as f64
    }

    #[expect(clippy::cast_precision_loss, reason = "a handful of points")]
    fn x(&self, index: usize) -> f64 {
        LEFT + self.step() * (index as f64 + 0.5)
    }

    #[expect(clippy::cast_precision_loss, reason = "a handful of points")]
    fn bar(&self, at: usize, index: usize, width: f64) -> f64 {
        self.x(at) - self.step() * 0.36 + width * index as f64
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (value.max(0.0) / self.top)
    }

    fn points(&self, series: &Series) -> String {
        let at = |(index, point): (usize, &Point)| format!("{},{}", place(self.x(index)), place(self.y(point.value)));
        series.points.iter().enumerate().map(at).collect::<Vec<_>>().join(" ")
    }
}

fn figure(visit: &Visit, title: &str, series: &[Series], frame: &Frame, marks: &Markup, format: Format<'_>) -> Markup {
    let labels: Vec<&str> =
        series.first().map(|one| one.points.iter().map(|point| point.label.as_str()).collect()).unwrap_or_default();
    let every = labels.len().div_ceil(LABELS_MAX).max(1);
    html! {
        figure.chart {
            figcaption { (title) }
            @if series.len() > 1 {
                ul.chart-legend aria-hidden="true" { @for (index, one) in series.iter().enumerate() { li class={ "series-" (index) } { (one.name) } } }
            }
            svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(title) {
                title { (title) }
                desc { (described(series, format)) }
                @for tick in &frame.ticks {
                    line.chart-grid x1=(place(LEFT)) x2=(place(WIDTH - RIGHT)) y1=(place(frame.y(*tick))) y2=(place(frame.y(*tick))) {}
                    text.chart-label x=(place(LEFT - 8.0)) y=(place(frame.y(*tick) + 4.0)) text-anchor="end" { (short(*tick)) }
                }
                (marks)
                @for (index, label) in labels.iter().enumerate().step_by(every) {
                    text.chart-label x=(place(frame.x(index))) y=(place(HEIGHT - 8.0)) text-anchor="middle" { (label) }
                }
            }
            details.disclosure { summary { (visit.t("as-a-table")) } (as_table(visit, title, series, &labels, format)) }
        }
    }
}

/// The newest and the largest value of each series.
fn described(series: &[Series], format: Format<'_>) -> String {
    let one = |series: &Series| {
        let last = series.points.last().map(|point| format(point.value)).unwrap_or_default();
        let max = series.points.iter().map(|point| point.value).fold(f64::MIN, f64::max);
        format!("{}: {last} (max {})", series.name, if series.points.is_empty() { String::new() } else { format(max) })
    };
    series.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn as_table(visit: &Visit, title: &str, series: &[Series], labels: &[&str], format: Format<'_>) -> Markup {
    let columns: Vec<Column> = std::iter::once(Column::text(visit.t("when")))
        .chain(series.iter().map(|one| Column::number(one.name.as_str())))
        .collect();
    let row = |(index, label): (usize, &&str)| {
        let values = series.iter().map(|one| one.points.get(index).map(|point| format(point.value)).unwrap_or_default());
        std::iter::once(html! { (label) }).chain(values.map(|value| html! { (value) })).collect::<Vec<Markup>>()
    };
    let rows: Vec<Vec<Markup>> = labels.iter().enumerate().map(row).collect();
    table(title, &columns, &rows)
}
