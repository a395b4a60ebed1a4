//! Pictures of goods that have no photograph, drawn by the shop itself: `/pictures/MOTIF/COLOUR/FINISH/NUMBER.svg`, or
//! `NUMBER-detail.svg` for a close look. A picture is decided by its path alone, so it may be kept for ever.

mod finish;
mod motifs;
mod palette;

use finish::Finish;
use motifs::Motif;
use palette::Palette;

/// Backdrops, as a shop's photographs have: warm and quiet.
const BACKDROPS: [(&str, &str); 5] =
    [("#f6f0e6", "#e4d8c5"), ("#eef2ec", "#d6dfd2"), ("#f5ecec", "#e5d3d1"), ("#edf0f4", "#d3dae3"), ("#f7f1de", "#e8dcb9")];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    motif: &'static Motif,
    palette: Palette,
    finish: Finish,
    number: u32,
    is_detail: bool,
}

impl Picture {
    /// None where the path is none of a picture; unknown colours and finishes become some of the known ones.
    pub fn read(motif: &str, colour: &str, finish: &str, file: &str) -> Option<Self> {
        let name = file.strip_suffix(".svg")?;
        let (digits, is_detail) = name.strip_suffix("-detail").map_or((name, false), |digits| (digits, true));
        let number = digits.parse().ok()?;
        Some(Picture {
            motif: motifs::within(motif)?,
            palette: palette::named(colour).unwrap_or_else(|| palette::numbered(number)),
            finish: Finish::named(finish),
            number,
            is_detail,
        })
    }

    pub fn svg(&self) -> String {
        let (near, far) = BACKDROPS[(self.number as usize) % BACKDROPS.len()];
        let Palette { main, dark, light, accent } = self.palette;
        let colours = [(r#""P""#, "url(#p)"), (r#""M""#, main), (r#""D""#, dark), (r#""L""#, light), (r#""A""#, accent)];
        let paint = |drawing: String, (letter, colour): &(&str, &str)| drawing.replace(letter, &format!(r#""{colour}""#));
        let drawing = colours.iter().fold(self.motif.drawing.to_owned(), paint);
        let frame = if self.is_detail { "128 150 144 144" } else { "0 0 400 400" };
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="{frame}"><defs>{pattern}<radialGradient id="g" cx=".5" cy=".38" r=".75"><stop stop-color="{near}"/><stop offset="1" stop-color="{far}"/></radialGradient></defs><path d="M0 0h400v400H0z" fill="url(#g)"/><ellipse cx="200" cy="352" rx="120" ry="12" fill="{dark}" opacity=".14"/>{drawing}</svg>"#,
            pattern = self.finish.pattern(&self.palette),
        )
    }
}

/// The path of a picture for a product without one.
pub fn path_for(title: &str, category: &str, colour: &str, id: &str) -> String {
    let title = slug(title);
    let motif = motifs::of_product(&title, &slug(category));
    let finish = Finish::word_in(&title).unwrap_or("plain");
    let colour = match colour {
        "" => palette::word_in(&title).unwrap_or("some").to_owned(),
        named => slug(named),
    };
    format!("/pictures/{}/{colour}/{finish}/{}.svg", motif.name, number_of(id))
}

/// Lower case, with hyphens between words.
fn slug(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for char in text.chars().flat_map(char::to_lowercase) {
        match char {
            'é' => slug.push('e'),
            _ if char.is_ascii_alphanumeric() => slug.push(char),
            _ if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
            _ => {}
        }
    }
    slug.trim_end_matches('-').to_owned()
}

/// The same for the same id, and small enough to read.
fn number_of(id: &str) -> u32 {
    id.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte))) % 10_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_small_and_well_formed() {
        for colour in ["blue", "steel", "unheard-of"] {
            for finish in
                ["plain", "block-print", "ajrakh", "tie-dye", "hand-painted", "kantha", "checked", "banarasi", "striped"]
            {
                for motif in motifs::all() {
                    let svg = Picture::read(motif.name, colour, finish, "17.svg").unwrap().svg();
                    assert!(svg.len() < 3_000, "{}: {} bytes", motif.name, svg.len());
                    for letter in [r#""P""#, r#""M""#, r#""D""#, r#""L""#, r#""A""#] {
                        assert!(!svg.contains(letter), "{}: {letter}", motif.name);
                    }
                }
            }
        }
    }

    #[test]
    fn only_paths_of_pictures_are_read() {
        assert!(Picture::read("kurta", "blue", "plain", "4-detail.svg").is_some_and(|picture| picture.is_detail));
        for (motif, file) in [("rocket", "1.svg"), ("kurta", "1.png"), ("kurta", "one.svg"), ("kurta", ".svg")] {
            assert_eq!(Picture::read(motif, "blue", "plain", file), None, "{motif}/{file}");
        }
    }

    #[test]
    fn every_product_has_a_picture() {
        let path = path_for("Block-print cotton kurta, blue", "Kurtas", "Blue", "product_1");
        assert!(path.starts_with("/pictures/kurta/blue/block-print/"), "{path}");
        let hostile = path_for("\"><script>", "", "../..", "x");
        assert!(hostile.chars().all(|char| char.is_ascii_alphanumeric() || "/-.".contains(char)), "{hostile}");
    }
}
