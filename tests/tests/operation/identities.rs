//! Between services: nobody gets in without a certificate of ours, and with one only where the contract lets them.

use std::path::Path;
use std::sync::{Arc, Mutex};

use haat_contracts::orders::orders_client::OrdersClient;
use haat_contracts::orders::{GetOrderRequest, PlaceOrdersRequest};
use haat_identity::{Chain, Identity, KeyPair, LiveIdentity, Root, SpiffeId, TrustBundle};
use haat_kernel::{Clock, Ctx, Entropy, Principal};
use haat_tests::binary::{run, text as printed};
use haat_tests::{Options, Platform};
use haat_transport::{Connector, Network, Tcp};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use tonic::Code;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

async fn platform() -> &'static Platform {
    static PLATFORM: OnceCell<Platform> = OnceCell::const_new();
    PLATFORM.get_or_init(|| Platform::start(Options { demo: None })).await
}

/// A certificate of the platform's own CA, made by `haat certs issue`.
fn issued(platform: &Platform, name: &str, folder: &Path) -> Identity {
    let uri = format!("spiffe://haat/{name}");
    let (data, out) = (platform.data().display().to_string(), folder.display().to_string());
    let output = run(&["certs", "issue", "--data", &data, "--identity", &uri, "--out", &out]);
    assert!(output.status.success(), "{}", printed(&output));
    let read = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap();
    assert_eq!(read("ca.pem"), std::fs::read_to_string(platform.data().join("ca.pem")).unwrap());
    Identity::new(Chain::from_pem(&read("cert.pem")).unwrap(), KeyPair::from_pem(&read("key.pem")).unwrap()).unwrap()
}

/// A certificate with the same name, of somebody else's CA.
fn foreign(name: &str) -> Identity {
    let (now, entropy) = (Clock::System.now(), Entropy::system());
    let authority = Root::generate(now, &entropy).unwrap().intermediate(now, &entropy).unwrap();
    let key = KeyPair::generate().unwrap();
    let hour = std::time::Duration::from_secs(3600);
    let chain = authority.issue(&key.signing_request().unwrap(), &SpiffeId::of(name).unwrap(), hour, now, &entropy).unwrap();
    Identity::new(chain, key).unwrap()
}

/// Takes any server and remembers its certificate.
#[derive(Debug)]
struct Witness {
    provider: Arc<CryptoProvider>,
    seen: Mutex<Option<CertificateDer<'static>>>,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        *self.seen.lock().unwrap() = Some(certificate.clone().into_owned());
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Whether a service on this port speaks with who shows this certificate, and the certificate it shows itself.
async fn knock(port: u16, identity: Option<&Identity>) -> (bool, CertificateDer<'static>) {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let witness = Arc::new(Witness { provider: provider.clone(), seen: Mutex::default() });
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let builder = builder.dangerous().with_custom_certificate_verifier(witness.clone());
    let mut config = match identity {
        Some(identity) => {
            let key = rustls::pki_types::PrivateKeyDer::try_from(pem_body(&identity.key.to_pem())).unwrap();
            builder.with_client_auth_cert(identity.chain.certificates().to_vec(), key).unwrap()
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    let io = Tcp.connect("127.0.0.1", port).await.unwrap();
    let is_heard = match TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("anything.test").unwrap(), io).await {
        Err(_) => false,
        // With TLS 1.3 a refusal arrives behind the handshake; a server that accepts us begins HTTP/2.
        Ok(mut stream) => {
            let _ = stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00").await;
            stream.read(&mut [0; 9]).await.is_ok_and(|read| read > 0)
        }
    };
    (is_heard, witness.seen.lock().unwrap().clone().unwrap())
}

fn pem_body(pem: &str) -> Vec<u8> {
    use base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.decode(pem.lines().filter(|line| !line.starts_with("-----")).collect::<String>()).unwrap()
}

fn uris(certificate: &CertificateDer<'_>) -> Vec<String> {
    let (_, certificate) = X509Certificate::from_der(certificate).unwrap();
    let names = certificate.subject_alternative_name().unwrap().unwrap();
    let uris = names.value.general_names.iter().filter_map(|name| match name {
        GeneralName::URI(uri) => Some((*uri).to_owned()),
        _ => None,
    });
    uris.collect()
}

fn services(platform: &Platform) -> Vec<(String, u16)> {
    let processes = platform.processes();
    let names = processes.as_object().unwrap().keys().filter(|name| *name != "sandbox-psp").cloned();
    names.map(|name| (name.clone(), platform.process(&name).port)).collect()
}

#[tokio::test]
async fn every_service_is_named_by_exactly_one_uri() {
    let platform = platform().await;
    let folder = tempfile::tempdir().unwrap();
    let us = issued(platform, "gateway", folder.path());
    let services = services(platform);
    assert_eq!(services.len(), 13);
    for (name, port) in services {
        let (is_heard, certificate) = knock(port, Some(&us)).await;
        assert!(is_heard, "{name} does not speak with the gateway");
        assert_eq!(uris(&certificate), [format!("spiffe://haat/{name}")]);
    }
}

#[tokio::test]
async fn without_a_certificate_of_ours_nobody_is_heard() {
    let platform = platform().await;
    let stranger = foreign("checkout");
    for (name, port) in services(platform) {
        assert!(!knock(port, Some(&stranger)).await.0, "{name} speaks with a stranger");
        // The authority alone hears newcomers: they have no certificate yet.
        assert_eq!(knock(port, None).await.0, name == "authority", "{name}");
    }
}

/// A client of the orders service, as somebody.
fn orders(platform: &Platform, identity: Identity) -> OrdersClient<tonic::transport::Channel> {
    let bundle = TrustBundle::from_pem(&std::fs::read_to_string(platform.data().join("ca.pem")).unwrap()).unwrap();
    let live = LiveIdentity::new(identity, bundle, Clock::System).unwrap();
    let connector = Connector::mutual(Arc::new(Tcp), live, &SpiffeId::of("orders").unwrap()).unwrap();
    let port = platform.process("orders").port;
    OrdersClient::new(haat_transport::channel(connector, &format!("127.0.0.1:{port}")).unwrap())
}

#[tokio::test]
async fn a_certificate_opens_only_the_calls_that_the_contract_allows() {
    let platform = platform().await;
    let folder = tempfile::tempdir().unwrap();
    let mut ctx = Ctx::internal("test", "identities", Clock::System.now());
    let mut mailer = orders(platform, issued(platform, "notifications", folder.path()));
    let refused = mailer.place_orders(haat_rpc::request_with(&ctx, PlaceOrdersRequest::default())).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "{refused}");

    // Whoever it says it asks for.
    ctx.principal = Principal::user("user_01jd3xq8zzf0tvg0000000000z", &["operator", "operator:admin"]);
    let refused = mailer.get_order(haat_rpc::request_with(&ctx, GetOrderRequest::default())).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "{refused}");

    ctx.principal = Principal::service("checkout");
    let mut checkout = orders(platform, issued(platform, "checkout", folder.path()));
    let heard = checkout.place_orders(haat_rpc::request_with(&ctx, PlaceOrdersRequest::default())).await.unwrap_err();
    assert_eq!(heard.code(), Code::InvalidArgument, "{heard}");
}
