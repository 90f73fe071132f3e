//! `GET /apiKeys`

use axum::extract::State;
use http::StatusCode;

use crate::auth::MayRead;
use crate::doc::{Doc, Tag};
use crate::reply::{self, Answer};
use crate::state::Api;
use crate::wire::{ApiKeyDetails, ApiKeys};

/// Lists the client's API keys, the oldest first. Their text is known to nobody any more.
pub(crate) async fn list_keys(MayRead(client): MayRead, State(api): State<Api>) -> Answer {
    let list = api.list_api_keys(client).await?;
    let results = list.iter().map(ApiKeyDetails::from).collect();
    reply::json(StatusCode::OK, &ApiKeys { results })
}

/// Its documentation.
pub(crate) fn doc() -> Doc {
    Doc::new("list-api-keys", Tag::Settings, "List API keys")
        .text("The oldest comes first. The keys themselves are told once, when they are created.")
        .sdk("settings.listApiKeys")
        .answers::<ApiKeys<'_>>(200, "All of the keys.")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use handclasp_domain::{Scope, Scopes};

    use crate::tests::Stage;

    const PATH: &str = "/api/apiKeys";

    #[tokio::test]
    async fn a_keys_last_use_is_shown_once_it_was_written_down() {
        let stage = Stage::new().await;
        let app = &stage.test.app;
        let reads = stage.client.key_with(Scopes::default().with(Scope::Read));
        let reads = stage.api.with_key(reads.await.expose());
        let shown = async || {
            let list = stage.api.get(PATH).await;
            let of = |number: usize| list.at(&format!("/results/{number}/lastUsed")).to_owned();
            [of(0), of(1)]
        };
        assert_eq!(shown().await, ["", ""], "no request writes it");
        app.flush_tallies().await.unwrap();
        let noon = "2026-03-01T12:00:00.0000000Z";
        assert_eq!(shown().await, [noon, ""]);
        stage.test.clock.advance(Duration::from_secs(7));
        for _ in 0..3 {
            assert_eq!(reads.get(PATH).await.status, 200);
        }
        app.flush_tallies().await.unwrap();
        assert_eq!(shown().await, [noon, "2026-03-01T12:00:07.0000000Z"]);
        // By now the first was used again.
        app.flush_tallies().await.unwrap();
        app.flush_tallies().await.unwrap();
        let later = "2026-03-01T12:00:07.0000000Z";
        assert_eq!(shown().await, [later, later]);
    }
}
