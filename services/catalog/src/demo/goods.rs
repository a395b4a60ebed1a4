//! What the demo catalogue sells: kinds of goods with the words, sizes and prices that go with them.

pub struct Goods {
    pub category: &'static str,
    /// How often it comes.
    pub weight: usize,
    /// In English and in Hindi.
    pub nouns: &'static [(&'static str, &'static str)],
    pub styles: &'static [&'static str],
    pub materials: &'static [&'static str],
    pub brands: &'static [&'static str],
    pub is_colored: bool,
    /// The option's name, and its values from small to large.
    pub size_name: &'static str,
    pub sizes: &'static [&'static str],
    pub is_priced_by_size: bool,
    /// From, to.
    pub rupees: (u64, u64),
    pub notes: &'static [&'static str],
}

pub const COLORS: [&str; 16] = [
    "Blue",
    "Indigo",
    "Maroon",
    "Mustard",
    "White",
    "Black",
    "Olive",
    "Teal",
    "Pink",
    "Red",
    "Navy",
    "Beige",
    "Green",
    "Orange",
    "Grey",
    "Turquoise",
];

pub const OCCASIONS: [&str; 8] =
    ["daily wear", "festive days", "the office", "weekends", "weddings", "gifting", "summer", "the monsoon"];

pub const WORDS_OF_PRAISE: [&str; 6] = [
    "Made by hand in small batches.",
    "Woven and finished by a co-operative of artisans.",
    "Our customers come back for it.",
    "Simple, sturdy and easy to care for.",
    "Checked piece by piece before it leaves the workshop.",
    "A favourite since our first stall.",
];

const CLOTHES: &[&str] = &["XS", "S", "M", "L", "XL", "XXL"];
const CLOTH_NOTES: &[&str] = &[
    "Wash cold with like colours; the dye settles after the first wash.",
    "Breathable and light on the skin.",
    "Side pockets and a relaxed fit.",
    "Machine wash gentle, dry in the shade.",
];
const HOME_NOTES: &[&str] =
    &["Wipe clean with a soft cloth.", "Small variations are the mark of hand work.", "Comes in a reusable cotton pouch."];
const FOOD_NOTES: &[&str] = &["No preservatives.", "Packed fresh every week.", "Store in a cool, dry place."];
const LOOMS: &[&str] = &["Jaipur Loom", "Kanchi House", "Charkha & Co", "Neelam Textiles", "Rangrez", "Dhaaga Studio"];
const HOMES: &[&str] = &["Ghar Basics", "Moradabad Metals", "Khurja Clay", "Sanganer Home"];
const JEWELLERS: &[&str] = &["Rajwada Silver", "Moti Mahal", "Kundan House"];
const FOODS: &[&str] = &["Malabar Pantry", "Himalaya Harvest", "Desi Rasoi", "Nilgiri Estate"];
const FABRICS: &[&str] = &["cotton", "linen", "khadi", "rayon", "cotton-silk"];

const fn clothes(
    category: &'static str,
    weight: usize,
    nouns: &'static [(&'static str, &'static str)],
    styles: &'static [&'static str],
    rupees: (u64, u64),
) -> Goods {
    Goods {
        category,
        weight,
        nouns,
        styles,
        materials: FABRICS,
        brands: LOOMS,
        is_colored: true,
        size_name: "size",
        sizes: CLOTHES,
        is_priced_by_size: false,
        rupees,
        notes: CLOTH_NOTES,
    }
}

const fn home(
    category: &'static str,
    weight: usize,
    nouns: &'static [(&'static str, &'static str)],
    styles: &'static [&'static str],
    materials: &'static [&'static str],
    rupees: (u64, u64),
) -> Goods {
    Goods {
        category,
        weight,
        nouns,
        styles,
        materials,
        brands: HOMES,
        is_colored: false,
        size_name: "size",
        sizes: &[],
        is_priced_by_size: false,
        rupees,
        notes: HOME_NOTES,
    }
}

