//! What `--demo` creates: an operator, a seller, a buyer, a second seller, coupons that buyers are told of, and a catalogue
//! with stock. Running it again on the same data changes nothing.

use std::path::Path;

use haat_contracts::catalog::LoadDemoRequest;
use haat_contracts::pricing::CreateCouponRequest;
use haat_contracts::users::{EnsureSellerRequest, EnsureUserRequest};
use haat_kernel::{Entropy, Money, Result, id_type};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::admin::{OPERATOR_ROLES, PASSWORD_BYTES};
use crate::client::Supervisor;
use crate::layout::{self, Layout};
use crate::plan::Plan;
use crate::terminal::say;

id_type!(
    /// A seller of the demo.
    SellerId,
    "seller"
);

/// From which the demo catalogue grows: the same for everybody, so that what one sees another can look up.
const SEED: u64 = 20_260_101;
const SELLER_NAMES: [&str; 2] = ["Meera Textiles", "Chandni Traders"];

pub struct Demo {
    pub layout: Layout,
    pub plan: Plan,
    pub supervisor: Supervisor,
    pub products: u32,
}

#[derive(Clone, Serialize, Deserialize)]
struct Account {
    email: String,
    password: String,
}

/// `demo.json`.
#[derive(Serialize, Deserialize)]
struct Accounts {
    operator: Account,
    seller: Account,
    buyer: Account,
    #[serde(rename = "secondSeller")]
    second_seller: Account,
    webhooks: Webhooks,
}

#[derive(Serialize, Deserialize)]
struct Webhooks {
    sandbox: String,
}

impl Demo {
    pub async fn load(self) {
        if let Err(error) = self.try_load().await {
            say(format!("The demo data could not be loaded: {error}"));
        }
    }

    async fn try_load(&self) -> Result<()> {
        let is_new = !self.layout.demo().exists();
        let accounts = self.accounts()?;
        let sellers = ["haat-demo-one", "haat-demo-two"].map(|name| haat_kernel::id::derived::<SellerId>(&[name]).to_string());
        let people = [
            (&accounts.operator, "Asha Rao", OPERATOR_ROLES.to_vec(), ""),
            (&accounts.seller, "Meera Joshi", vec!["buyer", "seller"], sellers[0].as_str()),
            (&accounts.second_seller, "Arjun Mehta", vec!["buyer", "seller"], sellers[1].as_str()),
            (&accounts.buyer, "Ravi Kumar", vec!["buyer"], ""),
        ];
        for (account, name, roles, seller_id) in people {
            self.supervisor.ensure_user(request(account, name, &roles, seller_id)).await?;
        }
        for (seller, name) in sellers.iter().zip(SELLER_NAMES) {
            let request = EnsureSellerRequest { seller: seller.clone(), display_name: name.to_owned() };
            self.supervisor.ensure_seller(request).await?;
        }
        self.create_coupons().await?;
        // Last, so that who finds it can sign in.
        let text = serde_json::to_vec_pretty(&accounts).map_err(haat_kernel::Error::internal)?;
        layout::write_private(&self.layout.demo(), &text)?;
        show(&accounts, is_new, &self.layout.demo());
        let started = Instant::now();
        let products = i32::try_from(self.products).unwrap_or(i32::MAX);
        let request = LoadDemoRequest { products, seed: SEED, seller_ids: sellers.to_vec() };
        let loaded = self.supervisor.load_demo(request).await?;
        say(format!("The demo catalogue has {} products ({:.1} s).", loaded.products, started.elapsed().as_secs_f64()));
        Ok(())
    }

    async fn create_coupons(&self) -> Result<()> {
        for coupon in coupons() {
            match self.supervisor.create_coupon(coupon).await {
                Err(error) if error.code == "coupon_exists" => {}
                outcome => drop(outcome?),
            }
        }
        Ok(())
    }

    fn accounts(&self) -> Result<Accounts> {
        if let Ok(text) = std::fs::read_to_string(self.layout.demo())
            && let Ok(accounts) = serde_json::from_str(&text)
        {
            return Ok(accounts);
        }
        let entropy = self.supervisor.entropy();
        let account =
            |name: &str, entropy: &Entropy| Account { email: format!("{name}@haat.test"), password: entropy.hex(PASSWORD_BYTES) };
        Ok(Accounts {
            operator: account("admin", entropy),
            seller: account("seller", entropy),
            buyer: account("buyer", entropy),
            second_seller: account("seller2", entropy),
            webhooks: Webhooks { sandbox: layout::read(&self.layout.secret("sandbox-webhook"))?.trim().to_owned() },
        })
    }
}

/// What a shop of this kind would tell its buyers of.
fn coupons() -> [CreateCouponRequest; 2] {
    let advertised = |code: &str, minimum: i64| CreateCouponRequest {
        code: code.to_owned(),
        minimum_subtotal: Some(Money::inr(minimum).into()),
        is_advertised: true,
        ..CreateCouponRequest::default()
    };
    [
        CreateCouponRequest { percent_off: Some(10), max_redemptions_per_buyer: Some(3), ..advertised("HAAT10", 99_900) },
        CreateCouponRequest {
            amount_off: Some(Money::inr(10_000).into()),
            max_redemptions_per_buyer: Some(1),
            ..advertised("NAMASTE100", 69_900)
        },
    ]
}

fn request(account: &Account, name: &str, roles: &[&str], seller_id: &str) -> EnsureUserRequest {
    EnsureUserRequest {
        email: account.email.clone(),
        password: account.password.clone(),
        display_name: name.to_owned(),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        seller_id: seller_id.to_owned(),
    }
}

fn show(accounts: &Accounts, is_new: bool, file: &Path) {
    if !is_new {
        return say(format!("The demo accounts and their passwords are in {}.", file.display()));
    }
    say("Demo accounts (shown once; kept in demo.json):");
    for (role, account) in [
        ("operator", &accounts.operator),
        ("seller", &accounts.seller),
        ("seller", &accounts.second_seller),
        ("buyer", &accounts.buyer),
    ] {
        say(format!("  {role:<9} {:<20} {}", account.email, account.password));
    }
}
