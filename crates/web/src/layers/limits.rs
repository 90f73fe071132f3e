//! Limits on requests: asked before anything else is done, and told on every answer.

use std::cell::RefCell;

use axum::extract::Request;
use handclasp_domain::{OverLimit, Standing, Timestamp};
use http::{HeaderMap, HeaderName, HeaderValue};

const LIMIT: HeaderName = HeaderName::from_static("x-rate-limit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-rate-limit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-rate-limit-reset");

/// Says of each request of a surface whether it is taken. It is asked before anything else is done, and so must be quick.
pub trait Gate: Send + Sync + 'static {
    /// How the caller stands, or that he is over a limit.
    fn enter(&self, request: &Request) -> Result<Standing, OverLimit>;
}

/// Tells how a caller stands.
pub(super) fn tell(headers: &mut HeaderMap, standing: Standing) {
    headers.insert(LIMIT, HeaderValue::from(standing.limit));
    headers.insert(REMAINING, HeaderValue::from(standing.remaining));
    if let Some(reset) = instant(standing.reset) {
        headers.insert(RESET, reset);
    }
}

thread_local! {
    /// The last instant that was told and its text: it is the same one for many answers.
    static TOLD: RefCell<Option<(i64, HeaderValue)>> = const { RefCell::new(None) };
}

/// An instant as text, rounded up to the whole second.
fn instant(at: Timestamp) -> Option<HeaderValue> {
    let seconds = at.as_micros().saturating_add(999_999).div_euclid(1_000_000);
    TOLD.with_borrow_mut(|told| {
        if let Some((second, text)) = told
            && *second == seconds
        {
            return Some(text.clone());
        }
        let text = HeaderValue::try_from(Timestamp::from_seconds(seconds).to_string()).ok()?;
        *told = Some((seconds, text.clone()));
        Some(text)
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::Router;
    use axum::response::Response;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;
    use crate::layers::tests::{ask, outer, text};
    use crate::layers::{Sites, Surface, current};

    const STANDING: Standing = Standing {
        limit: 9,
        remaining: 4,
        reset: Timestamp::from_micros(1_772_366_399_000_001),
    };

    /// Refuses whoever asks for `/api/much`.
    struct Picky;

    impl Gate for Picky {
        fn enter(&self, request: &Request) -> Result<Standing, OverLimit> {
            if request.uri().path() != "/api/much" {
                return Ok(STANDING);
            }
            Err(OverLimit {
                standing: Standing {
                    remaining: 0,
                    ..STANDING
                },
                wait: Duration::from_millis(1_200),
            })
        }
    }

    fn told(response: &Response) -> [&str; 3] {
        let header = |name| {
            let value: Option<&HeaderValue> = response.headers().get(name);
            value.map_or("", |value| value.to_str().unwrap())
        };
        [header(LIMIT), header(REMAINING), header(RESET)]
    }

    #[tokio::test]
    async fn every_answer_of_the_surface_tells_and_no_other() {
        let own = Standing {
            limit: 100,
            remaining: 7,
            reset: Timestamp::from_seconds(0),
        };
        let router = Router::new()
            .route("/api/plain", get(|| async { "x" }))
            .route(
                "/api/own",
                get(move || async move {
                    current::stand(own);
                    "x"
                }),
            )
            .route("/api/much", get(|| async { "it is refused before" }))
            .route(
                "/api/panic",
                get(|| async {
                    if true {
                        panic!("on purpose")
                    }
                }),
            );
        let programs = outer(Surface::Api).with_gate(Picky);
        let host = "http://a.example".parse().unwrap();
        let sites = Sites::new(outer(Surface::Pages))
            .for_programs("/api", programs.clone())
            .mount(&host, "/api", programs.wrap(router));
        let call = async |host: &'static str, path: &str| {
            let mut request = ask(path);
            let host = HeaderValue::from_static(host);
            request.headers_mut().insert("host", host);
            sites.clone().oneshot(request).await.unwrap()
        };
        let reset = "2026-03-01T12:00:00.0000000Z";
        for (host, path, status) in [
            ("a.example", "/api/plain", 200),
            ("a.example", "/api/nothing", 404),
            ("a.example", "/api/panic", 500),
            ("a.example", "/apis", 404),
            ("b.example", "/api/plain", 421),
        ] {
            let response = call(host, path).await;
            assert_eq!(response.status(), status, "{path}");
            assert_eq!(told(&response), ["9", "4", reset], "{path}");
        }
        let response = call("a.example", "/api/own").await;
        let own = ["100", "7", "1970-01-01T00:00:00.0000000Z"];
        assert_eq!(told(&response), own);
        let response = call("a.example", "/api/much").await;
        assert_eq!(response.status(), 429);
        assert_eq!(told(&response), ["9", "0", reset]);
        assert_eq!(response.headers()["retry-after"], "2");
        assert!(response.headers().contains_key("x-correlation-id"));
        assert!(text(response).await.contains(r#""canBeRetried":"True""#));
        // Pages tell nothing of it.
        let page = call("b.example", "/other").await;
        assert_eq!(told(&page), ["", "", ""]);
    }
}
