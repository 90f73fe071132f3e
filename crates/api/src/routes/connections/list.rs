//! `GET /companies/{companyId}/connections`

use axum::extract::State;
use handclasp_domain::query::{ConnectionOrder, ConnectionProperty, Operand};
use handclasp_domain::{CompanyId, Id, Timestamp, fold};
use handclasp_web::error::{ApiPath, ApiQuery};
use http::StatusCode;

use crate::auth::MayReadOwn;
use crate::doc::{Doc, Tag};
use crate::page::PageQuery;
use crate::reply::{self, Answer, Part};
use crate::state::Api;
use crate::wire::{Connection, Connections};

/// Lists a company's connections, the oldest first where nothing else is asked for.
pub(crate) async fn list_connections(
    MayReadOwn(client): MayReadOwn,
    State(api): State<Api>,
    ApiPath(Part(company)): ApiPath<Part<CompanyId>>,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Answer {
    let chosen = query.chosen_page()?;
    let (order, filter) = (query.order::<ConnectionOrder>()?, query.query()?);
    query.without_tags()?;
    // A company has few connections, and telling it reads them all.
    let mut all = api.company(client, company).await?.connections;
    if let Some(filter) = filter {
        all.retain(|found| filter.holds(&|property| values(&api, &found.connection, *property)));
    }
    if let Some(order) = order {
        all.sort_by_cached_key(|found| key(&api, &found.connection, order.by));
        if order.descending {
            all.reverse();
        }
    }
    let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let results = Connections {
        api: &api,
        list: chosen.page.of(&all),
    };
    let path = format!("/companies/{company}/connections");
    reply::json(StatusCode::OK, &chosen.body(&path, total, results))
}

/// What a query finds in a connection.
fn values(
    api: &Api,
    connection: &handclasp_domain::Connection,
    property: ConnectionProperty,
) -> Vec<Operand> {
    let word = |word: &str| vec![Operand::Text(fold(word))];
    match property {
        ConnectionProperty::Id => vec![Operand::Id(connection.id.uuid())],
        ConnectionProperty::IntegrationKey => word(connection.platform_key.as_str()),
        ConnectionProperty::PlatformName => word(platform_name(api, connection)),
        ConnectionProperty::SourceType => word(connection.source_type.as_str()),
        ConnectionProperty::Status => word(connection.status().as_str()),
        ConnectionProperty::Created => vec![Operand::Instant(connection.created)],
        ConnectionProperty::LastSync => connection
            .last_sync
            .map(Operand::Instant)
            .into_iter()
            .collect(),
    }
}

/// By what connections are ordered; those that are equal in it come in the order of creation, or against it where the order is turned
/// round.
fn key(
    api: &Api,
    connection: &handclasp_domain::Connection,
    by: ConnectionOrder,
) -> (Option<Timestamp>, String) {
    match by {
        ConnectionOrder::Created => (Some(connection.created), String::new()),
        ConnectionOrder::LastSync => (connection.last_sync, String::new()),
        ConnectionOrder::PlatformName => (None, fold(platform_name(api, connection))),
        ConnectionOrder::SourceType => (None, fold(connection.source_type.as_str())),
        ConnectionOrder::Status => (None, fold(connection.status().as_str())),
    }
}

fn platform_name<'a>(api: &'a Api, connection: &handclasp_domain::Connection) -> &'a str {
    let integration = api.catalogue().get(connection.platform_key);
    integration.map_or("", |integration| integration.name.as_str())
}

/// Its documentation.
pub(crate) fn doc() -> Doc {
    Doc::new("list-connections", Tag::Connections, "List connections")
        .text("The oldest comes first, where no other order is asked for.")
        .sdk("connections.list")
        .chosen::<ConnectionOrder>(
            "Which connections: clauses as `status=Linked`, with `&&`, `||` and braces. It may name `id`, `integrationKey`, \
             `platformName`, `sourceType`, `status`, `created` and `lastSync`.",
        )
        .answers_page::<Connection<'_>>("Connections", "A page of the company's connections.")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::tests::{NOBODY, Stage, refused};

    #[tokio::test]
    async fn pages_hold_each_connection_once_the_oldest_first() {
        let stage = Stage::new().await;
        let company = stage.company().await;
        let mut made = Vec::new();
        for _ in 0..3 {
            stage.test.clock.advance(Duration::from_secs(1));
            let path = stage.connection(&company).await;
            made.push(stage.api.get(&path).await.json);
        }
        let path = format!("{company}/connections");
        let all = stage.api.get(&path).await.json;
        assert_eq!(all["results"].as_array(), Some(&made));
        let whole = stage.api.get(&company).await.json;
        assert_eq!(whole["dataConnections"], all["results"]);

        let second = stage
            .api
            .get(&format!("{path}?page=2&pageSize=2"))
            .await
            .json;
        assert_eq!(second["results"].as_array().unwrap()[..], made[2..]);
        assert_eq!(second["totalResults"], 3);
        let list = path.strip_prefix("/api").unwrap();
        assert_eq!(second["_links"]["self"]["href"], list);
        assert_eq!(
            second["_links"]["previous"]["href"],
            format!("{list}?page=1&pageSize=2")
        );
    }

    #[tokio::test]
    async fn a_company_that_is_not_there_is_404() {
        let stage = Stage::new().await;
        let path = format!("/api/companies/{NOBODY}/connections");
        refused(&stage.api.get(&path).await, 404);
    }
}
