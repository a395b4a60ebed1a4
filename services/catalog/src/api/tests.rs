//! The service through its calls and its reactions, on a store and an index in memory, with time that only moves when all wait.

use std::time::Duration;

use catalog_server::Catalog;
use haat_contracts::{common, inventory, pricing};
use haat_kernel::id::derived;
use haat_kernel::{Clock, CorrelationId, Cursor, Principal, Timestamp};
use haat_service::{FeedEvent, PublicEvent, Publisher, Reaction};
use haat_store::{MemoryBackend, Positions};
use tokio::time::sleep;

use super::*;
use crate::indexer::Indexer;
use crate::reactions::{Prices, Stocks};
use crate::wire::CatalogPublisher;

struct Catalogue {
    api: Api,
    prices: Prices,
    stocks: Stocks,
}

fn catalogue() -> Catalogue {
    let epoch: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
    let store = Store::memory(Clock::simulated(epoch, 0), MemoryBackend::default());
    let offers = Offers::new(store.clone());
    let index = Index::in_memory().unwrap();
    let indexer = Indexer { store: store.clone(), index: index.clone() };
    haat_kernel::spawn("search-index", indexer.run());
    Catalogue {
        api: Api { store: store.clone(), entropy: Entropy::seeded(1), index, offers: offers.clone() },
        prices: Prices { store: store.clone(), offers: offers.clone() },
        stocks: Stocks { store, offers },
    }
}

fn seller(name: &str) -> Principal {
    Principal { seller_id: Some(derived::<SellerId>(&[name]).to_string()), ..Principal::user("user_1", &["buyer", "seller"]) }
}

fn ctx(principal: Principal) -> Ctx {
    Ctx::new(principal, CorrelationId::parse("a-test-call").unwrap(), "2026-01-02T03:04:05Z".parse().unwrap())
}

fn request<M>(principal: Principal, message: M) -> Request<M> {
    let mut request = Request::new(message);
    request.extensions_mut().insert(ctx(principal));
    request
}

fn done<T>(answer: Answer<T>) -> T {
    answer.unwrap().into_inner()
}

fn code<T: std::fmt::Debug>(answer: Answer<T>) -> String {
    rpc::error(&answer.unwrap_err()).code
}

fn kurta(sku: &str) -> pb::CreateProductRequest {
    let variant = |sku: &str, size: &str, amount| pb::NewVariant {
        sku: sku.to_owned(),
        options: [("size".to_owned(), size.to_owned())].into(),
        price: Some(common::Money { currency_code: "INR".into(), amount }),
        ..pb::NewVariant::default()
    };
    pb::CreateProductRequest {
        title: " Blue kurta ".into(),
        description: "<p>Soft</p><script>alert(1)</script>".into(),
        brand: "Jaipur Loom".into(),
        category: "Kurtas".into(),
        variants: vec![variant(sku, "M", 129_900), variant("", "L", 139_900)],
        ..pb::CreateProductRequest::default()
    }
}

impl Catalogue {
    async fn create(&self, principal: Principal, sku: &str) -> pb::Product {
        done(self.api.create_product(request(principal, kurta(sku))).await)
    }

    async fn publish(&self, principal: Principal, product: &str) -> pb::Product {
        done(self.api.publish_product(request(principal, pb::PublishProductRequest { product: product.into() })).await)
    }

    async fn get(&self, principal: Principal, product: &str) -> Answer<pb::Product> {
        self.api.get_product(request(principal, pb::GetProductRequest { product: product.into() })).await
    }

    /// What a buyer finds two seconds later.
    async fn find(&self, query: &str, filter: &str) -> pb::SearchProductsResponse {
        sleep(Duration::from_secs(2)).await;
        let search = pb::SearchProductsRequest {
            query: query.into(),
            filter: filter.into(),
            facets: "brand".into(),
            ..Default::default()
        };
        done(self.api.search_products(request(Principal::anonymous(), search)).await)
    }

