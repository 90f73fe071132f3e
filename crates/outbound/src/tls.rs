//! Whom to trust.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use crate::policy::BuildError;

/// TLS 1.2 and 1.3, HTTP/1.1, the operating system's trusted authorities and the policy's own.
pub(crate) fn connector(
    extra_roots: Vec<CertificateDer<'static>>,
) -> Result<TlsConnector, BuildError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(BuildError::Tls)?
        .with_root_certificates(roots(extra_roots)?)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

fn roots(extra_roots: Vec<CertificateDer<'static>>) -> Result<RootCertStore, BuildError> {
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
    for root in extra_roots {
        roots.add(root).map_err(BuildError::Root)?;
    }
    if roots.is_empty() {
        tracing::warn!(
            "this machine trusts no certificate authority: every https request will fail \
             until its certificates are installed (package ca-certificates)"
        );
    }
    Ok(roots)
}
