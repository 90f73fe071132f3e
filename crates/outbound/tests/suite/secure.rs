//! TLS: whom the client trusts, and as whom it appears.

use std::sync::Arc;

use crate::support::{Names, Server, allowing, get};
use handclasp_domain::Secret;
use handclasp_outbound::{
    BadClientCertificate, BuildError, ClientCertificate, Outbound, OutboundError, Policy,
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

struct Authority(CertifiedIssuer<'static, KeyPair>);

struct Leaf {
    cert: rcgen::Certificate,
    key: KeyPair,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    fn der(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    fn leaf(&self, params: &CertificateParams) -> Leaf {
        let key = KeyPair::generate().unwrap();
        let cert = params.signed_by(&key, &self.0).unwrap();
        Leaf { cert, key }
    }

    fn leaf_for(&self, name: &str) -> Leaf {
        self.leaf(&CertificateParams::new(vec![name.to_owned()]).unwrap())
    }
}

/// A server with this certificate that asks for a client's where it is given an authority for it, and
/// answers with the number of certificates it was shown.
async fn serve(leaf: &Leaf, clients: Option<&Authority>) -> Server {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.der()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .unwrap();
            builder.with_client_cert_verifier(verifier)
        }
    };
    let key = PrivateKeyDer::try_from(leaf.key.serialize_der()).unwrap();
    let config = builder
        .with_single_cert(vec![leaf.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    Server::start(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                return;
            };
            let shown = stream.get_ref().1.peer_certificates().map_or(0, <[_]>::len);
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
                    return;
                }
            }
            let answer =
                format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 1\r\n\r\n{shown}");
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    })
    .await
}

fn client(trusting: &[&Authority]) -> Outbound {
    let names: &[&str] = &["127.0.0.1"];
    let names = Names::of(&[("hook.example", &[names]), ("other.example", &[names])]);
    let policy = Policy {
        extra_roots: trusting.iter().map(|authority| authority.der()).collect(),
        ..allowing(&["127.0.0.0/8"])
    };
    Outbound::with_resolver(policy, names).unwrap()
}

async fn ask(outbound: &Outbound, host: &str, server: &Server) -> Result<String, OutboundError> {
    let url = format!("https://{host}:{}/", server.port())
        .parse()
        .unwrap();
    let response = outbound.send(get(url)).await?;
    Ok(String::from_utf8(response.body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_certificate_of_a_trusted_authority_is_accepted_for_its_name_alone() {
    let authority = Authority::new();
    let server = serve(&authority.leaf_for("hook.example"), None).await;
    let outbound = client(&[&authority]);
    assert_eq!(ask(&outbound, "hook.example", &server).await.unwrap(), "0");
    for other in ["other.example", "127.0.0.1"] {
        let error = ask(&outbound, other, &server).await.unwrap_err();
        assert!(matches!(error, OutboundError::Tls(_)), "{other}: {error:?}");
        assert!(error.is_before_send());
    }
}

#[tokio::test]
async fn a_certificate_for_an_address_is_accepted_for_that_address() {
    let authority = Authority::new();
    let server = serve(&authority.leaf_for("127.0.0.1"), None).await;
    let outbound = client(&[&authority]);
    assert_eq!(ask(&outbound, "127.0.0.1", &server).await.unwrap(), "0");
    assert!(ask(&outbound, "hook.example", &server).await.is_err());
}

#[tokio::test]
async fn an_unknown_authority_and_an_expired_certificate_are_refused() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let unknown = serve(&stranger.leaf_for("hook.example"), None).await;
    let mut params = CertificateParams::new(vec!["hook.example".to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2019, 1, 1);
    params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let expired = serve(&authority.leaf(&params), None).await;
    let outbound = client(&[&authority]);
    for server in [unknown, expired] {
        let error = ask(&outbound, "hook.example", &server).await.unwrap_err();
        assert!(matches!(error, OutboundError::Tls(_)), "{error:?}");
        assert!(error.is_before_send());
    }
}

#[tokio::test]
async fn a_client_certificate_is_shown_by_its_own_client_alone() {
    let (servers, clients) = (Authority::new(), Authority::new());
    let server = serve(&servers.leaf_for("hook.example"), Some(&clients)).await;
    let without = client(&[&servers]);
    let shown = clients.leaf_for("handclasp.example");
    let key = Secret::new(shown.key.serialize_pem());
    let certificate = ClientCertificate::from_pem(&shown.cert.pem(), &key).unwrap();
    let with = without.with_client_certificate(&certificate).unwrap();

    assert_eq!(ask(&with, "hook.example", &server).await.unwrap(), "1");
    // In TLS 1.3 the server refuses after the client has begun to send.
    let error = ask(&without, "hook.example", &server).await.unwrap_err();
    assert!(
        matches!(error, OutboundError::Reset { .. } | OutboundError::Tls(_)),
        "{error:?}"
    );

    // The policy is the same: what is refused without the certificate is refused with it.
    let strict = Outbound::with_resolver(Policy::default(), Names::none()).unwrap();
    let strict = strict.with_client_certificate(&certificate).unwrap();
    let error = ask(&strict, "127.0.0.1", &server).await.unwrap_err();
    assert!(matches!(error, OutboundError::RefusedAddress), "{error:?}");
}

#[test]
fn a_client_certificate_that_cannot_be_used_says_why() {
    let authority = Authority::new();
    let (one, two) = (
        authority.leaf_for("a.example"),
        authority.leaf_for("b.example"),
    );
    let key = |leaf: &Leaf| Secret::new(leaf.key.serialize_pem());
    let read = |chain: &str, key: &Secret<String>| ClientCertificate::from_pem(chain, key).err();
    assert_eq!(read("", &key(&one)), Some(BadClientCertificate::Chain));
    assert_eq!(
        read("-----BEGIN", &key(&one)),
        Some(BadClientCertificate::Chain)
    );
    let none = Secret::new(String::new());
    assert_eq!(
        read(&one.cert.pem(), &none),
        Some(BadClientCertificate::Key)
    );
    let mixed = ClientCertificate::from_pem(&one.cert.pem(), &key(&two)).unwrap();
    let outbound = Outbound::new(Policy::default()).unwrap();
    let error = outbound.with_client_certificate(&mixed).unwrap_err();
    let expected = BadClientCertificate::Mismatch;
    assert!(matches!(error, BuildError::ClientCertificate(found) if found == expected));
}