const fn food(
    category: &'static str,
    nouns: &'static [(&'static str, &'static str)],
    styles: &'static [&'static str],
    sizes: &'static [&'static str],
    rupees: (u64, u64),
) -> Goods {
    Goods {
        category,
        weight: 4,
        nouns,
        styles,
        materials: &[""],
        brands: FOODS,
        is_colored: false,
        size_name: "weight",
        sizes,
        is_priced_by_size: true,
        rupees,
        notes: FOOD_NOTES,
    }
}

const PRINTS: &[&str] = &["block-print", "hand-embroidered", "tie-dye", "chikankari", "plain", "ajrakh", "striped"];

pub const GOODS: [Goods; 22] = [
    clothes(
        "Kurtas",
        14,
        &[("kurta", "कुर्ता"), ("short kurta", "कुर्ता"), ("Anarkali kurta", "अनारकली कुर्ता")],
        PRINTS,
        (499, 3_499),
    ),
    Goods {
        sizes: &[],
        ..clothes(
            "Sarees",
            9,
            &[("saree", "साड़ी")],
            &["Banarasi", "Kanjivaram", "Chanderi", "block-print", "Jamdani"],
            (899, 14_999),
        )
    },
    clothes(
        "Shirts",
        8,
        &[("shirt", "कमीज़"), ("Nehru-collar shirt", "कमीज़")],
        &["plain", "checked", "block-print", "striped"],
        (599, 2_499),
    ),
    clothes("T-shirts", 6, &[("T-shirt", "टी-शर्ट"), ("polo T-shirt", "टी-शर्ट")], &["graphic", "plain", "striped"], (299, 1_299)),
    clothes("Dresses", 5, &[("maxi dress", "ड्रेस"), ("shirt dress", "ड्रेस")], PRINTS, (799, 3_999)),
    clothes(
        "Jackets",
        4,
        &[("Nehru jacket", "नेहरू जैकेट"), ("quilted jacket", "जैकेट")],
        &["plain", "ikat", "kantha"],
        (1_299, 5_999),
    ),
    Goods {
        sizes: &[],
        ..clothes(
            "Dupattas & stoles",
            4,
            &[("dupatta", "दुपट्टा"), ("stole", "स्टोल")],
            &["bandhani", "phulkari", "block-print"],
            (349, 2_499),
        )
    },
    Goods {
        sizes: &["2-3 years", "4-5 years", "6-7 years", "8-9 years"],
        ..clothes(
            "Kids' wear",
            5,
            &[("kurta pyjama set", "कुर्ता पायजामा"), ("lehenga set", "लहंगा"), ("romper", "रोमपर")],
            &["festive", "block-print", "plain"],
            (399, 2_499),
        )
    },
    Goods {
        materials: &["leather", "suede", "canvas"],
        sizes: &["5", "6", "7", "8", "9", "10"],
        brands: &["Mochi Lane", "Kolhapur Works", "Pace"],
        ..clothes(
            "Footwear",
            6,
            &[("juttis", "जूती"), ("Kolhapuri chappals", "चप्पल"), ("sneakers", "जूते"), ("running shoes", "जूते")],
            &["hand-stitched", "everyday", "embroidered"],
            (499, 4_999),
        )
    },
    Goods {
        materials: &["leather", "jute", "canvas"],
        sizes: &[],
        brands: &["Mochi Lane", "Jhola", "Dhaaga Studio"],
        ..clothes(
            "Bags",
            4,
            &[("tote bag", "थैला"), ("sling bag", "बैग"), ("backpack", "बैग")],
            &["embroidered", "everyday", "patchwork"],
            (399, 3_999),
        )
    },
    Goods {
        brands: JEWELLERS,
        ..home(
            "Jewellery",
            5,
            &[("jhumka earrings", "झुमके"), ("bangles, set of four", "चूड़ियाँ"), ("pendant necklace", "हार"), ("anklets", "पायल")],
            &["oxidised", "kundan", "temple-style", "beaded"],
            &["silver", "brass", "pearl"],
            (199, 6_999),
        )
    },
    Goods {
        is_colored: true,
        sizes: &["single", "double", "king"],
        brands: LOOMS,
        ..home(
            "Bed linen",
            4,
            &[("bedsheet with pillow covers", "चादर"), ("dohar", "दोहर"), ("quilt", "रज़ाई")],
            &["block-print", "kantha", "plain"],
            &["cotton", "linen"],
            (699, 4_999),
        )
    },
    Goods {
        is_colored: true,
        brands: LOOMS,
        ..home(
            "Cushions & curtains",
            3,
            &[("cushion cover", "कुशन कवर"), ("window curtain", "परदा"), ("table runner", "मेज़पोश")],
            &["hand-woven", "block-print", "mirror-work"],
            &["cotton", "jute", "velvet"],
            (249, 2_499),
        )
    },
    home(
        "Kitchen",
        5,
        &[("water bottle", "बोतल"), ("tiffin box", "टिफ़िन"), ("kadai", "कड़ाही"), ("masala box", "मसाला डिब्बा"), ("tawa", "तवा")],
        &["hand-finished", "everyday", "heavy-duty"],
        &["steel", "copper", "cast-iron", "brass"],
        (249, 3_499),
    ),
    home(
        "Tableware",
        3,
        &[("mug", "कप"), ("dinner plate", "थाली"), ("serving bowl", "कटोरा"), ("tea set", "चाय सेट")],
        &["hand-painted", "blue-pottery", "glazed"],
        &["stoneware", "ceramic", "terracotta"],
        (199, 2_999),
    ),
    home(
        "Décor",
        3,
        &[("wall hanging", "वॉल हैंगिंग"), ("elephant figurine", "हाथी"), ("photo frame", "फ़्रेम"), ("diya set", "दीया")],
        &["hand-carved", "Dhokra", "Madhubani"],
        &["wooden", "brass", "marble"],
        (199, 5_999),
    ),
    home(
        "Stationery",
        2,
        &[("notebook", "कॉपी"), ("journal", "डायरी"), ("desk organiser", "ऑर्गनाइज़र")],
        &["hand-bound", "recycled", "hand-painted"],
        &["paper", "leather", "cork"],
        (99, 1_499),
    ),
    home(
        "Toys",
        3,
        &[("stacking toy", "खिलौना"), ("puzzle", "पहेली"), ("doll", "गुड़िया"), ("spinning top", "लट्टू")],
        &["Channapatna", "hand-painted", "educational"],
        &["wooden", "cotton"],
        (149, 1_999),
    ),
    Goods {
        brands: &["Vaayu", "Taar", "Bijli"],
        notes: &["One year of warranty.", "Charges over USB-C."],
        ..home(
            "Electronics",
            5,
            &[("earbuds", "ईयरबड"), ("power bank", "पावर बैंक"), ("phone charger", "चार्जर"), ("bluetooth speaker", "स्पीकर")],
            &["compact", "fast", "rugged"],
            &["wireless", "20 W", "aluminium"],
            (399, 7_999),
        )
    },
    food(
        "Spices",
        &[
            ("turmeric powder", "हल्दी"),
            ("garam masala", "गरम मसाला"),
            ("red chilli powder", "लाल मिर्च"),
            ("black pepper", "काली मिर्च"),
        ],
        &["stone-ground", "organic", "single-estate"],
        &["100 g", "200 g", "500 g"],
        (59, 299),
    ),
    food(
        "Tea & coffee",
        &[("Assam tea", "चाय"), ("Darjeeling tea", "चाय"), ("filter coffee", "कॉफ़ी")],
        &["first-flush", "estate", "organic"],
        &["100 g", "250 g", "500 g"],
        (149, 899),
    ),
    food(
        "Snacks & sweets",
        &[("banana chips", "केले के चिप्स"), ("kaju katli", "काजू कतली"), ("besan ladoo", "लड्डू"), ("roasted makhana", "मखाना")],
        &["home-style", "lightly salted", "traditional"],
        &["200 g", "400 g", "800 g"],
        (99, 699),
    ),
];
