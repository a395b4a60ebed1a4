//! Charts as SVG, drawn on the server: each with a title and a description, and a table of the same for those who read it
//! better. Colours come from the style sheet, marks differ in more than colour.

mod line;
mod map;
mod scale;
mod waterfall;

pub use line::{Point, Series, bars, line, sparkline};
pub use map::{Edge, Node, map};
pub use waterfall::{Span, waterfall};
