//! What to offer somebody who is still typing: how the query may go on, where to look for it, and what it finds already.

use std::collections::BTreeSet;

use haat_contracts::catalog as pb;
use haat_contracts::catalog::suggestion::Kind;
use haat_kernel::Result;

use crate::api::Api;
use crate::product::{Product, State};
use crate::search::Search;

const SIZE_DEFAULT: usize = 8;
const SIZE_MAX: usize = 20;
/// Of each kind but products, which fill what is left.
const QUERIES_MAX: usize = 4;
const PLACES_MAX: usize = 2;

impl Api {
    pub(crate) async fn suggest(&self, request: pb::SuggestProductsRequest) -> Result<pb::SuggestProductsResponse> {
        let size =
            usize::try_from(request.page_size).ok().filter(|size| *size > 0).map_or(SIZE_DEFAULT, |size| size.min(SIZE_MAX));
        if request.query.trim().is_empty() {
            return Ok(pb::SuggestProductsResponse::default());
        }
        let found = self.index.search(&Search::read(&request.query, "", "category,brand", "", size, "")?)?;
        let queries = match found.corrected_query.as_str() {
            "" => self.index.completions(&request.query, QUERIES_MAX)?,
            corrected => vec![corrected.to_owned()],
        };
        let mut suggestions: Vec<pb::Suggestion> = queries.into_iter().map(|query| suggestion(Kind::Query, query)).collect();
        for (facet, kind) in found.facets.into_iter().zip([Kind::Category, Kind::Brand]) {
            suggestions.extend(facet.buckets.into_iter().take(PLACES_MAX).map(|(place, _)| suggestion(kind, place)));
        }
        let mut titles = BTreeSet::new();
        for id in &found.products {
            let product = self.store.load::<Product>(id.as_str()).await?;
            if let Some(product) = product.filter(|product| product.state.state == State::Published)
                && titles.insert(product.content.title.clone())
            {
                let product_suggestion = suggestion(Kind::Product, product.content.title.clone());
                suggestions.push(pb::Suggestion { product: id.to_string(), ..product_suggestion });
            }
        }
        suggestions.truncate(size);
        Ok(pb::SuggestProductsResponse { suggestions })
    }
}

fn suggestion(kind: Kind, text: String) -> pb::Suggestion {
    pb::Suggestion { kind: kind.into(), text, product: String::new() }
}
