//! Who is let in, on real loopback connections.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use haat_identity::{KeyPair, LiveEdge, ca};
use haat_kernel::{Clock, Entropy};
use haat_transport::{Connector, Listener, Security, Tcp};
use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::fixture::{Authority, clock_ahead_by, greet, greeted, id, listen, mutual};

async fn greeting_server(security: Security) -> SocketAddr {
    let (incoming, addr) = listen(security).await;
    greet(incoming);
    addr
}

async fn is_let_in(connector: &Connector, addr: SocketAddr) -> bool {
    greeted(connector, "127.0.0.1", addr.port()).await.is_ok()
}

#[tokio::test]
async fn both_sides_of_a_mutual_connection_know_each_other() {
    let authority = Authority::new(Clock::System);
    let (orders, checkout) = (authority.live("orders"), authority.live("checkout"));
    let addr = greeting_server(Security::Mutual(orders)).await;
    assert_eq!(greeted(&mutual(&checkout, "orders"), "127.0.0.1", addr.port()).await.unwrap(), "checkout");
    assert_eq!(greeted(&mutual(&checkout, "orders"), "localhost", addr.port()).await.unwrap(), "checkout");
}

#[tokio::test]
async fn whoever_cannot_prove_who_it_is_stays_outside() {
    let authority = Authority::new(Clock::System);
    let stranger = Authority::new(Clock::System);
    let addr = greeting_server(Security::Mutual(authority.live("orders"))).await;
    let checkout = authority.live("checkout");

    assert!(is_let_in(&mutual(&checkout, "orders"), addr).await);
    assert!(!is_let_in(&mutual(&checkout, "payments"), addr).await, "the server is not the service meant");
    assert!(!is_let_in(&mutual(&stranger.live("checkout"), "orders"), addr).await, "neither believes the other's root");

    let believer = haat_identity::LiveIdentity::new(stranger.identity("checkout"), authority.bundle(), Clock::System).unwrap();
    assert!(!is_let_in(&mutual(&believer, "orders"), addr).await, "the client's certificate is of another root");

    let nameless = Connector::anonymous(Arc::new(Tcp), &authority.bundle(), Clock::System, &id("orders")).unwrap();
    assert!(!is_let_in(&nameless, addr).await, "no client certificate");
    assert!(!is_let_in(&Connector::plain(Arc::new(Tcp)), addr).await, "no TLS");
}

#[tokio::test]
async fn an_expired_certificate_is_refused_by_the_injected_clock_of_either_side() {
    let authority = Authority::new(Clock::System);
    let late = clock_ahead_by(ca::LEAF_LIFETIME);
    let (orders, checkout) = (authority.live("orders"), authority.live("checkout"));
    let late_checkout = authority.live_with_clock("checkout", late);

    let addr = greeting_server(Security::Mutual(orders)).await;
    assert!(is_let_in(&mutual(&checkout, "orders"), addr).await);
    assert!(!is_let_in(&mutual(&late_checkout, "orders"), addr).await, "the server's has expired");

    let late_addr = greeting_server(Security::Mutual(authority.live_with_clock("orders", late))).await;
    assert!(!is_let_in(&mutual(&checkout, "orders"), late_addr).await, "the client's has expired");
}

#[tokio::test]
async fn where_a_client_certificate_is_optional_a_bad_one_is_still_refused() {
    let authority = Authority::new(Clock::System);
    let addr = greeting_server(Security::OptionalClient(authority.live("authority"))).await;
    let nameless = Connector::anonymous(Arc::new(Tcp), &authority.bundle(), Clock::System, &id("authority")).unwrap();
    assert_eq!(greeted(&nameless, "127.0.0.1", addr.port()).await.unwrap(), "nobody");
    let named = mutual(&authority.live("orders"), "authority");
    assert_eq!(greeted(&named, "127.0.0.1", addr.port()).await.unwrap(), "orders");

    let stranger = Authority::new(Clock::System).identity("orders");
    let stranger = haat_identity::LiveIdentity::new(stranger, authority.bundle(), Clock::System).unwrap();
    assert!(!is_let_in(&mutual(&stranger, "authority"), addr).await);
}

#[tokio::test]
async fn a_revoked_peer_is_cut_off_and_does_not_come_back() {
    let authority = Authority::new(Clock::System);
    let (orders, checkout, payments) = (authority.live("orders"), authority.live("checkout"), authority.live("payments"));
    let addr = greeting_server(Security::Mutual(orders.clone())).await;
    let mut open = mutual(&checkout, "orders").connect("127.0.0.1", addr.port()).await.unwrap();
    let mut greeting = [0; 9];
    open.read_exact(&mut greeting).await.unwrap();

    let revoked = BTreeSet::from([checkout.identity().serial]);
    orders.trust(authority.bundle().with_revoked(revoked)).unwrap();
    assert!(!matches!(open.read(&mut greeting).await, Ok(1..)), "the open connection is cut");
    assert!(!is_let_in(&mutual(&checkout, "orders"), addr).await);
    assert!(is_let_in(&mutual(&payments, "orders"), addr).await);

    checkout.rotate(authority.identity("checkout")).unwrap();
    assert!(is_let_in(&mutual(&checkout, "orders"), addr).await, "only that certificate was revoked, not the service");
}

#[tokio::test]
async fn a_silent_client_does_not_hold_up_others() {
    let authority = Authority::new(Clock::System);
    let addr = greeting_server(Security::Mutual(authority.live("orders"))).await;
    let _silent = [connect(addr).await, connect(addr).await];
    assert!(is_let_in(&mutual(&authority.live("checkout"), "orders"), addr).await);
}

#[tokio::test]
async fn plain_text_is_for_loopback_only() {
    let bind = |addr: &str| Listener::bind(&Tcp, addr.parse().unwrap(), Security::Plain);
    assert!(bind("0.0.0.0:0").await.is_err());
    assert!(bind("127.0.0.1:0").await.is_ok());
    let addr = greeting_server(Security::Plain).await;
    assert_eq!(greeted(&Connector::plain(Arc::new(Tcp)), "127.0.0.1", addr.port()).await.unwrap(), "nobody");
}

#[tokio::test]
async fn the_public_edge_speaks_tls_1_2_and_1_3_to_clients_that_know_the_root() {
    let authority = Authority::new(Clock::System);
    let key = KeyPair::generate().unwrap();
    let request = key.signing_request().unwrap();
    let names = ["localhost", "127.0.0.1", "::1"];
    let now = Clock::System.now();
    let chain =
        authority.intermediate.issue_edge(&request, &names, Duration::from_secs(60 * 60), now, &Entropy::system()).unwrap();
    let addr = greeting_server(Security::Edge(LiveEdge::new(&chain, &key, Clock::System).unwrap())).await;

    let mut roots = RootCertStore::empty();
    let root = haat_identity::Chain::from_pem(&authority.root.certificate_pem()).unwrap();
    roots.add(root.leaf().clone()).unwrap();
    for version in [&TLS12, &TLS13] {
        for name in names {
            let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
                .with_protocol_versions(&[version])
                .unwrap()
                .with_root_certificates(roots.clone())
                .with_no_client_auth();
            let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
            let mut stream = connector.connect(ServerName::try_from(name).unwrap(), connect(addr).await).await.unwrap();
            stream.write_all(b"hello").await.unwrap();
            let mut answer = [0; 12];
            stream.read_exact(&mut answer).await.unwrap();
            assert_eq!(&answer, b"nobody\nhello", "{name}");
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a client from outside the platform")]
async fn connect(addr: SocketAddr) -> TcpStream {
    TcpStream::connect(addr).await.unwrap()
}
