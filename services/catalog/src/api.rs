//! The calls of the contract.

use haat_contracts::api::HttpBody;
use haat_contracts::catalog as pb;
use haat_contracts::catalog::catalog_server;
use haat_kernel::{Ctx, Entropy, Error, Kind, Result, Violation};
use haat_rpc as rpc;
use haat_store::{Load, Page, Store, Tx, Versioned};
use tonic::{Request, Response, Status, Streaming};

use crate::demo;
use crate::ids::{OfferId, ProductId, SellerId};
use crate::import::{self, Import};
use crate::index::Index;
use crate::listing::NewVariant;
use crate::offers::Offers;
use crate::product::{
    self, ALL, NewOffer, NewProduct, Offer, Product, ProductError, ProductEvent, SELLER, SELLER_SKU, SKU, State,
};
use crate::search::Search;
use crate::shelf::Shelf;
use crate::wanted::Wanted;
use crate::wire;

/// Offers and SKUs that one call resolves.
const RESOLVE_MAX: usize = 500;
/// Sellers of one SKU among whom the best offer is looked for.
const SELLERS_OF_SKU_MAX: usize = 100;
/// How often one call goes on to look for products that fill its page.
const READS_OF_A_LIST_MAX: usize = 50;
/// Demo products of one commit.
const DEMO_BATCH: usize = 100;
const DEMO_MAX: u32 = 200_000;

#[derive(Clone)]
pub struct Api {
    pub store: Store,
    pub entropy: Entropy,
    pub index: Index,
    pub offers: Offers,
}

type Answer<T> = std::result::Result<Response<T>, Status>;

#[tonic::async_trait]
impl catalog_server::Catalog for Api {
    async fn search_products(&self, request: Request<pb::SearchProductsRequest>) -> Answer<pb::SearchProductsResponse> {
        rpc::call(request, |_, request| self.search(request)).await
    }

    async fn suggest_products(&self, request: Request<pb::SuggestProductsRequest>) -> Answer<pb::SuggestProductsResponse> {
        rpc::call(request, |_, request| self.suggest(request)).await
    }

    async fn get_product(&self, request: Request<pb::GetProductRequest>) -> Answer<pb::Product> {
        rpc::call(request, |ctx, request| async move {
            let id = wire::product_id(&request.product)?;
            let found = self.store.load::<Product>(id.as_str()).await?.filter(|product| is_visible(&ctx, &product.state));
            match found {
                Some(product) => self.shown(&product).await,
                None => Err(Error::not_found("product", id.as_str())),
            }
        })
        .await
    }

    async fn list_products(&self, request: Request<pb::ListProductsRequest>) -> Answer<pb::ListProductsResponse> {
        rpc::call(request, |ctx, request| async move {
            let page = Page::of_request(request.page_size, &request.page_token).descending();
            let (key, value) = match &ctx.principal.seller_id {
                Some(seller) => (SELLER, seller.as_str()),
                None => (ALL, ""),
            };
            self.list(key, value, page, &Wanted::read(&request, ctx.principal.seller_id.as_deref())).await
        })
        .await
    }

    async fn create_product(&self, request: Request<pb::CreateProductRequest>) -> Answer<pb::Product> {
        rpc::call(request, |ctx, request| async move {
            let id: ProductId = self.entropy.id(ctx.now);
            let seller = seller_of(&ctx)?;
            let variants = wire::variants(&request.variants)?;
            let content = wire::content(&request);
            let new =
                NewProduct { id: id.clone(), seller: seller.clone(), handle: String::new(), content, variants: variants.clone() };
            let events = product::create(new, ctx.now)?;
            let created = id.clone();
            let work = move |tx: &mut Tx| {
                tx.record::<Product>(&created, events)?;
                reply(tx, &created)
            };
            let outcome = self.store.transact(&ctx, both(&id), work).await;
            self.name_taken_sku(outcome, &id, &seller, &variants).await
        })
        .await
    }

