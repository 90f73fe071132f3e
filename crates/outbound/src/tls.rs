//! Whom to trust, and as whom to appear.

use std::fmt;
use std::sync::{Arc, OnceLock};

use handclasp_domain::Secret;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use crate::policy::BuildError;

/// A certificate that the client shows to servers that ask for one (mTLS), with its private key.
pub struct ClientCertificate {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl ClientCertificate {
    /// Reads a chain, the client's own certificate first, and a private key (PKCS #8, PKCS #1 or SEC 1,
    /// not encrypted), both as PEM. That the two belong together shows in
    /// [`crate::Outbound::with_client_certificate`].
    pub fn from_pem(chain: &str, key: &Secret<String>) -> Result<Self, BadClientCertificate> {
        let chain = CertificateDer::pem_slice_iter(chain.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| BadClientCertificate::Chain)?;
        if chain.is_empty() {
            return Err(BadClientCertificate::Chain);
        }
        let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
            .map_err(|_| BadClientCertificate::Key)?;
        Ok(Self { chain, key })
    }
}

/// Shows how many certificates the chain has.
impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientCertificate({} in chain)", self.chain.len())
    }
}

/// A client certificate that cannot be used. It says nothing of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadClientCertificate {
    /// The chain holds no certificate, or a part that is none.
    #[error("the certificate is not valid PEM")]
    Chain,
    /// There is no private key that can be read.
    #[error("the private key is not valid PEM, or is encrypted")]
    Key,
    /// The key is of a kind that TLS does not use, or not the certificate's.
    #[error("the private key does not belong to the certificate")]
    Mismatch,
}

/// What all connections of a client and its like share.
#[derive(Clone)]
pub(crate) struct Trust {
    provider: Arc<CryptoProvider>,
    roots: Arc<RootCertStore>,
}

impl Trust {
    /// The authorities that the operating system trusts, read once per process, and these. The variables `SSL_CERT_FILE` and
    /// `SSL_CERT_DIR` count as usual.
    pub(crate) fn new(extra_roots: Vec<CertificateDer<'static>>) -> Result<Self, BuildError> {
        Ok(Self {
            provider: Arc::new(rustls::crypto::aws_lc_rs::default_provider()),
            roots: roots(extra_roots)?,
        })
    }

    /// TLS 1.2 and 1.3, HTTP/1.1.
    pub(crate) fn connector(
        &self,
        shown: Option<&ClientCertificate>,
    ) -> Result<TlsConnector, BuildError> {
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(BuildError::Tls)?
            .with_root_certificates(Arc::clone(&self.roots));
        let mut config = match shown {
            None => builder.with_no_client_auth(),
            Some(shown) => builder
                .with_client_auth_cert(shown.chain.clone(), shown.key.clone_key())
                .map_err(|_| BuildError::ClientCertificate(BadClientCertificate::Mismatch))?,
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsConnector::from(Arc::new(config)))
    }
}

fn roots(extra: Vec<CertificateDer<'static>>) -> Result<Arc<RootCertStore>, BuildError> {
    static OF_THE_SYSTEM: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    let of_the_system = OF_THE_SYSTEM.get_or_init(|| Arc::new(roots_of_the_system()));
    if extra.is_empty() {
        return Ok(Arc::clone(of_the_system));
    }
    let mut roots = RootCertStore::clone(of_the_system);
    for root in extra {
        roots.add(root).map_err(BuildError::Root)?;
    }
    Ok(Arc::new(roots))
}

fn roots_of_the_system() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    for error in &native.errors {
        tracing::warn!(%error, "a trusted certificate of the operating system could not be read");
    }
    let (_, ignored) = roots.add_parsable_certificates(native.certs);
    if ignored > 0 {
        tracing::debug!(
            ignored,
            "trusted certificates of the operating system that are not usable"
        );
    }
    if roots.is_empty() {
        tracing::warn!(
            "this machine trusts no certificate authority: https requests will fail until its \
             certificates are installed (package ca-certificates)"
        );
    }
    roots
}
