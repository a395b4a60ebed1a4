//! What messages tell in the tests of this crate, a hostile product title included.

use haat_kernel::Money;

use crate::content::{Address, Cancellation, Confirmation, Content, Line, OrderPart, Sums};

pub const HOSTILE_TITLE: &str = "<script>alert('₹')</script> & \"co\"";

fn line(title: &str, quantity: i32, unit_price: i64, discount: i64) -> Line {
    Line {
        title: title.to_owned(),
        quantity,
        unit_price: Money::inr(unit_price),
        discount: Money::inr(discount),
        total: Money::inr(unit_price * i64::from(quantity) - discount),
    }
}

fn sarees() -> OrderPart {
    let lines =
        vec![line("Banarasi silk saree, peacock blue", 1, 12_990_000, 0), line("Cotton kurta, size M", 2, 129_900, 20_000)];
    OrderPart { order_id: "order_01h455vb4pex5vsknk084sn02q".to_owned(), lines }
}

fn hostile() -> OrderPart {
    OrderPart { order_id: "order_01h455vb4pex5vsknk084sn02r".to_owned(), lines: vec![line(HOSTILE_TITLE, 1, 49_900, 0)] }
}

pub fn confirmation() -> Content {
    let address = ["आशा राव", "12, MG Road", "Near the clock tower", "Jaipur, Rajasthan 302001", "IN", "+919812345678"];
    Content::OrderConfirmation(Confirmation {
        number: "H-7F3K-92QD".to_owned(),
        orders: vec![sarees(), hostile()],
        sums: Sums {
            subtotal: Money::inr(13_299_700),
            discount: Money::inr(20_000),
            shipping: Money::inr(9_900),
            tax: Money::inr(0),
            tax_included: Money::inr(633_319),
            total: Money::inr(13_289_600),
        },
        address: Some(Address { lines: address.map(str::to_owned).to_vec() }),
    })
}

pub fn cancellation() -> Content {
    Content::OrderCancellation(Cancellation {
        number: "H-7F3K-92QD".to_owned(),
        order: hostile(),
        sums: Sums {
            subtotal: Money::inr(49_900),
            discount: Money::inr(0),
            shipping: Money::inr(4_900),
            tax: Money::inr(0),
            tax_included: Money::inr(2_376),
            total: Money::inr(54_800),
        },
        reason: "Changed my mind".to_owned(),
        is_whole_group: false,
    })
}