    async fn update_product(&self, request: Request<pb::UpdateProductRequest>) -> Answer<pb::Product> {
        rpc::call(request, |ctx, request| async move {
            let id = wire::product_id(&request.product)?;
            let seller = seller_of(&ctx)?;
            let change = wire::change(&request)?;
            let variants = change.variants.clone().unwrap_or_default();
            let decide = move |product: &Product, version: u64| {
                if !request.etag.is_empty() && request.etag != haat_kernel::etag(version) {
                    return Err(ProductError::EtagMismatch.into());
                }
                Ok(product.update(change)?)
            };
            let outcome = self.change(&ctx, &id, decide).await;
            self.name_taken_sku(outcome, &id, &seller, &variants).await
        })
        .await
    }

    async fn publish_product(&self, request: Request<pb::PublishProductRequest>) -> Answer<pb::Product> {
        rpc::call(request, |ctx, request| async move {
            let id = wire::product_id(&request.product)?;
            self.change(&ctx, &id, |product, _| Ok(product.publish())).await
        })
        .await
    }

    async fn archive_product(&self, request: Request<pb::ArchiveProductRequest>) -> Answer<pb::Product> {
        rpc::call(request, |ctx, request| async move {
            let id = wire::product_id(&request.product)?;
            self.change(&ctx, &id, |product, _| Ok(product.archive())).await
        })
        .await
    }

    async fn create_offer(&self, request: Request<pb::CreateOfferRequest>) -> Answer<pb::Product> {
        rpc::call(request, |ctx, request| async move {
            let id = wire::product_id(&request.product)?;
            let new = wire::new_offer(seller_of(&ctx)?, &request)?;
            let (caller, wanted) = (ctx.clone(), id.clone());
            let work = move |tx: &mut Tx| {
                let product = tx.get::<Product>(&wanted).filter(|product| is_visible(&caller, product));
                let product = product.ok_or_else(|| Error::not_found("product", wanted.as_str()))?;
                tx.record::<Product>(&wanted, product.add_offer(new)?)?;
                reply(tx, &wanted)
            };
            let outcome = self.store.transact(&ctx, both(&id), work).await;
            outcome.map_err(sku_taken)
        })
        .await
    }

    async fn import_products(&self, request: Request<Streaming<HttpBody>>) -> Answer<pb::ImportReport> {
        rpc::call(request, |ctx, mut body| async move {
            let seller = seller_of(&ctx)?;
            let mut import = Import::new(self.store.clone(), ctx, seller);
            while let Some(part) = body.message().await.map_err(|status| rpc::error(&status))? {
                import.push(&part.content_type, &part.data).await?;
            }
            import.finish().await.map(wire::report)
        })
        .await
    }

    async fn resolve_offers(&self, request: Request<pb::ResolveOffersRequest>) -> Answer<pb::ResolveOffersResponse> {
        rpc::call(request, |_, request| async move {
            for (field, count) in [("offerIds", request.offer_ids.len()), ("skus", request.skus.len())] {
                if count > RESOLVE_MAX {
                    return Err(Error::invalid(field, format!("are more than {RESOLVE_MAX}")));
                }
            }
            let mut offers = Vec::with_capacity(request.offer_ids.len() + request.skus.len());
            for id in &request.offer_ids {
                offers.extend(self.resolve_offer(id).await?);
            }
            for sku in &request.skus {
                offers.extend(self.resolve_sku(sku).await?);
            }
            Ok(pb::ResolveOffersResponse { offers })
        })
        .await
    }

    async fn load_demo(&self, request: Request<pb::LoadDemoRequest>) -> Answer<pb::LoadDemoResponse> {
        rpc::call(request, |ctx, request| async move {
            let count = u32::try_from(request.products).ok().filter(|count| *count <= DEMO_MAX);
            let count = count.ok_or_else(|| Error::invalid("products", format!("must be 0 to {DEMO_MAX}")))?;
            let sellers = request.seller_ids.iter().map(|id| SellerId::parse(id).map_err(|error| error.in_field("sellerIds")));
            let sellers = sellers.collect::<Result<Vec<_>>>()?;
            if sellers.is_empty() {
                return Err(Error::invalid("sellerIds", "must have at least one"));
            }
            self.load_demo_products(&ctx, request.seed, count, &sellers).await?;
            Ok(pb::LoadDemoResponse { products: i64::from(count) })
        })
        .await
    }
}

