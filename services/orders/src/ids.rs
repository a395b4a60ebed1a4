//! The ids that orders deal in: their own, and those of the people and things that they name.

use haat_kernel::id_type;

id_type!(
    /// What a buyer placed: one order per seller.
    OrderGroupId,
    "group"
);
id_type!(
    /// An order of one seller.
    OrderId,
    "order"
);
id_type!(
    /// A seller.
    SellerId,
    "seller"
);
id_type!(
    /// A registered buyer.
    BuyerId,
    "user"
);
id_type!(
    /// The process that made a group.
    CheckoutId,
    "checkout"
);
id_type!(
    /// The payment of a group.
    PaymentId,
    "payment"
);
id_type!(
    /// A seller's offer, of which an order takes some pieces.
    OfferId,
    "offer"
);
