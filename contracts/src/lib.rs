//! The contracts: generated types, clients and server traits of every `.proto` below `proto/`, the descriptor set with
//! its annotations, and what those annotations say (`policy`). Routes, permissions, limits, OpenAPI and the service
//! graph all come from here.

pub mod convert;
pub mod policy;

#[expect(clippy::all, clippy::too_many_lines, reason = "generated code")]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/contracts.rs"));
}

pub use generated::google::api;
pub use generated::haat::authority::v1 as authority;
pub use generated::haat::catalog::v1 as catalog;
pub use generated::haat::checkout::v1 as checkout;
pub use generated::haat::feed::v1 as feed;
pub use generated::haat::inventory::v1 as inventory;
pub use generated::haat::notifications::v1 as notifications;
pub use generated::haat::operations::v1 as operations;
pub use generated::haat::options::v1 as options;
pub use generated::haat::orders::v1 as orders;
pub use generated::haat::payments::v1 as payments;
pub use generated::haat::pricing::v1 as pricing;
pub use generated::haat::r#type::v1 as common;
pub use generated::haat::users::v1 as users;
pub use generated::haat::web::v1 as web;

use std::sync::OnceLock;

use prost_reflect::DescriptorPool;

/// The encoded `FileDescriptorSet`, extensions and comments included.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/haat.bin"));

/// All descriptors of this build.
#[expect(clippy::expect_used, reason = "invariant: the bytes were made by this crate's own build")]
pub fn pool() -> &'static DescriptorPool {
    static POOL: OnceLock<DescriptorPool> = OnceLock::new();
    POOL.get_or_init(|| DescriptorPool::decode(DESCRIPTORS).expect("invariant: the embedded descriptor set decodes"))
}
