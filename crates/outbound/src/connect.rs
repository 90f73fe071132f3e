//! Making connections, to checked addresses only.

use std::future::{Ready, ready};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use http::Uri;
use hyper_rustls::MaybeHttpsStream;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tower::Service;

use crate::error::{Cause, OutboundError, UrlFault};
use crate::lookups::Lookups;
use crate::policy::{Origin, Rules};
use crate::target::check_address;

/// How long resolving, connecting and the TLS handshake may take together, within the request's deadline.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

type Tcp = TokioIo<TcpStream>;
type Stream = MaybeHttpsStream<Tcp>;

/// Opens the connections that hyper asks for. Each is checked here, on the addresses that it is then
/// made to, so that a name that resolves otherwise a moment later changes nothing.
#[derive(Clone)]
pub(crate) struct Connector(Arc<Inner>);

struct Inner {
    rules: Arc<Rules>,
    lookups: Lookups,
    tls: TlsConnector,
}

impl Connector {
    pub(crate) fn new(rules: Arc<Rules>, lookups: Lookups, tls: TlsConnector) -> Self {
        Self(Arc::new(Inner {
            rules,
            lookups,
            tls,
        }))
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = OutboundError;
    type Future = BoxFuture<'static, Result<Stream, OutboundError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), OutboundError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let inner = Arc::clone(&self.0);
        Box::pin(async move {
            tokio::time::timeout(CONNECT_TIMEOUT, inner.connect(&uri))
                .await
                .unwrap_or(Err(OutboundError::Timeout { sent: false }))
        })
    }
}

impl Inner {
    async fn connect(&self, uri: &Uri) -> Result<Stream, OutboundError> {
        let origin = Origin::of_uri(uri).ok_or(OutboundError::BadUrl(UrlFault::Scheme))?;
        let (addresses, tls) = match self.rules.pin(&origin) {
            Some(pinned) => (vec![pinned.address], pinned.tls),
            None => (self.addresses(&origin).await?, origin.https),
        };
        let tcp = open(addresses).await?;
        if !tls {
            return Ok(MaybeHttpsStream::Http(tcp));
        }
        let name = ServerName::try_from(bare_host(&origin.host).to_owned())
            .map_err(|_| OutboundError::BadUrl(UrlFault::Form))?;
        let stream = self
            .tls
            .connect(name, TokioIo::new(tcp))
            .await
            .map_err(|error| OutboundError::Tls(Cause::of(&error)))?;
        Ok(MaybeHttpsStream::Https(TokioIo::new(stream)))
    }

    /// The addresses of an origin, all of them checked: one that is refused is enough to refuse the name.
    async fn addresses(&self, origin: &Origin) -> Result<Vec<SocketAddr>, OutboundError> {
        let host = bare_host(&origin.host);
        let found = match host.parse::<IpAddr>() {
            Ok(literal) => vec![literal],
            Err(_) => self
                .lookups
                .find(host)
                .await
                .map_err(OutboundError::Resolve)?,
        };
        if found.is_empty() {
            return Err(OutboundError::Resolve(Cause::text(
                "the name has no addresses",
            )));
        }
        found
            .into_iter()
            .map(|address| {
                check_address(address, origin.https, &self.rules)?;
                Ok(SocketAddr::new(address, origin.port))
            })
            .collect()
    }
}

/// Connects to the first of these addresses that answers, IPv6 and IPv4 racing (RFC 8305), which hyper's
/// connector does. It is given a name of no meaning and, as its resolver, the addresses themselves.
async fn open(addresses: Vec<SocketAddr>) -> Result<Tcp, OutboundError> {
    let mut connector = HttpConnector::new_with_resolver(Checked(addresses));
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    connector
        .call(Uri::from_static("http://checked"))
        .await
        .map_err(|error| OutboundError::Connect(Cause::of(&error)))
}

#[derive(Clone)]
struct Checked(Vec<SocketAddr>);

impl Service<Name> for Checked {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Ready<io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Name) -> Self::Future {
        ready(Ok(std::mem::take(&mut self.0).into_iter()))
    }
}

/// A host without the brackets of an IPv6 address.
fn bare_host(host: &str) -> &str {
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
}
