//! Errors under the media type of RFC 9457, for who asks for it. Everybody else gets the same body as `application/json`, which is
//! what the SDKs of the contract look for.

use axum::response::Response;
use http::header::{ACCEPT, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue};

use crate::error::ErrorBody;

const PROBLEM: &str = "application/problem+json";

/// Whether a request asks for `application/problem+json` by name, and not for `application/json` rather than that.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    let mut accepted = headers.get_all(ACCEPT).iter().peekable();
    if accepted.peek().is_none() {
        return false;
    }
    let (mut problem, mut plain) = (0, 0);
    for range in accepted
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
    {
        let (kind, parameters) = range.split_once(';').unwrap_or((range, ""));
        let kind = kind.trim();
        if kind.eq_ignore_ascii_case(PROBLEM) {
            problem = weight(parameters);
        } else if kind.eq_ignore_ascii_case("application/json") {
            plain = weight(parameters);
        }
    }
    problem > 0 && problem >= plain
}

/// The weight of a media range in thousandths (RFC 9110, 12.4.2).
fn weight(parameters: &str) -> u32 {
    let weight = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("q")
            .then_some(value.trim())
    });
    let Some(weight) = weight else { return 1_000 };
    let (whole, part) = weight.split_once('.').unwrap_or((weight, ""));
    if part.len() > 3 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return 0;
    }
    match whole {
        "1" => 1_000,
        "0" => format!("{part:0<3}").parse().unwrap_or(0),
        _ => 0,
    }
}

/// Gives an error's body the name that was asked for.
pub(super) fn name(response: &mut Response, wanted: bool) {
    if response.extensions().get::<ErrorBody>().is_none() {
        return;
    }
    let headers = response.headers_mut();
    headers.append(VARY, HeaderValue::from_static("accept"));
    if wanted {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_asks_by_name_is_meant() {
        for (accept, wanted) in [
            (&[][..], false),
            (&["*/*"], false),
            (&["application/*"], false),
            (&["application/json"], false),
            (&["application/problem+xml"], false),
            (&["application/problem+json"], true),
            (&["Application/Problem+JSON"], true),
            (&["application/json, application/problem+json"], true),
            (&["application/json", "application/problem+json"], true),
            (&["application/problem+json;q=0"], false),
            (&["application/problem+json;q=0.000"], false),
            (&["application/problem+json ; Q=0.1"], true),
            (&["application/json, application/problem+json;q=0.9"], false),
            (
                &["application/json;q=0.5, application/problem+json;q=0.9"],
                true,
            ),
            (&["application/problem+json;q=nonsense"], false),
            (&["application/problem+json;q=2"], false),
            (&["application/problem+json;q=0.12345"], false),
            (&["application/problem+json;charset=utf-8"], true),
        ] {
            let mut headers = HeaderMap::new();
            for value in accept {
                headers.append(ACCEPT, HeaderValue::from_static(value));
            }
            assert_eq!(is_wanted(&headers), wanted, "{accept:?}");
        }
    }
}