impl Api {
    async fn search(&self, request: pb::SearchProductsRequest) -> Result<pb::SearchProductsResponse> {
        let size = Page::of_request(request.page_size, "").size;
        let search =
            Search::read(&request.query, &request.filter, &request.facets, &request.order_by, size, &request.page_token)?;
        let found = self.index.search(&search)?;
        let mut products = Vec::with_capacity(found.products.len());
        for id in &found.products {
            // What was archived a moment ago is still in the index.
            let product = self.store.load::<Product>(id.as_str()).await?;
            if let Some(product) = product.filter(|product| product.state.state == State::Published) {
                products.push(self.shown(&product).await?);
            }
        }
        Ok(pb::SearchProductsResponse {
            products,
            facets: found.facets.into_iter().map(wire::facet).collect(),
            total_size: wire::count_of(found.total),
            next_page_token: found.next_token,
            corrected_query: found.corrected_query,
        })
    }

    async fn list(&self, key: &str, value: &str, mut page: Page, wanted: &Wanted) -> Result<pb::ListProductsResponse> {
        let size = page.size;
        let mut products = Vec::new();
        for _ in 0..READS_OF_A_LIST_MAX {
            let list = self.store.select(key, value, &page, |product: &Product| wanted.names(product)).await?;
            for product in &list.items {
                products.extend(Some(self.shown(product).await?).filter(|product| wanted.names_by_stock(product)));
            }
            page = Page { size: size - products.len(), token: list.next_token, ..page };
            if page.size == 0 || page.token.is_empty() {
                break;
            }
        }
        Ok(pb::ListProductsResponse { products, next_page_token: page.token })
    }

    async fn shown(&self, product: &Versioned<Product>) -> Result<pb::Product> {
        let shelf = self.store.load::<Shelf>(&product.id).await?;
        Ok(wire::product(&product.state, product.version, shelf.as_deref()))
    }

    /// Changes a product of the caller's, and answers with it.
    async fn change(
        &self,
        ctx: &Ctx,
        id: &ProductId,
        decide: impl FnOnce(&Product, u64) -> Result<Vec<ProductEvent>> + Send + 'static,
    ) -> Result<pb::Product> {
        let (caller, wanted) = (ctx.clone(), id.clone());
        let work = move |tx: &mut Tx| {
            let product = tx.get::<Product>(&wanted).filter(|product| is_visible(&caller, product));
            let product = product.ok_or_else(|| Error::not_found("product", wanted.as_str()))?;
            if !is_own(&caller, &product) {
                return Err(Error::permission_denied("This is another seller's product."));
            }
            let events = decide(&product, tx.version::<Product>(&wanted))?;
            tx.record::<Product>(&wanted, events)?;
            reply(tx, &wanted)
        };
        self.store.transact(ctx, both(id), work).await
    }

    /// Says in words of the contract which of `variants` has a SKU that another product of the seller has.
    async fn name_taken_sku<T>(
        &self,
        outcome: Result<T>,
        id: &ProductId,
        seller: &SellerId,
        variants: &[NewVariant],
    ) -> Result<T> {
        match outcome {
            Err(error) if error.code == haat_store::ALREADY_EXISTS => {}
            other => return other,
        }
        let mut error = sku_taken_error();
        for (index, variant) in variants.iter().enumerate() {
            let holder = self.store.find::<Product>(SELLER_SKU, &product::seller_sku(seller, &variant.sku)).await?;
            if holder.is_some_and(|holder| holder.state.id != *id) {
                error = error.with_violation(Violation::new(format!("variants[{index}].sku"), "is taken"));
            }
        }
        Err(error)
    }

    async fn resolve_offer(&self, id: &str) -> Result<Option<pb::ResolvedOffer>> {
        let Ok(id) = OfferId::parse(id) else { return Ok(None) };
        let Some(product) = self.offers.product_of(&id).await? else { return Ok(None) };
        let shelf = self.store.load::<Shelf>(&product.id).await?;
        Ok(product.offer(&id).map(|(variant, offer)| wire::resolved(&product.state, variant, offer, shelf.as_deref())))
    }

