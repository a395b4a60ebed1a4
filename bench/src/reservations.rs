//! What one offer can bear: `inventory` is asked directly, as its caller `checkout` does, for one piece after another until
//! there are none left, and beyond.

use std::cell::Cell;
use std::process::Command;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use haat_contracts::inventory::ReserveRequest;
use haat_contracts::inventory::inventory_client::InventoryClient;
use haat_contracts::inventory::reserve_request::Line;
use haat_identity::{Chain, Identity, KeyPair, LiveIdentity, SpiffeId, TrustBundle};
use haat_kernel::{Clock, Ctx};
use haat_transport::{Connector, Tcp};

use crate::Result;
use crate::load::Worker;
use crate::market::{OnSale, sell};
use crate::measure::{Load, Measured, measure_cold};
use crate::platform::Platform;
use crate::tally::Calls;
use crate::workers::Turns;

const CALLER: &str = "checkout";
const AT_ONCE: usize = 32;
const TRIES_PER_PIECE: usize = 2;
const TIME_MAX: Duration = Duration::from_secs(60);

type Inventory = InventoryClient<tonic::transport::Channel>;

pub struct Reservations {
    pub pieces: u64,
    pub held: u64,
    pub refused: u64,
    pub measured: Measured,
}

pub async fn run(platform: &Platform, pieces: u64) -> Result<Reservations> {
    let offer = Rc::new(sell(platform, pieces).await?);
    let inventory = connect(platform)?;
    let tries = usize::try_from(pieces)? * TRIES_PER_PIECE;
    let (turns, held, refused) = (Turns::default(), Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let holder = |_| Holder {
        inventory: inventory.clone(),
        offer: offer.clone(),
        tries,
        turns: turns.clone(),
        held: held.clone(),
        refused: refused.clone(),
    };
    let mut holders: Vec<Holder> = (0..AT_ONCE).map(holder).collect();
    let measured = measure_cold(platform, &mut holders, Load::Closed, TIME_MAX).await?;
    Ok(Reservations { pieces, held: held.get(), refused: refused.get(), measured })
}

/// With a certificate of the platform's own CA: nobody else gets in.
fn connect(platform: &Platform) -> Result<Inventory> {
    let folder = tempfile::tempdir()?;
    let mut issue = Command::new(std::env::current_exe()?.with_file_name("haat"));
    issue.args(["certs", "issue", "--identity", &format!("spiffe://haat/{CALLER}"), "--data"]).arg(platform.data());
    if !issue.arg("--out").arg(folder.path()).output()?.status.success() {
        return Err("the certificate for inventory was not issued".into());
    }
    let read = |file: &str| std::fs::read_to_string(folder.path().join(file));
    let identity = Identity::new(Chain::from_pem(&read("cert.pem")?)?, KeyPair::from_pem(&read("key.pem")?)?)?;
    let live = LiveIdentity::new(identity, TrustBundle::from_pem(&read("ca.pem")?)?, Clock::System)?;
    let connector = Connector::mutual(Arc::new(Tcp), live, &SpiffeId::of("inventory")?)?;
    let address = format!("127.0.0.1:{}", platform.port("inventory")?);
    Ok(InventoryClient::new(haat_transport::channel(connector, &address)?))
}

/// Tries to hold a piece, over and over.
struct Holder {
    inventory: Inventory,
    offer: Rc<OnSale>,
    tries: usize,
    turns: Turns,
    held: Rc<Cell<u64>>,
    refused: Rc<Cell<u64>>,
}

impl Worker for Holder {
    async fn turn(&mut self, _: &mut Calls) -> Result<()> {
        let id = format!("bench_{}", self.turns.next());
        let OnSale { offer, seller } = &*self.offer;
        let line = Line { offer_id: offer.clone(), quantity: 1, seller_id: seller.clone() };
        let request = ReserveRequest { reservation_id: id.clone(), lines: vec![line], expires_in_seconds: 0 };
        let ctx = Ctx::internal(CALLER, &id, Clock::System.now());
        let outcome = haat_rpc::send(&ctx, request, |request| self.inventory.reserve(request)).await;
        let count = match outcome {
            Ok(_) => &self.held,
            Err(error) if error.code == "out_of_stock" => &self.refused,
            Err(error) => return Err(error.to_string().into()),
        };
        count.set(count.get() + 1);
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.turns.count() >= self.tries
    }
}
