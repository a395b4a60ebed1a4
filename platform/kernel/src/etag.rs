//! Entity tags in messages: what a client has seen of a thing that it is about to change. They have one form everywhere, and
//! clients take them for opaque. (The `ETag` header of an answer is the gateway's, and says what was sent.)

/// Changes with every change of the thing.
pub fn etag(version: u64) -> String {
    version.to_string()
}
