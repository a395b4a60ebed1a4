//! Every service of the platform, in the order in which they start: the topology on one page.

use haat_service::Definition;

/// Issues the identities of all others, so it comes first.
pub const AUTHORITY: &str = "authority";
pub const GATEWAY: &str = "gateway";
pub const CATALOG: &str = "catalog";
/// An outside company that plays along: no service of the platform, it has neither identity nor contract.
pub const SANDBOX_PSP: &str = "sandbox-psp";
/// Who `haat up` is among the services.
pub const SUPERVISOR: &str = "supervisor";

pub fn services() -> Vec<Definition> {
    vec![
        haat_authority::definition(),
        haat_users::definition(),
        haat_catalog::definition(),
        haat_pricing::definition(),
        haat_inventory::definition(),
        haat_payments::definition(),
        haat_orders::definition(),
        haat_checkout::definition(),
        haat_notifications::definition(),
        haat_gateway::definition(),
        haat_storefront::definition(),
        haat_seller_console::definition(),
        haat_operations::definition(),
    ]
}

pub fn service(name: &str) -> Option<Definition> {
    services().into_iter().find(|service| service.name == name)
}

/// Whether a process has work for every core: those that carry the whole street's reads. The others fit on one thread, which
/// takes less memory and never has to wake another.
pub fn is_wide(name: &str) -> bool {
    [GATEWAY, CATALOG].contains(&name)
}

/// The processes that `haat up` runs.
pub fn processes() -> Vec<&'static str> {
    services().iter().map(|service| service.name).chain([SANDBOX_PSP]).collect()
}
