//! Colours of goods: by the name of a colour option or a material, four shades of one hue.

/// Main, dark, light, and the accent of prints and trimmings: each as `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Palette {
    pub main: &'static str,
    pub dark: &'static str,
    pub light: &'static str,
    pub accent: &'static str,
}

const fn palette(main: &'static str, dark: &'static str, light: &'static str, accent: &'static str) -> Palette {
    Palette { main, dark, light, accent }
}

/// By name, in lower case with hyphens.
const NAMED: [(&str, Palette); 44] = [
    ("blue", palette("#3f6fb5", "#294b80", "#a9c4e8", "#f3e2b8")),
    ("indigo", palette("#39407f", "#252a57", "#9aa1d6", "#e9dcc0")),
    ("maroon", palette("#7d2a38", "#541a25", "#cf9099", "#e6c27a")),
    ("mustard", palette("#d29a2e", "#95691a", "#f2d79c", "#7a2f2a")),
    ("white", palette("#f6f2ea", "#c9c0b0", "#ffffff", "#8fa59b")),
    ("black", palette("#2f2f33", "#17171a", "#85858c", "#c9a35c")),
    ("olive", palette("#74793a", "#4d5124", "#c6cb94", "#efe3bd")),
    ("teal", palette("#23777c", "#145055", "#8fcccd", "#f1d9a4")),
    ("pink", palette("#d9799a", "#a34a6b", "#f5c8d7", "#7c2b4a")),
    ("red", palette("#b8322f", "#7f1f1f", "#eda29b", "#f0cf86")),
    ("navy", palette("#25365c", "#16223d", "#8c9dc4", "#d9b56c")),
    ("beige", palette("#d9c4a1", "#a88f68", "#f2e6cf", "#7a5a3a")),
    ("green", palette("#3b7d4f", "#255537", "#a3d1ae", "#f2dd9a")),
    ("orange", palette("#d9702b", "#9c4a17", "#f6c49c", "#6b2a18")),
    ("grey", palette("#8a8d91", "#5b5e63", "#cdd0d4", "#f1ead9")),
    ("turquoise", palette("#2fa3a0", "#1b6d6d", "#a5e0db", "#f4e3b4")),
    ("yellow", palette("#e3b334", "#a67d17", "#f8e3a1", "#8b4a1c")),
    ("purple", palette("#6d4a8f", "#482e63", "#c0a6dc", "#e8cf92")),
    ("brown", palette("#8a5a3b", "#5c3a25", "#cfa98a", "#ead7b3")),
    ("steel", palette("#aeb6bd", "#757e87", "#e4e9ec", "#5f6a73")),
    ("aluminium", palette("#b9bfc5", "#7e868d", "#e9edf0", "#3d6f91")),
    ("silver", palette("#b7bcc2", "#7c828a", "#eceff2", "#8d5b6b")),
    ("copper", palette("#b9693f", "#7f4325", "#eab593", "#f4dcc4")),
    ("brass", palette("#c79b3b", "#8b6a20", "#f0d995", "#6f4e17")),
    ("cast-iron", palette("#45474b", "#26282b", "#8d9096", "#b46a3c")),
    ("pearl", palette("#eee6da", "#b9ad9b", "#ffffff", "#b58a55")),
    ("stoneware", palette("#8fa3a8", "#5e7276", "#d0dcde", "#33575f")),
    ("ceramic", palette("#eef1ee", "#b3bfbc", "#ffffff", "#2f62a6")),
    ("terracotta", palette("#bf6a45", "#87442a", "#e9b399", "#f4e3cf")),
    ("wooden", palette("#b17a45", "#7a5029", "#e2bd92", "#c23f34")),
    ("marble", palette("#e9e6e1", "#b4aea6", "#ffffff", "#9a7b4f")),
    ("paper", palette("#d8c39c", "#a18a60", "#f3e8cf", "#a03a35")),
    ("leather", palette("#93582f", "#623719", "#cf9d76", "#e8cfa4")),
    ("cork", palette("#c59b6b", "#8f6a41", "#ead0ad", "#4e6b57")),
    ("jute", palette("#c3a372", "#8d7145", "#e9d6b2", "#3f6f73")),
    ("suede", palette("#a67b5b", "#74533a", "#d9bba3", "#4a3322")),
    ("canvas", palette("#c9bfa8", "#938a74", "#eee8d9", "#b5462f")),
    ("cotton", palette("#e8dfcf", "#b3a78f", "#fbf7ef", "#b9543f")),
    ("wireless", palette("#34383f", "#1e2126", "#8f96a1", "#2fa3a0")),
    ("20-w", palette("#e9eaec", "#a9adb3", "#ffffff", "#d9702b")),
    ("turmeric", palette("#e0a526", "#a17112", "#f7db8f", "#6d7d35")),
    ("masala", palette("#8f5a33", "#5f3919", "#d6a87e", "#d9a037")),
    ("chilli", palette("#b3302a", "#7a1c19", "#ee9f92", "#4c7a3a")),
    ("pepper", palette("#4b4640", "#2b2723", "#9d968c", "#c9a35c")),
];

pub fn named(name: &str) -> Option<Palette> {
    let exact = NAMED.iter().find(|(known, _)| *known == name);
    // `turmeric-powder` has the colour of turmeric.
    let within = || NAMED.iter().find(|(known, _)| name.contains(known));
    exact.or_else(within).map(|(_, palette)| *palette)
}

/// The first known colour among the words of a title.
pub fn word_in(title: &str) -> Option<&'static str> {
    let is_word = |name: &&str| title.split('-').any(|word| word == *name);
    NAMED.iter().map(|(name, _)| *name).find(is_word)
}

/// Some colour for what has none: the same number, the same colour.
pub fn numbered(number: u32) -> Palette {
    /// The first ones are the colours of cloth.
    const CLOTH: u32 = 16;
    NAMED[(number % CLOTH) as usize].1
}
