//! The way back from the third party: replayed, foreign, racing and dropped.

use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Method, StatusCode};

use crate::support::{World, link_url, to_sign_in};

#[tokio::test]
async fn a_callback_counts_once_and_in_its_own_browser() {
    let world = World::start().await;
    let mut person = world.person();
    let sign_in = to_sign_in(&mut person, &link_url(&world)).await;
    // The third party's answer, caught before the browser takes it.
    let callback = person.allow_and_wait(&sign_in).await;
    assert!(callback.path().starts_with("/callback/"));

    // Another browser: refused, and nothing has changed.
    let mut stranger = world.person();
    let refused = stranger.open(callback.as_str()).await;
    assert_eq!(
        (refused.status, refused.heading().as_str()),
        (
            StatusCode::BAD_REQUEST,
            "Please go back to where you started"
        )
    );
    assert_eq!(world.statuses().await, ["PendingAuth"]);
    // So is a state that somebody made up, a repeated parameter, and none at all.
    for query in ["", "code=x", "state=x&code=y", "state=a&state=b&code=c"] {
        let mut url = callback.clone();
        url.set_query(Some(query));
        assert_eq!(
            person.open(url.as_str()).await.status,
            StatusCode::BAD_REQUEST,
            "{query}"
        );
    }
    assert_eq!(world.statuses().await, ["PendingAuth"]);
    // Another integration's or client's address for the same state.
    let foreign = callback
        .as_str()
        .replace(&world.client.id().to_string(), &world.company.to_string());
    assert_eq!(person.open(&foreign).await.status, StatusCode::BAD_REQUEST);

    // To ask for the head alone uses nothing up.
    let head = person.request(Method::HEAD, callback.clone(), None).await;
    assert_eq!((head.status, head.html.as_str()), (StatusCode::OK, ""));
    assert_eq!(world.statuses().await, ["PendingAuth"]);

    // The right one: linked. Again, the same result, and no second exchange.
    assert!(
        person
            .open(callback.as_str())
            .await
            .words()
            .contains("Connected")
    );
    assert_eq!(world.statuses().await, ["Linked"]);
    assert!(
        person
            .open(callback.as_str())
            .await
            .words()
            .contains("Connected")
    );
    assert_eq!(world.told("connection.connected").await, 1);
}

#[tokio::test]
async fn two_callbacks_at_once_exchange_once() {
    let world = World::start().await;
    let mut person = world.person();
    let sign_in = to_sign_in(&mut person, &link_url(&world)).await;
    let callback = person.allow_and_wait(&sign_in).await;
    let mut twin = world.person();
    twin.clone_cookies(&person);
    let (one, two) = tokio::join!(person.open(callback.as_str()), twin.open(callback.as_str()));
    for page in [one, two] {
        assert!(page.words().contains("Connected"), "{}", page.words());
    }
    assert_eq!(world.told("connection.connected").await, 1);
    assert_eq!(world.statuses().await, ["Linked"]);
}

/// A request that is polled so many times and then dropped, as the server drops it when the browser goes away.
struct Dropped<F> {
    request: Pin<Box<F>>,
    polls: usize,
}

impl<F: Future> Future for Dropped<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(answer) = self.request.as_mut().poll(context) {
            return Poll::Ready(Some(answer));
        }
        self.polls -= 1;
        if self.polls == 0 {
            Poll::Ready(None)
        } else {
            Poll::Pending
        }
    }
}

#[tokio::test]
async fn a_request_dropped_at_any_await_loses_nothing() {
    let mut dropped = 0;
    // More than it takes: how often it is polled depends on how busy the machine is.
    for polls in 1..=10 {
        let world = World::start().await;
        let mut person = world.person();
        let sign_in = to_sign_in(&mut person, &link_url(&world)).await;
        let callback = person.allow_and_wait(&sign_in).await;
        let mut gone = world.person();
        gone.clone_cookies(&person);
        let request = Box::pin(gone.open(callback.as_str()));
        dropped += usize::from(Dropped { request, polls }.await.is_none());
        // Whatever point it had reached: the callback asked for again shows the one result.
        let again = person.open(callback.as_str()).await;
        assert!(
            again.words().contains("Connected"),
            "{polls}: {}",
            again.words()
        );
        assert_eq!(world.statuses().await, ["Linked"], "{polls}");
        assert_eq!(world.told("connection.connected").await, 1, "{polls}");
    }
    assert!(dropped > 0, "no request was dropped");
}
