//! The books of coupons: never redeemed more often than their limits say, and what is counted, of a coupon and of each of its
//! buyers, is the redemptions that are held or redeemed.

use haat_service::{Book, Books, Entry};

use crate::coupon::Coupon;
use crate::offer_price::OfferPrice;
use crate::redemption::{Redemption, Status, Usage};

pub fn books() -> Books {
    Books::new().book::<Coupon>().book::<Redemption>().book::<Usage>().kept::<OfferPrice>()
}

impl Book for Coupon {
    fn faults(&self, _: &str) -> Vec<String> {
        let is_within = self.redemptions >= 0 && self.terms.redemptions_max.is_none_or(|max| self.redemptions <= max);
        if is_within { Vec::new() } else { vec![format!("was redeemed {} times", self.redemptions)] }
    }

    fn entries(&self, id: &str) -> Vec<Entry> {
        vec![Entry::new(account(id), self.redemptions)]
    }
}

impl Book for Usage {
    fn faults(&self, _: &str) -> Vec<String> {
        if self.redemptions >= 0 { Vec::new() } else { vec![format!("counts {}", self.redemptions)] }
    }

    fn entries(&self, id: &str) -> Vec<Entry> {
        vec![Entry::new(account(id), self.redemptions)]
    }
}

impl Book for Redemption {
    fn entries(&self, id: &str) -> Vec<Entry> {
        let code = id.split('/').next().unwrap_or(id);
        match (self.status, &self.buyer) {
            (Status::Held | Status::Redeemed, Some(buyer)) => {
                vec![Entry::new(account(code), -1), Entry::new(account(&format!("{code}/{buyer}")), -1)]
            }
            _ => Vec::new(),
        }
    }
}

fn account(whose: &str) -> String {
    format!("the redemptions of {whose}")
}
