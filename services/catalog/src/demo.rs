//! A believable catalogue of an Indian marketplace, from a seed: the same seed and number always make the same product.
//! Sellers take turns, so that neighbours in a list are of different ones.

mod goods;

use std::collections::BTreeMap;

use haat_kernel::time::plus_seconds;
use haat_kernel::{Entropy, Money, Timestamp};

use crate::ids::SellerId;
use crate::import::{Entry, Listing};
use crate::listing::{CURRENCY, Content, Image, NewVariant};
use crate::product::NewOffer;
use crate::text::slug;
use goods::{COLORS, Goods, OCCASIONS, WORDS_OF_PRAISE};

/// Between one product and the next older one.
const APART_S: i64 = 97;

/// The product with this number; 0 is the newest. `sellers` must not be empty.
pub fn entry(seed: u64, number: u32, sellers: &[SellerId], now: Timestamp) -> Entry {
    let dice = Dice::of(seed, number);
    let goods = dice.weighted(&goods::GOODS);
    let seller = sellers[number as usize % sellers.len()].clone();
    let at = plus_seconds(now, -APART_S * i64::from(number));
    Entry { seller, at, listing: listing(&dice, goods, seed, number) }
}

/// Every third product is sold by the next seller, too: some of its variants, a little cheaper or dearer.
pub fn further_offers(seed: u64, number: u32, entry: &Entry, sellers: &[SellerId]) -> Vec<NewOffer> {
    // Not those of the product itself.
    let dice = Dice::of(!seed, number);
    let place = sellers.iter().position(|seller| *seller == entry.seller).unwrap_or(0);
    let other = &sellers[(place + 1) % sellers.len()];
    if *other == entry.seller || dice.below(3) != 0 {
        return Vec::new();
    }
    let offer = |variant: &NewVariant| {
        let price = variant.price?;
        let rupees = price.minor / 100 * [93, 95, 97, 103, 106, 109][dice.below(6)] / 100;
        let price = Money { minor: rupees.max(1) * 100, ..price };
        let is_sold = dice.below(4) != 0;
        is_sold.then(|| NewOffer { seller: other.clone(), sku: variant.sku.clone(), price, stock: dice.stock() })
    };
    entry.listing.variants.iter().filter_map(offer).collect()
}

fn listing(dice: &Dice, goods: &Goods, seed: u64, number: u32) -> Listing {
    let (noun, hindi) = dice.pick(goods.nouns);
    let (style, material, brand) = (dice.pick(goods.styles), dice.pick(goods.materials), dice.pick(goods.brands));
    let colors = if goods.is_colored { dice.colors() } else { Vec::new() };
    let thing = joined(&[style, material, noun]);
    let title = match colors.as_slice() {
        [only] => format!("{}, {}", capitalized(&thing), only.to_lowercase()),
        _ => capitalized(&thing),
    };
    let occasion = dice.pick(&OCCASIONS);
    let tags = [*hindi, occasion, material].into_iter().filter(|tag| !tag.is_empty()).map(str::to_owned).collect();
    let description = description(dice, goods, &thing, brand, occasion);
    let base = format!("{}-{seed}-{number:05}", initials(brand));
    let images = images(&title, &colors, [noun, material, style], number);
    Listing {
        handle: format!("{}-{seed}-{number}", slug(&title)),
        content: Content { title, description, category: goods.category.into(), brand: (*brand).into(), tags, images },
        variants: variants(dice, goods, &colors, &base),
        is_published: Some(true),
        ..Listing::default()
    }
}

fn description(dice: &Dice, goods: &Goods, thing: &str, brand: &str, occasion: &str) -> String {
    let praise = dice.pick(&WORDS_OF_PRAISE);
    format!("{} from {brand}. {praise} {} Made for {occasion}.", capitalized(&with_article(thing)), dice.pick(goods.notes))
}

