//! Paths that a caller wrote, put after a base that he did not.

use url::Url;

/// A path that is not called. Shows as a sentence without its full stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPath {
    /// `.` or `..` as a part of its own, encoded or not: it would lead out of what is declared, here or at the other side.
    #[error("must have no dot segments, encoded or not")]
    Dots,
    /// Two slashes in a row, or one that is encoded.
    #[error("must have no empty segments and no encoded slashes")]
    Slashes,
    /// A backslash, which some take for a slash, encoded or not.
    #[error("must have no backslashes, encoded or not")]
    Backslash,
    /// An `@` that is not encoded.
    #[error("must have @ as %40")]
    At,
    /// A control character, encoded or not.
    #[error("must have no control characters, encoded or not")]
    Control,
    /// A `%` without two hexadecimal digits after it, or characters that must be encoded.
    #[error("must be percent-encoded as RFC 3986 has it")]
    Encoding,
    /// Too long.
    #[error("is too long")]
    Length,
}

/// Addresses are called up to 8,192 characters; this leaves room for the rest.
const PATH_MOST: usize = 4_096;

/// As often as somebody on the way may decode a path.
const DECODED: usize = 3;

/// The address of a call below a base. `path` is as it stood in the request's target after the base, without the slash between: still
/// encoded, and sent on as it is. So is the query.
pub(super) fn below(base: &Url, path: &str, query: Option<&str>) -> Result<Url, BadPath> {
    check(path)?;
    let whole = format!("{}/{path}", base.path().trim_end_matches('/'));
    let mut url = base.clone();
    url.set_path(&whole);
    url.set_query(query);
    // Whatever was overlooked: the parser found nothing to change, and the place is the declared one.
    if url.path() != whole || url.origin() != base.origin() || url.fragment().is_some() {
        return Err(BadPath::Encoding);
    }
    Ok(url)
}

fn check(path: &str) -> Result<(), BadPath> {
    if path.len() > PATH_MOST {
        return Err(BadPath::Length);
    }
    if path.contains('@') {
        return Err(BadPath::At);
    }
    let segments = path.split('/').count();
    for (number, segment) in path.split('/').enumerate() {
        // The last may be empty: a slash at the end.
        if segment.is_empty() && number + 1 < segments {
            return Err(BadPath::Slashes);
        }
        check_segment(segment)?;
    }
    Ok(())
}

/// Looks at a segment as it is, and as it is once it was decoded, once more and once more.
fn check_segment(segment: &str) -> Result<(), BadPath> {
    let mut bytes = segment.as_bytes().to_vec();
    for round in 0..=DECODED {
        if bytes.iter().any(u8::is_ascii_control) {
            return Err(BadPath::Control);
        }
        if bytes.contains(&b'\\') {
            return Err(BadPath::Backslash);
        }
        if bytes.contains(&b'/') {
            return Err(BadPath::Slashes);
        }
        // What stands after a semicolon is a parameter to some, and taken off before they look at the dots.
        let name = bytes.split(|byte| *byte == b';').next();
        if matches!(name, Some(b"." | b"..")) {
            return Err(BadPath::Dots);
        }
        match decode(&bytes) {
            Some(decoded) if decoded == bytes => return Ok(()),
            Some(decoded) => bytes = decoded,
            // As it was written it must be right; what comes out of it may be anything, as "100%" is.
            None if round == 0 => return Err(BadPath::Encoding),
            None => return Ok(()),
        }
    }
    Ok(())
}

