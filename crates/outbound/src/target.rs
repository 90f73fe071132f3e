//! What can be said of a URL before anything is resolved, and of an address after.

use std::net::IpAddr;

use url::{Host, Url};

use crate::error::{OutboundError, UrlFault};
use crate::policy::{Origin, Rules};

/// The longest URL that is called. Longer ones are refused by many servers.
const MAX_URL: usize = 8_192;

/// Judges a URL by itself: everything that needs no name resolved.
pub(crate) fn check_url(url: &Url, rules: &Rules) -> Result<Origin, OutboundError> {
    let origin = Origin::of(url).ok_or(OutboundError::BadUrl(UrlFault::Scheme))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(OutboundError::BadUrl(UrlFault::UserInfo));
    }
    if origin.port == 0 {
        return Err(OutboundError::BadUrl(UrlFault::Port));
    }
    if url.as_str().len() > MAX_URL {
        return Err(OutboundError::BadUrl(UrlFault::Form));
    }
    if rules.pin(&origin).is_some() {
        return Ok(origin);
    }
    match url.host() {
        Some(Host::Ipv4(v4)) => check_address(v4.into(), origin.https, rules)?,
        Some(Host::Ipv6(v6)) => check_address(v6.into(), origin.https, rules)?,
        Some(Host::Domain(name)) => {
            if !origin.https && !rules.allows_any() {
                return Err(OutboundError::BadUrl(UrlFault::PlainHttp));
            }
            // RFC 6761: these names are this machine, whatever a resolver says.
            if is_localhost(name) {
                check_address(IpAddr::from([127, 0, 0, 1]), origin.https, rules)?;
            }
        }
        None => return Err(OutboundError::BadUrl(UrlFault::Form)),
    }
    Ok(origin)
}

/// Judges an address that a request would go to.
pub(crate) fn check_address(
    address: IpAddr,
    https: bool,
    rules: &Rules,
) -> Result<(), OutboundError> {
    if rules.allows(address) {
        return Ok(());
    }
    if !crate::is_public(address) {
        return Err(OutboundError::RefusedAddress);
    }
    if !https {
        return Err(OutboundError::BadUrl(UrlFault::PlainHttp));
    }
    Ok(())
}

fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    fn judged(url: &str, allowed: &[&str]) -> Result<(), String> {
        let allowed = allowed.iter().map(|range| range.parse().unwrap()).collect();
        let rules = Rules::new(allowed, &[]).unwrap();
        check_url(&Url::parse(url).unwrap(), &rules)
            .map(drop)
            .map_err(|error| {
                if let OutboundError::BadUrl(fault) = error {
                    format!("{fault:?}")
                } else {
                    error.label().to_owned()
                }
            })
    }

    #[test]
    fn a_literal_address_is_known_in_every_notation() {
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "0177.0.0.1",
            "017700000001",
            "127.0.0.1.",
            "%31%32%37.0.0.1",
            "\u{ff11}\u{ff12}\u{ff17}.0.0.1",
            "[::1]",
            "[0:0:0:0:0:0:0:1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[64:ff9b::7f00:1]",
            "[fe80::1]",
            "169.254.169.254",
            "localhost",
            "LOCALHOST",
            "localhost.",
            "a.localhost",
        ] {
            for scheme in ["https", "http"] {
                let url = format!("{scheme}://{host}/");
                let expected =
                    if scheme == "http" && host.to_ascii_lowercase().contains("localhost") {
                        "PlainHttp"
                    } else {
                        "refused_address"
                    };
                assert_eq!(judged(&url, &[]), Err(expected.to_owned()), "{url}");
            }
        }
    }

    #[test]
    fn what_a_url_must_not_have() {
        for (url, fault) in [
            ("ftp://example.com/", "Scheme"),
            ("file:///etc/passwd", "Scheme"),
            ("data:text/plain,x", "Scheme"),
            ("gopher://127.0.0.1:25/", "Scheme"),
            ("https://user@example.com/", "UserInfo"),
            ("https://:password@example.com/", "UserInfo"),
            ("https://example.com:0/", "Port"),
            ("http://example.com/", "PlainHttp"),
            ("http://8.8.8.8/", "PlainHttp"),
        ] {
            assert_eq!(judged(url, &[]), Err(fault.to_owned()), "{url}");
        }
        let long = format!("https://example.com/{}", "a".repeat(MAX_URL));
        assert_eq!(judged(&long, &[]), Err("Form".to_owned()));
        for url in [
            "https://example.com/",
            "https://example.com:8443/a?b=c#d",
            "https://8.8.8.8/",
        ] {
            assert_eq!(judged(url, &[]), Ok(()), "{url}");
        }
    }

    #[test]
    fn plain_http_goes_only_where_the_operator_allowed() {
        let allowed = &["10.0.0.0/8"];
        assert_eq!(judged("http://10.1.2.3/", allowed), Ok(()));
        assert_eq!(judged("https://10.1.2.3/", allowed), Ok(()));
        assert_eq!(
            judged("http://8.8.8.8/", allowed),
            Err("PlainHttp".to_owned())
        );
        assert_eq!(
            judged("http://192.168.1.1/", allowed),
            Err("refused_address".to_owned())
        );
        // A name may lead there: that is seen when it is resolved.
        assert_eq!(judged("http://printer.example.com/", allowed), Ok(()));
        assert_eq!(
            judged("http://localhost/", allowed),
            Err("refused_address".to_owned())
        );
        assert_eq!(judged("http://localhost/", &["127.0.0.0/8"]), Ok(()));
    }

    proptest! {
        #[test]
        fn notation_changes_no_verdict(bits in any::<u32>()) {
            let v4 = Ipv4Addr::from_bits(bits);
            let expected = judged(&format!("https://{v4}/"), &[]);
            prop_assert_eq!(expected.is_ok(), crate::is_public(v4.into()));
            for host in [
                format!("{bits}"),
                format!("0x{bits:x}"),
                format!("0{bits:o}"),
                format!("[{}]", v4.to_ipv6_mapped()),
                format!("[64:ff9b::{v4}]"),
            ] {
                prop_assert_eq!(judged(&format!("https://{host}/"), &[]), expected.clone(), "{}", host);
            }
        }
    }
}
