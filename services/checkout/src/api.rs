//! The calls of the contract: read the request, ask the cart or the checkout, answer.

use std::sync::Arc;

use haat_contracts::checkout as pb;
use haat_contracts::checkout::{carts_server, checkouts_server};
use haat_kernel::{Ctx, Entropy, Error, Result};
use haat_rpc as rpc;
use haat_saga::Runner;
use haat_store::{Page, Store, Versioned};
use tonic::{Request, Response, Status};

use crate::cart::{Cart, CartError, CartEvent};
use crate::checkout::Checkout;
use crate::ids::CartId;
use crate::market::{Delivery, Market, Offer};
use crate::neighbours::Neighbours;
use crate::wire::{self, Wanted};

type Reply<T> = Result<Response<T>, Status>;

/// Cheap to clone.
#[derive(Clone)]
pub struct Api {
    pub store: Store,
    pub entropy: Entropy,
    pub neighbours: Arc<dyn Neighbours>,
    pub runner: Runner<Checkout>,
    pub delivery: Delivery,
}

#[tonic::async_trait]
impl carts_server::Carts for Api {
    async fn create_cart(&self, request: Request<pb::CreateCartRequest>) -> Reply<pb::Cart> {
        rpc::call(request, |ctx, _| async move {
            let id: CartId = self.entropy.id(ctx.now);
            let created = CartEvent::Created { owner: wire::user(&ctx)?, at: ctx.now };
            let (api, name) = (self.clone(), id.clone());
            let reply = move |cart: &Cart| api.view(name.as_str(), 1, cart, &Market::empty());
            self.store.answer(&ctx, id.as_str(), |_: Option<&Cart>| Ok::<_, Error>(vec![created]), reply).await
        })
        .await
    }

    async fn get_cart(&self, request: Request<pb::GetCartRequest>) -> Reply<pb::Cart> {
        rpc::call(request, |ctx, request| async move {
            let cart = self.claimed(&ctx, self.admitted(&ctx, &request.cart).await?).await?;
            let Some(checkout) = cart.checkout() else {
                let market = self.market(&ctx, &cart).await?;
                return Ok(self.view(&cart.id, cart.version, &cart, &market));
            };
            // What is being or was bought costs what the checkout charges.
            let checkout = self.store.load::<Checkout>(checkout.as_str()).await?;
            let quote = checkout.map(|checkout| checkout.terms.quote());
            let market = Market { quote: quote.ok_or_else(|| Error::internal("a cart's checkout is gone"))?, ..Market::empty() };
            let (id, version) = (cart.id.as_str(), cart.version);
            Ok(wire::cart::cart(wire::cart::View { id, version, cart: &cart, market: &market, problems: Vec::new() }))
        })
        .await
    }

    async fn add_item(&self, request: Request<pb::AddItemRequest>) -> Reply<pb::Cart> {
        rpc::call(request, |ctx, request| async move {
            let wanted = Wanted::read(&request)?;
            self.admitted(&ctx, &request.cart).await?;
            let offer = self.resolve(&ctx, &wanted).await?;
            let (quantity, now) = (wire::quantity(request.quantity), ctx.now);
            let decide = |cart: &Versioned<Cart>| cart.add(&offer, quantity, now);
            self.edit(&ctx, &request.cart, decide, |cart, market| Ok(cart.see_price(&offer.id, market))).await
        })
        .await
    }

    async fn update_item(&self, request: Request<pb::UpdateItemRequest>) -> Reply<pb::Cart> {
        rpc::call(request, |ctx, request| async move {
            let offer = wire::line_offer(&request.offer)?;
            let quantity = request.quantity.ok_or_else(|| Error::invalid("quantity", "is required"))?;
            let (quantity, now) = (wire::quantity(quantity), ctx.now);
            let decide = |cart: &Versioned<Cart>| cart.set_quantity(&offer, quantity, now);
            self.edit(&ctx, &request.cart, decide, |cart, market| Ok(cart.see_price(&offer, market))).await
        })
        .await
    }

    async fn update_cart(&self, request: Request<pb::UpdateCartRequest>) -> Reply<pb::Cart> {
        rpc::call(request, |ctx, request| async move {
            let email = wire::email(request.email.as_deref())?;
            let address = wire::address(request.shipping_address)?;
            let etag = request.etag;
            let decide = |cart: &Versioned<Cart>| {
                if !etag.is_empty() && etag != haat_kernel::etag(cart.version) {
                    return Err(CartError::EtagMismatch);
                }
                cart.set_contact(email.clone(), address.clone())
            };
            self.edit(&ctx, &request.cart, decide, |_, _| Ok(vec![])).await
        })
        .await
    }

