//! Which of a seller's products a list is to name: by state, by words, by how few are left.

use haat_contracts::catalog as pb;

use crate::product::{Product, State};

/// Words of a query that count; nobody types more.
const WORDS_MAX: usize = 10;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    state: Option<State>,
    /// In lower case.
    words: Vec<String>,
    is_low: bool,
    /// Whose offers count for that; None: everybody's.
    seller: Option<String>,
}

impl Wanted {
    pub fn read(request: &pb::ListProductsRequest, seller: Option<&str>) -> Self {
        let state = match request.state() {
            pb::product::State::Unspecified => None,
            pb::product::State::Draft => Some(State::Draft),
            pb::product::State::Published => Some(State::Published),
            pb::product::State::Archived => Some(State::Archived),
        };
        let words = request.query.split_whitespace().take(WORDS_MAX).map(str::to_lowercase);
        Wanted { state, words: words.collect(), is_low: request.low_stock, seller: seller.map(str::to_owned) }
    }

    /// By all but stock.
    pub fn names(&self, product: &Product) -> bool {
        self.state.is_none_or(|state| state == product.state) && self.has_all_words(product)
    }

    /// By the stock that is shown with it: few or none are left of some offer.
    pub fn names_by_stock(&self, shown: &pb::Product) -> bool {
        let counts = |offer: &&pb::Offer| self.seller.as_ref().is_none_or(|seller| offer.seller_id == *seller);
        let mut offers = shown.variants.iter().flat_map(|variant| &variant.offers).filter(counts);
        !self.is_low || offers.any(|offer| !offer.available || offer.quantity_left.is_some())
    }

    fn has_all_words(&self, product: &Product) -> bool {
        if self.words.is_empty() {
            return true;
        }
        let content = &product.content;
        let skus = product.variants.iter().map(|variant| variant.sku.as_str());
        let texts: Vec<String> =
            [content.title.as_str(), &content.brand, &content.category].into_iter().chain(skus).map(str::to_lowercase).collect();
        self.words.iter().all(|word| texts.iter().any(|text| text.contains(word)))
    }
}
