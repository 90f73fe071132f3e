//! Addresses that customers write: whether they may be called.

use handclasp_domain::{FieldError, check_address};
use handclasp_outbound::{OutboundError, UrlFault};
use url::Url;

use crate::App;

impl App {
    /// Takes an address to be called, in its parsed form: what is shown is what is called. `field` names it in an error.
    pub(crate) fn parse_customer_url(&self, field: &str, text: &str) -> Result<Url, FieldError> {
        let refuse = |problem| FieldError::new(field, problem);
        check_address(text).map_err(refuse)?;
        let url =
            Url::parse(text).map_err(|_| refuse("must be an address that begins with https://"))?;
        // It may have become longer: what is kept is what is checked.
        check_address(url.as_str()).map_err(refuse)?;
        if url.fragment().is_some() {
            return Err(refuse("must not have a fragment (# and what follows it)"));
        }
        let allowed = self.outbound_to_customers().check_url(&url);
        allowed.map_err(|error| {
            let problem = match error {
                OutboundError::RefusedAddress => {
                    "must not lead to a private or reserved network address"
                }
                OutboundError::BadUrl(UrlFault::Scheme) => "must begin with https://",
                OutboundError::BadUrl(UrlFault::PlainHttp) => {
                    "must begin with https://; http:// is not allowed for this host"
                }
                OutboundError::BadUrl(UrlFault::UserInfo) => {
                    "must not contain a user name or password"
                }
                OutboundError::BadUrl(UrlFault::Port) => "has a port that cannot be called",
                OutboundError::BadUrl(UrlFault::Form) => {
                    "is too long or has characters that cannot be sent"
                }
                OutboundError::Unsendable
                | OutboundError::RequestBody
                | OutboundError::Resolve(_)
                | OutboundError::Connect(_)
                | OutboundError::Tls(_)
                | OutboundError::Timeout { .. }
                | OutboundError::TooLarge
                | OutboundError::Reset { .. }
                | OutboundError::Protocol(_) => "cannot be called",
            };
            refuse(problem)
        })?;
        Ok(url)
    }
}
