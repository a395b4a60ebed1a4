//! The calls about a person's address book: it is always the caller's own.

use haat_contracts::users as pb;
use haat_contracts::users::addresses_server;
use haat_kernel::{Ctx, Entropy, Error, Result};
use haat_rpc as rpc;
use haat_store::Store;
use tonic::{Request, Response, Status};

use crate::address_book::{AddressBook, AddressBookError, AddressBookEvent, address_id};
use crate::wire;

pub struct AddressesApi {
    pub store: Store,
    pub entropy: Entropy,
}

type Answer = Result<Response<pb::AddressBook>, Status>;

#[tonic::async_trait]
impl addresses_server::Addresses for AddressesApi {
    async fn get_address_book(&self, request: Request<pb::GetAddressBookRequest>) -> Answer {
        rpc::call(request, |ctx, _| async move {
            let book = self.store.load::<AddressBook>(owner(&ctx)?).await?;
            Ok(book.map(|book| wire::address_book(&book)).unwrap_or_default())
        })
        .await
    }

    async fn add_address(&self, request: Request<pb::AddAddressRequest>) -> Answer {
        rpc::call(request, |ctx, request| async move {
            let missing = || Error::invalid("postalAddress", "is required");
            let postal = wire::postal_address(request.postal_address)?.ok_or_else(missing)?;
            let id = self.entropy.id(ctx.now);
            self.change(&ctx, move |book| book.add(id, postal, request.is_default)).await
        })
        .await
    }

    async fn update_address(&self, request: Request<pb::UpdateAddressRequest>) -> Answer {
        rpc::call(request, |ctx, request| async move {
            let (id, postal) = (address_id(&request.address)?, wire::postal_address(request.postal_address)?);
            self.change(&ctx, move |book| book.update(&id, postal, request.is_default)).await
        })
        .await
    }

    async fn remove_address(&self, request: Request<pb::RemoveAddressRequest>) -> Answer {
        rpc::call(request, |ctx, request| async move {
            let id = address_id(&request.address)?;
            self.change(&ctx, move |book| book.remove(&id)).await
        })
        .await
    }
}

impl AddressesApi {
    async fn change(
        &self,
        ctx: &Ctx,
        decide: impl FnOnce(&AddressBook) -> Result<Vec<AddressBookEvent>, AddressBookError> + Send + 'static,
    ) -> Result<pb::AddressBook> {
        let decide = move |book: Option<&AddressBook>| match book {
            Some(book) => decide(book),
            None => decide(&AddressBook::default()),
        };
        self.store.answer(ctx, owner(ctx)?, decide, wire::address_book).await
    }
}

fn owner(ctx: &Ctx) -> Result<&str> {
    ctx.principal.user_id().ok_or_else(wire::unauthenticated)
}