/// One of each color and a close look, drawn by the storefront: `/pictures/THING/COLOR/FINISH/NUMBER.svg`. What has no color
/// looks like its material, or like itself.
fn images(title: &str, colors: &[&str], [noun, material, style]: [&str; 3], number: u32) -> Vec<Image> {
    let plain = if material.is_empty() { noun } else { material };
    let shades = if colors.is_empty() { &[plain][..] } else { colors };
    let folder = |shade: &str| format!("/pictures/{}/{}/{}", slug(noun), slug(shade), slug(style));
    let whole = |shade: &&str| {
        let alt = if colors.contains(shade) { format!("{title} ({shade})") } else { title.to_owned() };
        Image { url: format!("{}/{number}.svg", folder(shade)), alt }
    };
    let close = shades
        .first()
        .map(|shade| Image { url: format!("{}/{number}-detail.svg", folder(shade)), alt: format!("{title}, a close look") });
    shades.iter().map(whole).chain(close).collect()
}

/// Every size in every color, each with a price of its own and some stock.
fn variants(dice: &Dice, goods: &Goods, colors: &[&str], base: &str) -> Vec<NewVariant> {
    let sizes = dice.run_of(goods.sizes);
    let price = dice.price(goods.rupees);
    let (size_steps, color_steps) = (sizes.len().max(1), colors.len().max(1));
    let mut variants = Vec::with_capacity(size_steps * color_steps);
    for color in 0..color_steps {
        for size in 0..size_steps {
            let mut options = BTreeMap::new();
            options.extend(colors.get(color).map(|color| ("color".to_owned(), (*color).to_owned())));
            options.extend(sizes.get(size).map(|size| (goods.size_name.to_owned(), (*size).to_owned())));
            // Where the size is an amount, more of it costs more.
            let factor = if goods.is_priced_by_size { size as i64 + 1 } else { 1 };
            variants.push(NewVariant {
                sku: crate::listing::made_sku(base, &options),
                title: String::new(),
                options,
                price: Some(Money::new(CURRENCY, price * factor)),
                stock: dice.stock(),
            });
        }
    }
    variants
}

struct Dice(Entropy);

impl Dice {
    /// Of the product with this number.
    fn of(seed: u64, number: u32) -> Self {
        Dice(Entropy::seeded(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(u64::from(number))))
    }

    fn below(&self, bound: usize) -> usize {
        usize::try_from(self.0.below(bound as u64)).unwrap_or(0)
    }

    fn pick<'a, T>(&self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// More of what people look for more.
    fn weighted<'a>(&self, goods: &'a [Goods]) -> &'a Goods {
        let mut place = self.below(goods.iter().map(|goods| goods.weight).sum());
        for one in goods {
            match place.checked_sub(one.weight) {
                Some(rest) => place = rest,
                None => return one,
            }
        }
        &goods[0]
    }

    /// Mostly one, sometimes two or three.
    fn colors(&self) -> Vec<&'static str> {
        let count = [1, 1, 1, 1, 1, 1, 1, 2, 2, 3][self.below(10)];
        let start = self.below(COLORS.len());
        (0..count).map(|step| COLORS[(start + step * 5) % COLORS.len()]).collect()
    }

    /// Neighbouring sizes, at least half of them.
    fn run_of<'a>(&self, sizes: &'a [&'a str]) -> &'a [&'a str] {
        let length = sizes.len().div_ceil(2) + self.below(sizes.len() / 2 + 1);
        let start = self.below(sizes.len().saturating_sub(length) + 1);
        &sizes[start..(start + length).min(sizes.len())]
    }

    /// In paise: mostly in the lower half of the range, and ending in 9 as prices do.
    fn price(&self, (lowest, highest): (u64, u64)) -> i64 {
        let width = highest - lowest;
        let rupees = lowest + self.0.below(width + 1).min(self.0.below(width + 1));
        let shown = if rupees < 200 { rupees / 10 * 10 + 9 } else { rupees / 100 * 100 + 99 };
        i64::try_from(shown * 100).unwrap_or(99_900)
    }

    /// Of a hundred variants four are sold out and eight nearly.
    fn stock(&self) -> i64 {
        let many = || i64::try_from(self.0.below(190)).unwrap_or(0) + 10;
        match self.below(100) {
            0..4 => 0,
            4..12 => i64::try_from(self.0.below(5)).unwrap_or(0) + 1,
            _ => many(),
        }
    }
}