    /// The best offer: sellable before not, available before not, then the cheapest.
    async fn resolve_sku(&self, sku: &str) -> Result<Option<pb::ResolvedOffer>> {
        let page = Page::first(SELLERS_OF_SKU_MAX);
        let mut candidates = Vec::new();
        for product in self.store.list::<Product>(SKU, sku, &page).await?.items {
            let shelf = self.store.load::<Shelf>(&product.id).await?;
            let Some(variant) = product.variant(sku) else { continue };
            let resolve = |offer: &Offer| wire::resolved(&product.state, variant, offer, shelf.as_deref());
            candidates.extend(variant.offers.iter().map(resolve));
        }
        let price = |offer: &pb::ResolvedOffer| offer.price.as_ref().map(|price| price.amount);
        candidates.sort_by_key(|offer| (!offer.sellable, !offer.available, price(offer), offer.offer_id.clone()));
        Ok(candidates.into_iter().next())
    }

    async fn load_demo_products(&self, ctx: &Ctx, seed: u64, count: u32, sellers: &[SellerId]) -> Result<()> {
        let mut numbers = (0..count).peekable();
        while numbers.peek().is_some() {
            let (mut batch, mut further) = (Vec::new(), Vec::new());
            for number in numbers.by_ref().take(DEMO_BATCH) {
                let entry = demo::entry(seed, number, sellers, ctx.now);
                further.push((entry.id(), demo::further_offers(seed, number, &entry, sellers)));
                batch.push(entry);
            }
            for outcome in import::write(&self.store, ctx, batch).await? {
                if let import::Outcome::Refused(violations) = outcome {
                    return Err(Error::internal(format!("a demo product is refused: {violations:?}")));
                }
            }
            self.add_demo_offers(ctx, further).await?;
        }
        Ok(())
    }

    /// What other sellers ask for the same; a second time it is there already.
    async fn add_demo_offers(&self, ctx: &Ctx, entries: Vec<(ProductId, Vec<NewOffer>)>) -> Result<()> {
        let load = Load::new().all::<Product>(entries.iter().map(|(id, _)| id.clone()));
        let work = move |tx: &mut Tx| {
            for (id, offer) in entries.iter().flat_map(|(id, offers)| offers.iter().map(move |offer| (id, offer))) {
                let Some(product) = tx.get::<Product>(id) else { continue };
                match product.add_offer(offer.clone()) {
                    Err(ProductError::OfferExists) => {}
                    events => tx.record::<Product>(id, events?)?,
                }
            }
            Ok::<_, Error>(())
        };
        self.store.transact(&ctx.aside(), load, work).await
    }
}

fn sku_taken_error() -> Error {
    Error::new(Kind::AlreadyExists, "sku_taken", "Another of your products has this SKU.")
}

/// The store's own word for it says nothing to a seller.
fn sku_taken(error: Error) -> Error {
    if error.code == haat_store::ALREADY_EXISTS { sku_taken_error() } else { error }
}

/// A product with its shelf, for a transaction.
fn both(id: &ProductId) -> Load {
    Load::new().one::<Product>(id).one::<Shelf>(id)
}

/// The product as this transaction leaves it, remembered as the call's reply.
fn reply(tx: &mut Tx, id: &ProductId) -> Result<pb::Product> {
    let product = tx.versioned::<Product>(id).ok_or_else(|| Error::not_found("product", id.as_str()))?;
    let shelf = tx.get::<Shelf>(id);
    let reply = wire::product(&product.state, product.version, shelf.as_deref());
    tx.reply(&reply);
    Ok(reply)
}

fn seller_of(ctx: &Ctx) -> Result<SellerId> {
    let id = ctx.principal.seller_id.as_deref().and_then(|id| SellerId::parse(id).ok());
    id.ok_or_else(|| Error::permission_denied("This is for sellers, and you act for none."))
}

fn is_own(ctx: &Ctx, product: &Product) -> bool {
    ctx.principal.is_operator() || ctx.principal.seller_id.as_deref() == Some(product.seller.as_str())
}

fn is_visible(ctx: &Ctx, product: &Product) -> bool {
    product.state == State::Published || is_own(ctx, product)
}

#[cfg(test)]
mod tests;
