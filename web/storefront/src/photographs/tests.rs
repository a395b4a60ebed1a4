//! A played world: hosts with addresses, and pages at them.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;

use async_trait::async_trait;
use haat_web::axum::http::{StatusCode, Uri};

use super::fetch::{BYTES_MAX, Refusal, Reply, World, fetch};
use super::*;

pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and so on";

#[derive(Default)]
struct Played {
    hosts: BTreeMap<&'static str, Vec<IpAddr>>,
    pages: BTreeMap<&'static str, (u16, &'static str, Vec<u8>)>,
}

#[async_trait]
impl World for Played {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        self.hosts.get(host).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    async fn get(&self, url: &Uri, _: &str, _: IpAddr) -> Result<Reply, Refusal> {
        let (status, location, body) = self.pages.get(url.to_string().as_str()).cloned().ok_or(Refusal::TooLate)?;
        let location = Some(location.to_owned()).filter(|location| !location.is_empty());
        Ok(Reply { status: StatusCode::from_u16(status).unwrap(), location, body })
    }
}

fn world() -> Played {
    let at = |address: &str| vec![address.parse().unwrap()];
    let moved = |location| (302, location, Vec::new());
    Played {
        hosts: BTreeMap::from([
            ("seller.test", at("8.8.8.8")),
            ("inside.test", at("10.0.0.7")),
            ("both.test", ["8.8.8.8", "127.0.0.1"].map(|address| address.parse().unwrap()).to_vec()),
        ]),
        pages: BTreeMap::from([
            ("https://seller.test/1.png", (200, "", PNG.to_vec())),
            ("https://seller.test/script.svg", (200, "", b"<svg onload='alert(1)'>".to_vec())),
            ("https://seller.test/gone", (404, "", Vec::new())),
            ("https://seller.test/moved", moved("/1.png")),
            ("https://seller.test/inwards", moved("https://inside.test/1.png")),
            ("https://seller.test/loopback", moved("https://127.0.0.1/1.png")),
            ("https://seller.test/plain", moved("http://seller.test/1.png")),
            ("https://seller.test/round", moved("https://seller.test/round")),
        ]),
    }
}

/// A shop that can reach the played world; its shelf goes with the folder.
pub fn photographs(folder: &std::path::Path) -> Photographs {
    Photographs::new(Shelf::open(folder, BYTES_MAX as u64).unwrap(), world())
}

#[tokio::test]
async fn only_pictures_from_public_places_are_fetched() {
    let world = world();
    for found in ["https://seller.test/1.png", "https://seller.test:443/1.png", "https://seller.test/moved"] {
        let is_there = fetch(&world, &found.replace(":443", "")).await.is_ok_and(|bytes| bytes == PNG);
        assert!(is_there, "{found}");
    }
    for (refused, reason) in [
        ("http://seller.test/1.png", "the address is none that is asked"),
        ("https://seller.test:8443/1.png", "the address is none that is asked"),
        ("https://user@seller.test/1.png", "the address is none that is asked"),
        ("ftp://seller.test/1.png", "the address is none that is asked"),
        ("https:///1.png", "the address is none that is asked"),
        ("https://inside.test/1.png", "it is not out in the world"),
        ("https://both.test/1.png", "it is not out in the world"),
        ("https://127.0.0.1/1.png", "it is not out in the world"),
        ("https://[::1]/1.png", "it is not out in the world"),
        ("https://169.254.169.254/latest", "it is not out in the world"),
        ("https://seller.test/inwards", "it is not out in the world"),
        ("https://seller.test/loopback", "it is not out in the world"),
        ("https://seller.test/plain", "the address is none that is asked"),
        ("https://seller.test/round", "it leads from place to place"),
        ("https://seller.test/gone", "the answer is 404"),
        ("https://seller.test/script.svg", "it is no picture"),
        ("https://seller.test/silent", "it took too long"),
    ] {
        let said = fetch(&world, refused).await.unwrap_err().to_string();
        assert!(said.starts_with(reason), "{refused}: {said}");
    }
}

#[tokio::test]
async fn a_photograph_is_fetched_once_and_one_that_is_missing_is_not_asked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let photographs = photographs(folder.path());
    let (one, other) = tokio::join!(photographs.get("https://seller.test/1.png"), photographs.get("https://seller.test/1.png"));
    assert!(one.is_some_and(|bytes| bytes == PNG) && other.is_some_and(|bytes| bytes == PNG));
    assert!(photographs.get("https://seller.test/gone").await.is_none());
    assert!(photographs.get("https://seller.test/gone").await.is_none());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
