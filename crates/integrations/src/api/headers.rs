//! Which headers go along, and which come back.

use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue};

/// Why a request is not passed on at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotPassedOn {
    /// It asks for another protocol, as a WebSocket does.
    #[error("a change of protocol can't be passed on")]
    Upgrade,
    /// It has the body of a form that is too long to be read whole, and the API wants forms to be signed (RFC 5849, 3.4.1.3.1).
    #[error("a form as long as this can't be signed, and so can't be passed on")]
    LongForm,
    /// Its method would show the access token (`TRACE`), or is for proxies alone (`CONNECT`).
    #[error("this method can't be passed on")]
    Method,
}

/// Of the connection alone (RFC 9110, 7.6.1), and others that say something about this hop.
const OF_THIS_HOP: [HeaderName; 10] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::EXPECT,
];

/// Ours, or about us: the API key, cookies of this server's address, whom this server was called by and how.
const OURS: [HeaderName; 8] = [
    header::AUTHORIZATION,
    header::COOKIE,
    header::FORWARDED,
    header::VIA,
    header::HOST,
    header::CONTENT_LENGTH,
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("true-client-ip"),
];

/// What the third party says to a browser about its own address, which would hold for this server's; and what a proxy in front of this
/// server would take for an order to send a file.
const OF_ITS_ORIGIN: [HeaderName; 14] = [
    header::SET_COOKIE,
    HeaderName::from_static("set-cookie2"),
    header::STRICT_TRANSPORT_SECURITY,
    header::PUBLIC_KEY_PINS,
    header::ALT_SVC,
    HeaderName::from_static("clear-site-data"),
    HeaderName::from_static("service-worker-allowed"),
    HeaderName::from_static("reporting-endpoints"),
    HeaderName::from_static("nel"),
    HeaderName::from_static("report-to"),
    header::CONTENT_SECURITY_POLICY_REPORT_ONLY,
    header::REFRESH,
    HeaderName::from_static("x-sendfile"),
    HeaderName::from_static("x-lighttpd-send-file"),
];

/// Prefixes of names: of those who forwarded the request, and of what pages elsewhere may read.
const FORWARDED: &str = "x-forwarded-";
const CROSS_ORIGIN: &str = "access-control-";
/// nginx's own, as `X-Accel-Redirect`.
const ACCEL: &str = "x-accel-";

/// The headers of a request that go along.
pub(super) fn outgoing(headers: &HeaderMap) -> Result<HeaderMap, NotPassedOn> {
    if headers.contains_key(header::UPGRADE)
        || named(headers).any(|name| name == header::UPGRADE.as_str())
        || headers
            .keys()
            .any(|name| name.as_str().starts_with("sec-websocket-"))
    {
        return Err(NotPassedOn::Upgrade);
    }
    let passes = |name: &HeaderName| {
        !OF_THIS_HOP.contains(name) && !OURS.contains(name) && !name.as_str().starts_with(FORWARDED)
    };
    Ok(but(headers, passes))
}

/// The headers of an answer that come back, with what keeps a browser from taking it for a page of this server's.
pub(super) fn incoming(headers: &HeaderMap) -> HeaderMap {
    let passes = |name: &HeaderName| {
        !OF_THIS_HOP.contains(name)
            && !OF_ITS_ORIGIN.contains(name)
            && !name.as_str().starts_with(CROSS_ORIGIN)
            && !name.as_str().starts_with(ACCEL)
    };
    let mut passed = but(headers, passes);
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, "sandbox"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        passed.insert(name, HeaderValue::from_static(value));
    }
    passed
}

/// The headers whose names pass, without those that `Connection` names: they are of this hop too.
fn but(headers: &HeaderMap, passes: impl Fn(&HeaderName) -> bool) -> HeaderMap {
    let of_this_hop: Vec<String> = named(headers).collect();
    let mut passed = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        if passes(name) && !of_this_hop.iter().any(|hop| hop == name.as_str()) {
            passed.append(name.clone(), value.clone());
        }
    }
    passed
}

