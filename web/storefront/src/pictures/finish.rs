//! How a surface is finished: prints, weaves and embroidery as small repeating tiles of SVG.

use super::palette::Palette;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    Plain,
    Striped,
    Checked,
    /// Small flowers: block prints and embroidery.
    Sprigs,
    /// Stars in squares: ajrakh, ikat, patchwork.
    Geometric,
    /// Rings of dots: tie-dye, bandhani.
    Dots,
    /// Golden drops: brocades.
    Brocade,
    /// Running stitches: kantha, hand-stitched goods.
    Stitched,
    /// Brush strokes of glazed and painted goods.
    Painted,
}

/// What the words that makers use mean here.
const NAMED: [(&str, Finish); 34] = [
    ("block-print", Finish::Sprigs),
    ("hand-embroidered", Finish::Sprigs),
    ("chikankari", Finish::Sprigs),
    ("phulkari", Finish::Sprigs),
    ("embroidered", Finish::Sprigs),
    ("festive", Finish::Brocade),
    ("tie-dye", Finish::Dots),
    ("bandhani", Finish::Dots),
    ("mirror-work", Finish::Dots),
    ("beaded", Finish::Dots),
    ("ajrakh", Finish::Geometric),
    ("ikat", Finish::Geometric),
    ("patchwork", Finish::Geometric),
    ("graphic", Finish::Geometric),
    ("channapatna", Finish::Striped),
    ("striped", Finish::Striped),
    ("checked", Finish::Checked),
    ("hand-woven", Finish::Checked),
    ("banarasi", Finish::Brocade),
    ("kanjivaram", Finish::Brocade),
    ("chanderi", Finish::Brocade),
    ("jamdani", Finish::Brocade),
    ("kundan", Finish::Brocade),
    ("temple-style", Finish::Brocade),
    ("kantha", Finish::Stitched),
    ("hand-stitched", Finish::Stitched),
    ("hand-bound", Finish::Stitched),
    ("hand-painted", Finish::Painted),
    ("blue-pottery", Finish::Painted),
    ("madhubani", Finish::Painted),
    ("dhokra", Finish::Stitched),
    ("hand-carved", Finish::Geometric),
    ("glazed", Finish::Plain),
    ("plain", Finish::Plain),
];

impl Finish {
    /// Plain for a word that is not known.
    pub fn named(word: &str) -> Self {
        NAMED.iter().find(|(known, _)| *known == word).map_or(Finish::Plain, |(_, finish)| *finish)
    }

    /// The first known word of a title, in lower case with hyphens.
    pub fn word_in(title: &str) -> Option<&'static str> {
        NAMED.iter().map(|(word, _)| *word).find(|word| title.contains(word))
    }

    /// The pattern `p` that a drawing fills its main surface with.
    pub fn pattern(self, palette: &Palette) -> String {
        let Palette { main, dark, light, accent } = palette;
        let (size, tile) = match self {
            Finish::Plain => (40, String::new()),
            Finish::Striped => {
                (18, format!(r#"<path d="M0 0h5v18H0z" fill="{light}"/><path d="M9 0h2v18H9z" fill="{accent}"/>"#))
            }
            Finish::Checked => (
                28,
                format!(
                    r#"<path d="M0 0h9v28H0zM0 0h28v9H0z" fill="{light}" opacity=".55"/><path d="M17 0h2v28h-2zM0 17h28v2H0z" fill="{accent}" opacity=".8"/>"#
                ),
            ),
            Finish::Sprigs => (
                34,
                format!(
                    r#"<g fill="{accent}"><circle cx="9" cy="9" r="2.4"/><path d="M9 1q4 4 0 6-4-2 0-6zM9 17q4-4 0-6-4 2 0 6zM1 9q4-4 6 0-2 4-6 0zM17 9q-4-4-6 0 2 4 6 0z"/></g><g fill="{light}"><path d="M26 20q6 5 0 12-6-7 0-12z"/><circle cx="26" cy="16.5" r="1.8"/></g>"#
                ),
            ),
            Finish::Geometric => (
                36,
                format!(
                    r#"<path d="M18 3l15 15-15 15L3 18z" fill="{dark}"/><path d="M18 9l9 9-9 9-9-9z" fill="{accent}"/><path d="M18 14l4 4-4 4-4-4z" fill="{main}"/><path d="M0-3l3 3-3 3-3-3zM36-3l3 3-3 3-3-3zM0 33l3 3-3 3-3-3zM36 33l3 3-3 3-3-3z" fill="{light}"/>"#
                ),
            ),
            Finish::Dots => (
                30,
                format!(
                    r#"<g fill="none" stroke="{light}" stroke-width="1.6" stroke-dasharray="1.600 2.6"><circle cx="15" cy="15" r="9.5"/><circle cx="15" cy="15" r="5"/></g><g fill="{accent}"><circle cx="15" cy="15" r="2"/><circle r="2"/><circle cx="30" r="2"/><circle cy="30" r="2"/><circle cx="30" cy="30" r="2"/></g>"#
                ),
            ),
            Finish::Brocade => (
                40,
                format!(
                    r#"<g fill="{accent}"><path d="M10 2q9 8 0 17-9-9 0-17zM30 22q9 8 0 17-9-9 0-17z"/><circle cx="10" cy="22" r="1.5"/><circle cx="30" cy="2" r="1.5"/></g><g fill="{main}"><circle cx="10" cy="12" r="2.2"/><circle cx="30" cy="32" r="2.2"/></g>"#
                ),
            ),
            Finish::Stitched => (
                24,
                format!(
                    r#"<path d="M2 6h9M14 18h9M2 18h5M16 6h6" stroke="{accent}" stroke-width="1.8" stroke-linecap="round"/>"#
                ),
            ),
            Finish::Painted => (
                44,
                format!(
                    r#"<g fill="none" stroke="{accent}" stroke-width="2.6" stroke-linecap="round"><path d="M4 30q9-18 18-8 7 9 16-8"/><path d="M22 22q-2-10 6-14M12 22q-7-2-8-9"/></g><circle cx="29" cy="7" r="3.2" fill="{accent}"/><circle cx="36" cy="34" r="2.4" fill="{dark}"/>"#
                ),
            ),
        };
        format!(
            r#"<pattern id="p" width="{size}" height="{size}" patternUnits="userSpaceOnUse"><path d="M0 0h{size}v{size}H0z" fill="{main}"/>{tile}</pattern>"#
        )
    }
}
