//! Who the client is when a proxy stands in front.

use std::net::{IpAddr, SocketAddr};

use axum::extract::Request;
use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

use crate::front::Peer;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// More hops than this are nobody's.
const MOST: usize = 32;

/// The proxies in front of us that are believed in `X-Forwarded-For`. From anybody else the header is ignored,
/// as everybody can write one.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    networks: Vec<IpNet>,
}

impl Proxies {
    /// Nobody is believed.
    pub fn none() -> Self {
        Self::default()
    }

    /// Believes whoever connects from one of these networks.
    pub fn trusting(networks: impl IntoIterator<Item = IpNet>) -> Self {
        Self {
            networks: networks.into_iter().collect(),
        }
    }

    fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|n| n.contains(&address))
    }

    /// Puts the client's address in the place of the proxy's.
    pub(super) fn name_the_client(&self, request: &mut Request) {
        if self.networks.is_empty() {
            return;
        }
        let Some(Peer(Some(peer))) = request.extensions().get::<Peer>().copied() else {
            return;
        };
        let client = self.client(peer.ip(), request.headers());
        if client != peer.ip() {
            request
                .extensions_mut()
                .insert(Peer(Some(SocketAddr::new(client, 0))));
        }
    }

    /// The last address, from our side, that is not a proxy of ours. Whatever stands before it in the header
    /// was written by that address itself and proves nothing.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer;
        let lines: Vec<_> = headers
            .get_all(FORWARDED_FOR)
            .iter()
            .map(|v| v.to_str().unwrap_or("?"))
            .collect();
        let hops = lines.iter().rev().flat_map(|line| line.rsplit(','));
        for hop in hops.take(MOST) {
            if !self.trusts(client) {
                break;
            }
            match address(hop.trim()) {
                Some(address) => client = address,
                None => break,
            }
        }
        client
    }
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1` or `[2001:db8::1]:80`.
fn address(text: &str) -> Option<IpAddr> {
    text.parse()
        .ok()
        .or_else(|| text.parse().ok().map(|a: SocketAddr| a.ip()))
        .or_else(|| text.strip_prefix('[')?.strip_suffix(']')?.parse().ok())
        .map(|a: IpAddr| a.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn client(peer: &str, lines: &[&'static str]) -> String {
        let proxies = Proxies::trusting(["10.0.0.0/8", "fd00::/8"].map(|n| n.parse().unwrap()));
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_static(line));
        }
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        for (peer, lines, is) in [
            ("192.0.2.9", &["198.51.100.1"][..], "192.0.2.9"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("::ffff:10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["203.0.113.5, 198.51.100.1"], "198.51.100.1"),
            (
                "10.0.0.1",
                &["203.0.113.5", "198.51.100.1, 10.0.0.2"],
                "198.51.100.1",
            ),
            ("10.0.0.1", &["198.51.100.1:4711"], "198.51.100.1"),
            ("fd00::1", &["[2001:db8::7]:80"], "2001:db8::7"),
            ("fd00::1", &["[2001:db8::7]"], "2001:db8::7"),
            ("10.0.0.1", &["unknown"], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1, , 10.0.0.2"], "10.0.0.2"),
        ] {
            assert_eq!(client(peer, lines), is, "{peer} {lines:?}");
        }
    }

    #[test]
    fn nobody_is_believed_unless_told() {
        let mut request = Request::new(axum::body::Body::empty());
        let peer = Peer(Some("10.0.0.1:5".parse().unwrap()));
        request.extensions_mut().insert(peer);
        request
            .headers_mut()
            .insert(FORWARDED_FOR, HeaderValue::from_static("198.51.100.1"));
        Proxies::none().name_the_client(&mut request);
        assert_eq!(request.extensions().get(), Some(&peer));
        Proxies::trusting(["10.0.0.0/8".parse().unwrap()]).name_the_client(&mut request);
        let named = Peer(Some("198.51.100.1:0".parse().unwrap()));
        assert_eq!(request.extensions().get(), Some(&named));
    }
}
