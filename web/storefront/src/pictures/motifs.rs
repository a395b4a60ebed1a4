//! What the shop can draw: one drawing per kind of goods. A drawing names its colours by letters between quotation marks:
//! `P` patterned surface, `M` main, `D` dark, `L` light, `A` accent.

mod clothes;
mod home;
mod things;

use clothes::*;
use home::*;
use things::*;

#[derive(Debug, PartialEq, Eq)]
pub struct Motif {
    pub name: &'static str,
    pub drawing: &'static str,
}

const fn motif(name: &'static str, drawing: &'static str) -> Motif {
    Motif { name, drawing }
}

/// For goods that have no drawing of their own.
pub static PARCEL_MOTIF: Motif = motif("parcel", PARCEL);

/// Special ones before general ones: a title is searched for these names in this order.
static MOTIFS: [Motif; 62] = [
    motif("anarkali-kurta", ANARKALI),
    motif("short-kurta", SHORT_KURTA),
    motif("kurta-pyjama-set", KIDS_SET),
    motif("kurta", KURTA),
    motif("saree", SAREE),
    motif("nehru-collar-shirt", NEHRU_SHIRT),
    motif("polo-t-shirt", POLO),
    motif("t-shirt", TSHIRT),
    motif("shirt-dress", SHIRT_DRESS),
    motif("shirt", SHIRT),
    motif("maxi-dress", DRESS),
    motif("dress", DRESS),
    motif("nehru-jacket", NEHRU_JACKET),
    motif("jacket", QUILTED_JACKET),
    motif("dupatta", DUPATTA),
    motif("stole", DUPATTA),
    motif("scarf", DUPATTA),
    motif("lehenga", LEHENGA),
    motif("romper", ROMPER),
    motif("juttis", JUTTIS),
    motif("chappals", CHAPPALS),
    motif("sandals", CHAPPALS),
    motif("sneakers", SNEAKERS),
    motif("shoe", SNEAKERS),
    motif("tote-bag", TOTE),
    motif("sling-bag", SLING),
    motif("backpack", BACKPACK),
    motif("bag", TOTE),
    motif("earrings", EARRINGS),
    motif("bangles", BANGLES),
    motif("necklace", NECKLACE),
    motif("anklets", ANKLETS),
    motif("bedsheet", BED),
    motif("dohar", QUILT),
    motif("quilt", QUILT),
    motif("cushion", CUSHION),
    motif("curtain", CURTAIN),
    motif("runner", RUNNER),
    motif("bottle", BOTTLE),
    motif("tiffin", TIFFIN),
    motif("kadai", KADAI),
    motif("masala-box", MASALA_BOX),
    motif("tawa", TAWA),
    motif("mug", MUG),
    motif("plate", PLATE),
    motif("bowl", BOWL),
    motif("tea-set", TEA_SET),
    motif("wall-hanging", WALL_HANGING),
    motif("elephant", ELEPHANT),
    motif("frame", FRAME),
    motif("diya", DIYA),
    motif("notebook", NOTEBOOK),
    motif("journal", NOTEBOOK),
    motif("book", NOTEBOOK),
    motif("organiser", DESK_ORGANISER),
    motif("stacking-toy", STACKING),
    motif("puzzle", PUZZLE),
    motif("doll", DOLL),
    motif("spinning-top", TOP),
    motif("earbuds", EARBUDS),
    motif("power-bank", POWER_BANK),
    motif("charger", CHARGER),
];

/// The rest, which titles name by their contents.
static PACKED: [Motif; 11] = [
    motif("speaker", SPEAKER),
    motif("turmeric", SPICE),
    motif("masala", SPICE),
    motif("chilli", SPICE),
    motif("pepper", SPICE),
    motif("tea", TEA),
    motif("coffee", COFFEE),
    motif("chips", SNACK),
    motif("makhana", SNACK),
    motif("katli", SWEETS),
    motif("ladoo", SWEETS),
];

/// Where the title names nothing known: what most of a category look like.
const OF_CATEGORIES: [(&str, &str); 16] = [
    ("kurta", "kurta"),
    ("saree", "saree"),
    ("kids", "romper"),
    ("foot", "sneakers"),
    ("wear", "t-shirt"),
    ("cloth", "shirt"),
    ("snack", "chips"),
    ("jewel", "necklace"),
    ("bed", "bedsheet"),
    ("kitchen", "bottle"),
    ("table", "plate"),
    ("decor", "frame"),
    ("station", "notebook"),
    ("toy", "stacking-toy"),
    ("electronic", "speaker"),
    ("spice", "masala"),
];

pub fn all() -> impl Iterator<Item = &'static Motif> {
    MOTIFS.iter().chain(&PACKED)
}

/// The motif whose name stands in this text: `tiffin-box` is drawn as a tiffin.
pub fn within(text: &str) -> Option<&'static Motif> {
    all().chain([&PARCEL_MOTIF]).find(|motif| text.contains(motif.name))
}

fn named(name: &str) -> Option<&'static Motif> {
    all().chain([&PARCEL_MOTIF]).find(|motif| motif.name == name)
}

/// What to draw for a product; both in lower case with hyphens between words.
pub fn of_product(title: &str, category: &str) -> &'static Motif {
    let titled = all().find(|motif| title.contains(motif.name));
    let of_category = || OF_CATEGORIES.iter().find(|(part, _)| category.contains(part)).and_then(|(_, name)| named(name));
    titled.or_else(of_category).unwrap_or(&PARCEL_MOTIF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_find_what_they_name() {
        for (title, category, expected) in [
            ("block-print-cotton-anarkali-kurta-blue", "kurtas", "anarkali-kurta"),
            ("festive-cotton-kurta-pyjama-set", "kids-wear", "kurta-pyjama-set"),
            ("plain-linen-nehru-collar-shirt", "shirts", "nehru-collar-shirt"),
            ("everyday-steel-masala-box", "kitchen", "masala-box"),
            ("organic-garam-masala", "spices", "masala"),
            ("hand-painted-ceramic-tea-set", "tableware", "tea-set"),
            ("something-else", "kitchen-and-dining", "bottle"),
            ("something-else", "", "parcel"),
        ] {
            assert_eq!(of_product(title, category).name, expected, "{title}");
        }
    }
}
