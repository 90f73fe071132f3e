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
