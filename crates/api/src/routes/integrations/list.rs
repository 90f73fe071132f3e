//! `GET /integrations`

use axum::extract::State;
use handclasp_app::ClientIntegrations;
use handclasp_domain::query::{IntegrationOrder, IntegrationProperty, Operand};
use handclasp_domain::{PlatformKey, fold};
use handclasp_web::error::ApiQuery;
use http::StatusCode;

use super::PATH;
use crate::auth::MayReadOwn;
use crate::doc::{Doc, Tag};
use crate::page::PageQuery;
use crate::reply::{self, Answer};
use crate::state::Api;
use crate::wire::Integration;

/// Lists the integrations, enabled or not, in the order in which Link shows them where nothing else is asked for.
pub(crate) async fn list_integrations(
    MayReadOwn(client): MayReadOwn,
    State(api): State<Api>,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Answer {
    let chosen = query.chosen_page()?;
    let (order, filter) = (query.order::<IntegrationOrder>()?, query.query()?);
    query.without_tags()?;
    let integrations = api.client_integrations(client).await?;
    let mut all = integrations.in_order();
    if let Some(filter) = filter {
        all.retain(|one| filter.holds(&|property| vec![value(&integrations, one, *property)]));
    }
    if let Some(order) = order {
        all.sort_by_cached_key(|one| key(&integrations, one, order.by));
        if order.descending {
            all.reverse();
        }
    }
    let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let results: Vec<Integration<'_>> = chosen
        .page
        .of(&all)
        .iter()
        .map(|integration| Integration::of(&api, &integrations, integration))
        .collect();
    reply::json(StatusCode::OK, &chosen.body(PATH, total, results))
}

/// What a query finds in an integration.
fn value(
    integrations: &ClientIntegrations,
    integration: &handclasp_integrations::Integration,
    property: IntegrationProperty,
) -> Operand {
    match property {
        IntegrationProperty::Key => Operand::Text(integration.key.as_str().to_owned()),
        IntegrationProperty::Name => Operand::Text(fold(&integration.name)),
        IntegrationProperty::Enabled => Operand::Bool(integrations.is_enabled(integration)),
        IntegrationProperty::SourceType => Operand::Text(fold(integration.source_type.as_str())),
    }
}

/// By what integrations are ordered; those that are equal in it by their keys.
fn key(
    integrations: &ClientIntegrations,
    integration: &handclasp_integrations::Integration,
    by: IntegrationOrder,
) -> (bool, String, PlatformKey) {
    let (flag, text) = match by {
        IntegrationOrder::Name => (false, fold(&integration.name)),
        IntegrationOrder::Key => (false, String::new()),
        IntegrationOrder::SourceType => (false, fold(integration.source_type.as_str())),
        IntegrationOrder::Enabled => (integrations.is_enabled(integration), String::new()),
    };
    (flag, text, integration.key)
}

/// Its documentation.
pub(crate) fn doc() -> Doc {
    Doc::new("list-integrations", Tag::Integrations, "List integrations")
        .text("Those that companies are not offered too, in the order in which Link shows them.")
        .sdk("integrations.list")
        .chosen::<IntegrationOrder>(
            "Which integrations: clauses as `enabled=true`, with `&&`, `||` and braces. It may name `key`, `name`, `enabled` and \
             `sourceType`.",
        )
        .answers_page::<Integration<'_>>("Integrations", "A page of integrations.")
}

#[cfg(test)]
mod tests {
    use crate::tests::Stage;

    #[tokio::test]
    async fn the_whole_answer() {
        let stage = Stage::new().await;
        let list = stage.api.get("/api/integrations").await.json;
        let all = list["results"].as_array().unwrap();
        assert_eq!(list["totalResults"], all.len());
        let sandbox = all.iter().find(|one| one["key"] == "mqjo").unwrap();
        insta::assert_snapshot!(format!("{sandbox:#}"), @r#"
        {
          "key": "mqjo",
          "logoUrl": "http://127.0.0.1:4000/api/integrations/mqjo/logo.svg",
          "name": "Sandbox",
          "enabled": true,
          "sourceId": "3dc18454-52a8-4c4a-998b-0921ac46be8a",
          "sourceType": "Accounting",
          "integrationId": "2bfdc5b4-ea67-41db-b9e3-b253ac097216",
          "isOfflineConnector": false,
          "isBeta": false,
          "datatypeFeatures": []
        }
        "#);
        let alone = stage.api.get("/api/integrations/MQJO").await;
        assert_eq!((alone.status, &alone.json), (200, sandbox));
        let none = stage
            .api
            .get("/api/integrations?page=2&pageSize=5000")
            .await;
        assert_eq!(none.json["results"], serde_json::json!([]));
    }
}
