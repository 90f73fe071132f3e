//! Pages that are one file: they load nothing, not even a stylesheet, and are the same for everybody.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::header::CONTENT_SECURITY_POLICY;
use http::{HeaderMap, HeaderValue};

use super::{Brand, assets};
use crate::layers::page_headers;

/// The look of such a page: our stylesheet and the page's own rules in one `<style>`, and a policy that lets through these rules, known by
/// their hash, and nothing else: no script, no request, no form.
#[derive(Debug, Clone)]
pub struct Standalone {
    styles: String,
    headers: HeaderMap,
}

impl Standalone {
    /// With these rules beside our own.
    pub fn new(rules: &str) -> Self {
        let tokens = Brand::neutral().tokens();
        let styles = format!("{}{tokens}{rules}", assets::css());
        let hash = STANDARD.encode(digest(&SHA256, styles.as_bytes()));
        let policy = format!(
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
             img-src data:; style-src 'sha256-{hash}'"
        );
        let mut headers = page_headers();
        // A hash in base64 can always be sent; were it otherwise, nothing would be let through.
        let policy =
            HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
        headers.insert(CONTENT_SECURITY_POLICY, policy);
        Self { styles, headers }
    }

    /// What stands in the page's one `<style>`, to the letter.
    pub fn styles(&self) -> &str {
        &self.styles
    }

    /// Our mark, as the address of a picture that the page holds itself.
    pub fn mark() -> String {
        format!(
            "data:image/svg+xml;base64,{}",
            STANDARD.encode(assets::mark())
        )
    }

    /// The headers of the answer.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}

/// An entity tag for what never changes while the program runs: a hash of its bytes, in quotes.
pub fn etag(bytes: &[u8]) -> HeaderValue {
    let hash = digest(&SHA256, bytes);
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16]));
    HeaderValue::try_from(tag).unwrap_or(HeaderValue::from_static("\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_lets_through_what_the_page_holds_and_nothing_else() {
        let page = Standalone::new("x{y:z}");
        assert!(page.styles().ends_with("x{y:z}"));
        let policy = page.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
        let hash = STANDARD.encode(digest(&SHA256, page.styles().as_bytes()));
        assert!(policy.contains(&format!("style-src 'sha256-{hash}'")));
        for word in ["'self'", "unsafe", "http", "script-src"] {
            assert!(!policy.contains(word), "{policy}");
        }
        assert!(page.headers().contains_key("permissions-policy"));
        assert_ne!(etag(b"a"), etag(b"b"));
    }
}