fn joined(words: &[&str]) -> String {
    words.iter().filter(|word| !word.is_empty()).copied().collect::<Vec<_>>().join(" ")
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn with_article(thing: &str) -> String {
    let article = if thing.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {thing}")
}

fn initials(brand: &str) -> String {
    brand.split_whitespace().filter_map(|word| word.chars().next()).filter(|char| char.is_alphabetic()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use haat_kernel::id::derived;

    use super::*;
    use crate::product::import;

    fn sellers() -> [SellerId; 2] {
        [derived(&["one"]), derived(&["two"])]
    }

    #[test]
    fn every_demo_product_is_one_that_the_catalog_takes() {
        let mut skus = BTreeSet::new();
        let mut categories = BTreeSet::new();
        for number in 0..3_000 {
            let entry = entry(7, number, &sellers(), Timestamp::UNIX_EPOCH);
            let new = crate::product::NewProduct {
                id: entry.id(),
                seller: entry.seller.clone(),
                handle: entry.listing.handle.clone(),
                content: entry.listing.content.clone(),
                variants: entry.listing.variants.clone(),
            };
            assert!(import(None, new, Some(true), entry.at).is_ok(), "{entry:?}");
            let images = &entry.listing.content.images;
            assert!(images.len() >= 2 && images.iter().all(|image| !image.url.contains("//")), "{images:?}");
            categories.insert(entry.listing.content.category.clone());
            assert!(entry.listing.variants.iter().all(|variant| skus.insert((entry.seller.clone(), variant.sku.clone()))));
        }
        assert!(categories.len() >= 15, "{categories:?}");
    }

    #[test]
    fn some_products_are_sold_by_two() {
        let further = |number, sellers: &[SellerId]| {
            let entry = entry(7, number, sellers, Timestamp::UNIX_EPOCH);
            let offers = further_offers(7, number, &entry, sellers);
            assert!(offers.iter().all(|offer| offer.seller != entry.seller), "{offers:?}");
            offers
        };
        let count = (0..60).filter(|number| !further(*number, &sellers()).is_empty()).count();
        assert!((8..35).contains(&count), "{count}");
        assert!((0..60).all(|number| further(number, &sellers()[..1]).is_empty()), "one seller alone");
        assert_eq!(further(3, &sellers()), further(3, &sellers()));
    }

    #[test]
    fn the_same_seed_makes_the_same_catalogue_and_another_another() {
        let titles = |seed| -> Vec<String> {
            (0..50).map(|number| entry(seed, number, &sellers(), Timestamp::UNIX_EPOCH).listing.content.title).collect()
        };
        assert_eq!(titles(1), titles(1));
        assert_ne!(titles(1), titles(2));
        let first: BTreeSet<SellerId> = (0..2).map(|number| entry(1, number, &sellers(), Timestamp::UNIX_EPOCH).seller).collect();
        assert_eq!(first.len(), 2);
    }

    #[test]
    fn there_are_blue_kurtas() {
        let is_one = |entry: &Entry| {
            let content = &entry.listing.content;
            content.title.contains("kurta")
                && entry.listing.variants.iter().any(|v| v.options.get("color").is_some_and(|c| c == "Blue"))
        };
        let count = (0..500).map(|number| entry(42, number, &sellers(), Timestamp::UNIX_EPOCH)).filter(is_one).count();
        assert!(count >= 3, "{count}");
    }
}