/// Decodes once; none where a `%` has no two hexadecimal digits after it.
fn decode(bytes: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: Option<&u8>| char::from(*byte?).to_digit(16);
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter();
    while let Some(byte) = rest.next() {
        if *byte != b'%' {
            decoded.push(*byte);
            continue;
        }
        let (high, low) = (digit(rest.next())?, digit(rest.next())?);
        decoded.push(u8::try_from(high * 16 + low).ok()?);
    }
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn base(base: &str) -> Url {
        Url::parse(base).unwrap()
    }

    fn acme(path: &str) -> Result<String, BadPath> {
        let url = below(&base("https://api.acme.example/v1/"), path, None)?;
        Ok(url.as_str().to_owned())
    }

    #[test]
    fn good_paths_are_sent_as_they_are() {
        for path in [
            "invoices",
            "invoices/",
            "invoices/42/lines",
            "a.b/..c/c../...",
            "caf%C3%A9",
            "a%20b",
            "me%40example.com",
            "50%25",
            "a;b=c,d/(e)'!$&*+:=~_-",
            "%2Fa".trim_start_matches("%2F"),
        ] {
            assert_eq!(
                acme(path).as_deref(),
                Ok(format!("https://api.acme.example/v1/{path}").as_str())
            );
        }
        let url = |query| below(&base("http://localhost:8080/sandbox/api"), "x", query).unwrap();
        assert_eq!(url(None).as_str(), "http://localhost:8080/sandbox/api/x");
        let asked = url(Some("a=b&c=%2F..%2f&d"));
        assert_eq!(asked.query(), Some("a=b&c=%2F..%2f&d"));
    }

    #[test]
    fn bad_ones_are_refused_each_for_its_reason() {
        for (path, why) in [
            ("..", BadPath::Dots),
            (".", BadPath::Dots),
            ("a/../b", BadPath::Dots),
            ("a/./b", BadPath::Dots),
            ("%2e%2e/b", BadPath::Dots),
            (".%2E/b", BadPath::Dots),
            ("%2e", BadPath::Dots),
            ("a/%252e%252e/b", BadPath::Dots),
            ("a/%25252e./b", BadPath::Dots),
            ("..;/b", BadPath::Dots),
            ("..%3bx/b", BadPath::Dots),
            ("/b", BadPath::Slashes),
            ("a//b", BadPath::Slashes),
            ("a//", BadPath::Slashes),
            ("//evil.example/b", BadPath::Slashes),
            ("a%2fb", BadPath::Slashes),
            ("a%2Fb", BadPath::Slashes),
            ("a%252fb", BadPath::Slashes),
            ("..%2f", BadPath::Slashes),
            ("a\\b", BadPath::Backslash),
            ("..\\b", BadPath::Backslash),
            ("a%5cb", BadPath::Backslash),
            ("a%255Cb", BadPath::Backslash),
            ("@evil.example/b", BadPath::At),
            ("a@b", BadPath::At),
            ("a%00", BadPath::Control),
            ("a%0d%0aX-Evil:%201", BadPath::Control),
            ("a\tb", BadPath::Control),
            ("a%250a", BadPath::Control),
            ("a%", BadPath::Encoding),
            ("a%2", BadPath::Encoding),
            ("a%zz", BadPath::Encoding),
            ("a%+1", BadPath::Encoding),
            ("a b", BadPath::Encoding),
            ("ä", BadPath::Encoding),
            ("a?b", BadPath::Encoding),
            ("a#b", BadPath::Encoding),
        ] {
            assert_eq!(acme(path), Err(why), "{path}");
        }
        assert_eq!(acme(&"a".repeat(4_097)), Err(BadPath::Length));
    }

    proptest! {
        /// Whatever is written, the token goes below the declared base and nowhere else.
        #[test]
        fn nothing_leads_out(path in "[a-c./\\\\@%;:?#25eEfFcC0 ]{0,12}", query in proptest::option::of("[a@/\\\\?#%.]{0,6}")) {
            let base = base("https://api.acme.example/v1");
            if let Ok(url) = below(&base, &path, query.as_deref()) {
                prop_assert_eq!(url.host_str(), Some("api.acme.example"));
                prop_assert_eq!(url.scheme(), "https");
                prop_assert!(url.username().is_empty() && url.port().is_none() && url.fragment().is_none());
                let expected = format!("/v1/{path}");
                prop_assert_eq!(url.path(), expected.as_str());
                // A parser that reads it anew sees the same.
                let again = Url::parse(url.as_str()).unwrap();
                prop_assert_eq!(again.path(), url.path());
                prop_assert_eq!(again.host_str(), url.host_str());
            }
        }
    }
}
