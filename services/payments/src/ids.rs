//! The ids that payments deal in: their own, and those of the orders, sellers and checkouts that they belong to.

use haat_kernel::id_type;

id_type!(
    /// A payment; its maker chooses it, and providers know it as their reference.
    PaymentId,
    "payment"
);
id_type!(
    /// A refund of a payment.
    RefundId,
    "refund"
);
id_type!(
    /// A transaction of the ledger.
    LedgerTransactionId,
    "ledger"
);
id_type!(
    /// An order of one seller.
    OrderId,
    "order"
);
id_type!(
    /// What a buyer placed.
    OrderGroupId,
    "group"
);
id_type!(
    /// The process that a payment belongs to.
    CheckoutId,
    "checkout"
);
id_type!(
    /// A seller.
    SellerId,
    "seller"
);
