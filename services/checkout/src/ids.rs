//! The ids that carts and checkouts deal in: their own, those that a checkout makes up front for its neighbours, and those
//! of what lies in a cart.

use haat_kernel::id_type;

id_type!(
    /// A cart.
    CartId,
    "cart"
);
id_type!(
    /// One attempt to buy what is in a cart.
    CheckoutId,
    "checkout"
);
id_type!(
    /// What a checkout places.
    OrderGroupId,
    "group"
);
id_type!(
    /// The order of one seller in a group.
    OrderId,
    "order"
);
id_type!(
    /// The money of a checkout.
    PaymentId,
    "payment"
);
id_type!(
    /// The stock that a checkout holds.
    ReservationId,
    "reservation"
);
id_type!(
    /// A seller's offer of a variant.
    OfferId,
    "offer"
);
id_type!(
    /// A product.
    ProductId,
    "product"
);
id_type!(
    /// A seller.
    SellerId,
    "seller"
);
id_type!(
    /// A person with an account.
    UserId,
    "user"
);