    async fn apply_coupon(&self, request: Request<pb::ApplyCouponRequest>) -> Reply<pb::Cart> {
        rpc::call(request, |ctx, request| async move {
            let decide = |cart: &Versioned<Cart>| cart.apply_coupon(&request.code);
            self.edit(&ctx, &request.cart, decide, |_, market| Cart::check_coupon(market).map(|()| vec![])).await
        })
        .await
    }

    async fn remove_coupon(&self, request: Request<pb::RemoveCouponRequest>) -> Reply<pb::Cart> {
        rpc::call(request, |ctx, request| async move {
            self.edit(&ctx, &request.cart, |cart| cart.remove_coupon(), |_, _| Ok(vec![])).await
        })
        .await
    }

    async fn start_checkout(&self, request: Request<pb::StartCheckoutRequest>) -> Reply<pb::Checkout> {
        rpc::call(request, |ctx, request| async move { self.start(&ctx, request).await }).await
    }
}

#[tonic::async_trait]
impl checkouts_server::Checkouts for Api {
    async fn get_checkout(&self, request: Request<pb::GetCheckoutRequest>) -> Reply<pb::Checkout> {
        rpc::call(request, |ctx, request| async move {
            let id = wire::checkout_id(&request.checkout)?;
            let checkout = self.store.load::<Checkout>(id.as_str()).await?;
            let is_theirs = |checkout: &Checkout| {
                let buyer = checkout.terms.buyer.as_ref();
                buyer.is_none_or(|buyer| ctx.principal.user_id() == Some(buyer.as_str())) || ctx.principal.is_operator()
            };
            let checkout = checkout.filter(|checkout| is_theirs(checkout));
            Ok(wire::checkout::checkout(&*checkout.ok_or_else(|| Error::not_found("checkout", id.as_str()))?))
        })
        .await
    }

    async fn list_parked_checkouts(
        &self,
        request: Request<pb::ListParkedCheckoutsRequest>,
    ) -> Reply<pb::ListParkedCheckoutsResponse> {
        rpc::call(request, |_, request| async move {
            let page = Page::of_request(request.page_size, &request.page_token);
            let parked = self.store.list::<Checkout>("parked", "all", &page).await?;
            let checkouts = parked.items.iter().map(|checkout| wire::checkout::parked(checkout)).collect();
            Ok(pb::ListParkedCheckoutsResponse { checkouts, next_page_token: parked.next_token })
        })
        .await
    }

    async fn retry_checkout(&self, request: Request<pb::RetryCheckoutRequest>) -> Reply<pb::ParkedCheckout> {
        rpc::call(request, |ctx, request| async move {
            let id = wire::checkout_id(&request.checkout)?;
            Ok(wire::checkout::parked(&*self.runner.resume(&ctx, id.as_str()).await?))
        })
        .await
    }
}

impl Api {
    /// A signed-in caller owns the cart from now on, if nobody did.
    async fn claimed(&self, ctx: &Ctx, cart: Versioned<Cart>) -> Result<Versioned<Cart>> {
        let user = wire::user(ctx)?;
        if cart.claim(user.as_ref()).is_empty() {
            return Ok(cart);
        }
        let (id, claimant) = (cart.id.clone(), user.clone());
        let decide = move |cart: Option<&Cart>| {
            let cart = cart.filter(|cart| cart.admits(claimant.as_ref())).ok_or(CartError::NotFound(id))?;
            Ok::<_, CartError>(cart.claim(claimant.as_ref()))
        };
        self.store.update(&ctx.aside(), &cart.id, decide).await
    }

    async fn resolve(&self, ctx: &Ctx, wanted: &Wanted) -> Result<Offer> {
        let (offers, skus) = match wanted {
            Wanted::Offer(offer) => (vec![offer.clone()], vec![]),
            Wanted::Sku(sku) => (vec![], vec![sku.clone()]),
        };
        let found = self.neighbours.resolve(ctx, &offers, &skus).await?;
        found.into_iter().next().ok_or_else(|| wanted.not_found().into())
    }
}

#[cfg(test)]
mod tests;
