//! Things and the ways between them, on a grid: which service calls which.

use maud::{Markup, html};

use super::scale::place;
use crate::ui::controls::Tone;
use crate::ui::data::{Column, table};
use crate::visit::Visit;

const CELL_WIDTH: f64 = 190.0;
const CELL_HEIGHT: f64 = 110.0;
const NODE_WIDTH: f64 = 150.0;
const NODE_HEIGHT: f64 = 56.0;

/// A thing at a place of the grid.
#[derive(Clone, Debug)]
pub struct Node {
    pub id: String,
    pub label: String,
    /// Below the label: a state, a figure.
    pub note: String,
    pub tone: Tone,
    pub href: Option<String>,
    pub column: usize,
    pub row: usize,
}

/// A way from one node to another, by their ids.
#[derive(Clone, Debug)]
pub struct Edge {
    pub from: String,
    pub to: String,
    pub label: String,
    pub tone: Tone,
    /// What flows by itself, without being asked for.
    pub is_dotted: bool,
}

#[expect(clippy::cast_precision_loss, reason = "a handful of nodes")]
pub fn map(visit: &Visit, title: &str, nodes: &[Node], edges: &[Edge]) -> Markup {
    let extent = |of: fn(&Node) -> usize| nodes.iter().map(of).max().unwrap_or(0) as f64 + 1.0;
    let (width, height) = (CELL_WIDTH * extent(|node| node.column), CELL_HEIGHT * extent(|node| node.row));
    html! {
        figure.chart.map {
            figcaption { (title) }
            div.map-frame role="region" aria-label=(title) tabindex="0" {
                svg viewBox={ "0 0 " (width) " " (height) } role="group" aria-label=(title) {
                    defs { marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse" { path.map-arrow d="M0 0.5 7.5 4 0 7.5Z" {} } }
                    @for edge in edges { (way(nodes, edge)) }
                    @for node in nodes { (thing(node)) }
                }
            }
            details.disclosure { summary { (visit.t("as-a-table")) } (as_table(visit, title, nodes, edges)) }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a handful of nodes")]
fn center(node: &Node) -> (f64, f64) {
    (CELL_WIDTH * (node.column as f64 + 0.5), CELL_HEIGHT * (node.row as f64 + 0.5))
}

fn thing(node: &Node) -> Markup {
    let (x, y) = center(node);
    let shape = html! {
        g class={ "map-node " (node.tone.class()) } {
            rect x=(place(x - NODE_WIDTH / 2.0)) y=(place(y - NODE_HEIGHT / 2.0)) width=(NODE_WIDTH) height=(NODE_HEIGHT) rx="8" {}
            text.map-label x=(place(x)) y=(place(y - 3.0)) text-anchor="middle" { (node.label) }
            text.map-note x=(place(x)) y=(place(y + 16.0)) text-anchor="middle" { (node.note) }
        }
    };
    html! { @if let Some(href) = &node.href { a href=(href) { (shape) } } @else { (shape) } }
}

/// From border to border, bent a little so that ways there and back do not cover each other.
fn way(nodes: &[Node], edge: &Edge) -> Markup {
    let find = |id: &str| nodes.iter().find(|node| node.id == id).map(center);
    let (Some(from), Some(to)) = (find(&edge.from), find(&edge.to)) else { return html! {} };
    let (start, end) = (border(from, to), border(to, from));
    let bend = ((start.0 + end.0) / 2.0 + (end.1 - start.1) * 0.08, (start.1 + end.1) / 2.0 - (end.0 - start.0) * 0.08);
    let path =
        format!("M{} {}Q{} {} {} {}", place(start.0), place(start.1), place(bend.0), place(bend.1), place(end.0), place(end.1));
    html! {
        path class={ "map-edge " (edge.tone.class()) } data-dotted[edge.is_dotted] d=(path) marker-end="url(#arrow)" {
            title { (edge.from) " → " (edge.to) " " (edge.label) }
        }
    }
}

/// Where the way from a node's center towards another leaves its box.
fn border(from: (f64, f64), to: (f64, f64)) -> (f64, f64) {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let reach = |half: f64, delta: f64| if delta.abs() < f64::EPSILON { f64::INFINITY } else { (half + 3.0) / delta.abs() };
    let part = reach(NODE_WIDTH / 2.0, dx).min(reach(NODE_HEIGHT / 2.0, dy)).min(1.0);
    (from.0 + dx * part, from.1 + dy * part)
}

fn as_table(visit: &Visit, title: &str, nodes: &[Node], edges: &[Edge]) -> Markup {
    let columns = [Column::text(visit.t("from")), Column::text(visit.t("to")), Column::text(visit.t("what"))];
    let label = |id: &str| nodes.iter().find(|node| node.id == id).map_or(id.to_owned(), |node| node.label.clone());
    let rows: Vec<Vec<Markup>> = edges
        .iter()
        .map(|edge| vec![html! { (label(&edge.from)) }, html! { (label(&edge.to)) }, html! { (edge.label) }])
        .collect();
    table(title, &columns, &rows)
}