    async fn stock(&self, offer: &str, available: i64, position: u64) {
        let news = inventory::StockChanged { offer_id: offer.into(), available };
        self.stocks.react(reaction("inventory", position), event("inventory", &news, position)).await.unwrap();
    }

    async fn price(&self, offer: &str, amount: i64, position: u64) {
        let price = Some(common::Money { currency_code: "INR".into(), amount });
        let news = pricing::OfferRepriced { offer_id: offer.into(), price };
        self.prices.react(reaction("pricing", position), event("pricing", &news, position)).await.unwrap();
    }

    async fn events(&self) -> usize {
        self.api.store.read_feed(&Positions::default(), 100_000).await.unwrap().len()
    }
}

fn reaction(source: &str, position: u64) -> Ctx {
    let mut ctx = ctx(Principal::service("catalog"));
    ctx.cursor = Some(Cursor { source: source.into(), partition: 0, position });
    ctx
}

fn event<M: prost::Message + prost::Name>(source: &str, news: &M, position: u64) -> FeedEvent {
    FeedEvent {
        source: source.into(),
        partition: 0,
        position,
        kind: "offer".into(),
        id: "x".into(),
        time: Timestamp::UNIX_EPOCH,
        correlation_id: String::new(),
        event_type: M::full_name(),
        body: news.encode_to_vec(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_product_is_seen_from_publishing_to_archiving() {
    let shop = catalogue();
    let made = shop.create(seller("one"), "K-M").await;
    assert_eq!((made.title.as_str(), made.description.as_str(), made.state), ("Blue kurta", "<p>Soft</p>", 1));
    assert!(made.variants[1].sku.ends_with("-L") && made.variants[0].offers[0].price.as_ref().unwrap().amount == 129_900);
    assert_eq!(code(shop.get(Principal::anonymous(), &made.id).await), "product_not_found");
    assert_eq!(code(shop.get(seller("two"), &made.id).await), "product_not_found");
    assert_eq!(done(shop.get(seller("one"), &made.id).await), made);
    assert_eq!(shop.find("blue kurta", "").await.total_size, 0);

    let archive =
        |principal| shop.api.archive_product(request(principal, pb::ArchiveProductRequest { product: made.id.clone() }));
    assert_eq!(code(archive(seller("two")).await), "product_not_found");
    shop.publish(seller("one"), &made.id).await;
    assert_eq!(code(archive(seller("two")).await), "permission_denied");
    let found = shop.find("blue kurta", "").await;
    assert_eq!(
        (found.total_size, found.products[0].id.as_str(), found.facets[0].buckets[0].value.as_str()),
        (1, made.id.as_str(), "Jaipur Loom")
    );
    done(shop.get(Principal::anonymous(), &made.id).await);

    done(archive(Principal::user("user_2", &["operator"])).await);
    assert_eq!(code(shop.get(Principal::anonymous(), &made.id).await), "product_not_found");
    assert_eq!(shop.find("blue kurta", "").await.total_size, 0);
}

#[tokio::test(start_paused = true)]
async fn prices_and_stock_follow_their_owners() {
    let shop = catalogue();
    let made = shop.create(seller("one"), "K-M").await;
    shop.publish(seller("one"), &made.id).await;
    let offer = made.variants[0].offers[0].id.as_str();
    let shown = || async { done(shop.get(Principal::anonymous(), &made.id).await).variants[0].offers[0].clone() };
    assert!(!shown().await.available);

    let before = shop.events().await;
    for (position, available) in (1..).zip([1_000, 999, 500, 6]) {
        shop.stock(offer, available, position).await;
    }
    assert_eq!(shop.events().await, before + 1, "sales out of a full stock are nobody's news");
    assert_eq!((shown().await.available, shown().await.quantity_left), (true, None));
    assert_eq!(shop.find("", "available = true").await.total_size, 1);
    shop.stock(offer, 2, 5).await;
    assert_eq!(shown().await.quantity_left, Some(2));
    shop.stock(offer, 0, 6).await;
    assert_eq!((shown().await.available, shown().await.quantity_left), (false, None));
    assert_eq!(shop.find("", "available = true").await.total_size, 0);

    shop.price(offer, 99_900, 1).await;
    shop.price(offer, 99_900, 2).await;
    assert_eq!(shown().await.price.unwrap().amount, 99_900);
    assert_eq!(shop.find("kurta", "price = 99900").await.total_size, 1);
    shop.stock(derived::<OfferId>(&["unknown"]).as_str(), 5, 7).await;
    shop.price("nonsense", 5, 8).await;
}

#[tokio::test(start_paused = true)]
async fn an_update_needs_the_right_etag_and_a_free_sku() {
    let shop = catalogue();
    let (first, second) = (shop.create(seller("one"), "K-1").await, shop.create(seller("one"), "K-2").await);
    shop.create(seller("two"), "K-1").await;
    let taken = rpc::error(&shop.api.create_product(request(seller("one"), kurta("K-2"))).await.unwrap_err());
    assert_eq!((taken.code.as_str(), taken.violations[0].field.as_str()), ("sku_taken", "variants[0].sku"));

    let update = |etag: &str, change: pb::UpdateProductRequest| {
        let message = pb::UpdateProductRequest { product: first.id.clone(), etag: etag.into(), ..change };
        shop.api.update_product(request(seller("one"), message))
    };
    let title = |title: &str| pb::UpdateProductRequest { title: Some(title.into()), ..Default::default() };
    let changed = done(update(&first.etag, title("Indigo kurta")).await);
    assert_eq!((changed.title.as_str(), changed.brand.as_str(), changed.variants.len()), ("Indigo kurta", "Jaipur Loom", 2));
    assert_eq!(code(update(&first.etag, title("Red kurta")).await), "etag_mismatch");
    assert_eq!(code(update("", title("")).await), "invalid_argument");
    let masked = |paths: &[&str]| pb::UpdateProductRequest {
        title: Some("Not this".into()),
        update_mask: Some(prost_types::FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() }),
        ..Default::default()
    };
    let cleared = done(update(&changed.etag, masked(&["brand"])).await);
    assert_eq!((cleared.title.as_str(), cleared.brand.as_str()), ("Indigo kurta", ""));
    assert_eq!(code(update("", masked(&["rating"])).await), "invalid_argument");
    let more = pb::UpdateProductRequest { variants: vec![kurta("K-2").variants[0].clone()], ..Default::default() };
    assert_eq!(code(update("", more).await), "sku_taken");
    assert_eq!(second.etag, "1");
}

#[tokio::test(start_paused = true)]
async fn offers_resolve_by_id_and_by_the_best_of_a_sku() {
    let shop = catalogue();
    let (one, two) = (shop.create(seller("one"), "K").await, shop.create(seller("two"), "K").await);
    let offer = |product: &pb::Product| product.variants[0].offers[0].id.clone();
    let resolve = |offer_ids: Vec<String>, skus: &[&str]| {
        let skus = skus.iter().map(|sku| (*sku).to_owned()).collect();
        let call = shop.api.resolve_offers(request(Principal::service("checkout"), pb::ResolveOffersRequest { offer_ids, skus }));
        async { done(call.await).offers }
    };
    let both = resolve(vec![offer(&two), "offer_x".into(), offer(&one)], &[]).await;
    assert_eq!(
        both.iter().map(|found| (found.offer_id.clone(), found.sellable)).collect::<Vec<_>>(),
        [(offer(&two), false), (offer(&one), false)]
    );
    assert_eq!((both[0].sku.as_str(), both[0].title.as_str()), ("K", "Blue kurta (M)"));

    shop.publish(seller("one"), &one.id).await;
    assert_eq!(resolve(vec![], &["K"]).await[0].offer_id, offer(&one), "what can be sold comes first");
    shop.publish(seller("two"), &two.id).await;
    shop.price(&offer(&two), 500_000, 1).await;
    shop.stock(&offer(&two), 10, 1).await;
    assert_eq!(resolve(vec![], &["K"]).await[0].offer_id, offer(&two), "then what is there, whatever it costs");
    shop.stock(&offer(&one), 10, 2).await;
    assert_eq!(
        resolve(vec![], &["K", "unknown"]).await.iter().map(|found| found.offer_id.clone()).collect::<Vec<_>>(),
        [offer(&one)]
    );
}

#[tokio::test(start_paused = true)]
async fn another_seller_sells_the_same_at_another_price() {
    let shop = catalogue();
    let own = shop.create(seller("one"), "K-1").await;
    let offer = |product: &str, sku: &str| pb::CreateOfferRequest {
        product: product.into(),
        sku: sku.into(),
        price: Some(common::Money { currency_code: "INR".into(), amount: 119_900 }),
        initial_stock: 4,
    };
    let add = async |who: &str, sku: &str| shop.api.create_offer(request(seller(who), offer(&own.id, sku))).await;
    assert_eq!(code(add("two", "K-1").await), "product_not_found", "a draft is its seller's alone");
    shop.publish(seller("one"), &own.id).await;
    assert_eq!(code(add("two", "K-2").await), "variant_not_found");
    assert_eq!(code(add("one", "K-1").await), "offer_exists");
    let shown = done(add("two", "K-1").await);
    let offers = &shown.variants[0].offers;
    assert_eq!(offers.iter().map(|offer| offer.price.as_ref().unwrap().amount).collect::<Vec<_>>(), [129_900, 119_900]);

    shop.stock(&offers[0].id, 5, 1).await;
    shop.stock(&offers[1].id, 4, 2).await;
    let resolve = pb::ResolveOffersRequest { skus: vec!["K-1".into()], ..Default::default() };
    let best = done(shop.api.resolve_offers(request(Principal::service("checkout"), resolve)).await).offers.remove(0);
    assert_eq!(best.offer_id, offers[1].id, "the cheaper of two that can be had");

    // Who has the SKU on a product of their own cannot sell it twice.
    shop.create(seller("three"), "K-1").await;
    assert_eq!(code(add("three", "K-1").await), "sku_taken");
}

#[tokio::test(start_paused = true)]
async fn the_demo_is_searchable_and_may_be_loaded_twice() {
    let shop = catalogue();
    let sellers: Vec<String> = ["one", "two"].iter().map(|name| derived::<SellerId>(&[name]).to_string()).collect();
    let load = |products| {
        let message = pb::LoadDemoRequest { products, seed: 7, seller_ids: sellers.clone() };
        shop.api.load_demo(request(Principal::service("supervisor"), message))
    };
    assert_eq!(done(load(150).await).products, 150);
    let events = shop.events().await;
    done(load(150).await);
    assert_eq!(shop.events().await, events);
    assert_eq!(code(load(-1).await), "invalid_argument");

    let found = shop.find("", "").await;
    assert_eq!((found.total_size, found.products.len()), (150, 20));
    let mut first: Vec<&str> = found.products.iter().map(|product| product.seller_id.as_str()).collect();
    first.sort_unstable();
    first.dedup();
    assert_eq!(first.len(), 2);
    let list = pb::ListProductsRequest { page_size: 100, ..Default::default() };
    let sold = done(shop.api.list_products(request(seller("one"), list.clone())).await);
    let made = sold.products.iter().filter(|product| product.seller_id == sellers[0]).count();
    assert_eq!((made, sold.next_page_token.as_str()), (75, ""));
    let has_own = |product: &pb::Product| {
        product.variants.iter().flat_map(|variant| &variant.offers).any(|offer| offer.seller_id == sellers[0])
    };
    assert!(sold.products.len() > made && sold.products.iter().all(has_own), "and what they sell beside others");
    let all = done(shop.api.list_products(request(Principal::user("user_1", &["operator"]), list)).await);
    assert_eq!((all.products.len(), all.next_page_token.is_empty()), (100, false));
}

#[tokio::test(start_paused = true)]
async fn pricing_and_inventory_learn_of_new_offers_only() {
    let shop = catalogue();
    let made = shop.create(seller("one"), "K-M").await;
    shop.publish(seller("one"), &made.id).await;
    let mut told = Vec::new();
    for event in shop.api.store.read_feed(&Positions::default(), 100).await.unwrap() {
        told.extend(CatalogPublisher.publish(&event).await.unwrap());
    }
    let offer = |variant: &pb::Variant, title: &str| pb::offers_created::NewOffer {
        offer_id: variant.offers[0].id.clone(),
        sku: variant.sku.clone(),
        title: title.into(),
        price: variant.offers[0].price.clone(),
        initial_stock: 0,
    };
    let offers = vec![offer(&made.variants[0], "Blue kurta (M)"), offer(&made.variants[1], "Blue kurta (L)")];
    assert_eq!(told, [PublicEvent::of(&pb::OffersCreated { product_id: made.id, seller_id: made.seller_id, offers })]);
}

#[tokio::test(start_paused = true)]
async fn who_types_is_offered_words_places_and_products() {
    let catalogue = catalogue();
    let api = &catalogue.api;
    let product = done(api.create_product(request(seller("one"), kurta("K-1"))).await);
    done(api.publish_product(request(seller("one"), pb::PublishProductRequest { product: product.id.clone() })).await);
    sleep(Duration::from_secs(2)).await;
    let suggest = async |query: &str| {
        let message = pb::SuggestProductsRequest { query: query.into(), page_size: 0 };
        let answer = done(api.suggest_products(request(Principal::anonymous(), message)).await);
        answer.suggestions.into_iter().map(|suggestion| (suggestion.kind(), suggestion.product)).collect::<Vec<_>>()
    };
    use pb::suggestion::Kind;
    let found = suggest("kur").await;
    assert!(found.iter().any(|(kind, _)| *kind == Kind::Query), "{found:?}");
    assert!(found.contains(&(Kind::Product, product.id.clone())), "{found:?}");
    assert_eq!(suggest("zzzz").await, []);
    assert_eq!(suggest("  ").await, []);
}

#[tokio::test(start_paused = true)]
async fn a_seller_lists_their_own_by_state_words_and_stock() {
    let shop = catalogue();
    let (asha, other) = (seller("asha"), seller("other"));
    let draft = shop.create(asha.clone(), "KURTA-A").await;
    let sold = shop.create(asha.clone(), "KURTA-B").await;
    shop.publish(asha.clone(), &sold.id).await;
    shop.create(other, "KURTA-C").await;
    for (position, variant) in sold.variants.iter().enumerate() {
        shop.stock(&variant.offers[0].id, 100, position as u64 + 1).await;
    }
    let list = async |wanted: pb::ListProductsRequest| {
        let found = done(shop.api.list_products(request(asha.clone(), wanted)).await);
        found.products.into_iter().map(|product| product.id).collect::<Vec<_>>()
    };
    let all = pb::ListProductsRequest::default();
    let state = |state: pb::product::State| pb::ListProductsRequest { state: state.into(), ..all.clone() };
    let query = |query: &str| pb::ListProductsRequest { query: query.to_owned(), ..all.clone() };
    assert_eq!(list(all.clone()).await, [sold.id.clone(), draft.id.clone()]);
    assert_eq!(list(state(pb::product::State::Draft)).await, std::slice::from_ref(&draft.id));
    assert_eq!(list(state(pb::product::State::Published)).await, std::slice::from_ref(&sold.id));
    assert!(list(state(pb::product::State::Archived)).await.is_empty());
    assert_eq!(list(query("KURTA-b jaipur")).await, std::slice::from_ref(&sold.id));
    assert!(list(query("kurta trousers")).await.is_empty());
    assert_eq!(list(pb::ListProductsRequest { low_stock: true, ..all.clone() }).await, std::slice::from_ref(&draft.id));
}
