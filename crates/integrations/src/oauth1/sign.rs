//! Signatures (RFC 5849, 3.4).

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use handclasp_ambient::random_bytes;
use handclasp_domain::percent_encode;
use handclasp_outbound::Request;
use http::header::CONTENT_TYPE;
use url::{Url, form_urlencoded};

use super::SignatureMethod;
use crate::client::Calls;

/// Who signs.
pub(super) struct Signer<'a> {
    pub(super) method: SignatureMethod,
    pub(super) consumer_key: &'a str,
    pub(super) consumer_secret: &'a str,
    pub(super) realm: Option<&'a str>,
}

/// A token and its secret; both empty where there is none yet.
#[derive(Default)]
pub(super) struct Token<'a> {
    pub(super) token: &'a str,
    pub(super) secret: &'a str,
}

impl Signer<'_> {
    /// The `Authorization` header of a request (3.5.1).
    pub(super) fn header(
        &self,
        request: &Request,
        token: &Token<'_>,
        more: &[(&str, &str)],
        calls: &Calls<'_>,
    ) -> String {
        let nonce = URL_SAFE_NO_PAD.encode(random_bytes::<18>(calls.random));
        self.header_at(request, token, more, &nonce, calls.now.as_seconds())
    }

    fn header_at(
        &self,
        request: &Request,
        token: &Token<'_>,
        more: &[(&str, &str)],
        nonce: &str,
        timestamp: i64,
    ) -> String {
        let mut own = vec![
            ("oauth_consumer_key", self.consumer_key.to_owned()),
            ("oauth_nonce", nonce.to_owned()),
            ("oauth_signature_method", self.method.as_str().to_owned()),
            ("oauth_timestamp", timestamp.to_string()),
            ("oauth_version", "1.0".to_owned()),
        ];
        if !token.token.is_empty() {
            own.push(("oauth_token", token.token.to_owned()));
        }
        own.extend(
            more.iter()
                .map(|(name, value)| (*name, (*value).to_owned())),
        );
        let base = base_string(request, &own);
        let key = format!(
            "{}&{}",
            encoded(self.consumer_secret),
            encoded(token.secret)
        );
        own.push(("oauth_signature", self.method.sign(&key, &base)));

        let mut header = String::from("OAuth ");
        if let Some(realm) = self.realm {
            header.push_str(&format!("realm=\"{}\", ", realm.replace(['"', '\\'], "")));
        }
        let pairs: Vec<String> = own
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", encoded(value)))
            .collect();
        header.push_str(&pairs.join(", "));
        header
    }
}

impl SignatureMethod {
    const fn as_str(self) -> &'static str {
        match self {
            Self::HmacSha1 => "HMAC-SHA1",
            Self::HmacSha256 => "HMAC-SHA256",
        }
    }

    fn sign(self, key: &str, text: &str) -> String {
        let algorithm = match self {
            Self::HmacSha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::HmacSha256 => hmac::HMAC_SHA256,
        };
        let key = hmac::Key::new(algorithm, key.as_bytes());
        STANDARD.encode(hmac::sign(&key, text.as_bytes()))
    }
}

/// What is signed (3.4.1).
fn base_string(request: &Request, own: &[(&str, String)]) -> String {
    let mut pairs: Vec<(String, String)> = own
        .iter()
        .map(|(name, value)| (encoded(name), encoded(value)))
        .collect();
    let mut add = |name: &str, value: &str| pairs.push((encoded(name), encoded(value)));
    for (name, value) in request.url.query_pairs() {
        add(&name, &value);
    }
    let is_form = request.headers.get(CONTENT_TYPE).is_some_and(|kind| {
        kind.as_bytes()
            .starts_with(b"application/x-www-form-urlencoded")
    });
    if is_form {
        for (name, value) in form_urlencoded::parse(&request.body) {
            add(&name, &value);
        }
    }
    pairs.sort();
    let pairs: Vec<String> = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!(
        "{}&{}&{}",
        request.method.as_str().to_ascii_uppercase(),
        encoded(&base_address(&request.url)),
        encoded(&pairs.join("&"))
    )
}

/// The address without its query (3.4.1.2). A port that is the scheme's own is left out by the parser already.
fn base_address(url: &Url) -> String {
    let mut bare = url.clone();
    bare.set_query(None);
    bare.set_fragment(None);
    bare.to_string()
}

