//! The database URL, and TLS as it asks for it.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;
use url::form_urlencoded;

use crate::OpenError;

/// What makes TLS connections.
pub(super) type Tls = MakeRustlsConnect;

/// Takes a database URL apart. `sslmode` and `sslrootcert` are ours to read: `tokio-postgres` knows neither `verify-full` nor
/// a file of roots.
pub(super) fn parse(url: &str) -> Result<(Config, Tls), OpenError> {
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(wrong("it must begin with postgres:// or postgresql://"));
    }
    let (address, query) = url.split_once('?').unwrap_or((url, ""));
    let mut mode = None;
    let mut roots = None;
    let mut others = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match form_urlencoded::parse(pair.as_bytes()).next() {
            Some((Cow::Borrowed("sslmode"), value)) => mode = Some(value),
            Some((Cow::Borrowed("sslrootcert"), value)) => roots = Some(value),
            Some(_) | None => others.push(pair),
        }
    }
    let mut config: Config = format!("{address}?{}", others.join("&")).parse().map_err(
        |error: tokio_postgres::Error| {
            wrong(match std::error::Error::source(&error) {
                Some(source) => source.to_string(),
                None => error.to_string(),
            })
        },
    )?;
    let mode = ssl_mode(&config, mode.as_deref())?;
    config.ssl_mode(mode);
    Ok((config, connector(mode, roots.as_deref())?))
}

fn ssl_mode(config: &Config, asked: Option<&str>) -> Result<SslMode, OpenError> {
    let hosts = config.get_hosts();
    if hosts.iter().all(|host| matches!(host, Host::Unix(_))) && config.get_hostaddrs().is_empty() {
        // Nobody listens in on a socket of this machine, and PostgreSQL speaks no TLS on it.
        return Ok(SslMode::Disable);
    }
    match asked {
        Some("disable") => Ok(SslMode::Disable),
        Some("prefer") => Ok(SslMode::Prefer),
        Some("require" | "verify-full") => Ok(SslMode::Require),
        Some(other) => Err(wrong(format!(
            "sslmode={other} is not supported; disable, prefer, require and verify-full are"
        ))),
        None if hosts.iter().all(is_loopback)
            && config.get_hostaddrs().iter().all(IpAddr::is_loopback) =>
        {
            Ok(SslMode::Disable)
        }
        None => Ok(SslMode::Require),
    }
}

fn is_loopback(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
        }
    }
}

fn connector(mode: SslMode, roots: Option<&str>) -> Result<Tls, OpenError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(error.to_string()))?
        .with_root_certificates(match (mode, roots) {
            // Nothing will be asked of them, and reading the system's takes milliseconds of the start.
            (SslMode::Disable, _) => RootCertStore::empty(),
            (_, Some(file)) => roots_in(file)?,
            (_, None) => system_roots()?,
        })
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn roots_in(file: &str) -> Result<RootCertStore, OpenError> {
    let unusable = |error: &dyn std::fmt::Display| {
        wrong(format!("sslrootcert={file} cannot be used: {error}"))
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| unusable(&error))? {
        let certificate = certificate.map_err(|error| unusable(&error))?;
        roots.add(certificate).map_err(|error| unusable(&error))?;
    }
    if roots.is_empty() {
        return Err(unusable(&"it holds no certificate"));
    }
    Ok(roots)
}

fn system_roots() -> Result<RootCertStore, OpenError> {
    let mut roots = RootCertStore::empty();
    // Some systems carry a root or two that cannot be parsed; the others are good all the same.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(wrong(
            "TLS is asked for, but this system has no root certificates; name a file of them by sslrootcert",
        ));
    }
    Ok(roots)
}

fn wrong(problem: impl Into<String>) -> OpenError {
    OpenError::Url(problem.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> Result<SslMode, String> {
        parse(url)
            .map(|(config, _)| config.get_ssl_mode())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn plain_text_needs_to_be_asked_for_away_from_this_machine() {
        for (url, expected) in [
            ("postgres://u@db.example/d", SslMode::Require),
            (
                "postgres://u@db.example/d?sslmode=disable",
                SslMode::Disable,
            ),
            ("postgres://u@db.example/d?sslmode=prefer", SslMode::Prefer),
            (
                "postgres://u@db.example/d?application_name=x&sslmode=verify-full",
                SslMode::Require,
            ),
            ("postgres://u@127.0.0.1/d", SslMode::Disable),
            ("postgres://u@[::1]:5433/d", SslMode::Disable),
            ("postgres://u@localhost,db.example/d", SslMode::Require),
            (
                "postgres:///d?user=u&host=/run/postgresql",
                SslMode::Disable,
            ),
            ("postgres://u@localhost/d?sslmode=require", SslMode::Require),
        ] {
            assert_eq!(mode(url), Ok(expected), "{url}");
        }
    }

    #[test]
    fn what_is_not_supported_is_named() {
        for (url, named) in [
            ("mysql://u@h/d", "postgres://"),
            ("postgres://u@h/d?sslmode=allow", "sslmode=allow"),
            (
                "postgres://u@h/d?sslrootcert=/nonexistent.pem",
                "/nonexistent.pem",
            ),
            ("postgres://u@h/d?sslcert=x", "sslcert"),
        ] {
            let error = mode(url).unwrap_err();
            assert!(error.contains(named), "{url}: {error}");
        }
        let error = mode("postgres://u:geheim@h:port/d").unwrap_err();
        assert!(!error.contains("geheim"), "{error}");
    }
}
