//! Who answers for a service: the people whom operators call.

/// By service.
const TEAMS: [(&str, &str); 13] = [
    ("authority", "Platform security"),
    ("catalog", "Catalogue and search"),
    ("checkout", "Buying"),
    ("gateway", "Platform"),
    ("inventory", "Stock"),
    ("notifications", "Messages"),
    ("operations", "Platform"),
    ("orders", "Orders"),
    ("payments", "Money"),
    ("pricing", "Prices and coupons"),
    ("seller-console", "Sellers"),
    ("storefront", "Buying"),
    ("users", "Accounts"),
];

pub fn of(service: &str) -> &'static str {
    TEAMS.iter().find(|(name, _)| *name == service).map_or("Platform", |(_, team)| team)
}