/// As 3.6 has it: the unreserved characters stay.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    percent_encode(text, &mut encoded);
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::{HeaderValue, Method};

    /// The example of RFC 5849, 3.4.1.1.
    #[test]
    fn the_base_string_of_the_rfc() {
        let url =
            Url::parse("http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b").unwrap();
        let mut request = Request::new("token", Method::POST, url);
        request.headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        request.body = Bytes::from_static(b"c2&a3=2+q");
        let own = [
            ("oauth_consumer_key", "9djdj82h48djs9d2".to_owned()),
            ("oauth_token", "kkk9d7dh3k39sjv7".to_owned()),
            ("oauth_signature_method", "HMAC-SHA1".to_owned()),
            ("oauth_timestamp", "137131201".to_owned()),
            ("oauth_nonce", "7d8f3e4a".to_owned()),
        ];
        assert_eq!(
            base_string(&request, &own),
            "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
        );
    }

    /// The example of RFC 5849, 1.2: fetching a request token, and fetching a photo.
    #[test]
    fn the_signatures_of_the_rfc() {
        let signer = Signer {
            method: SignatureMethod::HmacSha1,
            consumer_key: "dpf43f3p2l4k3l03",
            consumer_secret: "kd94hf93k423kf44",
            realm: Some("Photos"),
        };
        // The example has no `oauth_version`, so that its own signatures are made over less than ours.
        let sign = |method: Method, url: &str, own: &[(&str, &str)], secret: &str| {
            let request = Request::new("token", method, Url::parse(url).unwrap());
            let own: Vec<_> = own.iter().map(|(n, v)| (*n, (*v).to_owned())).collect();
            let key = format!("{}&{}", signer.consumer_secret, secret);
            signer.method.sign(&key, &base_string(&request, &own))
        };
        let first = sign(
            Method::POST,
            "https://photos.example.net/initiate",
            &[
                ("oauth_consumer_key", "dpf43f3p2l4k3l03"),
                ("oauth_signature_method", "HMAC-SHA1"),
                ("oauth_timestamp", "137131200"),
                ("oauth_nonce", "wIjqoS"),
                ("oauth_callback", "http://printer.example.com/ready"),
            ],
            "",
        );
        assert_eq!(first, "74KNZJeDHnMBp0EMJ9ZHt/XKycU=");
        let second = sign(
            Method::POST,
            "https://photos.example.net/token",
            &[
                ("oauth_consumer_key", "dpf43f3p2l4k3l03"),
                ("oauth_token", "hh5s93j4hdidpola"),
                ("oauth_signature_method", "HMAC-SHA1"),
                ("oauth_timestamp", "137131201"),
                ("oauth_nonce", "walatlh"),
                ("oauth_verifier", "hfdp7dh39dks9884"),
            ],
            "hdhd0244k9j7ao03",
        );
        assert_eq!(second, "gKgrFCywp7rO0OXSjdot/IHF7IU=");
        let third = sign(
            Method::GET,
            "http://photos.example.net/photos?file=vacation.jpg&size=original",
            &[
                ("oauth_consumer_key", "dpf43f3p2l4k3l03"),
                ("oauth_token", "nnch734d00sl2jdk"),
                ("oauth_signature_method", "HMAC-SHA1"),
                ("oauth_timestamp", "137131202"),
                ("oauth_nonce", "chapoH"),
            ],
            "pfkkdhi9sl3r4s00",
        );
        assert_eq!(third, "MdpQcU8iPSUjWoN/UDMsK2sui9I=");
    }

    #[test]
    fn a_header_names_all_and_hides_the_secrets() {
        let signer = Signer {
            method: SignatureMethod::HmacSha256,
            consumer_key: "key",
            consumer_secret: "s3cret",
            realm: Some("1234567_SB1"),
        };
        let url = Url::parse("https://a.example/x?q=1").unwrap();
        let request = Request::new("api", Method::GET, url);
        let token = Token {
            token: "tok/en",
            secret: "t0psecret",
        };
        let header = signer.header_at(&request, &token, &[], "nonce", 1_700_000_000);
        assert!(header.starts_with("OAuth realm=\"1234567_SB1\", oauth_consumer_key=\"key\", "));
        assert!(header.contains("oauth_token=\"tok%2Fen\""));
        assert!(header.contains("oauth_signature_method=\"HMAC-SHA256\""));
        assert!(!header.contains("s3cret") && !header.contains("t0psecret"));
    }
}