/// What the `Connection` headers name, in lower case.
fn named(headers: &HeaderMap) -> impl Iterator<Item = String> {
    let values = headers.get_all(header::CONNECTION).iter();
    values.flat_map(|value| {
        let text = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
        text.split(',')
            .map(|name| name.trim().to_owned())
            .collect::<Vec<_>>()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        headers
    }

    fn shown(headers: &HeaderMap) -> Vec<String> {
        let mut lines: Vec<_> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        lines.sort();
        lines
    }

    #[test]
    fn what_is_ours_never_leaves() {
        let sent = of(&[
            ("Authorization", "Basic k3y"),
            ("Cookie", "a=b"),
            ("Cookie", "c=d"),
            ("Host", "hub.example"),
            ("Forwarded", "for=10.0.0.1"),
            ("X-Forwarded-For", "10.0.0.1"),
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Anything", "x"),
            ("X-Real-Ip", "10.0.0.1"),
            ("Via", "1.1 lb"),
            ("Connection", "keep-alive, X-Secret"),
            ("Connection", "x-other"),
            ("X-Secret", "hop"),
            ("X-Other", "hop"),
            ("Keep-Alive", "timeout=5"),
            ("TE", "trailers"),
            ("Trailer", "X-Sum"),
            ("Transfer-Encoding", "chunked"),
            ("Content-Length", "7"),
            ("Expect", "100-continue"),
            ("Proxy-Authorization", "Basic x"),
            ("Accept", "application/json"),
            ("Content-Type", "application/json"),
            ("Idempotency-Key", "theirs"),
            ("X-Tenant", "one"),
            ("X-Tenant", "two"),
        ]);
        assert_eq!(
            shown(&outgoing(&sent).unwrap()),
            [
                "accept: application/json",
                "content-type: application/json",
                "idempotency-key: theirs",
                "x-tenant: one",
                "x-tenant: two",
            ]
        );
    }

    #[test]
    fn another_protocol_is_refused() {
        for pairs in [
            [("Upgrade", "websocket"), ("Connection", "Upgrade")],
            [("Connection", "keep-alive, UPGRADE"), ("A", "b")],
            [("Sec-WebSocket-Key", "x"), ("A", "b")],
            [("Upgrade", "h2c"), ("A", "b")],
        ] {
            assert_eq!(outgoing(&of(&pairs)), Err(NotPassedOn::Upgrade));
        }
    }

    #[test]
    fn what_speaks_to_browsers_never_returns() {
        let answer = of(&[
            ("Set-Cookie", "a=b"),
            ("Set-Cookie", "c=d"),
            ("Strict-Transport-Security", "max-age=1"),
            ("Clear-Site-Data", "*"),
            ("Access-Control-Allow-Origin", "*"),
            ("Content-Security-Policy", "default-src *"),
            ("X-Content-Type-Options", "none"),
            ("Cache-Control", "public, max-age=9"),
            ("Connection", "close, X-Hop"),
            ("X-Hop", "x"),
            ("Transfer-Encoding", "chunked"),
            ("X-Accel-Redirect", "/private/file"),
            ("X-Sendfile", "/etc/passwd"),
            ("Refresh", "0; url=https://evil.example"),
            ("Location", "https://elsewhere.example/"),
            ("Content-Type", "text/html"),
            ("Content-Length", "9"),
            ("ETag", "\"1\""),
            ("Link", "<x>; rel=next"),
        ]);
        assert_eq!(
            shown(&incoming(&answer)),
            [
                "cache-control: no-store",
                "content-length: 9",
                "content-security-policy: sandbox",
                "content-type: text/html",
                "etag: \"1\"",
                "link: <x>; rel=next",
                "location: https://elsewhere.example/",
                "x-content-type-options: nosniff",
            ]
        );
    }
}
